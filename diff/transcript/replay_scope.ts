/** Making the exchanges of one recorded case again on another node, and comparing the answers. */

import { createHash } from "node:crypto";
import { type Clock, fromUtf8Lossy, isObject, type Json, tryParseJson, utf8 } from "../../src/protocol/mod.ts";
import { type Access, POOL, poolIdentity } from "../../src/target/access.ts";
import type { Session } from "../../src/target/session.ts";
import { openStream, readSse, sendRaw } from "../../src/wire/mod.ts";
import { RunComparer } from "../compare.ts";
import type { Finding } from "../finding.ts";
import { type Observation, observe, unsent } from "../observation.ts";
import { addressOf, type PlannedStep } from "../plan.ts";
import type { ShownPair } from "../renaming.ts";
import type { Before } from "../used_node.ts";
import { recordedAnswer, recordedStep } from "./canned.ts";
import type { RecordedExchange, RecordedScope } from "./exchanges.ts";
import { Names } from "./names.ts";
import { talk } from "./sockets.ts";
import { headerIn, partsOf, rewrite, signersIn, signersInMessage } from "./rewrite.ts";

/** Milliseconds an answer may take, unless the recorded one took longer. */
const ANSWER_DEADLINE_MS = 15_000;
/** Longest the pace of a recorded case is kept, in milliseconds. */
const MAX_PACE_MS = 120_000;
const ANSWERED = 200;
const TOO_MANY = 429;
const CLIENT_ERRORS = 400;
/** Share by which the accepted ones of many calls at once may differ. */
const TOGETHER_TOLERANCE = 0.35;
/** Accepted calls that a moment more or less makes: budgets refill by ten a second. */
const TOGETHER_LEAST = 3;
/** Looks at something that comes about by itself, and milliseconds between two. */
const MAX_LOOKS = 60;
const LOOK_EVERY_MS = 100;

/** What came of one case. */
export interface ReplayedScope {
  readonly steps: readonly PlannedStep[];
  readonly left: readonly Observation[];
  readonly right: readonly Observation[];
  /** Steps count from 0 within the case. */
  readonly findings: readonly Finding[];
  /** Answers whose bytes have the same hash. */
  readonly identical: number;
  /** Exchanges that were not made again, by reason. */
  readonly left_out: ReadonlyMap<string, number>;
  readonly names: number;
  readonly renamed: number;
  readonly pairs: readonly ShownPair[];
  readonly sent: { readonly bytes: number; readonly differing: number; readonly requests: number };
}

/** What decides a replay. */
export interface ReplayFrame {
  /** Seed of the recorded run. */
  readonly seed: number;
  readonly access: Access;
  readonly clock: Clock;
  /** Names of the recorded node where the case itself does not state them. */
  readonly nodeId: string | undefined;
  readonly communityId: string | undefined;
  readonly signal: AbortSignal;
  /** On a node that is not fresh for every case: what it held before this one. */
  readonly before?: Before;
}

/** Lists that show what earlier cases left on a node, and answers in which nothing is of one case alone. */
const VIEWS = /^(market\.(list|search)|chat\.history|file\.list|rag\.list_corpora)$/;
const OF_EVERYONE = /^GET \/(community\/manifest|sync\/v1\/heads|metrics|trace)/;
const LOG_POSITION = /(^|[._])(lamport|head)$/;
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
  readonly #leftOut = new Map<string, number>();
  readonly #comparer: RunComparer;
  readonly #names: Names;
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
    this.#names = namesOf(recorded, session, frame);
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
          this.#leaveOut(why, exchanges.length - at);
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

  /** Whether only one side ran out of a budget, in a case that is about running out of it. */
  #limited(left: Observation, right: Observation): boolean {
    return (left.status === TOO_MANY) !== (right.status === TOO_MANY) && left.outcomes === undefined && this.#hadLimit;
  }

  /** Positions of a log that was in use before lie further on. */
  async #align(): Promise<void> {
    if (this.frame.before === undefined) return;
    const look = this.recorded.exchanges.find(({ sent }) => fromUtf8Lossy(sent).startsWith("GET /sync/v1/heads "));
    const then = look === undefined ? undefined : headOf((await recordedAnswer(look, this.frame.clock)).body);
    const now = await this.session.head();
    if (then === undefined || now === undefined) return;
    this.#comparer.state.offsets.push(then - now);
    this.#names.moveLog(now - then);
  }

  /** What both sides showed, without what on a node in use is not of this case. */
  #ownParts(then: Observation, now: Observation, step: PlannedStep): [Observation, Observation] {
    const { before } = this.frame;
    if (before === undefined || now.value === undefined) return [then, now];
    const address = addressOf(step.step);
    if (OF_EVERYONE.test(address)) return [valued(then, null), valued(now, null)];
    if (address === SYNC) return [withoutEvents(then), withoutEvents(now)];
    if (!VIEWS.test(address) || then.value === undefined) return [then, now];
    return [valued(then, then.value), valued(now, before.without(now.value))];
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
    const act = this.recorded.acts.find(({ at }) => at <= (group[0]?.startedAt ?? 0));
    return own ?? act?.what;
  }

  #leaveOut(why: string, count: number): void {
    this.#leftOut.set(why, (this.#leftOut.get(why) ?? 0) + count);
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
    for (let i = 1; looks.length > 1 && i < MAX_LOOKS && summary(right) !== summary(left); i++) {
      await this.frame.clock.sleep(LOOK_EVERY_MS, this.frame.signal);
      right = await this.#send(looks[Math.min(i, looks.length - 1)] ?? exchange);
    }
    this.#compare(exchange, left, right);
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
    this.#compare(exchange, onlyOutcomes(then), onlyOutcomes(likeOutcomes(then, now) ? then : now));
  }

  /** Sends no earlier than in the recording: budgets refill and entries expire while time passes. */
  async #send(exchange: RecordedExchange): Promise<Observation> {
    const { endpoint, network } = this.session;
    const { clock, signal } = this.frame;
    const due = this.#began + Math.min(exchange.startedAt - (this.recorded.exchanges[0]?.startedAt ?? 0), MAX_PACE_MS);
    if (clock.mono() < due) await clock.sleep(due - clock.mono(), signal);
    if (exchange.socket !== undefined) {
      return observe(await talk(exchange.socket, this.session, this.#names, `${endpoint.host}:${endpoint.port}`));
    }
    const bytes = rewrite(exchange.sent, this.#names, `${endpoint.host}:${endpoint.port}`);
    this.#sent.bytes += bytes.length;
    const differing = differingBytes(bytes, exchange.sent);
    this.#sent.differing += differing;
    if (differing > 0) this.#sent.requests++;
    const deadlineMs = Math.max(ANSWER_DEADLINE_MS, 2 * (exchange.endedAt - exchange.startedAt));
    const limits = { deadlineMs, idleMs: deadlineMs };
    const frames = await framesBeforeLeaving(exchange, clock);
    if (frames === undefined) return observe({ answer: await sendRaw(network, endpoint, bytes, { limits }) });
    // Whether a stream is read to its end or left is something the node acts on.
    const parts = partsOf(bytes);
    const [method = "", path = ""] = parts?.lines[0]?.split(" ") ?? [];
    const headers = (parts?.lines.slice(1) ?? []).map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    });
    const request = { method, path, headers, ...(parts === undefined ? {} : { body: parts.body }) };
    const stream = await openStream(network, endpoint, request, limits);
    await readSse(stream, { maxFrames: frames, deadlineMs });
    return observe({ answer: stream.finish() });
  }

  #compare(exchange: RecordedExchange, left: Observation, right: Observation): void {
    const index = this.#steps.length;
    const step = plannedOf(exchange, `${this.recorded.scope} exchange ${exchange.exchange}`);
    this.#names.learn(left, right);
    this.#steps.push(step);
    this.#left.push(left);
    this.#right.push(right);
    if (sameHash(left.body, right.body) && left.status === right.status) this.#identical++;
    // The machine of the recording may have been slower; one that is slower now counts.
    const then = untilSaid(exchange, { ...left, ms: Math.min(left.ms, right.ms) });
    const own = this.#ownParts(then, untilSaid(exchange, asFar(exchange, left, right)), step);
    const [a, b] = aligned(...own, this.#names);
    if (this.#limited(left, right)) return this.#leaveOut("a budget was used up at another moment", 1);
    const found = this.#comparer.step(index, step, a, b);
    // How far a log in use has come is no property of the node.
    const used = this.frame.before !== undefined;
    // Concurrent events stand in the order of ids that differ, and so do the names of their members.
    const ordered = (path: string) => path === "key order" && addressOf(step.step) === SYNC;
    this.#findings.push(...found.filter(({ path }) => !ordered(path) && !(used && LOG_POSITION.test(path))));
    if (right.value !== undefined && VIEWS.test(addressOf(step.step))) this.#seen.push(right.value);
  }
}

function namesOf(recorded: RecordedScope, session: Session, { seed, access, clock, nodeId, communityId }: ReplayFrame) {
  const community = recorded.communityId ?? communityId;
  const node = recorded.nodeId ?? nodeId;
  const known = new Map<string, string>();
  const identities = new Map(POOL.map(({ name }) => [poolIdentity(seed, name).id, poolIdentity(seed, name)] as const));
  if (community !== undefined) known.set(community, session.communityId);
  if (node !== undefined) known.set(node, session.nodeId);
  if (community !== undefined && access.root !== undefined) identities.set(community, access.root);
  if (node !== undefined && access.sut !== undefined) identities.set(node, access.sut);
  const names = new Names({
    seed,
    scope: recorded.scope,
    recordedAt: recorded.began,
    replayedAt: Math.floor(clock.wall() / 1000) * 1000,
    known,
    identities,
  });
  for (const { sent, socket } of recorded.exchanges) {
    const said = socket === undefined ? [] : socket.said.flatMap(({ text }) => signersInMessage(text));
    for (const id of [...signersIn(socket?.request ?? sent), ...said]) {
      if (id !== community && id !== node) names.signer(id);
    }
  }
  return names;
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

/** Frames after which the tester left a stream in the recording; undefined where it did not. */
async function framesBeforeLeaving(exchange: RecordedExchange, clock: Clock): Promise<number | undefined> {
  if (exchange.end !== "read" || exchange.socket !== undefined) return undefined;
  const { frames, end } = observe({ answer: await recordedAnswer(exchange, clock) });
  return frames === undefined || end !== "closed" ? undefined : frames.length;
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

function headOf(body: Uint8Array): number | undefined {
  const value = tryParseJson(body);
  return isObject(value) && typeof value.head === "number" ? value.head : undefined;
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

function summary({ status, value }: Observation): string {
  const count = (json: Json | undefined): string =>
    Array.isArray(json)
      ? `[${json.length}]`
      : isObject(json)
      ? Object.entries(json).map(([name, item]) => `${name}${count(item)}`).sort().join(",")
      : "";
  return `${status} ${count(value)}`;
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

/** The exchange as a step, for the comparison and the reports. */
function plannedOf({ sent }: RecordedExchange, origin: string): PlannedStep {
  const parts = partsOf(sent);
  const [method = "", path = ""] = parts?.lines[0]?.split(" ") ?? [];
  const capability = parts === undefined ? undefined : headerIn(parts, "x-hearthnet-capability");
  if (capability !== undefined) {
    return { origin, step: { do: "call", as: "recorded", capability } };
  }
  if (parts === undefined || method === "") return { origin, step: { do: "raw", bytes: "" } };
  if (path.startsWith("/sync/v1/events") && method === "POST") return { origin, step: { do: "push", events: [] } };
  const value = tryParseJson(parts.body);
  const routed = isObject(value) && typeof value.capability === "string" ? value.capability : undefined;
  if (routed !== undefined) return { origin, step: { do: "call", as: "recorded", capability: routed } };
  return { origin, step: { do: "http", method, path: path.split("?")[0] ?? path } };
}
