/** Carries out faults on purpose: signals to the process, a proxy between tester and target, a wrong clock of ours. */

import type { Clock, Random } from "../src/protocol/mod.ts";
import { type Network, type ProxyRule, startProxy } from "../src/wire/mod.ts";
import { parseEndpoint } from "../src/target/endpoint.ts";
import type { Chaos, ChaosFault } from "./chaos_file.ts";
import type { DetourNetwork } from "./chaos_network.ts";
import type { SteeredNode } from "./child.ts";
import type { Disturbance } from "./soak_run.ts";

/** Milliseconds after a fault in which calls may still fail for it. */
const SETTLE_MS = 2000;

/** What faults need. */
export interface ChaosHands {
  readonly clock: Clock;
  readonly child: SteeredNode;
  /** The network of the load, whose connections can be led through a proxy. */
  readonly detour: DetourNetwork;
  /** Where the proxy listens and dials: a network without detour. */
  readonly direct: Network;
  readonly random: Random;
  /** Sets how wrong our clock is. */
  readonly skew: (ms: number) => void;
}

/** One disturbance per fault. */
export function disturbancesOf(chaos: Chaos, hands: ChaosHands): readonly Disturbance[] {
  return chaos.map((fault) => ({
    atMs: fault.atMs,
    why: reasonOf(fault),
    settleMs: SETTLE_MS,
    act: (signal) => act(fault, hands, signal),
  }));
}

/** What the report says of a fault. */
export function reasonOf({ kind, forMs, chance, delayMs = 0, skewMs = 0 }: ChaosFault): string {
  const seconds = `${forMs / 1000} s`;
  const some = chance === undefined ? "all requests" : `${Number((chance * 100).toPrecision(3))}% of requests`;
  switch (kind) {
    case "restart":
      return "SIGTERM and restart on purpose";
    case "kill":
      return "SIGKILL and restart on purpose";
    case "pause":
      return `SIGSTOP for ${seconds} on purpose`;
    case "delay":
      return `${some} delayed by ${delayMs} ms for ${seconds} on purpose`;
    case "drop":
      return `${some} dropped for ${seconds} on purpose`;
    case "reset":
      return `connections of ${some} reset for ${seconds} on purpose`;
    case "skew":
      return `our clock ${skewMs < 0 ? "behind" : "ahead"} by ${Math.abs(skewMs) / 1000} s for ${seconds} on purpose`;
  }
}

async function act(fault: ChaosFault, hands: ChaosHands, signal: AbortSignal): Promise<void> {
  const { child, clock, skew } = hands;
  const { kind, forMs } = fault;
  const meanwhile = () => clock.sleep(forMs, signal).catch(() => {});
  switch (kind) {
    case "restart":
      return await child.restart("SIGTERM", forMs, signal);
    case "kill":
      return await child.restart("SIGKILL", forMs, signal);
    case "pause":
      await child.signal("SIGSTOP");
      try {
        await meanwhile();
      } finally {
        await child.signal("SIGCONT");
      }
      return;
    case "skew":
      skew(fault.skewMs ?? 0);
      try {
        await meanwhile();
      } finally {
        skew(0);
      }
      return;
    case "delay":
    case "drop":
    case "reset":
      return await throughProxy(fault, hands, meanwhile);
  }
}

/** Each fault has a proxy of its own, which is gone afterwards with all it remembers. */
async function throughProxy(fault: ChaosFault, hands: ChaosHands, meanwhile: () => Promise<void>): Promise<void> {
  const { child, detour, direct, random } = hands;
  const proxy = await startProxy(direct, { upstream: parseEndpoint(child.url), rules: [ruleOf(fault)], random });
  detour.lead({ host: proxy.host, port: proxy.port });
  try {
    await meanwhile();
  } finally {
    detour.lead(undefined);
    // It is over when its last connection is; kept ones of the load end when they are tried again.
    proxy.close().catch(() => {});
  }
}

function ruleOf({ kind, chance, delayMs }: ChaosFault): ProxyRule {
  const rule = { name: kind, ...(chance === undefined ? {} : { chance }) };
  if (kind === "delay") return { ...rule, ...(delayMs === undefined ? {} : { delayMs }) };
  return { ...rule, drop: kind === "reset" ? "reset" : "close" };
}
