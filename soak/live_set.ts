/** Posts and alerts of the load that are alive in the target: a run that is resumed goes on with those it left behind. */

import type { Json } from "../src/protocol/mod.ts";
import type { Keeper } from "./monitors/monitor.ts";
import type { CallDone, Observation } from "./observation.ts";
import type { SeenEvent } from "./seen_event.ts";

/** What may be remembered of each kind; the oldest give way. Far above what the load keeps alive. */
const MAX_TRACKED = 1000;
/** Calls that begin a life and those that end it. */
const KINDS = [
  { kind: "post", begins: "market.post", ends: "market.expire" },
  { kind: "alert", begins: "civdef.alert.publish", ends: "civdef.alert.cancel" },
] as const;

/** What is kept alive. */
export type Kind = typeof KINDS[number]["kind"];

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

/** How often the tester was away before a caller had its number. */
function epochOf(caller: number): number {
  return Math.floor(caller / CALLERS_PER_EPOCH);
}

/** Type of the event that a post makes. */
const POSTED = "market.post.created";

/** See the module comment. */
export class LiveSet implements Keeper {
  readonly name = "live-set";
  readonly #alive = { post: new Map<string, number>(), alert: new Map<string, number>() };
  /** Posts in the log whose answer has not come: if the tester dies now, it never will. */
  readonly #unanswered = new Map<string, number>();
  #epoch = 0;
  /** Left by an earlier epoch and not taken yet. */
  #left: Record<Kind, Living[]> = { post: [], alert: [] };

  /** @param answered Whether a write of a caller was acknowledged. */
  constructor(private readonly answered: (caller: number, sequence: number) => boolean) {}

  observe(observation: Observation): void {
    if (observation.kind === "interruption" && observation.testerAway === true) this.#resumed();
    else if (observation.kind === "log" && !observation.again) this.#read(observation.events);
    else if (observation.kind === "call") this.#called(observation);
  }

  /** What an earlier epoch left alive and nobody has taken yet; it is the caller's to end it now. */
  takeLeft(kind: Kind): readonly Living[] {
    const left = this.#left[kind];
    if (left.length > 0) this.#left[kind] = [];
    return left;
  }

  state(): Json {
    return {
      posts: [...this.#alive.post],
      alerts: [...this.#alive.alert],
      unanswered: [...this.#unanswered],
      epoch: this.#epoch,
    };
  }

  restore(stored: Json): void {
    const { posts, alerts, unanswered = [], epoch = 0 } = stored as unknown as
      & Partial<State>
      & Pick<State, "posts" | "alerts">;
    for (const [id, caller] of posts) this.#alive.post.set(id, caller);
    for (const [id, caller] of alerts) this.#alive.alert.set(id, caller);
    for (const [id, caller] of unanswered) this.#unanswered.set(id, caller);
    this.#epoch = epoch;
  }

  #called({ capability, code, written, audited, ends }: CallDone): void {
    for (const { kind, begins, ends: ending } of KINDS) {
      const alive = this.#alive[kind];
      if (capability === begins && written !== undefined) {
        const id = kind === "post" ? written.eventId : audited?.alertId;
        if (id !== undefined) keep(alive, id, written.caller);
        this.#unanswered.delete(written.eventId);
      } else if (capability === ending && ends !== undefined && settles(code)) alive.delete(ends);
    }
  }

  #read(events: readonly SeenEvent[]): void {
    for (const { type, own, event_id: id } of events) {
      if (type !== POSTED || own === undefined || this.answered(own.caller, own.sequence)) continue;
      if (epochOf(own.caller) >= this.#epoch) keep(this.#unanswered, id, own.caller);
      else {
        // Its call was under way when the tester died.
        keep(this.#alive.post, id, own.caller);
        this.#left.post.push({ id, caller: own.caller });
      }
    }
  }

  /** All that is alive now is the next epoch's to end. */
  #resumed(): void {
    this.#epoch++;
    for (const [id, caller] of this.#unanswered) keep(this.#alive.post, id, caller);
    this.#unanswered.clear();
    const list = (alive: ReadonlyMap<string, number>) => [...alive].map(([id, caller]) => ({ id, caller }));
    this.#left = { post: list(this.#alive.post), alert: list(this.#alive.alert) };
  }
}

interface State {
  readonly posts: readonly (readonly [id: string, caller: number])[];
  readonly alerts: State["posts"];
  readonly unanswered: State["posts"];
  readonly epoch: number;
}

function keep(map: Map<string, number>, id: string, caller: number): void {
  map.set(id, caller);
  if (map.size > MAX_TRACKED) map.delete(map.keys().next().value ?? "");
}
