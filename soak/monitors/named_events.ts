/** Events that an answer names but that carry no mark of ours: each must be in the log, at the place it was told for. */

import type { Json } from "../../src/protocol/mod.ts";
import { type Monitor, type MonitorVerdict, type Observation, Offences } from "../observation.ts";
import { LOST_AFTER_MS } from "./accounting.ts";

/** Named events not yet read, and read events not yet named; the oldest give way. */
const MAX_WAITING = 5000;

interface Place {
  readonly lamport: number;
  readonly at: number;
}

interface State {
  readonly named: readonly (readonly [eventId: string, lamport: number, at: number])[];
  readonly read: readonly (readonly [eventId: string, lamport: number, at: number])[];
  readonly found: number;
  readonly resumed_at: number;
  readonly offences: Json;
}

/** See the module comment. */
export class NamedEventsMonitor implements Monitor {
  readonly name = "named-events";
  readonly #named = new Map<string, Place>();
  readonly #read = new Map<string, Place>();
  readonly #offences: Offences;
  #found = 0;
  #resumedAt = 0;

  /** @param readable Whether the target's log can be read at all. */
  constructor(private readonly readable: boolean, startedAt: number) {
    this.#offences = new Offences(startedAt);
  }

  observe(observation: Observation): void {
    if (!this.readable) return;
    if (observation.kind === "call" && observation.named !== undefined) {
      const { eventId, lamport } = observation.named;
      const read = this.#read.get(eventId);
      this.#read.delete(eventId);
      if (read === undefined) keep(this.#named, eventId, { lamport, at: observation.ended });
      else this.#compare(observation.ended, eventId, lamport, read.lamport);
    } else if (observation.kind === "log" && !observation.again) {
      const { at, asked, events, complete } = observation;
      for (const { event_id: eventId, lamport, own } of events) {
        if (own !== undefined) continue;
        const named = this.#named.get(eventId);
        this.#named.delete(eventId);
        if (named === undefined) keep(this.#read, eventId, { lamport, at });
        else this.#compare(at, eventId, named.lamport, lamport);
      }
      if (complete) this.#giveUp(asked ?? at);
    } else if (observation.kind === "resumption") this.#resumedAt = observation.at;
  }

  state(): Json {
    const stored = (map: ReadonlyMap<string, Place>) =>
      [...map].map(([eventId, { lamport, at }]) => [eventId, lamport, at] as const);
    const state: State = {
      named: stored(this.#named),
      read: stored(this.#read),
      found: this.#found,
      resumed_at: this.#resumedAt,
      offences: this.#offences.state(),
    };
    return state as unknown as Json;
  }

  restore(stored: Json): void {
    const { named, read, found, resumed_at, offences } = stored as unknown as State;
    for (const [eventId, lamport, at] of named) this.#named.set(eventId, { lamport, at });
    for (const [eventId, lamport, at] of read) this.#read.set(eventId, { lamport, at });
    this.#found = found;
    this.#resumedAt = resumed_at;
    this.#offences.restore(offences);
  }

  verdict(): MonitorVerdict {
    return this.#offences.verdict(this.name, this.#found, `${this.#found} further events are where answers put them`);
  }

  #compare(at: number, eventId: string, told: number, logged: number): void {
    this.#found++;
    if (told === logged) return;
    this.#offences.add(at, `changed: event ${eventId} was acknowledged at lamport ${told} and is logged at ${logged}`);
  }

  #giveUp(now: number): void {
    for (const [eventId, { lamport, at }] of this.#named) {
      if (now - Math.max(at, this.#resumedAt) <= LOST_AFTER_MS) continue;
      this.#named.delete(eventId);
      this.#offences.add(at, `lost: event ${eventId} at lamport ${lamport} was acknowledged and is not in the log`);
    }
  }
}

function keep(map: Map<string, Place>, eventId: string, place: Place): void {
  map.set(eventId, place);
  const [oldest] = map.keys();
  if (map.size > MAX_WAITING && oldest !== undefined) map.delete(oldest);
}
