/** What the cases on self-description share: asking, reading descriptors and published reports. */

import { output } from "../../../../src/check/mod.ts";
import {
  fromBase64Tolerant,
  isCid,
  isObject,
  type Json,
  type JsonObject,
  parseVersion,
} from "../../../../src/protocol/mod.ts";
import { concat, tryParseJson } from "../../../../src/protocol/mod.ts";
import type { CaseContext } from "../../../../src/runner/case.ts";
import type { Actor } from "../../../../src/target/actors.ts";
import type { HttpAnswer } from "../../../../src/wire/mod.ts";

export const VERSION_LIST = "protocol.version.list";
export const DESCRIBE = "protocol.self.describe";
export const REPORT = "protocol.conformance.report";
export const REGISTRY = "protocol.registry.list";
export const ANNOUNCE = "protocol.registry.announce";

/** Three numbers and an optional suffix (M32 §4.1). */
const PROTOCOL_VERSION = /^(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.-]+)?$/;

/** Whoever may ask: a member where one is at hand, since the trust of self.describe is nowhere stated. */
export async function asker({ target, actors }: Pick<CaseContext, "target" | "actors">): Promise<Actor> {
  return target.profile.identities.member > 0 ? await actors.member() : actors.stranger();
}

/** `output` of protocol.version.list. */
export async function versionList(context: CaseContext): Promise<JsonObject> {
  return context.must.get(output(await context.target.call(await asker(context), VERSION_LIST)));
}

/** The descriptor of protocol.self.describe: `output`, or `output.descriptor`. */
export async function selfDescription(context: CaseContext): Promise<JsonObject> {
  const value = context.must.get(output(await context.target.call(await asker(context), DESCRIBE)));
  return isObject(value.descriptor) ? { ...value, ...value.descriptor } : value;
}

/** Major number of a protocol version in either form; undefined if it is none. */
export function protocolMajor(version: Json | undefined): number | undefined {
  if (typeof version === "string") {
    const major = PROTOCOL_VERSION.exec(version)?.[1];
    return major === undefined ? undefined : Number(major);
  }
  if (!isObject(version)) return undefined;
  const { major, minor, patch, suffix } = version;
  const numbers = [major, minor, patch].every((part) => Number.isSafeInteger(part) && Number(part) >= 0);
  const rest = suffix === undefined || suffix === null || typeof suffix === "string";
  return numbers && rest ? Number(major) : undefined;
}

/** Major numbers of contract versions, in either spelling (core-bus conflict "Names and shapes"). */
export function contractMajors(versions: Json | undefined): readonly number[] {
  return (Array.isArray(versions) ? versions : [])
    .map((version) => parseVersion(version)?.major ?? protocolMajor(version))
    .filter((major) => major !== undefined);
}

/** Reports the node claims as passed; entries of another form are left to PRO-004. */
export function claims(list: JsonObject): readonly { readonly suite: Json; readonly report_cid: string }[] {
  const { conformance_passed: passed } = list;
  return (Array.isArray(passed) ? passed : []).flatMap((entry) =>
    isObject(entry) && isCid(entry.report_cid) ? [{ suite: entry.suite ?? null, report_cid: entry.report_cid }] : []
  );
}

/** A blob read from the node: its answer, and its bytes if they came. */
export async function readBlob(
  { target }: CaseContext,
  actor: Actor,
  cid: string,
): Promise<{ readonly answer: HttpAnswer; readonly bytes?: Uint8Array }> {
  const { answer, sse } = await target.stream(actor, "file.read", { cid });
  if (sse === undefined) {
    const body = tryParseJson(answer.body);
    const data = isObject(body) && isObject(body.output) ? body.output.data_b64 : undefined;
    return answer.status === 200 && typeof data === "string" ? { answer, bytes: fromBase64Tolerant(data) } : { answer };
  }
  const chunks = sse.frames.filter(({ event }) => event === "chunk").map(({ data }) => tryParseJson(data))
    .filter(isObject)
    .sort((a, b) => Number(a.i) - Number(b.i));
  if (sse.frames.at(-1)?.event !== "done" || chunks.length === 0) return { answer };
  const pieces = chunks.map(({ data_b64 }) => typeof data_b64 === "string" ? fromBase64Tolerant(data_b64) : undefined);
  return pieces.every((piece) => piece !== undefined) ? { answer, bytes: concat(pieces) } : { answer };
}

/** The same as a report: a JSON object. */
export async function readReport(
  context: CaseContext,
  cid: string,
): Promise<{ readonly answer: HttpAnswer; readonly report?: JsonObject }> {
  const { answer, bytes } = await readBlob(context, await context.actors.member(), cid);
  const value = bytes === undefined ? undefined : tryParseJson(bytes);
  return isObject(value) ? { answer, report: value } : { answer };
}

/** Sums of the counters over all sections of a report. */
export function sumsOf(
  report: JsonObject,
): { readonly passed: number; readonly failed: number; readonly skipped: number } {
  const sections = Object.values(isObject(report.sections) ? report.sections : {}).filter(isObject);
  const sum = (name: "passed" | "failed" | "skipped") =>
    sections.reduce((all, section) => all + Number(section[name] ?? 0), 0);
  return { passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") };
}
