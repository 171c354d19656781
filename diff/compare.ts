/** Comparing what two sides did at one step (issue: status line, headers, body, frames, connection, time). */

import { fromUtf8Lossy, isObject, type Json } from "../src/protocol/mod.ts";
import { compareBursts, type Pace } from "./bursts.ts";
import { CounterWatch } from "./compare_metrics.ts";
import { type RunState, shownValue, type Sink, ValueComparer } from "./compare_values.ts";
import type { Finding } from "./finding.ts";
import { formOf } from "../src/protocol/forms.ts";
import { layoutOf } from "./layout.ts";
import type { Observation, SignatureVerdict } from "./observation.ts";
import { addressOf, type PlannedStep } from "./plan.ts";
import { Renaming, type RenamingOptions } from "./renaming.ts";

/** Bounds of the timing class. */
export interface TimingLimits {
  /** A side is slower when it takes so many times as long as the other… */
  readonly factor: number;
  /** …and so many milliseconds more. */
  readonly least: number;
}

/** Far beyond what a busy machine adds. */
export const TIMING: TimingLimits = { factor: 8, least: 1_500 };

/** Headers whose value follows from the body, or is judged elsewhere. */
const DERIVED_HEADERS: readonly string[] = ["content-length", "x-hearthnet-signature", "date", "sec-websocket-accept"];
/** Members every answer may have: a difference there has one cause whatever was called. */
const SHARED_PATHS =
  /^(headers\.|signature\.header|error|message|retry_after_ms|alt_|schema_hash_|meta(\.|$)|reason|version|connection|timing|layout|key order)/;
/** A poll that comes back empty before this share of its time has passed did not wait. */
const WAITED = 0.5;
const MS_PER_SECOND = 1000;

const TRACES = "GET /trace/recent";

/** Compares steps in order; names correspond over all of them. */
export class RunComparer {
  readonly state: RunState;
  readonly #values: ValueComparer;
  readonly #counters = new CounterWatch();
  /** Nodes gossiped: by which way an event came first, and in which layout it is kept, depends on the moment. */
  #gossiped = false;
  #anyLayout = false;

  constructor(
    private readonly timing: TimingLimits = TIMING,
    renaming: RenamingOptions = {},
    start: Pick<RunState, "skewMs" | "ownNames" | "since"> & {
      /** How far the log of the left was ahead before the first step. */
      readonly offset?: number;
    } = {},
  ) {
    const { offset = 0, ...more } = start;
    this.state = { renaming: new Renaming(renaming), offsets: [offset], ...more };
    this.#values = new ValueComparer(this.state);
  }

  /** Differences of one step. */
  step(index: number, planned: PlannedStep, left: Observation, right: Observation): Finding[] {
    const findings: Finding[] = [];
    const address = addressOf(planned.step);
    this.#counters.note(planned, left, right);
    if (planned.step.do === "gossip") this.#gossiped = true;
    this.#anyLayout = this.#gossiped && planned.step.do === "push";
    const sink: Sink = (kind, path, a, b, maskable) => {
      // Results of single calls of a burst depend on the moment, and traces tell them.
      if (this.#counters.uncertain && address === TRACES && path.startsWith("traces")) return;
      const place = SHARED_PATHS.test(path) ? "" : address;
      findings.push({ step: index, class: kind, path, address: place, left: a, right: b, maskable });
    };
    this.#observations(planned, beforeCancel(planned, left), beforeCancel(planned, right), sink);
    return findings;
  }

  /** Frees what the renaming keeps on disk. */
  close(): void {
    this.state.renaming.close();
  }

  #observations(planned: PlannedStep, left: Observation, right: Observation, sink: Sink): void {
    if (left.unsent !== undefined || right.unsent !== undefined) {
      if ((left.unsent === undefined) !== (right.unsent === undefined)) {
        sink("semantic", "enrolment", left.unsent ?? "done", right.unsent ?? "done", false);
      }
      return;
    }
    if (left.status === 0 || right.status === 0) return silence(left, right, sink);
    this.#sent(left, right);
    if (left.outcomes !== undefined && right.outcomes !== undefined) {
      const [a = left.ms, b = right.ms] = [left.spanMs, right.spanMs];
      if (this.#slower(a, b)) sink("timing", "timing", millis(a), millis(b), false);
      const report = (a: string, b: string) => sink("semantic", "outcomes", a, b, false);
      if (compareBursts(left, right, paceOf(planned), report)) return;
    }
    if (left.status !== right.status) {
      return sink("semantic", "status", statusText(left), statusText(right), false);
    }
    if (left.version !== right.version) sink("semantic", "version", left.version, right.version, false);
    if (left.reason !== right.reason) sink("byte-only", "reason", left.reason, right.reason, false);
    this.#headers(left, right, sink);
    if (left.end !== right.end || left.failure !== right.failure) {
      sink("semantic", "connection", endText(left), endText(right), false);
    }
    if (left.close !== right.close) sink("semantic", "close", String(left.close), String(right.close), false);
    verdicts(left.signatures, right.signatures, sink);
    this.#content(left, right, (kind, path, ...rest) => {
      if (this.#counters.counts(path, planned)) sink(kind, path, ...rest);
    });
    this.#counters.compare(planned, left, right, sink);
    waiting(planned, left, right, sink);
    if (left.outcomes === undefined && this.#slower(left.ms, right.ms)) {
      sink("timing", "timing", millis(left.ms), millis(right.ms), false);
    }
  }

  /** Names that were sent correspond by position: that is what answers are held against. */
  #sent(left: Observation, right: Observation): void {
    const a = names(left.sent);
    const b = names(right.sent);
    if (a.length !== b.length) return;
    a.forEach((name, index) => {
      const other = b[index] ?? "";
      const form = formOf(name);
      if (form !== undefined && form === formOf(other)) this.state.renaming.offer(name, other);
    });
  }

  #headers(left: Observation, right: Observation, sink: Sink): void {
    const a = byName(left);
    const b = byName(right);
    for (const [name, value] of a) {
      const other = b.get(name);
      if (other === undefined) sink("semantic", `headers.${name}`, value, "absent", false);
      else if (!DERIVED_HEADERS.includes(name)) this.#values.compare(value, other, `headers.${name}`, sink);
    }
    for (const [name, value] of b) if (!a.has(name)) sink("semantic", `headers.${name}`, "absent", value, false);
    const order = (o: Observation) => o.headers.map(([name]) => name.toLowerCase()).join(", ");
    const spelling = (o: Observation) => o.headers.map(([name]) => name).sort().join(", ");
    const same = a.size === b.size && [...a.keys()].every((name) => b.has(name));
    if (!same) return;
    if (order(left) !== order(right)) sink("byte-only", "headers.order", order(left), order(right), false);
    else if (spelling(left) !== spelling(right)) {
      sink("byte-only", "headers.case", spelling(left), spelling(right), false);
    }
  }

  #content(left: Observation, right: Observation, sink: Sink): void {
    if (left.frames !== undefined || right.frames !== undefined) return this.#frames(left, right, sink);
    if (left.value === undefined || right.value === undefined) {
      if (left.value !== right.value) sink("semantic", "body", text(left.body), text(right.body), false);
      else this.#values.compare(fromUtf8Lossy(left.body), fromUtf8Lossy(right.body), "body", sink);
      return;
    }
    let differs = false;
    const noting: Sink = (...finding) => {
      differs = true;
      sink(...finding);
    };
    this.#values.compare(left.value, right.value, "", noting);
    const whole = left.partial !== true && right.partial !== true;
    if (differs || !whole || this.#values.reordered || this.#anyLayout) return;
    layout(fromUtf8Lossy(left.body), fromUtf8Lossy(right.body), sink);
  }

  #frames(left: Observation, right: Observation, sink: Sink): void {
    const [a, b] = [left.frames, right.frames];
    if (a === undefined || b === undefined) {
      return sink(
        "semantic",
        "stream",
        a === undefined ? "no stream" : "stream",
        b === undefined ? "no stream" : "stream",
        false,
      );
    }
    const events = (frames: typeof a) => frames.map(({ event }) => event).join(" ");
    if (events(a) !== events(b)) return sink("semantic", "frames", shownValue(events(a)), shownValue(events(b)), false);
    a.forEach((frame, index) => {
      const other = b[index];
      if (other === undefined) return;
      if (frame.data === undefined || other.data === undefined) {
        if (frame.data !== other.data) {
          sink("semantic", "frames[]", shownValue(frame.text), shownValue(other.text), false);
        }
        return;
      }
      let differs = false;
      this.#values.compare(frame.data, other.data, `frames[].${frame.event}`, (...finding) => {
        differs = true;
        sink(...finding);
      });
      if (!differs) layout(frame.text, other.text, sink);
    });
  }

  #slower(left: number, right: number): boolean {
    const [fast, slow] = left < right ? [left, right] : [right, left];
    return slow >= fast + this.timing.least && slow >= fast * this.timing.factor;
  }
}

function millis(ms: number): string {
  return `${Math.round(ms)} ms`;
}

function paceOf({ step }: PlannedStep): Pace {
  const call = step.do === "call" ? step : undefined;
  const names = call?.names === undefined ? {} : { names: call.names };
  return { together: call?.parallel !== undefined, ...names };
}

/** Whether one side did not wait for a message that the other waited for in vain: a busy machine never makes it early. */
function waiting({ step }: PlannedStep, left: Observation, right: Observation, sink: Sink): void {
  if (step.do !== "poll" || step.timeout === undefined || step.timeout === 0) return;
  const least = step.timeout * MS_PER_SECOND * WAITED;
  const vain = [left, right].every(({ value }) => isObject(value) && value.timeout === true);
  if (!vain || (left.ms < least) === (right.ms < least)) return;
  sink("timing", "waiting", millis(left.ms), millis(right.ms), false);
}

/** What was read after a cancellation depends on when it arrived, so only the frames before it are compared. */
function beforeCancel({ step }: PlannedStep, seen: Observation): Observation {
  const count = step.do === "call" || step.do === "ws" ? step.cancel_after : undefined;
  if (count === undefined || seen.frames === undefined) return seen;
  return { ...seen, frames: seen.frames.slice(0, count), failure: undefined, end: "closed" };
}

function silence(left: Observation, right: Observation, sink: Sink): void {
  if (left.status === right.status && left.failure === right.failure) return;
  // A refused connection on one side alone is a node that died; a deadline is one that is slower than anyone waits.
  const either = (kind: Observation["failure"]) => [left, right].some(({ failure }) => failure === kind);
  const kind = either("refused") ? "crash" : either("deadline") ? "timing" : "semantic";
  sink(kind, "connection", endText(left), endText(right), false);
}

function verdicts(
  left: ReadonlyMap<string, SignatureVerdict>,
  right: ReadonlyMap<string, SignatureVerdict>,
  sink: Sink,
): void {
  for (const [path, verdict] of left) {
    const other = right.get(path);
    if (other !== undefined && other !== verdict) {
      sink("canonical", `signature.${path.replace(/\.\d+(?=\.|$)/g, "[]")}`, verdict, other, false);
    }
  }
}

function layout(left: string, right: string, sink: Sink): void {
  if (left === right) return;
  const [a, b] = [layoutOf(left), layoutOf(right)];
  if (a.keys !== b.keys) sink("byte-only", "key order", shownValue(a.keys), shownValue(b.keys), false);
  else if (a.shape !== b.shape) sink("byte-only", "layout", shownValue(a.shape), shownValue(b.shape), false);
}

const NAME =
  /blake3:[0-9a-f]{64}|ed25519:[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])|(?<![0-9A-Za-z])[0-7][0-9A-HJKMNP-TV-Z]{25}(?![0-9A-Za-z])/g;

function names(bytes: Uint8Array): readonly string[] {
  return fromUtf8Lossy(bytes).match(NAME) ?? [];
}

function byName({ headers }: Observation): Map<string, string> {
  return new Map(headers.map(([name, value]) => [name.toLowerCase(), value]));
}

function statusText({ status, value }: Observation): string {
  const code = (value as { error?: Json } | undefined)?.error;
  return typeof code === "string" ? `${status} ${code}` : String(status);
}

/** How an answer ended, or why there was none. */
export function endText({ status, end, failure }: Observation): string {
  return failure === undefined ? `${end} after ${status}` : `${failure}${status === 0 ? ", no answer" : ""}`;
}

function text(bytes: Uint8Array): string {
  return shownValue(fromUtf8Lossy(bytes));
}
