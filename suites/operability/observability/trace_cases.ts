/** GET /trace/recent. X03 §5; M03 §3.6. */

import { describe, errorCode, holds, of, status, succeeded } from "../../../src/check/mod.ts";
import { isObject, isUlid, type JsonObject, tryParseJson } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import type { Actor } from "../../../src/target/actors.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import { probe } from "../../core/bus/helpers.ts";

/** Time a finished call has to appear (OPS-045), and between two looks, in milliseconds. */
const TRACED_MS = 2_000;
const LOOK_EVERY_MS = 50;
/** How many traces are asked for where other callers may have pushed ours down (wire-format.md section 18). */
const PATHS = ["/trace/recent", "/trace/recent?n=1000"] as const;

/** The traces of an answer: an array, or the array in an object; undefined if there is none. */
function tracesOf(answer: HttpAnswer): readonly JsonObject[] | undefined {
  const value = tryParseJson(answer.body);
  const lists = isObject(value) ? Object.values(value).filter(Array.isArray) : [];
  const list: readonly unknown[] | undefined = Array.isArray(value) ? value : lists[0];
  return list?.filter(isObject);
}

/** The recent traces; an answer without any list is a violation. */
async function traces(
  { target, must }: CaseContext,
  path: string = PATHS[0],
): Promise<{ readonly list: readonly JsonObject[]; readonly answer: HttpAnswer }> {
  const answer = await target.httpGet(path);
  must(status(answer, 200));
  const list = tracesOf(answer);
  must.hold(list !== undefined, "traces as a JSON array, or in an object", describe(answer), answer.exchange);
  return { list: list ?? [], answer };
}

/** The trace of a request id, once it is there; undefined after the time it has. */
async function traceOf(context: CaseContext, requestId: string): Promise<JsonObject | undefined> {
  return await context.until(
    async () => {
      for (const path of PATHS) {
        const found = (await traces(context, path)).list.find(({ trace_id: id }) => id === requestId);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    TRACED_MS,
    LOOK_EVERY_MS,
  );
}

/** A probe call under a fresh request id; `broken` makes it fail with a body that breaks the schema. */
async function called(
  { target }: CaseContext,
  caller: Actor,
  broken = false,
): Promise<{ readonly requestId: string; readonly name: string; readonly answer: HttpAnswer }> {
  const { name, version, body } = probe(target);
  const requestId = target.id();
  const sent = broken ? { params: {}, input: "no object" } : body;
  return { requestId, name, answer: await target.busCall(caller, name, { version, body: sent, requestId }) };
}

export const traceCases: readonly ConformanceCase[] = [
  defineCase({
    id: "operability/observability/traced-under-request-id",
    requirement: "OPS-045",
    brokenBy: ["own-trace-ids"],
    effects: "none",
    async run(context) {
      const { requestId, answer } = await called(context, await context.actors.member());
      context.must(succeeded(answer));
      const found = await traceOf(context, requestId);
      context.must.hold(found !== undefined, `a trace with trace_id ${requestId} within 2 s`, "none");
    },
  }),
  defineCase({
    id: "operability/observability/trace-ids-are-ulids",
    requirement: "OPS-046",
    brokenBy: ["hex-ids-for-internal-calls"],
    effects: "none",
    async run(context) {
      const { target, must } = context;
      await target.call(context.actors.stranger(), "protocol.version.list", {}, { version: "1.0" });
      const { list, answer } = await traces(context);
      for (const { trace_id: id = null } of list) {
        must(of(answer, holds(isUlid(id), "a ULID as trace_id of every trace", id)));
      }
    },
  }),
  defineCase({
    id: "operability/observability/trace-tells-outcome",
    requirement: "OPS-047",
    brokenBy: ["traces-only-start-times"],
    effects: "none",
    async run(context) {
      const { should } = context;
      const caller = await context.actors.member();
      for (const broken of [false, true]) {
        const { requestId, name, answer } = await called(context, caller, broken);
        const result = broken ? errorCode(answer) : "ok";
        if (result === undefined || (!broken && answer.status !== 200)) {
          return context.inconclusive(`the probe call did not end as it should: ${describe(answer)}`);
        }
        const trace = await traceOf(context, requestId);
        if (trace === undefined) return context.inconclusive("the call is not traced under its id (OPS-045)");
        should(of(answer, holds(trace.capability === name, `capability ${name} in the trace`, trace.capability)));
        if (trace.result === undefined) context.note("traces carry no result (the form of X03)");
        else should(of(answer, holds(trace.result === result, `result ${result} in the trace`, trace.result)));
      }
    },
  }),
];
