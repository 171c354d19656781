import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { selfCommand } from "../src/cli/self_command.ts";
import { VirtualClock } from "../src/wire/clock.ts";
import { MAIN_URL } from "../src/cli/testing_program.ts";
import { Telemetry } from "./telemetry.ts";
import { exportInterval, exportsTelemetry } from "./telemetry_wanted.ts";

interface OtlpSpan {
  readonly name: string;
  readonly traceId: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly links: readonly { readonly traceId: string }[];
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}

interface Received {
  readonly spans: readonly OtlpSpan[];
  readonly metrics: ReadonlySet<string>;
}

/** What a soak of a few seconds tells a receiver of OTLP over HTTP. */
async function soakTold(folder: string): Promise<Received> {
  const spans: OtlpSpan[] = [];
  const metrics = new Set<string>();
  // deno-lint-ignore no-explicit-any
  const take = (body: any) => {
    for (const { scopeSpans } of body.resourceSpans ?? []) {
      for (const { scope, spans: some } of scopeSpans) if (scope.name === "hearthproof.soak") spans.push(...some);
    }
    for (const { scopeMetrics } of body.resourceMetrics ?? []) {
      for (const { metrics: some } of scopeMetrics) for (const { name } of some) metrics.add(name);
    }
  };
  const receiver = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    take(await request.json());
    return Response.json({});
  });
  try {
    const self = selfCommand(MAIN_URL, ["soak", "--duration", "3s", "--output-dir", folder]);
    const { code, stderr } = await new Deno.Command(self.program, {
      args: [...self.args],
      stdin: "null",
      env: {
        NO_COLOR: "1",
        OTEL_DENO: "true",
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
        // Gauges are read at intervals only, not at the end.
        OTEL_METRIC_EXPORT_INTERVAL: "500",
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${receiver.addr.port}`,
      },
    }).output();
    assert(code === 3 || code === 0, new TextDecoder().decode(stderr));
  } finally {
    await receiver.shutdown();
  }
  return { spans, metrics };
}

Deno.test("calls, the run and its gauges go to the receiver that the environment names", async () => {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-otel-" });
  try {
    const { spans, metrics } = await soakTold(`${folder}/out`);
    const report = JSON.parse(await Deno.readTextFile(`${folder}/out/soak-report.json`));
    const run = spans.find(({ name }) => name === "soak");
    const calls = spans.filter(({ name }) => name !== "soak");
    assert(run !== undefined);
    assertEquals(calls.length, report.load.calls);
    for (const { links, startTimeUnixNano: from, endTimeUnixNano: to } of calls) {
      assertEquals(links[0]?.traceId, run.traceId);
      assert(BigInt(to) >= BigInt(from));
    }
    const verdict = run.attributes.find(({ key }) => key === "hearthproof.verdict")?.value.stringValue;
    assertEquals(verdict, report.verdict);
    const told = [...metrics].join(" ");
    for (const name of ["call.duration", "events", "verdict", "series.value"]) {
      assertStringIncludes(told, `hearthproof.soak.${name}`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the process ends between two exports of metrics, where there is a moment between them", async () => {
  const config = { seed: 1, startedWall: 0, rateText: "20/s", target: { kind: "url", url: "x", dialect: "contract" } };
  const cases = [
    [0, 500, 150],
    [200, 500, 200],
    [351, 500, 651],
    [495, 500, 655],
    [30_000, undefined, 30_000],
    [59_990, undefined, 60_150],
    // Too close for a moment between them.
    [299, 300, 299],
  ] as const;
  for (const [at, every, ended] of cases) {
    const clock = new VirtualClock();
    const telemetry = new Telemetry(config as unknown as ConstructorParameters<typeof Telemetry>[0], clock);
    clock.advance(at);
    await telemetry.betweenExports(every);
    assertEquals(clock.mono(), ended);
  }
  for (
    const [value, ms] of [[undefined, undefined], ["500", 500], ["x", undefined], ["-1", undefined], ["", undefined]]
  ) {
    assertEquals(exportInterval(() => value as string | undefined), ms as number | undefined);
  }
});

Deno.test("without the variable of the runtime nothing is exported", () => {
  for (const [value, wanted] of [[undefined, false], ["", false], ["false", false], ["true", true], ["1", true]]) {
    assertEquals(exportsTelemetry(() => value as string | undefined), wanted);
  }
});
