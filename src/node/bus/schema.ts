/** Schema hashes and request validators, each made once per process and schema. */

import { Ajv, type ValidateFunction } from "ajv";
import { type Json, type JsonObject, schemaHash } from "../../protocol/mod.ts";
import type { CapabilityDescriptor } from "../core.ts";
import type { BusRules } from "../rules/bus.ts";

const hashes = new WeakMap<JsonObject, Map<string, string>>();

/** Hash of CONTRACT §11; a function of name, version and schemas only. */
export function hashOf(descriptor: CapabilityDescriptor): string {
  const key = `${descriptor.name}@${descriptor.version}`;
  let known = hashes.get(descriptor.request_schema);
  if (known === undefined) hashes.set(descriptor.request_schema, known = new Map());
  let hash = known.get(key);
  if (hash === undefined) {
    const { name, version, request_schema, response_schema, stream_schema } = descriptor;
    known.set(key, hash = schemaHash({ name, version, request_schema, response_schema, stream_schema }));
  }
  return hash;
}

type CheckMode = Exclude<BusRules["bodyCheck"], "off">;
type Validators = Map<CheckMode, ValidateFunction>;

const compilers = new Map<CheckMode, Ajv>();
const validators = new WeakMap<JsonObject, Validators>();
/** The same by the text of the schema: nodes of one process describe most capabilities alike, each with own objects. */
const byText = new Map<string, Validators>();
/** Schemas kept by text; a program with one node has some fifty. */
const MAX_TEXTS = 2_000;

function compiler(mode: CheckMode): Ajv {
  let ajv = compilers.get(mode);
  if (ajv === undefined) {
    ajv = new Ajv({ strict: false, coerceTypes: mode === "coerce", addUsedSchema: false, logger: false });
    compilers.set(mode, ajv);
  }
  return ajv;
}

function validatorsOf(schema: JsonObject): Validators {
  let known = validators.get(schema);
  if (known !== undefined) return known;
  const text = JSON.stringify(schema);
  known = byText.get(text) ?? new Map();
  if (byText.size >= MAX_TEXTS) byText.clear();
  byText.set(text, known);
  validators.set(schema, known);
  return known;
}

/** What is wrong with a body, or undefined. In mode `coerce` the body is changed in place. */
export function bodyProblem(schema: JsonObject, body: JsonObject, mode: BusRules["bodyCheck"]): string | undefined {
  if (mode === "off") return undefined;
  const known = validatorsOf(schema);
  let validate = known.get(mode);
  if (validate === undefined) {
    validate = compiler(mode).compile(mode === "closed" ? closed(schema) : schema);
    known.set(mode, validate);
  }
  if (validate(body)) return undefined;
  const [first] = validate.errors ?? [];
  return `body${first?.instancePath.replaceAll("/", ".") ?? ""} ${first?.message ?? "is not as described"}`;
}

/** A copy of a schema in which objects with listed members take no others. */
function closed(schema: JsonObject): JsonObject {
  const copy: JsonObject = {};
  for (const [name, value] of Object.entries(schema)) copy[name] = closedValue(value);
  if (copy["properties"] !== undefined && copy["additionalProperties"] === undefined) {
    copy["additionalProperties"] = false;
  }
  return copy;
}

function closedValue(value: Json): Json {
  if (Array.isArray(value)) return value.map(closedValue);
  return typeof value === "object" && value !== null ? closed(value) : value;
}
