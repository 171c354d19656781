/**
 * How right and how fast the load is. Each measurement is one word; without one all but `memory` run.
 *
 *     deno run -A --v8-flags=--expose-gc soak/load_bench.ts [closed|signed|late|stop|memory …] [--seconds N] [--calls N]
 *
 * `--seconds` is the length of a turn of `closed` and the length of `late`; `signed` takes many slices of 200 ms.
 * Needs wrk and nginx (apt) and npx (autocannon). Ratios hold within one run; absolute figures are the machine's.
 */

import { parseArgs } from "@std/cli/parse-args";
import { cpuUsage } from "node:process";
import { median } from "../src/stats/quantile.ts";
import {
  type CallEnvelope,
  identityFromSeed,
  Random,
  type ResponseEnvelope,
  responseSignatureCovers,
  signCall,
  signResponse,
  timestamp,
  ulid,
} from "../src/protocol/mod.ts";
import { shippedDialect } from "../src/target/dialect.ts";
import { prepareCall } from "../src/target/call.ts";
import { systemClock } from "../src/wire/clock.ts";
import { type Endpoint, headerOf, type HttpRequest, LiveNetwork, nullSink } from "../src/wire/mod.ts";
import { ConnectionPool } from "./connections.ts";
import { Engine } from "./engine.ts";
import { Instrument } from "./instrument.ts";
import { type Sink, startLate, startNginx } from "./load_sink_bench.ts";
import { LatencyMonitor } from "./monitors/latency.ts";
import { runClock } from "./run_clock.ts";
import { RunState } from "./run_state.ts";
import { dueTimes } from "./schedule.ts";
import { SeriesStore } from "./series.ts";
import type { Hands, Operation, Outcome } from "./workload_calls.ts";

const CONNECTIONS = 32;
const TURNS = 4;
/** Many and short where the least disturbed one counts: a moment without a neighbour's work is found sooner. */
const SIGNED_TURNS = 12;
const SLICES = 5;
const SLICE_MS = 200;
/** Calls with an id and a time of their own, in turn. */
const ENVELOPES = 1024;
const CALL_DEADLINE_MS = 30_000;
const MS_PER_SECOND = 1000;
/** The first time a signed call tells. */
const FIRST_CALL_MS = Date.UTC(2027, 2, 14);
const US_PER_SECOND = 1e6;
const AUTOCANNON = "autocannon@8.0.0";
const NODE = identityFromSeed(new Uint8Array(32).fill(1));
const MEMBER = identityFromSeed(new Uint8Array(32).fill(2));

const args = parseArgs(Deno.args, { string: ["seconds", "calls"] });
const seconds = Number(args.seconds ?? 10);
const memoryCalls = Number(args.calls ?? 10_000_000);
const wanted = args._.map(String);

function print(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}

/** The load of a soak against a plain server: the same engine, connections and monitors. */
function bench(port: number, run: (exchange: Hands["exchange"], index: number) => Promise<Outcome>) {
  const clock = systemClock();
  const network = new LiveNetwork({ scope: "bench", sink: nullSink, clock });
  const endpoint: Endpoint = { scheme: "http", host: "127.0.0.1", port };
  const pool = new ConnectionPool(network, () => endpoint, { deadlineMs: CALL_DEADLINE_MS });
  const latency = new LatencyMonitor(new SeriesStore(), MS_PER_SECOND, 0);
  let index = 0;
  const operation: Operation = {
    name: "bench",
    capability: "bench",
    weight: 1,
    writes: false,
    run: () => run((request) => pool.exchange(request), index++),
  };
  const caller = {
    index: 0,
    actor: { name: "m", identity: MEMBER, id: MEMBER.id, level: "member" as const },
  };
  const hands = { callers: [caller], random: new Random(1) } as unknown as Hands;
  const own = runClock(clock, 0);
  const engine = (observe: (call: Parameters<LatencyMonitor["observe"]>[0]) => void) =>
    new Engine({ clock: own, hands, operations: [operation], observe, instrument: new Instrument(), startedAt: 0 });
  return {
    clock: own,
    latency,
    engine,
    stop: () => {
      pool.close();
      network.close();
    },
  };
}

const GET: HttpRequest = { method: "GET", path: "/", headers: [] };
const plain = async (exchange: Hands["exchange"]): Promise<Outcome> => {
  const { status } = await exchange(GET);
  return { capability: "bench", code: status === 200 ? "ok" : `http_${status}` };
};

/** A closed loop, after a second to warm up: what each of its parts did. */
async function closedLoop(
  port: number,
  run: (exchange: Hands["exchange"]) => Promise<Outcome>,
  parts = 1,
  partMs = seconds * MS_PER_SECOND,
): Promise<Turn[]> {
  const { clock, latency, engine, stop } = bench(port, run);
  let calls = 0;
  const driver = engine((call) => {
    if (call.kind === "call" && call.code === "ok") calls++;
    latency.observe(call);
  });
  const never = new AbortController().signal;
  await driver.closedModel(CONNECTIONS, clock.mono() + MS_PER_SECOND, never);
  const turns: Turn[] = [];
  while (turns.length < parts) {
    calls = 0;
    const [from, cpu] = [clock.mono(), cpuSeconds()];
    await driver.closedModel(CONNECTIONS, from + partMs, never);
    const perSecond = calls / (clock.mono() - from) * MS_PER_SECOND;
    turns.push({ perSecond, perCpuSecond: calls / (cpuSeconds() - cpu) });
  }
  stop();
  return turns;
}

/** What one turn of a client did. */
interface Turn {
  readonly perSecond: number;
  /** Calls per second of processor time of the client, which does not depend on what else the machine does. */
  readonly perCpuSecond: number;
}

async function ourTurn(port: number): Promise<Turn> {
  const before = cpuSeconds();
  const [turn] = await closedLoop(port, plain);
  const perSecond = turn?.perSecond ?? 0;
  // The second of warm-up is in the processor time too.
  return { perSecond, perCpuSecond: perSecond * (seconds + 1) / (cpuSeconds() - before) };
}

function cpuSeconds(): number {
  const { user, system } = cpuUsage();
  return (user + system) / US_PER_SECOND;
}

/** wrk, its processor time by the shell's own count. */
async function wrkTurn(url: string, more: readonly string[] = []): Promise<Turn> {
  const command = `TIMEFORMAT='%U %S'; time wrk -t1 -c${CONNECTIONS} -d${seconds}s ${more.join(" ")} ${url}`;
  const { stdout, stderr } = await new Deno.Command("bash", { args: ["-c", command] }).output();
  const text = new TextDecoder().decode(stdout);
  const cpu = new TextDecoder().decode(stderr).trim().split(" ").reduce((sum, part) => sum + Number(part), 0);
  return {
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]),
    perCpuSecond: Number(/(\d+) requests in/.exec(text)?.[1]) / cpu,
  };
}

/** autocannon, its processor time by the shell's own count, npx and start included. */
async function cannonTurn(url: string): Promise<Turn> {
  const command = `TIMEFORMAT='%U %S'; time npx -y ${AUTOCANNON} -j -c ${CONNECTIONS} -d ${seconds} ${url} 2>/dev/null`;
  const { stdout, stderr } = await new Deno.Command("bash", { args: ["-c", command] }).output();
  const { requests } = JSON.parse(new TextDecoder().decode(stdout));
  const cpu = new TextDecoder().decode(stderr).trim().split(" ").reduce((sum, text) => sum + Number(text), 0);
  return { perSecond: Number(requests.average), perCpuSecond: Number(requests.total) / (cpu - await npxCost()) };
}

/** Processor seconds that npx takes before the client runs; they are not the client's. */
async function npxCost(): Promise<number> {
  const command = `TIMEFORMAT='%U %S'; time npx -y ${AUTOCANNON} --version >/dev/null 2>&1`;
  const { stderr } = await new Deno.Command("bash", { args: ["-c", command] }).output();
  return new TextDecoder().decode(stderr).trim().split(" ").reduce((sum, text) => sum + Number(text), 0);
}

/** Load of the last minute below which the machine does little else, so that turns can be compared by wall time. */
const QUIET_LOAD = 2.5;
const LEAST_TO_AUTOCANNON = 1.1;
const LEAST_OF_SINK = 1.5;
/** Requests in one write of wrk where it is to show what the sink can do: one by one, the kernel is its limit. */
const AT_ONCE = 4;
const PIPELINE = `local bytes
init = function()
  local all = {}
  for i = 1, ${AT_ONCE} do all[i] = wrk.format() end
  bytes = table.concat(all)
end
request = function() return bytes end
`;

/** What the sink can do: as many calls as wrk gets out of it, and per second of its own processor time. */
async function sinkTurn(sink: Sink, url: string): Promise<Turn> {
  const script = await Deno.makeTempFile({ suffix: ".lua" });
  try {
    await Deno.writeTextFile(script, PIPELINE);
    const before = sink.busySeconds();
    const { perSecond } = await wrkTurn(url, ["-s", script]);
    return { perSecond, perCpuSecond: perSecond * seconds / (sink.busySeconds() - before) };
  } finally {
    await Deno.remove(script);
  }
}

async function closed(): Promise<boolean> {
  const load = Deno.loadavg()[0] ?? 0;
  const sink = await startNginx();
  try {
    const url = `http://127.0.0.1:${sink.port}/`;
    const turns: Record<"wrk" | "ours" | "autocannon" | "sink", Turn[]> = {
      wrk: [],
      ours: [],
      autocannon: [],
      sink: [],
    };
    const shares: number[] = [];
    // In turn and several times, so that what else the machine does falls on all of them.
    for (let turn = 0; turn < TURNS; turn++) {
      turns.wrk.push(await wrkTurn(url));
      const [busy, from] = [sink.busySeconds(), performance.now()];
      turns.ours.push(await ourTurn(sink.port));
      shares.push((sink.busySeconds() - busy) / (performance.now() - from) * MS_PER_SECOND);
      turns.autocannon.push(await cannonTurn(url));
      turns.sink.push(await sinkTurn(sink, url));
    }
    const quiet = load < QUIET_LOAD;
    const best = (who: keyof typeof turns) => Math.max(...turns[who].map(({ perSecond }) => perSecond));
    const cpu = (who: keyof typeof turns) => median(turns[who].map(({ perCpuSecond }) => perCpuSecond));
    print(`closed loop, ${CONNECTIONS} connections, one thread, ${TURNS} turns of ${seconds} s:`);
    const verdict = (what: string, figure: typeof best, decides: boolean) => {
      const [wrk, ours, cannon, able] = [figure("wrk"), figure("ours"), figure("autocannon"), figure("sink")];
      const [toCannon, ofSink] = [ours / cannon, able / Math.max(ours, cannon)];
      print(`  ${what}: wrk ${wrk.toFixed(0)}, ours ${ours.toFixed(0)}, autocannon ${cannon.toFixed(0)}`);
      print(
        `    ours to autocannon ${toCannon.toFixed(2)} (at least ${LEAST_TO_AUTOCANNON}); the sink does ${
          able.toFixed(0)
        } when wrk sends ${AT_ONCE} at once, ${ofSink.toFixed(2)} times the faster client (at least ${LEAST_OF_SINK})${
          decides ? "; this decides" : ""
        }`,
      );
      return toCannon >= LEAST_TO_AUTOCANNON && ofSink >= LEAST_OF_SINK;
    };
    const byTurn = verdict("calls per second, best turn", best, quiet);
    const byCpu = verdict("calls per second of own processor time, median", cpu, !quiet);
    print(`  while ours ran, the sink was busy for ${median(shares).toFixed(2)} of one core`);
    print(`  load of the machine at the start ${load.toFixed(1)}: ${quiet ? "quiet" : "busy"} (below ${QUIET_LOAD})`);
    return quiet ? byTurn : byCpu;
  } finally {
    await sink.stop();
  }
}

/** How often work can be done in a second of processor time, in the best slice of a turn. */
function alone(work: () => void): number {
  let best = 0;
  for (let slice = 0; slice < SLICES; slice++) {
    const until = performance.now() + SLICE_MS;
    const from = cpuSeconds();
    let done = 0;
    while (performance.now() < until) {
      work();
      done++;
    }
    best = Math.max(best, done / (cpuSeconds() - from));
  }
  return best;
}

async function signed(): Promise<boolean> {
  const answer: ResponseEnvelope = {
    request_id: "01K3ZV8Q5N7R2T4W6X8Y0Z1A2B",
    from: NODE.id,
    timestamp: "2027-03-14T09:26:53Z",
    body: { output: { posts: [], max_lamport: 0 }, meta: { ms: 0 } },
  };
  const proof = signResponse(NODE, answer);
  const sink = await startNginx([["X-HearthNet-Signature", proof]]);
  const dialect = shippedDialect("contract");
  if (dialect === undefined) throw new Error("Cannot sign calls: the dialect contract is missing");
  const envelope: CallEnvelope = {
    capability: "market.list",
    version: "1.0",
    request_id: answer.request_id,
    from: MEMBER.id,
    community: NODE.id,
    timestamp: answer.timestamp,
    body: { params: {}, input: { limit: 20 } },
  };
  const random = new Random(1);
  const envelopes = Array.from({ length: ENVELOPES }, (_, index): CallEnvelope => ({
    ...envelope,
    request_id: ulid(FIRST_CALL_MS + index, random),
    timestamp: timestamp(FIRST_CALL_MS + index * MS_PER_SECOND),
  }));
  let at = 0;
  const next = () => envelopes[at++ % ENVELOPES] as CallEnvelope;
  const call = async (exchange: Hands["exchange"], verify: boolean): Promise<Outcome> => {
    const reply = await exchange(prepareCall(dialect, MEMBER, next(), {}).request);
    const good = reply.status === 200 &&
      (!verify || responseSignatureCovers(answer, headerOf(reply, "X-HearthNet-Signature")) !== undefined);
    return { capability: "bench", code: good ? "ok" : "bad" };
  };
  const signedTurn = async (verify: boolean) => {
    const turns = await closedLoop(sink.port, (exchange) => call(exchange, verify), SLICES, SLICE_MS);
    return Math.max(...turns.map(({ perCpuSecond }) => perCpuSecond));
  };
  try {
    const signs = () => void signCall(MEMBER, next());
    const signsAndVerifies = () => {
      signCall(MEMBER, next());
      responseSignatureCovers(answer, proof);
    };
    alone(signsAndVerifies);
    let [signing, rate, both, verified] = [0, 0, 0, 0];
    // In turns, so that what else the machine does falls on all of them; the least disturbed slice of each counts.
    for (let turn = 0; turn < SIGNED_TURNS; turn++) {
      signing = Math.max(signing, alone(signs));
      rate = Math.max(rate, await signedTurn(false));
      both = Math.max(both, alone(signsAndVerifies));
      verified = Math.max(verified, await signedTurn(true));
    }
    const line = (what: string, is: number, can: number, least: number) =>
      print(`  ${what}: ${is.toFixed(0)}/s of ${can.toFixed(0)}/s, ${(is / can).toFixed(2)} (at least ${least})`);
    print(
      `signed calls against what the signatures alone allow, per second of processor time, best of ${
        SIGNED_TURNS * SLICES
      } slices:`,
    );
    line("signed", rate, signing, 0.6);
    line("signed, every answer verified", verified, both, 0.4);
    return rate >= 0.6 * signing && verified >= 0.4 * both;
  } finally {
    await sink.stop();
  }
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

async function late(): Promise<boolean> {
  const [delayMs, perSecond] = [50, 100];
  const server = await startLate(delayMs);
  const { clock, latency, engine, stop } = bench(server.port, plain);
  const driver = engine((call) => latency.observe(call));
  const pace = dueTimes({ kind: "constant", perSecond }, new Random(1));
  await driver.openModel(pace, clock.mono() + seconds * MS_PER_SECOND, new AbortController().signal);
  await driver.drain(new AbortController().signal);
  stop();
  server.stop();
  const [ours, truth] = [latency.total.percentile(50) ?? NaN, percentile(server.log, 0.5)];
  const off = Math.abs(ours / truth - 1);
  print(`a server that answers after ${delayMs} ms, ${perSecond}/s for ${seconds} s:`);
  print(
    `  p50 ${ours.toFixed(2)} ms, its own log ${truth.toFixed(2)} ms, off by ${(off * 100).toFixed(2)}% (at most 2)`,
  );
  return off <= 0.02;
}

async function stopped(): Promise<boolean> {
  const [runMs, stopMs, perSecond] = [30_000, 15_000, 100];
  const sink = await startNginx([], 0);
  const { clock, latency, engine, stop } = bench(sink.port, plain);
  const driver = engine((call) => latency.observe(call));
  const from = clock.mono();
  const loading = driver.openModel(
    dueTimes({ kind: "constant", perSecond }, new Random(1)),
    from + runMs,
    new AbortController().signal,
  );
  await clock.sleep((runMs - stopMs) / 2);
  Deno.kill(sink.pid, "SIGSTOP");
  const stoppedAt = clock.mono();
  await clock.sleep(stopMs);
  Deno.kill(sink.pid, "SIGCONT");
  const goesOnAt = clock.mono();
  await loading;
  await driver.drain(new AbortController().signal);
  stop();
  await sink.stop();
  // A call that is due while the server stands still is answered when it goes on.
  const truth = Array.from({ length: runMs * perSecond / MS_PER_SECOND }, (_, n) => {
    const due = n * MS_PER_SECOND / perSecond;
    return due >= stoppedAt && due < goesOnAt ? goesOnAt - due : 0;
  });
  const [ours, must] = [latency.total.percentile(99) ?? NaN, percentile(truth, 0.99)];
  const off = Math.abs(ours / must - 1);
  print(`${stopMs / 1000} s of SIGSTOP in a run of ${runMs / 1000} s at ${perSecond}/s:`);
  print(`  p99 ${ours.toFixed(0)} ms, computed ${must.toFixed(0)} ms, off by ${(off * 100).toFixed(2)}% (at most 5)`);
  return off <= 0.05;
}

/** Calls between two readings of the log in the memory bench, and the call after which memory is first measured. */
const LOG_EVERY = 1000;
const FIRST_LOOK = 1_000_000;
const MAX_GROWTH_BYTES = 5_000_000;

async function memory(): Promise<boolean> {
  const collect = (globalThis as { gc?: () => void }).gc;
  if (collect === undefined) throw new Error("Cannot measure memory: start with --v8-flags=--expose-gc");
  const sink = await startNginx();
  const state = new RunState({
    seed: 1,
    timeOrigin: 0,
    startedWall: 0,
    durationMs: 86_400_000,
    rateText: "closed",
    callers: 1,
    thresholds: ["latency.p99 < 1s over 5m"],
    target: { kind: "endpoint", url: "bench", dialect: "contract" },
    nodeId: NODE.id,
    communityId: NODE.id,
    readable: true,
    headBefore: 0,
    options: {},
    secrets: [],
  });
  const write = async (exchange: Hands["exchange"], sequence: number): Promise<Outcome> => {
    state.observe({ kind: "sending", at: clock.mono(), caller: 0, sequence });
    const { status } = await exchange(GET);
    const wrote = { caller: 0, sequence };
    const written = { ...wrote, eventId: eventId(sequence), lamport: sequence + 1, floor: 0 };
    return { capability: "market.post", code: status === 200 ? "ok" : `http_${status}`, wrote, written };
  };
  const { clock, engine, stop } = bench(sink.port, write);
  const looks: { calls: number; bytes: number; rss: number }[] = [];
  const done = new AbortController();
  let calls = 0;
  const driver = engine((call) => {
    state.observe(call);
    calls++;
    if (calls % LOG_EVERY === 0) state.observe(logOf(calls, clock.mono()));
    if (calls % FIRST_LOOK === 0) {
      collect();
      const { heapUsed, external, rss } = Deno.memoryUsage();
      looks.push({ calls, bytes: heapUsed + external, rss });
      const [heap, outside, whole] = [heapUsed, external, rss].map((bytes) => (bytes / 1e6).toFixed(1));
      print(`  ${calls / 1e6} M calls: heap ${heap} MB, external ${outside} MB, rss ${whole} MB`);
    }
    if (calls >= memoryCalls) done.abort(new Error("enough"));
  });
  print(`${memoryCalls / 1e6} M calls with monitors and accounting, after collections:`);
  await driver.closedModel(CONNECTIONS, Infinity, done.signal);
  stop();
  await sink.stop();
  const growth = (looks.at(-1)?.bytes ?? 0) - (looks[0]?.bytes ?? 0);
  const { acknowledged, observed, lost } = state.accounting.counts;
  print(
    `  grown by ${growth / 1e6} MB (less than 5); ${acknowledged} acknowledged, ${observed} observed, ${lost} lost`,
  );
  return growth < MAX_GROWTH_BYTES && lost === 0;
}

function eventId(sequence: number): string {
  return `E${sequence}`;
}

/** The last events, as the log would show them; those of calls still under way come with the next reading. */
function logOf(calls: number, at: number): Parameters<RunState["observe"]>[0] {
  const events = Array.from({ length: LOG_EVERY }, (_, index) => {
    const sequence = calls - LOG_EVERY + index;
    return {
      event_id: eventId(sequence),
      lamport: sequence + 1,
      type: "market.post.created",
      digest: String(sequence).padStart(16, "0"),
      valid: true,
      bytes: 500,
      own: { caller: 0, sequence, unchanged: true },
    };
  });
  return { kind: "log", at, after: calls - LOG_EVERY, events, complete: true, again: false, upTo: calls };
}

const BENCHES: Readonly<Record<string, () => Promise<boolean>>> = { closed, signed, late, stop: stopped, memory };
const chosen = wanted.length > 0 ? wanted : Object.keys(BENCHES).filter((name) => name !== "memory");
let good = true;
for (const name of chosen) {
  const run = BENCHES[name];
  if (run === undefined) throw new Error(`Cannot measure ${name}: there are ${Object.keys(BENCHES).join(", ")}`);
  const reached = await run();
  print(reached ? "  reached" : "  NOT REACHED");
  good &&= reached;
}
Deno.exit(good ? 0 : 1);
