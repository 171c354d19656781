/** Making the exchanges of one recorded case again on another node, and comparing the answers. */

import { createHash } from "node:crypto";
import { type Clock, fromUtf8Lossy, isObject, type Json, utf8 } from "../../src/protocol/mod.ts";
import type { Session } from "../../src/target/session.ts";
import { sendRaw } from "../../src/wire/mod.ts";
import { RunComparer } from "../compare.ts";
import type { Finding } from "../finding.ts";
import { type Observation, observe, unsent } from "../observation.ts";
import { addressOf, type PlannedStep } from "../plan.ts";
import type { ShownPair } from "../renaming.ts";
import type { Before } from "../used_node.ts";
import { recordedAnswer, recordedStep } from "./canned.ts";
import { framesBeforeLeaving, stepOf, talkOf } from "./steps.ts";
import type { RecordedExchange, RecordedScope } from "./exchanges.ts";
import type { Names } from "../../src/runner/recorded/names.ts";
import {
  alignLog,
  ANSWER_DEADLINE_MS,
  leaveStream,
  LOOK_EVERY_MS,
  MAX_LOOKS,
  shapeOf,
} from "../../src/runner/recorded/perform.ts";
import { headerIn, partsOf, rewrite } from "../../src/runner/recorded/rewrite.ts";
import type { Recording } from "../../src/runner/recorded/step.ts";
import { talkAgain } from "../../src/runner/recorded/talk.ts";

/** Longest the pace of a recorded case is kept, in milliseconds. */
const MAX_PACE_MS = 120_000;
const ANSWERED = 200;
const TOO_MANY = 429;
const CLIENT_ERRORS = 400;
/** Share by which the accepted ones of many calls at once may differ. */
const TOGETHER_TOLERANCE = 0.35;
/** Accepted calls that a moment more or less makes: budgets refill by ten a second. */
const TOGETHER_LEAST = 3;

/** An exchange that was not made again, or not compared. */
export interface LeftOut {
  readonly case: string;
  readonly exchange: number;
  readonly why: string;
}

/** What came of one case. */
export interface ReplayedScope {
  readonly steps: readonly PlannedStep[];
  readonly left: readonly Observation[];
  readonly right: readonly Observation[];
  /** Steps count from 0 within the case. */
  readonly findings: readonly Finding[];
  /** Answers whose bytes have the same hash. */
  readonly identical: number;
  /** Exchanges that were not made again. */
  readonly left_out: readonly LeftOut[];
  readonly names: number;
  readonly renamed: number;
  readonly pairs: readonly ShownPair[];
  readonly sent: { readonly bytes: number; readonly differing: number; readonly requests: number };
}

/** What decides a replay. */
export interface ReplayFrame {
  readonly recording: Recording;
  /** Who stands for whom. */
  readonly names: Names;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Which bytes may be sent: a community log is for ever. */
  readonly permits: (sent: Uint8Array) => string | undefined;
  /** On a node that is not fresh for every case: what it held before this one. */
  readonly before?: Before;
  /** The recorded node ran before it was recorded, and held what belongs to no case. */
  readonly ran: boolean;
}

/** Lists that show what earlier cases left on a node, and answers in which nothing is of one case alone. */
const VIEWS = /^(market\.(list|search)|chat\.history|file\.list|rag\.list_corpora)$/;
const OF_EVERYONE = /^GET \/(community\/manifest|sync\/v1\/heads|metrics|trace)/;
/** A call for so many items, in the JSON of a JSON text. */
const BOUND = /\\"(limit|k)\\":/;
/** Items of a list that states no bound (wire-format-services.md, market.list). */
const USUAL_BOUND = 50;
/** Members that name the thing a list item stands for. */
const NAMING = ["event_id", "cid", "name", "corpus"] as const;
const LOG_POSITION = /(^|[._])(lamport|head)$/;
const METRICS = /^GET \/metrics/;
const SYNC = "POST /sync/v1/events";

/** Replays one case on an open session. */
export async function replayScope(
  recorded: RecordedScope,
  session: Session,
  frame: ReplayFrame,
): Promise<ReplayedScope> {
  return await new ScopeReplay(recorded, session, frame).run();
}

class ScopeReplay {
  readonly #steps: PlannedStep[] = [];
  readonly #left: Observation[] = [];
  readonly #right: Observation[] = [];
  readonly #findings: Finding[] = [];
  readonly #leftOut: LeftOut[] = [];
  readonly #comparer: RunComparer;
  readonly #names: Names;
  #endedAt: number | undefined;
  #text: string | undefined;
  readonly #sent = { bytes: 0, differing: 0, requests: 0 };
  readonly #seen: Json[] = [];
  #identical = 0;
  #began = 0;
  readonly #hadLimit: boolean;

  constructor(
    private readonly recorded: RecordedScope,
    private readonly session: Session,
    private readonly frame: ReplayFrame,
  ) {
    this.#names = frame.names;
    const refused = utf8("HTTP/1.1 429 ");
    this.#hadLimit = recorded.exchanges.some(({ received }) => refused.every((byte, at) => received[at] === byte));
    // The recorded answers lie as far behind as everything that is sent was moved.
    this.#comparer = new RunComparer(undefined, {}, { skewMs: -this.#names.shiftMs });
  }

  async run(): Promise<ReplayedScope> {
    const { exchanges } = this.recorded;
    await this.#align();
    this.#began = this.frame.clock.mono();
    try {
      for (let at = 0; at < exchanges.length;) {
        this.frame.signal.throwIfAborted();
        const group = this.#group(at);
        const why = this.#obstacle(group);
        if (why !== undefined) {
          for (const { exchange } of exchanges.slice(at)) this.#leaveOut(why, exchange);
          break;
        }
        await this.#make(group);
        at += group.length;
      }
      const { renaming } = this.#comparer.state;
      return {
        steps: this.#steps,
        left: this.#left,
        right: this.#right,
        findings: this.#findings,
        identical: this.#identical,
        left_out: this.#leftOut,
        names: renaming.size,
        renamed: renaming.renamed,
        pairs: [...renaming.shown],
        sent: this.#sent,
      };
    } finally {
      for (const value of this.#seen) this.frame.before?.note(value);
      this.#comparer.close();
    }
  }

  /** One of the nodes held something before the case. */
  get #inUse(): boolean {
    return this.frame.ran || this.frame.before !== undefined;
  }

  /** All that the case sent, and was answered but for lists of what anybody left. */
  #ownText(): string {
    return this.#text ??= this.recorded.exchanges.map(({ sent, received }) => {
      const parts = partsOf(sent);
      const capability = parts === undefined ? undefined : headerIn(parts, "x-hearthnet-capability");
      const listed = capability !== undefined && VIEWS.test(capability);
      return fromUtf8Lossy(sent) + (listed ? "" : fromUtf8Lossy(received));
    }).join("\n");
  }

  /** Whether only one side ran out of a budget, in a case that is about running out of it. */
  #limited(left: Observation, right: Observation): boolean {
    return (left.status === TOO_MANY) !== (right.status === TOO_MANY) && left.outcomes === undefined && this.#hadLimit;
  }

  /** Positions of a log that was in use before lie further on. */
  async #align(): Promise<void> {
    const { recording, names } = this.frame;
    const further = await alignLog(recording, this.session, names, this.#inUse);
    if (further !== 0) this.#comparer.state.offsets.push(-further);
  }

  /** What both sides showed, without what on a node in use is not of this case. */
  #ownParts(then: Observation, now: Observation, step: PlannedStep): [Observation, Observation] {
    const { before } = this.frame;
    if (!this.#inUse || now.value === undefined) return [then, now];
    const address = addressOf(step.step);
    if (OF_EVERYONE.test(address)) return [valued(then, null), valued(now, null)];
    if (address === SYNC) return [withoutEvents(then), withoutEvents(now)];
    if (!VIEWS.test(address) || then.value === undefined) return [then, now];
    const own = this.frame.ran ? ownItems(then.value, this.#ownText()) : then.value;
    // A bounded list holds of the case what others left room for.
    const foreign = JSON.stringify(own) !== JSON.stringify(then.value);
    const bounded = foreign && (BOUND.test(JSON.stringify(step.step)) || longest(then.value) >= USUAL_BOUND);
    if (bounded) return [valued(then, null), valued(now, null)];
    return [valued(then, own), valued(now, before === undefined ? now.value : before.without(now.value))];
  }

  /** Exchanges that were open together, or looked at the same thing until it had come about. */
  #group(at: number): RecordedExchange[] {
    const { exchanges } = this.recorded;
    const [first, ...rest] = exchanges.slice(at);
    if (first === undefined) return [];
    const together = rest.findIndex((one) => !one.together);
    const count = together < 0 ? rest.length : together;
    if (count > 0) return [first, ...rest.slice(0, count)];
    const look = lookOf(first.sent);
    const end = rest.findIndex((one) => !one.waited || lookOf(one.sent) !== look);
    return [first, ...rest.slice(0, end < 0 ? rest.length : end)];
  }

  /** Why the case cannot go on here: later answers may depend on what cannot be repeated. */
  #obstacle(group: readonly RecordedExchange[]): string | undefined {
    const own = group.find(({ obstacle }) => obstacle !== undefined)?.obstacle;
    const over = Math.max(...group.map(({ endedAt }) => endedAt));
    const act = this.recorded.acts.find(({ at }) => at <= over);
    const refused = group.flatMap(({ sent, socket }) => this.frame.permits(socket?.request ?? sent) ?? [])[0];
    return own ?? refused ?? act?.what;
  }

  #leaveOut(why: string, exchange: number): void {
    this.#leftOut.push({ case: this.recorded.scope, exchange, why });
  }

  async #make(group: readonly RecordedExchange[]): Promise<void> {
    const [first] = group;
    const last = group.at(-1);
    if (first === undefined || last === undefined) return;
    if (group.length === 1) return await this.#single(first, [first]);
    if (group.some(({ together }) => together)) return await this.#together(group);
    await this.#single(last, group);
  }

  /** One exchange; a look that was repeated until something had come about is repeated here too. */
  async #single(exchange: RecordedExchange, looks: readonly RecordedExchange[]): Promise<void> {
    const left = observe(await recordedStep(exchange, this.frame.clock));
    let right = await this.#send(looks[0] ?? exchange);
    for (let i = 1; looks.length > 1 && i < MAX_LOOKS && shapeOf(right) !== shapeOf(left); i++) {
      await this.frame.clock.sleep(LOOK_EVERY_MS, this.frame.signal);
      right = await this.#send(looks[Math.min(i, looks.length - 1)] ?? exchange);
    }
    this.#compare(exchange, looks, [left], left, right);
  }

  /** Which of several calls at once came first is nobody's promise: how many were answered how is compared. */
  async #together(group: readonly RecordedExchange[]): Promise<void> {
    const lefts = await Promise.all(
      group.map(async (one) => observe(await recordedStep(one, this.frame.clock))),
    );
    const rights = await Promise.all(group.map((one) => this.#send(one)));
    const outcomes = (list: readonly Observation[]) => list.map(({ status }) => status);
    const [exchange] = group;
    if (exchange === undefined) return;
    lefts.forEach((one, index) => {
      const other = rights[index];
      if (other !== undefined) this.#names.learn(one, other);
    });
    const [then, now] = [outcomes(lefts), outcomes(rights)];
    // All else of the two answers may belong to different calls.
    this.#compare(exchange, group, lefts, onlyOutcomes(then), onlyOutcomes(likeOutcomes(then, now) ? then : now));
  }

  /** Sends no earlier than in the recording: budgets refill and entries expire while time passes. */
  async #send(exchange: RecordedExchange): Promise<Observation> {
    const { endpoint, network } = this.session;
    const { clock, signal } = this.frame;
    const due = this.#began + Math.min(exchange.startedAt - (this.recorded.exchanges[0]?.startedAt ?? 0), MAX_PACE_MS);
    if (clock.mono() < due) await clock.sleep(due - clock.mono(), signal);
    if (exchange.socket !== undefined) {
      return observe(await talkAgain(exchange.socket.request, talkOf(exchange.socket), this.session, this.#names));
    }
    const bytes = rewrite(exchange.sent, this.#names, `${endpoint.host}:${endpoint.port}`);
    this.#sent.bytes += bytes.length;
    const differing = differingBytes(bytes, exchange.sent);
    this.#sent.differing += differing;
    if (differing > 0) this.#sent.requests++;
    const deadlineMs = Math.max(ANSWER_DEADLINE_MS, 2 * (exchange.endedAt - exchange.startedAt));
    const limits = { deadlineMs, idleMs: deadlineMs };
    const frames = framesBeforeLeaving(exchange, observe({ answer: await recordedAnswer(exchange, clock) }));
    if (frames === undefined) return observe({ answer: await sendRaw(network, endpoint, bytes, { limits }) });
    return observe({ answer: await leaveStream(this.session, bytes, frames, deadlineMs) });
  }

  #compare(
    exchange: RecordedExchange,
    group: readonly RecordedExchange[],
    answers: readonly Observation[],
    left: Observation,
    right: Observation,
  ): void {
    const index = this.#steps.length;
    const step = stepOf(this.frame.recording, group, answers, this.#endedAt);
    if (step === undefined) return;
    this.#endedAt = Math.max(...group.map(({ endedAt }) => endedAt));
    this.#names.learn(left, right);
    this.#steps.push(step);
    this.#left.push(left);
    this.#right.push(right);
    if (sameHash(left.body, right.body) && left.status === right.status) this.#identical++;
    // The machine of the recording may have been slower; one that is slower now counts.
    const then = untilSaid(exchange, { ...left, ms: Math.min(left.ms, right.ms) });
    const own = this.#ownParts(then, untilSaid(exchange, asFar(exchange, left, right)), step);
    const [a, b] = aligned(...own, this.#names);
    if (this.#limited(left, right)) return this.#leaveOut("a budget was used up at another moment", exchange.exchange);
    const found = this.#comparer.step(index, step, a, b);
    // How far a log in use has come is no property of the node.
    const used = this.#inUse;
    // Concurrent events stand in the order of ids that differ, and so do the names of their members.
    const ordered = (path: string) => path === "key order" && addressOf(step.step) === SYNC;
    // How many calls found no room shows in the lines of the counters.
    const paced = (one: Finding) => this.#hadLimit && one.class === "byte-only" && METRICS.test(addressOf(step.step));
    this.#findings.push(
      ...found.filter((one) => !ordered(one.path) && !paced(one) && !(used && LOG_POSITION.test(one.path))),
    );
    if (right.value !== undefined && VIEWS.test(addressOf(step.step))) this.#seen.push(right.value);
  }
}

function onlyOutcomes(outcomes: readonly number[]): Observation {
  const { unsent: _, ...nothing } = unsent("");
  return { ...nothing, status: ANSWERED, end: "kept", outcomes };
}

/** Who of many at once finds no room depends on the moment; how many find some, and what else is said, does not. */
function likeOutcomes(then: readonly number[], now: readonly number[]): boolean {
  const kinds = (list: readonly number[]) =>
    [...new Set(list.filter((status) => status !== 0 && status !== TOO_MANY))].sort().join(" ");
  const accepted = (list: readonly number[]) => list.filter((status) => status > 0 && status < CLIENT_ERRORS).length;
  const [a, b] = [accepted(then), accepted(now)];
  return kinds(then) === kinds(now) && Math.abs(a - b) <= Math.max(TOGETHER_LEAST, Math.max(a, b) * TOGETHER_TOLERANCE);
}

/** What comes once the tester said more (a cancellation, a result, another call) depends on the moment it arrived. */
function untilSaid({ socket }: RecordedExchange, seen: Observation): Observation {
  const [, next] = socket?.said.filter(({ text }) => !text.includes('"ack"')) ?? [];
  if (next === undefined || seen.frames === undefined) return seen;
  return { ...seen, frames: seen.frames.slice(0, next.after), close: undefined };
}

/** A stream the tester left before its end is compared as far as it was read then. */
function asFar({ end, socket }: RecordedExchange, left: Observation, right: Observation): Observation {
  // How the connection ends is up to who leaves first; close codes are compared where the node closed.
  if (socket !== undefined) return { ...right, end: left.end, failure: left.failure };
  if (end !== "read" || left.frames === undefined || right.frames === undefined) return right;
  return { ...right, frames: right.frames.slice(0, left.frames.length), end: left.end, failure: left.failure };
}

/** Ids order some lists; with other ids the same list has another order, so both are put in the order of one side. */
function aligned(left: Observation, right: Observation, names: Names): [Observation, Observation] {
  const of = (one: Observation, key: (id: string) => string): Observation => ({
    ...one,
    value: one.value === undefined ? undefined : ordered(one.value, key),
  });
  return [of(left, (id) => names.text(id)), of(right, (id) => id)];
}

function ordered(value: Json, key: (id: string) => string): Json {
  if (Array.isArray(value)) {
    const items = value.map((item) => ordered(item, key));
    const ids = items.map(idOf);
    if (ids.length < 2 || ids.some((id) => id === undefined)) return items;
    const pairs = items.map((item, index) => [key(ids[index] ?? ""), item] as const);
    return pairs.sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0).map(([, item]) => item);
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, ordered(item, key)]));
}

/** The items of lists that are the case's own: it says their name elsewhere. */
function ownItems(value: Json, text: string): Json {
  if (Array.isArray(value)) {
    return value.filter((item) => {
      const names = isObject(item) ? NAMING.flatMap((member) => item[member] ?? []) : [item];
      const named = names.filter((name) => typeof name === "string");
      return named.length === 0 || named.some((name) => text.includes(name));
    });
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, ownItems(item, text)]));
}

/** Length of the longest list directly or inside an object. */
function longest(value: Json): number {
  if (Array.isArray(value)) return value.length;
  return isObject(value) ? Math.max(0, ...Object.values(value).map(longest)) : 0;
}

/** Asking for the log gives everything that anyone ever did. */
function withoutEvents(seen: Observation): Observation {
  if (!isObject(seen.value) || !Array.isArray(seen.value.events)) return seen;
  const { events: _, ...rest } = seen.value;
  return valued(seen, rest);
}

/** Another value; the bytes of the old one say nothing of it. */
function valued(seen: Observation, value: Json): Observation {
  return { ...seen, value, body: new Uint8Array(0) };
}

/** A NodeID an item is known by; undefined for everything else, whose order means something. */
function idOf(item: Json): string | undefined {
  const id = isObject(item) ? item.event_id === undefined ? item.node_id : undefined : item;
  return typeof id === "string" && /^ed25519:[A-Za-z0-9_-]{43}$/.test(id) ? id : undefined;
}

/** What two looks have in common: everything but what is new in every call. */
function lookOf(sent: Uint8Array): string {
  const parts = partsOf(sent);
  if (parts === undefined) return "";
  const plain = parts.lines.filter((line) => !/^x-hearthnet-(request-id|timestamp|signature):/i.test(line));
  return plain.join("\n") + createHash("sha256").update(parts.body).digest("hex");
}

function sameHash(left: Uint8Array, right: Uint8Array): boolean {
  const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  return left.length === right.length && hash(left) === hash(right);
}

function differingBytes(a: Uint8Array, b: Uint8Array): number {
  let differing = Math.abs(a.length - b.length);
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) differing++;
  return differing;
}
