/** Short forms for capability descriptors and for reading inputs. */

import { isObject, type Json, type JsonObject } from "../../protocol/mod.ts";
import { type Call, type CapabilityDescriptor, NodeError } from "../core.ts";

/** Parallel calls a capability takes when nothing scarce stands behind it. */
const DEFAULT_MAX_CONCURRENT = 16;

/** Member name to its documented meaning. */
export type Members = Readonly<Record<string, string>>;

/**
 * Schema of a call body. It states the frame and documents the members; their values are judged by the handler, which
 * can say what is wrong with them.
 */
export function requestSchema(params: Members, input: Members): JsonObject {
  return {
    type: "object",
    required: ["params", "input"],
    properties: { params: objectSchema(params), input: objectSchema(input) },
  };
}

/** Schema of an answer, likewise. */
export function responseSchema(output: Members): JsonObject {
  return { type: "object", required: ["output"], properties: { output: objectSchema(output) } };
}

/** Schema of a stream: its frames by event name. */
export function streamSchema(frames: Readonly<Record<string, Members>>): JsonObject {
  return {
    type: "object",
    properties: Object.fromEntries(Object.entries(frames).map(([event, data]) => [event, objectSchema(data)])),
  };
}

function objectSchema(members: Members): JsonObject {
  return {
    type: "object",
    properties: Object.fromEntries(Object.entries(members).map(([name, text]) => [name, { description: text }])),
  };
}

/** A descriptor with the usual values for what is left out. */
export function describe(
  given: Pick<CapabilityDescriptor, "name" | "request_schema"> & Partial<CapabilityDescriptor>,
): CapabilityDescriptor {
  return {
    version: "1.0",
    stability: "stable",
    params: {},
    max_concurrent: DEFAULT_MAX_CONCURRENT,
    trust: "member",
    response_schema: null,
    stream_schema: null,
    streaming: "never",
    ...given,
  };
}

/** A refusal of a bad body. */
export function badRequest(message: string): NodeError {
  return new NodeError("bad_request", message);
}

/** A member that may be absent; null counts as absent. @throws {NodeError} If it is no string. */
export function optionalString(input: JsonObject, name: string): string | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw badRequest(`Cannot use ${name}: current value is no string`);
  return value;
}

/** A member that may be absent; null counts as absent. @throws {NodeError} If it is no object. */
export function optionalObject(input: JsonObject, name: string): JsonObject | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw badRequest(`Cannot use ${name}: current value is no object`);
  return value;
}

/** A member that may be absent. @throws {NodeError} If it is neither true nor false. */
export function optionalBoolean(input: JsonObject, name: string, otherwise: boolean): boolean {
  const value = input[name];
  if (value === undefined || value === null) return otherwise;
  if (typeof value !== "boolean") throw badRequest(`Cannot use ${name}: current value is neither true nor false`);
  return value;
}

/** A member that may be absent. @throws {NodeError} If it is no finite number. */
export function optionalNumber(input: JsonObject, name: string, otherwise: number): number {
  const value = input[name];
  if (value === undefined || value === null) return otherwise;
  if (typeof value !== "number") throw badRequest(`Cannot use ${name}: current value is no number`);
  return value;
}

/** The caller, where it is not the node itself: what `on_behalf_of` of an event names. */
export function onBehalfOf(call: Call): string | undefined {
  return call.level === "self" ? undefined : call.caller;
}

/** Short text of a value for error messages. */
export function shown(value: Json | undefined): string {
  const text = value === undefined ? "missing" : JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/** Longest value repeated in an error message. */
const MAX_SHOWN = 80;
