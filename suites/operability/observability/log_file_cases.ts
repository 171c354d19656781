/** Log files, read through the target. X03 §3.3. */

import { hasMembers, matches } from "../../../src/check/mod.ts";
import { isObject, type JsonObject, tryParseJson } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { probe } from "../../core/bus/helpers.ts";

/** Members of every line. */
const MEMBERS = ["ts", "level", "logger", "msg"] as const;
/** UTC with Z and milliseconds. */
const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
/** Time a line has to reach the file, and between two looks, in milliseconds. */
const WRITTEN_MS = 5_000;
const LOOK_EVERY_MS = 100;

/** The complete lines of the newest log file, once there are any. */
async function lines({ target, until, inconclusive }: CaseContext): Promise<readonly string[]> {
  const found = await until(
    async () => {
      const text = await target.control.logs();
      const complete = text.slice(0, text.lastIndexOf("\n") + 1).split("\n").filter((line) => line !== "");
      return complete.length > 0 ? complete : undefined;
    },
    WRITTEN_MS,
    LOOK_EVERY_MS,
  );
  return found ?? inconclusive("the log files are empty");
}

/** A line as an object; undefined if it is none. */
function entryOf(line: string): JsonObject | undefined {
  const value = tryParseJson(line);
  return isObject(value) ? value : undefined;
}

export const logFileCases: readonly ConformanceCase[] = [
  defineCase({
    id: "operability/observability/log-lines",
    requirement: "OPS-051",
    brokenBy: ["logs-as-plain-text", "logs-in-local-time"],
    effects: "none",
    durable: true,
    async run(context) {
      const { target, must } = context;
      // An error as well: tracebacks are what breaks lines.
      await target.call(context.actors.stranger(), "market.list", {}, { version: "1.0", signature: "broken" });
      for (const line of await lines(context)) {
        const entry = entryOf(line);
        if (entry === undefined) return must.hold(false, "one JSON object per line", line.slice(0, 200));
        must.all(hasMembers(entry, MEMBERS, "a log line"), matches(entry.ts, TIMESTAMP, "ts of a log line"));
      }
    },
  }),
  defineCase({
    id: "operability/observability/log-lines-carry-trace-ids",
    requirement: "OPS-052",
    brokenBy: ["logs-without-trace-ids"],
    effects: "none",
    durable: true,
    async run(context) {
      const { target, should } = context;
      const { name, version, body } = probe(target);
      const requestId = target.id();
      await target.busCall(await context.actors.member(), name, { version, body, requestId });
      const found = await context.until(
        async () => (await lines(context)).some((line) => entryOf(line)?.trace_id === requestId) ? true : undefined,
        WRITTEN_MS,
        LOOK_EVERY_MS,
      );
      should.hold(found === true, `a log line with trace_id ${requestId}`, "none");
    },
  }),
];
