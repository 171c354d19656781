/**
 * OpenTelemetry through the runtime's own exporter: with `OTEL_DENO=true` every call becomes a span and a value of a
 * histogram, and what the dashboard shows becomes gauges. Where they go is said by the usual `OTEL_EXPORTER_OTLP_*`
 * variables (docs.deno.com, "OpenTelemetry"). Latency counts from the moment a call was due, here as well.
 */

import {
  type Attributes,
  metrics,
  type ObservableResult,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import type { Clock } from "../src/protocol/mod.ts";
import { bounded, visible } from "../src/report/escape.ts";
import type { Observation } from "./observation.ts";
import type { RunConfig } from "./run_state.ts";
import type { SoakReport } from "./soak_report.ts";
import type { Standing } from "./standing.ts";
import type { SoakVerdict } from "./verdict.ts";

const SCOPE = "hearthproof.soak";
const MS_PER_SECOND = 1000;
const MAX_TEXT = 200;
/** Error codes told apart; a hostile target may invent codes without end, and each would be a series of its own. */
const MAX_CODES = 50;
const OTHER_CODE = "other";
/** Verdicts that make the span of the run one that failed. */
const FAILED: readonly SoakVerdict[] = ["drifting", "violated", "invalid"];
const VERDICTS: readonly SoakVerdict[] = ["stable", "drifting", "violated", "inconclusive", "invalid"];

/** Milliseconds on both sides of an export of metrics in which the process should not end. */
const EXPORT_MS = 150;
/** What `OTEL_METRIC_EXPORT_INTERVAL` is without being set (OpenTelemetry specification, "Periodic exporting"). */
const EXPORT_EVERY_MS = 60_000;
const LOOK_MS = 10;

const text = (value: string) => visible(bounded(value, MAX_TEXT));

/** Spans and metrics of one run. */
export class Telemetry {
  readonly #tracer = trace.getTracer(SCOPE);
  readonly #run: Span;
  readonly #duration;
  readonly #codes = new Set<string>();
  #standing: Standing | undefined;
  /** `mono()` when metrics were collected for an export last. */
  #collectedAt: number;

  constructor(
    private readonly config: Pick<RunConfig, "seed" | "startedWall" | "target" | "rateText" | "shard">,
    private readonly clock: Clock,
  ) {
    this.#collectedAt = clock.mono();
    const { seed, target, rateText, shard } = config;
    this.#run = this.#tracer.startSpan("soak", {
      startTime: config.startedWall,
      attributes: {
        "hearthproof.seed": seed,
        "hearthproof.target": text(target.url),
        "hearthproof.rate": rateText,
        ...(shard === undefined ? {} : { "hearthproof.shard": `${shard.index}/${shard.count}` }),
      },
    });
    const meter = metrics.getMeter(SCOPE);
    this.#duration = meter.createHistogram("hearthproof.soak.call.duration", {
      unit: "s",
      description: "Latency of calls from the moment they were due",
    });
    const gauge = (name: string, unit: string, values: (standing: Standing) => readonly [number, Attributes?][]) =>
      meter.createObservableGauge(`hearthproof.soak.${name}`, { unit }).addCallback((result: ObservableResult) => {
        this.#collectedAt = clock.mono();
        if (this.#standing === undefined) return;
        for (const [value, attributes] of values(this.#standing)) result.observe(value, attributes);
      });
    gauge("elapsed", "s", ({ elapsed_s }) => [[elapsed_s]]);
    gauge("verdict", "1", ({ verdict }) => VERDICTS.map((one) => [one === verdict ? 1 : 0, { verdict: one }]));
    gauge(
      "events",
      "{event}",
      ({ events }) => Object.entries(events).map(([state, count]) => [count as number, { state }]),
    );
    gauge(
      "offences",
      "{offence}",
      ({ monitors }) => monitors.map(({ name: monitor, offences }) => [offences, { monitor }]),
    );
    gauge(
      "series.value",
      "1",
      ({ series }) => series.map(({ name, unit, last }) => [last, { series: name, unit }]),
    );
    gauge(
      "series.slope_per_hour",
      "1",
      ({ series }) =>
        series.flatMap(({ name, unit, verdict }): [number, Attributes][] => {
          const slope = verdict?.slopePerHour ?? null;
          return slope === null ? [] : [[slope, { series: name, unit }]];
        }),
    );
    gauge("tester.send_lag", "s", ({ instrument }) => [[instrument.send_lag_p99_ms / MS_PER_SECOND]]);
    gauge("tester.loop_lag", "s", ({ instrument }) => [[instrument.loop_lag_p99_ms / MS_PER_SECOND]]);
  }

  /** A finished call becomes a span of a trace of its own, linked to the run: a trace of a day's calls fits nowhere. */
  observe(observation: Observation): void {
    if (observation.kind !== "call") return;
    const { capability, due, started, ended, code } = observation;
    const told = this.#codeOf(code);
    const wall = (at: number) => this.config.startedWall + at;
    this.#duration.record(Math.max(0, ended - due) / MS_PER_SECOND, { operation: capability, code: told });
    const span = this.#tracer.startSpan(capability, {
      kind: SpanKind.CLIENT,
      root: true,
      startTime: wall(due),
      links: [{ context: this.#run.spanContext() }],
      attributes: { "hearthproof.code": told, "hearthproof.send_lag_ms": Math.max(0, started - due) },
    });
    if (code !== "ok") span.setStatus({ code: SpanStatusCode.ERROR, message: told });
    span.end(wall(Math.max(ended, due)));
  }

  show(standing: Standing): void {
    this.#standing = standing;
  }

  /** Ends the span of the run with its verdict. */
  end({ verdict, reason, duration_s }: Pick<SoakReport, "verdict" | "reason" | "duration_s">): void {
    this.#run.setAttributes({ "hearthproof.verdict": verdict, "hearthproof.reason": text(reason) });
    if (FAILED.includes(verdict)) this.#run.setStatus({ code: SpanStatusCode.ERROR, message: verdict });
    this.#run.end(this.config.startedWall + duration_s * MS_PER_SECOND);
  }

  /**
   * Waits for a moment between two exports of metrics: the runtime (Deno 2.9.5) never ends when one falls due while it
   * flushes, which in trials was up to 5 ms before.
   *
   * @param everyMs Time between two exports; where they follow each other too closely there is no such moment.
   */
  async betweenExports(everyMs: number = EXPORT_EVERY_MS): Promise<void> {
    if (!(everyMs > 3 * EXPORT_MS)) return;
    for (;;) {
      const since = (this.clock.mono() - this.#collectedAt) % everyMs;
      if (since >= EXPORT_MS && since <= everyMs - EXPORT_MS) return;
      await this.clock.sleep(LOOK_MS);
    }
  }

  #codeOf(code: string): string {
    const told = text(code);
    if (this.#codes.has(told)) return told;
    if (this.#codes.size >= MAX_CODES) return OTHER_CODE;
    this.#codes.add(told);
    return told;
  }
}
