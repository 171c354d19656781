/** The emergency mode while the internet is away, and when it is back. M09 §4, §5. */

import { holds, of, okObject, status } from "../../../src/check/mod.ts";
import { isObject, type JsonObject } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { advertisement, pushed } from "../../core/events/helpers.ts";
import { probeWorks } from "../lifecycle.ts";
import { reading, readUntil } from "./metrics.ts";

const MODE = "hearthnet_emergency_mode";
/** Time until a node must have noticed the loss and the return (OPS-048, OPS-049), in milliseconds. */
const OFFLINE_MS = 90_000;
const ONLINE_MS = 120_000;
/** About how long a node takes that waits the documented 30 s and 10 s. */
const OFFLINE_WAIT_MS = 35_000;
const ROUND_WAIT_MS = 50_000;

/** Waits for a mode; whether it came. */
async function enters(context: CaseContext, state: string, deadlineMs: number) {
  return await readUntil(context, reading(context, MODE, { state }), (value) => value === 1, deadlineMs);
}

/** Names of all capabilities, and those that need the internet. */
async function capabilities({ target, must }: CaseContext) {
  const answer = await target.manifest();
  const { capabilities: list } = must.get(okObject(answer));
  const entries = (Array.isArray(list) ? list : []).filter(isObject);
  const remote = (entry: JsonObject) => isObject(entry.params) && entry.params.requires_internet === true;
  const nameOf = ({ name, version }: JsonObject) => `${String(name)}@${String(version)}`;
  return {
    answer,
    all: [...new Set(entries.map(nameOf))].sort(),
    remote: entries.filter(remote).map(nameOf),
  };
}

/** Does something while the internet is away, and gives it back whatever happens. */
async function whileCut(context: CaseContext, work: () => Promise<void>): Promise<void> {
  await context.target.partition(true);
  try {
    await work();
  } finally {
    await context.target.partition(false);
  }
}

export const emergencyCases: readonly ConformanceCase[] = [
  defineCase({
    id: "operability/observability/goes-offline",
    requirement: "OPS-048",
    brokenBy: ["emergency-never-entered", "remote-models-advertised-offline"],
    effects: "none",
    waitsMs: OFFLINE_WAIT_MS,
    async run(context) {
      await whileCut(context, async () => {
        const { value, answer } = await enters(context, "offline", OFFLINE_MS);
        context.must(of(answer, holds(value === 1, `${MODE} offline within 90 s without internet`, `${value}`)));
        const { remote, answer: manifest } = await capabilities(context);
        context.must(of(manifest, holds(remote.length === 0, "no capability that requires the internet", remote)));
      });
    },
  }),
  defineCase({
    id: "operability/observability/comes-back-online",
    requirement: "OPS-049",
    brokenBy: ["offline-until-restart"],
    effects: "none",
    waitsMs: ROUND_WAIT_MS,
    async run(context) {
      const before = await capabilities(context);
      await whileCut(context, async () => {
        const { value } = await enters(context, "offline", OFFLINE_MS);
        if (value !== 1) context.inconclusive("the node does not go offline (OPS-048)");
      });
      const { value, answer } = await enters(context, "online", ONLINE_MS);
      context.must(of(answer, holds(value === 1, `${MODE} online within 120 s of the return`, `${value}`)));
      const { all, answer: manifest } = await capabilities(context);
      const missing = before.all.filter((name) => !all.includes(name));
      context.must(of(manifest, holds(missing.length === 0, "the earlier capabilities", { missing })));
    },
  }),
  defineCase({
    id: "operability/observability/works-offline",
    requirement: "OPS-050",
    brokenBy: ["calls-wait-for-internet"],
    effects: "writes",
    waitsMs: OFFLINE_WAIT_MS,
    async run(context) {
      const caller = await context.actors.member();
      await whileCut(context, async () => {
        const { value } = await enters(context, "offline", OFFLINE_MS);
        if (value !== 1) context.inconclusive("the node does not go offline (OPS-048)");
        await probeWorks(context, caller);
        const { accepted, answer } = await pushed(context, await advertisement(context, caller));
        context.must(of(answer, holds(accepted === 1, "an event accepted while offline", `accepted ${accepted}`)));
        context.must(status(await context.target.manifest(), 200));
      });
    },
  }),
];
