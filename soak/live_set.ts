/** Posts and alerts of the load that are alive in the target: a run that is resumed goes on with those it left behind. */

import type { Json } from "../src/protocol/mod.ts";
import type { Keeper } from "./monitors/monitor.ts";
import type { Observation } from "./observation.ts";

/** What may be remembered of each kind; the oldest give way. Far above what the load keeps alive. */
const MAX_TRACKED = 1000;
/** Calls that begin a life and those that end it. */
const KINDS = [
  { kind: "post", begins: "market.post", ends: "market.expire" },
  { kind: "alert", begins: "civdef.alert.publish", ends: "civdef.alert.cancel" },
] as const;

/** Callers have numbers below this; a resumed run numbers its own anew, so that no write has the name of another. */
export const CALLERS_PER_EPOCH = 1000;

/** Which identity a caller is, whatever its number after a resume. */
export function placeOf(caller: number): number {
  return caller % CALLERS_PER_EPOCH;
}

/** One of them. */
export interface Living {
  readonly id: string;
  /** Number of the caller that made it. */
  readonly caller: number;
}

/** What is alive, oldest first. */
export interface LeftAlive {
  readonly posts: readonly Living[];
  readonly alerts: readonly Living[];
}

/** Codes after which the thing may still be alive: no whole answer came, or the target could not now. */
const OPEN_CODES: readonly string[] = [
  ...["refused", "reset", "closed", "deadline", "limit", "malformed", "tls"],
  ...["timeout", "rate_limited", "capacity_exceeded", "civdef_ack_rate_limited", "internal_error", "partition"],
];
const OPEN_STATUS = /^http_(408|429|5\d\d)$/;

/** Whether an answer to the call that ends a life settles it: it worked, or the target refused for good. */
export function settles(code: string): boolean {
  return !OPEN_CODES.includes(code) && !OPEN_STATUS.test(code) && !code.startsWith("tester_");
}

/** See the module comment. */
export class LiveSet implements Keeper {
  readonly name = "live-set";
  readonly #alive = { post: new Map<string, number>(), alert: new Map<string, number>() };

  observe(observation: Observation): void {
    if (observation.kind !== "call") return;
    const { capability, code, written, audited, ends } = observation;
    for (const { kind, begins, ends: ending } of KINDS) {
      const alive = this.#alive[kind];
      if (capability === begins && written !== undefined) {
        const id = kind === "post" ? written.eventId : audited?.alertId;
        if (id !== undefined) alive.set(id, written.caller);
        if (alive.size > MAX_TRACKED) alive.delete(alive.keys().next().value ?? "");
      } else if (capability === ending && ends !== undefined && settles(code)) alive.delete(ends);
    }
  }

  /** What a resumed run has to end. */
  get left(): LeftAlive {
    const list = (alive: ReadonlyMap<string, number>) => [...alive].map(([id, caller]) => ({ id, caller }));
    return { posts: list(this.#alive.post), alerts: list(this.#alive.alert) };
  }

  state(): Json {
    return { posts: [...this.#alive.post], alerts: [...this.#alive.alert] };
  }

  restore(stored: Json): void {
    const { posts, alerts } = stored as unknown as Record<"posts" | "alerts", readonly (readonly [string, number])[]>;
    for (const [id, caller] of posts) this.#alive.post.set(id, caller);
    for (const [id, caller] of alerts) this.#alive.alert.set(id, caller);
  }
}
