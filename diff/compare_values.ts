/** Comparing two JSON values up to renaming. Differences go to a sink; nothing is thrown and nothing is rounded away. */

import { isObject, type Json, type JsonObject } from "../src/protocol/mod.ts";
import type { DifferenceClass } from "./finding.ts";
import { formOf, NAMES_WITHIN, opened } from "../src/protocol/forms.ts";
import type { Renaming } from "./renaming.ts";

/** Receives differences; `path` has list positions left out. */
export type Sink = (kind: DifferenceClass, path: string, left: string, right: string, maskable: boolean) => void;

/** Milliseconds two times inside one document may lie apart differently: rounding to seconds at both ends, and work. */
const SPAN_TOLERANCE_MS = 2_500;
/** Milliseconds a time may differ between the sides: a manifest may be twenty seconds old, and machines pause. */
const TIME_TOLERANCE_MS = 60_000;
const MS_PER_SECOND = 1000;
/** Numbers above it in members that name a time are seconds or milliseconds since the epoch. */
const EPOCH_SECONDS_FROM = 1_000_000_000;
const EPOCH_MS_FROM = 1_000_000_000_000;
const TIME_NAMES = /^(iat|exp|nbf|ts|at)$|_at$|_unix$/;
/** Members that hold positions of the community's log. */
const LAMPORT_NAMES = /^(lamport|max_lamport|head|new_head|new_head_lamport|head_lamport|covers_events_up_to)$/;
/** Different offsets between the positions of the sides that are taken for equal after the first was reported. */
const MAX_OFFSETS = 16;
/** Members that depend on the moment or the machine, with what every sound value of them is; a mask may hide the rest. */
const MOMENTS: Readonly<Record<string, (value: Json) => boolean>> = {
  ms: (value) => within(value, 0, 3_600_000),
  retry_after_ms: (value) => Number.isInteger(value) && within(value, 1, 3_600_000),
  uptime_seconds: (value) => within(value, 0, 300_000_000),
  host: (value) => typeof value === "string" && !/^(0\.0\.0\.0|\[?::\]?|\*|)$/.test(value),
};
const MAX_DEPTH = 64;
const MAX_SHOWN = 160;

/** Renaming and what else lasts for a whole run. */
export interface RunState {
  readonly renaming: Renaming;
  /** Known differences left minus right of log positions; 0 holds from the start. */
  readonly offsets: number[];
  /** Milliseconds by which the times sent to the left were shifted against those sent to the right. */
  readonly skewMs?: number;
  /** The nodes were set up by different people: what they are called may differ, one to one. */
  readonly ownNames?: boolean;
  /** Milliseconds since the epoch; times before it are of what nodes in use held, and compare by their form. */
  readonly since?: number;
}

/** A text as a difference shows it. */
export function shownValue(value: Json | undefined): string {
  const text = value === undefined ? "absent" : JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/** Compares; the walk uses one stack of names so that equal values cost no text. */
export class ValueComparer {
  readonly #path: string[] = [];
  /** The last comparison met a list whose items stand in another order: texts then differ in their layout. */
  reordered = false;
  #sink: Sink = () => {};

  constructor(private readonly state: RunState) {}

  /** Compares two values below a place. */
  compare(left: Json, right: Json, base: string, sink: Sink): void {
    this.#path.length = 0;
    this.reordered = false;
    if (base !== "") this.#path.push(base);
    this.#sink = sink;
    this.#value(left, right, "", 0);
  }

  #report(kind: DifferenceClass, left: Json | undefined, right: Json | undefined, maskable = false): void {
    const path = this.#path.join(".").replaceAll(".[]", "[]");
    this.#sink(kind, path, shownValue(left), shownValue(right), maskable);
  }

  #value(left: Json, right: Json, name: string, depth: number): void {
    if (typeof left === "string" && typeof right === "string") return this.#text(left, right);
    if (typeof left === "number" && typeof right === "number") return this.#number(left, right, name);
    if (depth > MAX_DEPTH) return;
    if (Array.isArray(left) && Array.isArray(right)) return this.#list(left, right, depth);
    if (isObject(left) && isObject(right)) return this.#object(left, right, depth);
    if (left !== right) this.#report("semantic", left, right, typeof left === typeof right && left !== null);
  }

  #object(left: JsonObject, right: JsonObject, depth: number): void {
    const names = Object.keys(left);
    const renamed = this.#renamedMembers(left, right);
    let firstLeft: number | undefined;
    let firstRight: number | undefined;
    for (const name of names) {
      this.#path.push(name);
      const a = left[name];
      const there = renamed?.get(name) ?? name;
      const b = Object.hasOwn(right, there) ? right[there] : undefined;
      const sound = Object.hasOwn(MOMENTS, name) ? MOMENTS[name] : undefined;
      if (a === undefined || b === undefined) this.#report("semantic", a, b);
      else if (sound !== undefined && sound(a) !== sound(b)) this.#report("semantic", a, b);
      else if (this.#isOwnName(name) && typeof a === "string" && typeof b === "string") {
        if (typeof this.state.renaming.offer(a, b) !== "string") this.#report("semantic", a, b);
      } else if (name === "signature" && typeof a === "string" && typeof b === "string") this.#signatureText(a, b);
      else {
        const timeLeft = timeOf(a, name);
        const timeRight = timeLeft === undefined ? undefined : timeOf(b, name);
        if (timeLeft === undefined || timeRight === undefined) this.#value(a, b, name, depth + 1);
        else {
          const fits = this.#time(a, b, timeLeft, timeRight);
          // What was set up before was so at times of its own.
          if (this.#isOld(timeLeft, timeRight)) {
            this.#path.pop();
            continue;
          }
          if (firstLeft === undefined || firstRight === undefined) [firstLeft, firstRight] = [timeLeft, timeRight];
          else if (fits && this.#spanDiffers((timeLeft - firstLeft) - (timeRight - firstRight))) {
            this.#report("semantic", a, b);
          }
        }
      }
      this.#path.pop();
    }
    const taken = new Set(renamed?.values());
    for (const name of Object.keys(right)) {
      if (Object.hasOwn(left, name) || taken.has(name)) continue;
      this.#path.push(name);
      this.#report("semantic", undefined, right[name]);
      this.#path.pop();
    }
  }

  /** Members whose name is an id, as in heads by community, that the right calls differently. */
  #renamedMembers(left: JsonObject, right: JsonObject): ReadonlyMap<string, string> | undefined {
    const only = (one: JsonObject, other: JsonObject) =>
      Object.keys(one).filter((name) => !Object.hasOwn(other, name) && formOf(name) !== undefined);
    const lefts = only(left, right);
    if (lefts.length === 0) return undefined;
    const rights = only(right, left);
    const pairs = new Map<string, string>();
    for (const name of lefts) {
      const at = rights.findIndex((other) => this.state.renaming.corresponds(name, other));
      const free = at >= 0
        ? at
        : rights.findIndex((other) =>
          formOf(other) === formOf(name) && this.state.renaming.offer(name, other) === "new"
        );
      const [other] = free < 0 ? [] : rights.splice(free, 1);
      if (other !== undefined) pairs.set(name, other);
    }
    return pairs;
  }

  #isOwnName(name: string): boolean {
    return this.state.ownNames === true && name === "display_name";
  }

  #spanDiffers(ms: number): boolean {
    const skew = Math.abs(this.state.skewMs ?? 0);
    return Math.abs(ms) > SPAN_TOLERANCE_MS && Math.abs(Math.abs(ms) - skew) > SPAN_TOLERANCE_MS;
  }

  /** Signatures are judged by validity elsewhere; here only their form counts. */
  #signatureText(left: string, right: string): void {
    if (formOf(left) !== formOf(right)) this.#report("canonical", left, right);
  }

  /** Whether form and time agree; otherwise it is reported. */
  #time(left: Json, right: Json, leftMs: number, rightMs: number): boolean {
    const otherForm = typeof left !== typeof right ||
      (typeof left === "string" && typeof right === "string" && shapeOf(left) !== shapeOf(right));
    // A time the node gives is its own; one it repeats is shifted as it was sent.
    const apart = Math.min(Math.abs(leftMs - rightMs), Math.abs(leftMs - rightMs - (this.state.skewMs ?? 0)));
    if (!otherForm && (apart <= TIME_TOLERANCE_MS || this.#isOld(leftMs, rightMs))) return true;
    this.#report("semantic", left, right, !otherForm);
    return false;
  }

  #isOld(left: number, right: number): boolean {
    const { since } = this.state;
    return since !== undefined && left < since && right < since;
  }

  #list(left: readonly Json[], right: readonly Json[], depth: number): void {
    this.#path.push("[]");
    if (left.length !== right.length) this.#report("semantic", `${left.length} items`, `${right.length} items`);
    else {
      const order = this.#reordered(left, right);
      left.forEach((item, index) => {
        const other = right[order?.[index] ?? index];
        if (other !== undefined) this.#value(item, other, "", depth + 1);
      });
    }
    this.#path.pop();
  }

  /** Where the items of the left list stand in the right one, if they are the same in another order. */
  #reordered(left: readonly Json[], right: readonly Json[]): readonly number[] | undefined {
    const { renaming } = this.state;
    const known = (a: Json | undefined, b: Json | undefined) => renaming.corresponds(idOf(a), idOf(b));
    const moved = left.findIndex((item, index) => {
      const other = right[index];
      if (idOf(item) === "" || idOf(other) === "" || known(item, other)) return false;
      if (right.some((one) => known(item, one)) || left.some((one) => known(one, other))) return true;
      return isTied(left, index) && !this.#fits(item, other);
    });
    if (moved < 0) return undefined;
    const order = matched(left, right, known, (a, b) => this.#fits(a, b));
    if (order === undefined) return undefined;
    this.reordered = true;
    // Only events of one Lamport value are concurrent; the documents order the others (wire-format.md section 11).
    const tied = order.every((at, index) => at === index || lamportOf(left[at]) === lamportOf(left[index]));
    // What stands in the order of ids stands differently where each side made its own: no difference at all.
    if (tied && tiesSorted(left) && tiesSorted(right)) return order;
    const legal = tied && lamportOf(left[moved]) !== undefined;
    this.#report(legal ? "legal-reorder" : "illegal-reorder", idOf(left[moved]), idOf(right[moved]));
    return order;
  }

  /** Whether nothing known speaks against two events being the same one. */
  #fits(a: Json | undefined, b: Json | undefined): boolean {
    if (!isObject(a) || !isObject(b) || a.event_type !== b.event_type) return !isObject(a) && !isObject(b);
    const names = ({ author = null, data = null }: JsonObject) =>
      JSON.stringify([author, data]).match(NAMES_WITHIN) ?? [];
    const [lefts, rights] = [names(a), names(b)];
    return lefts.length === rights.length &&
      lefts.every((name, index) =>
        formOf(name) === "time" || !this.state.renaming.contradicts(name, rights[index] ?? "")
      );
  }

  #number(left: number, right: number, name: string): void {
    if (left === right) return;
    if (LAMPORT_NAMES.test(name)) {
      const offset = left - right;
      if (this.state.offsets.includes(offset)) return;
      if (this.state.offsets.length < MAX_OFFSETS) this.state.offsets.push(offset);
    }
    this.#report("semantic", left, right, left < 0 === right < 0);
  }

  #text(left: string, right: string): void {
    const form = formOf(left);
    if (form === undefined) {
      if (left === right) return;
      return this.#plain(left, right);
    }
    if (form !== formOf(right)) return this.#report(form === "signature" ? "canonical" : "semantic", left, right);
    switch (form) {
      case "signature":
        return;
      case "time": {
        const [a, b] = [Date.parse(left), Date.parse(right)];
        this.#time(left, right, a, b);
        return;
      }
      case "token":
      case "invite":
        return this.#sealed(left, right);
    }
    const found = this.state.renaming.offer(left, right);
    if (typeof found === "string") return;
    this.#report(form === "hash" ? "canonical" : "semantic", left, right);
  }

  #plain(left: string, right: string): void {
    const strip = (text: string) => text.replace(NAMES_WITHIN, "\u0000");
    if (strip(left) !== strip(right)) return this.#report("semantic", left, right, true);
    const lefts = left.match(NAMES_WITHIN) ?? [];
    const rights = right.match(NAMES_WITHIN) ?? [];
    lefts.forEach((name, index) => this.#text(name, rights[index] ?? ""));
  }

  #sealed(left: string, right: string): void {
    const [a, b] = [opened(left), opened(right)];
    if (a === undefined || b === undefined) {
      if (a !== b) this.#report("semantic", left, right);
      return;
    }
    this.#path.push("inside");
    this.#value(a, b, "", 0);
    this.#path.pop();
  }
}

function within(value: Json, least: number, most: number): boolean {
  return typeof value === "number" && value >= least && value <= most;
}

/** What an item is called: lists of events, members and contents are put in order by it. */
function idOf(item: Json | undefined): string {
  if (typeof item === "string") return formOf(item) === undefined ? "" : item;
  if (!isObject(item)) return "";
  const id = item.event_id ?? item.node_id ?? item.cid;
  return typeof id === "string" ? id : "";
}

function lamportOf(item: Json | undefined): Json | undefined {
  return isObject(item) ? item.lamport : undefined;
}

/** For every left item the right one that stands for it; those unknown so far go to their like, in order. */
function matched(
  left: readonly Json[],
  right: readonly Json[],
  known: (a: Json | undefined, b: Json | undefined) => boolean,
  fits: (a: Json | undefined, b: Json | undefined) => boolean,
): readonly number[] | undefined {
  const order = left.map((item) => right.findIndex((one) => known(item, one)));
  const free = new Set(right.map((_, index) => index).filter((index) => !order.includes(index)));
  for (const [index, at] of order.entries()) {
    if (at >= 0) continue;
    const like = [...free].find((other) => fits(left[index], right[other]));
    if (like === undefined) return undefined;
    free.delete(like);
    order[index] = like;
  }
  return new Set(order).size === order.length ? order : undefined;
}

/** Whether a neighbour has the same Lamport value. */
function isTied(list: readonly Json[], index: number): boolean {
  const lamport = lamportOf(list[index]);
  return lamport !== undefined && (lamportOf(list[index - 1]) === lamport || lamportOf(list[index + 1]) === lamport);
}

/** Whether neighbours of one Lamport value are in the order of their ids. */
function tiesSorted(list: readonly Json[]): boolean {
  return list.every((item, index) => {
    const before = list[index - 1];
    return index === 0 || lamportOf(before) !== lamportOf(item) || idOf(before) <= idOf(item);
  });
}

/** Milliseconds since the epoch of a member that holds a time. */
function timeOf(value: Json, name: string): number | undefined {
  if (typeof value === "string") {
    if (formOf(value) !== "time") return undefined;
    const ms = Date.parse(value);
    return Number.isNaN(ms) ? undefined : ms;
  }
  if (typeof value !== "number" || value < EPOCH_SECONDS_FROM || !TIME_NAMES.test(name)) return undefined;
  return value >= EPOCH_MS_FROM ? value : value * MS_PER_SECOND;
}

/** Digits as zeros: what remains is the form of a time. */
function shapeOf(time: string): string {
  return time.replace(/\d/g, "0");
}
