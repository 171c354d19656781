/** Networks of a run that write a transcript, and the exchanges a report shows. */

import type { Clock } from "../protocol/mod.ts";
import type { ShownExchange } from "../report/results.ts";
import { concat } from "../protocol/mod.ts";
import {
  LiveNetwork,
  steadyClock,
  type TranscriptDigest,
  type TranscriptRecord,
  type TranscriptScope,
  TranscriptWriter,
} from "../wire/mod.ts";
import type { NetworkSource } from "../runner/run.ts";
import { Substitutions } from "../runner/substitutions.ts";
import { capture, type CaptureSummary, emptyCapture } from "../runner/wire_capture.ts";

/** Bytes of one exchange that a report shows, per direction. */
const MAX_SHOWN_BYTES = 16_384;

/** Records a run. Scopes are opened in the order of the plan, so the file has one order whatever ran in parallel. */
export class Recording {
  readonly #scopes = new Map<string, TranscriptScope>();
  readonly #records = new Map<string, TranscriptRecord[]>();
  #calls = 0;
  /** What the target said to its peers, as far as scopes are over. */
  readonly summary: CaptureSummary = emptyCapture();

  /** Learned values in what was sent, as far as scopes are over. */
  readonly substitutions: Substitutions = new Substitutions();

  private constructor(
    private readonly writer: TranscriptWriter,
    private readonly clock: Clock,
    private readonly timeOrigin: number,
    private readonly captureWire: boolean,
    private readonly seeded: boolean,
  ) {}

  static async start(
    path: string,
    options: {
      readonly clock: Clock;
      readonly timeOrigin: number;
      readonly seed: number;
      readonly scopes: readonly string[];
      readonly target: string;
      readonly captureWire: boolean;
      /** The target takes the seed too, so that nothing in the traffic has to be substituted. */
      readonly seeded: boolean;
    },
  ): Promise<Recording> {
    const writer = await TranscriptWriter.create(path, {
      seed: options.seed,
      time_origin: options.timeOrigin,
      target: options.target,
    });
    const recording = new Recording(writer, options.clock, options.timeOrigin, options.captureWire, options.seeded);
    for (const scope of options.scopes) recording.#scopes.set(scope, writer.scope(scope));
    return recording;
  }

  /** Exchanges made so far. */
  get calls(): number {
    return this.#calls;
  }

  /** Networks for the runner. The wall clock stands at the time origin unless the scope asks for a moving one. */
  networkOf: NetworkSource = (scope, moving) => {
    const file = this.#scopes.get(scope) ?? this.writer.scope(scope);
    this.#scopes.delete(scope);
    const records: TranscriptRecord[] = [];
    this.#records.set(scope, records);
    const network = new LiveNetwork({
      scope,
      clock: moving ? this.clock : steadyClock(this.timeOrigin, this.clock),
      sink: {
        record: (record) => {
          if (record.direction === "exchange") this.#calls++;
          records.push(record);
          file.record(record);
        },
      },
    });
    const close = network.close.bind(network);
    return Object.assign(network, {
      close: async () => {
        await close();
        file.end();
      },
    });
  };

  /** Takes the records of a scope that another thread ran. */
  take(scope: string, records: readonly TranscriptRecord[]): void {
    const file = this.#scopes.get(scope) ?? this.writer.scope(scope);
    this.#scopes.delete(scope);
    this.#records.set(scope, [...records]);
    for (const record of records) {
      if (record.direction === "exchange") this.#calls++;
      file.record(record);
    }
    file.end();
  }

  /** Forgets the records of a scope; called once its result is known and needs no showing. */
  forget(scope: string): void {
    if (!this.seeded) this.substitutions.add(scope, this.#records.get(scope) ?? []);
    if (this.captureWire) capture(this.summary, scope, this.#records.get(scope) ?? []);
    this.#records.delete(scope);
  }

  /** The exchange of a scope as far as it is still remembered. */
  shown(scope: string, exchange: number): ShownExchange | undefined {
    const records = this.#records.get(scope);
    return records === undefined ? undefined : shownExchange(scope, records, exchange);
  }

  finish(): Promise<TranscriptDigest> {
    for (const scope of this.#scopes.values()) scope.end();
    return this.writer.finish();
  }

  discard(): Promise<void> {
    return this.writer.discard();
  }
}

/** Cuts one exchange out of the records of a scope. */
export function shownExchange(
  scope: string,
  records: readonly TranscriptRecord[],
  exchange: number,
): ShownExchange | undefined {
  const start = records.findIndex((r) => r.direction === "exchange" && r.exchange === exchange);
  const first = records[start];
  if (first === undefined) return undefined;
  const sent: Uint8Array[] = [];
  const received: Uint8Array[] = [];
  for (const record of records.slice(start + 1)) {
    if (record.connection !== first.connection) continue;
    if (record.direction === "exchange") break;
    if (record.bytes === undefined) continue;
    if (record.direction === "out") sent.push(record.bytes);
    if (record.direction === "in") received.push(record.bytes);
  }
  const [out, back] = [concat(sent), concat(received)];
  return {
    exchange,
    caseId: scope.replace(/#2$/, ""),
    sent: out.slice(0, MAX_SHOWN_BYTES),
    received: back.slice(0, MAX_SHOWN_BYTES),
    sentLength: out.length,
    receivedLength: back.length,
  };
}
