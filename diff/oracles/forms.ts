/** Forms of values that the documents fix (wire-format.md sections 2 to 4). */

import { isObject, type Json, type JsonObject } from "../../src/protocol/mod.ts";

const matcher = (pattern: RegExp) => (value: Json | undefined): value is string =>
  typeof value === "string" && pattern.test(value);

export const isUlid = matcher(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
export const isCid = matcher(/^blake3:[0-9a-f]{64}$/);
export const isFullNodeId = matcher(/^ed25519:[\w-]{43}$/);
export const isSignatureText = matcher(/^ed25519:[\w-]{86}$/);
/** RFC 3339 in UTC with `Z`, with or without fraction. */
export const isUtcTime = matcher(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/);
/** The same in whole seconds. */
export const isWholeTime = matcher(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/);

export const isText = (value: Json | undefined): value is string => typeof value === "string";
export const isNumber = (value: Json | undefined): value is number => typeof value === "number";
export const isBoolean = (value: Json | undefined): value is boolean => typeof value === "boolean";
export const isCount = (value: Json | undefined): value is number => Number.isInteger(value) && Number(value) >= 0;
export const isList = (value: Json | undefined): value is Json[] => Array.isArray(value);
export const isAmount = (value: Json | undefined): value is number => typeof value === "number" && value >= 0;

/** Whether all named members are there. */
export function hasAll(value: JsonObject, names: readonly string[]): boolean {
  return names.every((name) => Object.hasOwn(value, name));
}

/** Whether a value is a list of which every item passes. */
export function isListOf(value: Json | undefined, test: (item: Json) => boolean): boolean {
  return Array.isArray(value) && value.every(test);
}

/** Seconds between two times; undefined where one is none. */
export function secondsBetween(from: Json | undefined, to: Json | undefined): number | undefined {
  if (!isUtcTime(from) || !isUtcTime(to)) return undefined;
  return (Date.parse(to) - Date.parse(from)) / 1000;
}

/** Whether numbers, or texts, stand in order; equal neighbours are allowed. */
export function isSorted(list: readonly number[], descending = false): boolean {
  return list.every((one, index) => {
    const before = list[index - 1];
    return before === undefined || (descending ? before >= one : before <= one);
  });
}

/** Equal JSON values, whatever the order of their members. */
export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, i) => sameJson(one, b[i]));
  if (!isObject(a) || !isObject(b)) return a === b;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => sameJson(a[name], b[name]));
}
