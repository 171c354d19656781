/** Traffic of two nodes of one community: events that reach one through the other, late, twice, reordered or changed. */

import type { GossipRules } from "../../src/runner/vector_gossip.ts";
import type { PushedEvent } from "../../src/runner/vector_steps.ts";
import type { PlannedStep } from "../plan.ts";
import { call, type Draw, planned, type Template } from "./draw.ts";

/** How what the nodes exchange is treated in passing. */
const TREATMENTS: readonly (readonly [string, GossipRules])[] = [
  ["plain", {}],
  ["delayed", { delay_ms: 30 }],
  ["twice", { duplicate: 1 }],
  ["reordered", { reorder_ms: 50 }],
  ["backwards", { backwards: true }],
  ["shifted", { shift_seconds: 90 }],
  ["back-dated", { shift_seconds: -90 }],
  ["cut-off", { drop: "close" }],
];
/** Seconds by which the wall clocks of events lie beside those of the tester. */
const SHIFTS = [0, 0, 90, -90, 3600, -3600];
/** A Lamport value ahead of everything else. */
const AHEAD = 30;

function event(draw: Draw, author: string): PushedEvent {
  const shift = draw.pick(SHIFTS);
  const data = {
    client_id: draw.clientId(),
    category: "info",
    title: draw.text(),
    body: draw.text(),
    tags: [],
    ttl_seconds: draw.pick([120, 7200]),
  };
  return {
    author,
    type: "market.post.created",
    data,
    ...(shift === 0 ? {} : { shift_seconds: shift }),
    ...(draw.once(3) ? { lamport_offset: AHEAD } : {}),
  };
}

/** What the second node shows of its log and its views. */
export function secondViews(reader: string | undefined): PlannedStep[] {
  const log = planned("second log", { do: "push", on: "second", events: [], our_head: 0 });
  if (reader === undefined) return [log];
  return [log, planned("second market.list", onSecond(call("", reader, "market.list", { limit: 500 })))];
}

function onSecond({ step }: PlannedStep): PlannedStep["step"] {
  return { ...step, on: "second" };
}

export const gossipTemplates: readonly Template[] = [
  {
    name: "gossip",
    needs: "market.list",
    when: ({ gossip, sync }) => gossip === true && sync,
    make: (draw) => {
      const author = draw.other("");
      const reader = draw.actor("market.list");
      if (author === undefined || reader === undefined || !draw.again(reader, "market.list")) return;
      const [name, rules] = draw.pick(TREATMENTS);
      const events = Array.from({ length: draw.int(1, 3) }, () => event(draw, author));
      const own = event(draw, author);
      const after = draw.once(2) ? { rules } : {};
      return [
        // The author must be known to both nodes first.
        planned(`gossip/${name} first`, { do: "push", events: [event(draw, author)] }),
        planned(`gossip/${name} before`, { do: "gossip" }),
        planned(`gossip/${name} pushed there`, { do: "push", on: "second", events }),
        planned(`gossip/${name} pushed here`, { do: "push", events: [own] }),
        planned(`gossip/${name}`, { do: "gossip", rules }),
        // What was held up or lost comes with the next round.
        planned(`gossip/${name} again`, { do: "gossip", ...after }),
        call("market.list/gossiped", reader, "market.list", { limit: 500 }),
        planned("second market.list", onSecond(call("", reader, "market.list", { limit: 500 }))),
      ];
    },
  },
];
