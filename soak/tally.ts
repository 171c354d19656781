/** What a run counts beside its monitors: calls by kind and code, gaps, how far the log was read. */

import type { Json } from "../src/protocol/mod.ts";
import type { Keeper } from "./monitors/monitor.ts";
import type { LogRead, Observation } from "./observation.ts";
import type { Gap } from "./soak_report.ts";
import type { LogPosition } from "./watch.ts";

const MS_PER_SECOND = 1000;

interface OpenGap {
  readonly from: number;
  to: number;
  readonly why: string;
  readonly tester: boolean;
}

/** Codes that are counted by name; a hostile target may invent others without end. */
const MAX_CODES = 64;
const OTHER_CODES = "other_codes";

/** Run milliseconds between two remembered positions, and how many are kept: the last minutes. */
const TRAIL_EVERY_MS = 5000;
const TRAIL_KEPT = 60;

interface TallyState {
  readonly calls: number;
  readonly codes: Readonly<Record<string, number>>;
  readonly operations: Readonly<Record<string, number>>;
  readonly acknowledged: number;
  readonly position: LogPosition;
  readonly trail: readonly (readonly [at: number, lamport: number])[];
  /** `to` is null while a gap is open. */
  readonly gaps: readonly (Omit<OpenGap, "to"> & { readonly to: number | null })[];
  readonly last: number;
  readonly behind?: number;
}

/** See the module comment. */
export class Tally implements Keeper {
  readonly name = "tally";
  readonly #codes = new Map<string, number>();
  readonly #operations = new Map<string, number>();
  readonly #gaps: OpenGap[] = [];
  #calls = 0;
  #acknowledged = 0;
  #position: { lamport: number; edge: string[] } = { lamport: 0, edge: [] };
  #last = 0;
  #trail: (readonly [at: number, lamport: number])[] = [];
  /** Beginning of the latest absence of the tester behind which was looked. */
  #behind = -1;

  observe(observation: Observation): void {
    this.#last = Math.max(this.#last, "at" in observation ? observation.at : observation.ended);
    switch (observation.kind) {
      case "call": {
        const { capability, code, written } = observation;
        this.#calls++;
        const counted = this.#codes.has(code) || this.#codes.size < MAX_CODES ? code : OTHER_CODES;
        this.#codes.set(counted, (this.#codes.get(counted) ?? 0) + 1);
        this.#operations.set(capability, (this.#operations.get(capability) ?? 0) + 1);
        if (written !== undefined) this.#acknowledged = Math.max(this.#acknowledged, written.lamport);
        break;
      }
      case "log":
        if (!observation.again) this.#read(observation);
        break;
      case "interruption":
        this.#gaps.push({
          from: observation.at,
          to: Infinity,
          why: observation.why,
          tester: observation.testerAway === true,
        });
        break;
      case "looked-behind":
        this.#behind = Math.max(this.#behind, observation.from);
        break;
      case "resumption":
        for (const gap of this.#gaps) gap.to = Math.min(gap.to, observation.at);
        break;
    }
  }

  state(): Json {
    const state: TallyState = {
      calls: this.#calls,
      codes: Object.fromEntries(this.#codes),
      operations: Object.fromEntries(this.#operations),
      acknowledged: this.#acknowledged,
      position: { lamport: this.#position.lamport, edge: [...this.#position.edge] },
      trail: [...this.#trail],
      gaps: this.#gaps.map((gap) => ({ ...gap, to: Number.isFinite(gap.to) ? gap.to : null })),
      last: this.#last,
      behind: this.#behind,
    };
    return state as unknown as Json;
  }

  restore(stored: Json): void {
    const state = stored as unknown as TallyState;
    this.#calls = state.calls;
    for (const [code, count] of Object.entries(state.codes)) this.#codes.set(code, count);
    for (const [name, count] of Object.entries(state.operations)) this.#operations.set(name, count);
    this.#acknowledged = state.acknowledged;
    this.#position = { lamport: state.position.lamport, edge: [...state.position.edge] };
    this.#trail = [...state.trail];
    for (const gap of state.gaps) this.#gaps.push({ ...gap, to: gap.to ?? Infinity });
    this.#last = state.last;
    this.#behind = state.behind ?? -1;
  }

  /** Finished calls. */
  get calls(): number {
    return this.#calls;
  }

  /** Finished calls that were not `ok`, by code. */
  get errors(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#codes].filter(([code]) => code !== "ok").sort());
  }

  get operations(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#operations].sort());
  }

  /** Highest Lamport value acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  get position(): LogPosition {
    return this.#position;
  }

  /** How far the log was read at a time of the last minutes; 0 where that is not known. */
  reachedAt(at: number): number {
    return this.#trail.findLast(([then]) => then <= at)?.[1] ?? 0;
  }

  /** How often the tester itself was away. */
  get away(): number {
    return this.#gaps.filter(({ tester }) => tester).length;
  }

  /**
   * Run milliseconds at which the first absence of the tester began behind which nobody has looked yet: a tester may die
   * again before it has. Undefined if there is none.
   */
  get unlookedAway(): number | undefined {
    return this.#gaps.find(({ tester, from }) => tester && from > this.#behind)?.from;
  }

  /** Run milliseconds at which the tester was away last; 0 if it never was. */
  get lastAway(): number {
    return this.#gaps.findLast(({ tester }) => tester)?.from ?? 0;
  }

  /** Run milliseconds of the latest observation. */
  get last(): number {
    return this.#last;
  }

  /** Run milliseconds in which the tester was away; the run is longer by them. */
  get awayMs(): number {
    return this.#gaps.filter(({ tester }) => tester).reduce((sum, { from, to }) => sum + to - from, 0);
  }

  /** Declared gaps in seconds; one that is open ends with the run. */
  gaps(endMs: number): readonly Gap[] {
    return this.#gaps.map(({ from, to, why }) => ({
      from: from / MS_PER_SECOND,
      to: Math.min(to, endMs) / MS_PER_SECOND,
      why,
    }));
  }

  /** Whether a stretch in run milliseconds touches a gap. */
  interrupted(from: number, to: number): boolean {
    return this.#gaps.some((gap) => from <= gap.to && to >= gap.from);
  }

  #read({ events, upTo, at }: LogRead): void {
    const { lamport, edge } = this.#position;
    const last = Math.max(lamport, upTo);
    const atLast = events.filter((event) => event.lamport === last).map(({ event_id }) => event_id);
    this.#position = { lamport: last, edge: last === lamport ? [...edge, ...atLast] : atLast };
    if (at - (this.#trail.at(-1)?.[0] ?? -Infinity) < TRAIL_EVERY_MS) return;
    this.#trail.push([at, last]);
    if (this.#trail.length > TRAIL_KEPT) this.#trail.shift();
  }
}
