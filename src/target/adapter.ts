/**
 * The adapter file: what a target offers beyond the protocol (design.md "Provisions"). Its members are those of
 * {@linkcode Adapter} in snake case; `commands` holds shell commands.
 */

import { parse } from "@std/yaml";
import { type Identity, isCid, isObject, type Json } from "../protocol/mod.ts";

/**
 * Actions an adapter may give a shell command for. `{mode}` of `backend_fault` becomes fail, hang or absent, `{bytes}`
 * of `disk_cap` the storage budget; both leave the node restarted and empty. `{seconds}` of `clock` is how far the
 * node's clock is moved, `corrupt_chain` damages the stored audit chain while the node is stopped. `cut_network` takes
 * away the internet and other nodes, and leaves the tester its way to the node.
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
  "clock",
  "corrupt_chain",
] as const;
export type AdapterCommand = (typeof ADAPTER_COMMANDS)[number];

/** What the target lets a civil-defence role do (word `adapter:role-schema`). */
export interface RoleScope {
  readonly role: string;
  /** Highest severity it may publish. */
  readonly severityCap: string;
  /** Region it is responsible for, components separated by dots. */
  readonly region: string;
  /** Roles whose alerts it may cancel. */
  readonly cancels: readonly string[];
}

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
  /** Paths of log files on this machine; `{data}` is the data directory of a process the tester started. */
  readonly logFiles: readonly string[];
  /** File with the raw 32-byte seed of an identity that may export the audit (`adapter:auditor`). */
  readonly auditorKey?: string;
  /** The identity of that file, once it was read. */
  readonly auditor?: Identity;
  readonly roleSchema: readonly RoleScope[];
  readonly commands: { readonly [name in AdapterCommand]?: string };
}

export const NO_ADAPTER: Adapter = {
  blobs: [],
  corpora: [],
  isolated: false,
  logFiles: [],
  roleSchema: [],
  commands: {},
};

/** Members of an adapter file. */
export const ADAPTER_KEYS: readonly string[] = [
  "blobs",
  "corpora",
  "isolated",
  "announce_to",
  "fingerprint",
  "tester_host",
  "second_url",
  "log_files",
  "auditor_key",
  "role_schema",
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
    if (!ADAPTER_KEYS.includes(key)) fail(`unknown member ${key}; known are ${ADAPTER_KEYS.join(", ")}`);
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
  const logFiles = list("log_files").map((path) =>
    typeof path === "string" && path !== "" ? path : fail("log_files must be a list of paths")
  );
  const roleSchema = list("role_schema").map((entry): RoleScope => {
    const { role, severity_cap: severityCap, region, cancels = [] } = isObject(entry)
      ? entry
      : fail("an entry of role_schema is no object");
    const texts = Array.isArray(cancels) ? cancels.filter((one) => typeof one === "string") : [];
    if (
      typeof role !== "string" || typeof severityCap !== "string" || typeof region !== "string" ||
      !Array.isArray(cancels) || texts.length !== cancels.length
    ) return fail("an entry of role_schema needs role, severity_cap and region; cancels is a list of roles");
    return { role, severityCap, region, cancels: texts };
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
  const auditorKey = optionalText("auditor_key");
  const fingerprint = optionalText("fingerprint")?.replaceAll(":", "").toLowerCase();
  if (fingerprint !== undefined && !/^[0-9a-f]{64}$/.test(fingerprint)) {
    return fail("fingerprint must be a SHA-256 value of 64 hex digits");
  }
  return {
    blobs,
    corpora,
    isolated: value.isolated === true,
    logFiles,
    roleSchema,
    commands,
    ...(auditorKey === undefined ? {} : { auditorKey }),
    ...(secondUrl === undefined ? {} : { secondUrl }),
    ...(announceTo === undefined ? {} : { announceTo }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(testerHost === undefined ? {} : { testerHost }),
  };
}
