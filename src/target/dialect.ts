/**
 * How a deployed implementation phrases calls (design.md "Dialects"). The deviation itself stays a failure of
 * core/transport; the dialect only lets the remaining suites look further.
 */

import { parse } from "@std/yaml";
import { type CallEnvelope, canonicalize, isObject, type Json, type JsonObject } from "../protocol/mod.ts";
import { CALL_HEADERS } from "../protocol/mod.ts";
import type { HeaderList } from "../wire/network.ts";

/** A way of phrasing calls and finding answers. */
export interface Dialect {
  readonly name: string;
  readonly callPath: string;
  /** `headers`: the contract. `body`: capability and version travel in the body, nothing is signed. */
  readonly routing: "headers" | "body";
  /** Names of the members in a routed body. */
  readonly members: {
    readonly capability: string;
    readonly version: string;
    readonly params: string;
    readonly input: string;
  };
  /** Path to the output inside an answer; the contract has `output`. */
  readonly outputPath: readonly string[];
  /** Path to the error code inside an error answer; the contract has `error`. */
  readonly errorPath: readonly string[];
}

/** The contract itself. */
export const CONTRACT_DIALECT: Dialect = {
  name: "contract",
  callPath: "/bus/v1/call",
  routing: "headers",
  members: { capability: "capability", version: "version", params: "params", input: "input" },
  outputPath: ["output"],
  errorPath: ["error"],
};

/** Calls routed by the body, without signature headers. */
export const BODY_ROUTED_DIALECT: Dialect = { ...CONTRACT_DIALECT, name: "body-routed", routing: "body" };

const SHIPPED: readonly Dialect[] = [CONTRACT_DIALECT, BODY_ROUTED_DIALECT];

/** The names of the dialects that ship. */
export const DIALECT_NAMES: readonly string[] = SHIPPED.map(({ name }) => name);

/** A shipped dialect by name. */
export function shippedDialect(name: string): Dialect | undefined {
  return SHIPPED.find((dialect) => dialect.name === name);
}

/**
 * Reads a dialect file.
 *
 * @throws {TypeError} If the text is no YAML object or a member has the wrong form; the message names it.
 */
export function parseDialect(text: string, name: string): Dialect {
  const value = parse(text);
  if (!isObject(value)) throw new TypeError(`Cannot read dialect ${name}: it is no YAML object`);
  const textOf = (key: string, fallback: string): string => {
    const given = value[key] ?? fallback;
    if (typeof given !== "string" || given === "") {
      throw new TypeError(`Cannot read dialect ${name}: ${key} must be a non-empty string`);
    }
    return given;
  };
  const routing = textOf("routing", "headers");
  if (routing !== "headers" && routing !== "body") {
    throw new TypeError(`Cannot read dialect ${name}: routing must be headers or body, current value is ${routing}`);
  }
  const callPath = textOf("call_path", CONTRACT_DIALECT.callPath);
  if (!callPath.startsWith("/")) throw new TypeError(`Cannot read dialect ${name}: call_path must start with /`);
  const given = value.members ?? {};
  if (!isObject(given)) throw new TypeError(`Cannot read dialect ${name}: members must be an object`);
  const memberOf = (key: "capability" | "version" | "params" | "input"): string => {
    const member = given[key] ?? key;
    if (typeof member !== "string") throw new TypeError(`Cannot read dialect ${name}: members.${key} must be a string`);
    return member;
  };
  return {
    name: textOf("name", name),
    callPath,
    routing,
    members: {
      capability: memberOf("capability"),
      version: memberOf("version"),
      params: memberOf("params"),
      input: memberOf("input"),
    },
    outputPath: textOf("output_path", "output").split("."),
    errorPath: textOf("error_path", "error").split("."),
  };
}

const CONTENT_TYPE = ["Content-Type", "application/json"] as const;

/** Headers of the call before: what is the same in the next one is shared with it. */
let before: HeaderList = [];

/** A header line; the one that stood there before, where it says the same. */
function line(at: number, name: string, value: string): HeaderList[number] {
  const shared = before[at];
  return shared !== undefined && shared[1] === value && shared[0] === name ? shared : [name, value];
}

/**
 * Headers and body of a call in this dialect.
 *
 * @param body Canonical text of the body of the envelope.
 */
export function phrase(
  dialect: Dialect,
  envelope: CallEnvelope,
  signature: string | undefined,
  accept: string,
  body: string,
): { readonly headers: HeaderList; readonly body: string } {
  if (dialect.routing === "body") {
    const body = isObject(envelope.body) ? envelope.body : {};
    return {
      headers: [CONTENT_TYPE, ["Accept", accept]],
      body: canonicalize({
        [dialect.members.capability]: envelope.capability,
        [dialect.members.version]: envelope.version,
        [dialect.members.params]: body.params ?? {},
        [dialect.members.input]: body.input ?? {},
      }),
    };
  }
  // Made at its full length: an array that grows by one takes room for many more.
  const headers: HeaderList[number][] = [
    CONTENT_TYPE,
    line(1, "Accept", accept),
    line(2, CALL_HEADERS.capability, envelope.capability),
    line(3, CALL_HEADERS.version, envelope.version),
    line(4, CALL_HEADERS.request_id, envelope.request_id),
    line(5, CALL_HEADERS.from, envelope.from),
    line(6, CALL_HEADERS.community, envelope.community),
    line(7, CALL_HEADERS.timestamp, envelope.timestamp),
    [CALL_HEADERS.signature, signature ?? ""],
  ];
  if (signature === undefined) headers.pop();
  before = headers;
  return { headers, body };
}

/** Moves a dialect's answer into the contract's shape; answers that already have it are left alone. */
export function translateAnswer(dialect: Dialect, status: number, body: Json): Json {
  if (!isObject(body)) return body;
  const path = status < 400 ? dialect.outputPath : dialect.errorPath;
  const home = status < 400 ? "output" : "error";
  if (path.length === 1 && path[0] === home) return body;
  let found: Json | undefined = body;
  for (const step of path) found = isObject(found) ? found[step] : undefined;
  return found === undefined ? body : { ...body as JsonObject, [home]: found };
}
