/** The adapter file: what a target offers beyond the protocol (design.md "Provisions"). */

import { parse } from "@std/yaml";
import { isCid, isObject, type Json } from "../protocol/mod.ts";

/**
 * Actions an adapter may give a shell command for. `{mode}` of `backend_fault` becomes fail, hang or absent, `{bytes}`
 * of `disk_cap` the storage budget; both leave the node restarted and empty.
 */
export const ADAPTER_COMMANDS = [
  "start",
  "stop",
  "kill",
  "restart",
  "cut_network",
  "restore_network",
  "gossip",
  "backend_fault",
  "disk_cap",
] as const;
export type AdapterCommand = (typeof ADAPTER_COMMANDS)[number];

/** Provisions of one target. */
export interface Adapter {
  /** Blobs already placed: manifest CID and size in bytes. */
  readonly blobs: readonly { readonly cid: string; readonly size_bytes: number }[];
  /** Corpora already filled, with a query that finds something in each. */
  readonly corpora: readonly { readonly name: string; readonly query: string }[];
  /** Other peers exist, unless the operator says none do. */
  readonly isolated: boolean;
  /** `host:port` where the target listens for announcements of peers (wire-format.md section 17). */
  readonly announceTo?: string;
  /** SHA-256 fingerprint of the target's certificate, hex without colons; another certificate is refused. */
  readonly fingerprint?: string;
  /** Base URL of a second node of the same community that gossips with the target. */
  readonly secondUrl?: string;
  /** Host under which the target reaches the tester; default 127.0.0.1. */
  readonly testerHost?: string;
  readonly commands: { readonly [name in AdapterCommand]?: string };
}

export const NO_ADAPTER: Adapter = { blobs: [], corpora: [], isolated: false, commands: {} };

const KEYS = [
  "blobs",
  "corpora",
  "isolated",
  "announce_to",
  "fingerprint",
  "tester_host",
  "second_url",
  "commands",
];

/**
 * Reads an adapter file.
 *
 * @throws {TypeError} If a member is unknown or has the wrong form; the message names it.
 */
export function parseAdapter(text: string, name: string): Adapter {
  const fail = (what: string): never => {
    throw new TypeError(`Cannot read adapter ${name}: ${what}`);
  };
  const value = parse(text);
  if (!isObject(value)) return fail("it is no YAML object");
  for (const key of Object.keys(value)) {
    if (!KEYS.includes(key)) fail(`unknown member ${key}; known are ${KEYS.join(", ")}`);
  }
  const list = (key: string): Json[] => {
    const given = value[key] ?? [];
    return Array.isArray(given) ? given : fail(`${key} must be a list`);
  };
  const optionalText = (key: string): string | undefined => {
    const given = value[key];
    return given === undefined || typeof given === "string" ? given : fail(`${key} must be a string`);
  };
  const blobs = list("blobs").map((entry) => {
    const { cid, size_bytes } = isObject(entry) ? entry : fail("an entry of blobs is no object");
    if (!isCid(cid) || typeof size_bytes !== "number") return fail("an entry of blobs needs cid and size_bytes");
    return { cid, size_bytes };
  });
  const corpora = list("corpora").map((entry) => {
    const { name: corpus, query } = isObject(entry) ? entry : fail("an entry of corpora is no object");
    if (typeof corpus !== "string" || typeof query !== "string") {
      return fail("an entry of corpora needs name and query");
    }
    return { name: corpus, query };
  });
  const given = value.commands ?? {};
  if (!isObject(given)) return fail("commands must be an object");
  const commands: { [name in AdapterCommand]?: string } = {};
  for (const [key, command] of Object.entries(given)) {
    const known = ADAPTER_COMMANDS.find((c) => c === key);
    if (known === undefined || typeof command !== "string") {
      return fail(`commands.${key} is unknown or no string; known are ${ADAPTER_COMMANDS.join(", ")}`);
    }
    commands[known] = command;
  }
  const secondUrl = optionalText("second_url");
  const announceTo = optionalText("announce_to");
  const testerHost = optionalText("tester_host");
  const fingerprint = optionalText("fingerprint")?.replaceAll(":", "").toLowerCase();
  if (fingerprint !== undefined && !/^[0-9a-f]{64}$/.test(fingerprint)) {
    return fail("fingerprint must be a SHA-256 value of 64 hex digits");
  }
  return {
    blobs,
    corpora,
    isolated: value.isolated === true,
    commands,
    ...(secondUrl === undefined ? {} : { secondUrl }),
    ...(announceTo === undefined ? {} : { announceTo }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(testerHost === undefined ? {} : { testerHost }),
  };
}
