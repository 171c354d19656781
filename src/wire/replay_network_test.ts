import { assertEquals, assertLess, assertMatch, assertRejects } from "@std/assert";
import fc from "fast-check";
import { fromUtf8, Random, utf8 } from "../protocol/mod.ts";
import { systemClock } from "./clock.ts";
import { openStream, request, sendRaw } from "./http.ts";
import { LiveNetwork } from "./live_network.ts";
import { type Endpoint, type HttpAnswer, type Network, WireError } from "./network.ts";
import { ReplayNetwork } from "./replay_network.ts";
import { type Handler, serve } from "./server.ts";
import { SseReader } from "./sse.ts";
import { testNetwork } from "./testing_hostile.ts";
import { decodeRecord, encodeRecord, MemorySink, nullSink, type TranscriptRecord } from "./transcript.ts";
import { acceptFor, openWebSocket } from "./websocket.ts";
import { encodeFrame, OPCODE, WsFrameParser } from "./websocket_frame.ts";

const RUNS = 12;
const GET = { method: "GET", path: "/", headers: [] } as const;
const SHORT = { deadlineMs: 2_000, idleMs: 120 };

/** What of an answer has to be the same live and replayed. When it was started is the tester's affair. */
function facts(answer: HttpAnswer) {
  const { startedAt: _, sent, received, body, request, ...rest } = answer;
  return { ...rest, path: request.path, bytes: [sent, received, body].map(fromUtf8) };
}

/** A target with one path for each way to answer. The counter makes equal requests get different answers. */
function target(): Handler {
  let count = 0;
  return async ({ path, body, headers }, reply) => {
    switch (path) {
      case "/silent":
        return "swallow";
      case "/reset":
        return "reset";
      case "/close":
        return "close";
      case "/half":
        await reply.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
        return "close";
      case "/slow":
        await reply.pause(30);
        return { status: 200, body: `slow ${++count}` };
      case "/stream":
        await reply.head(200);
        for (let i = 0; i < 3; i++) {
          await reply.frame("token", { i });
          await reply.pause(5);
        }
        return undefined;
      case "/ws": {
        const key = headers.find(([name]) => name === "Sec-WebSocket-Key")?.[1] ?? "";
        await reply.head(101, [["Upgrade", "websocket"], ["Sec-WebSocket-Accept", acceptFor(key)]]);
        const parser = new WsFrameParser(1_000);
        for (let read = await reply.connection.read(2_000); read !== null; read = await reply.connection.read(2_000)) {
          for (const { opcode, payload } of parser.feed(read.bytes, 0)) {
            await reply.write(encodeFrame({ opcode, payload, masked: false }, new Uint8Array(4)));
          }
        }
        return undefined;
      }
      default:
        return { status: 200, body: `${path} ${++count} ${fromUtf8(body)}` };
    }
  };
}

/** Runs a case live and returns what it gave and what was recorded. */
async function live<T>(run: (network: Network, endpoint: Endpoint) => Promise<T>) {
  const sink = new MemorySink();
  const network = new LiveNetwork({ scope: "case", sink, clock: systemClock() });
  const other = new LiveNetwork({ scope: "target", sink: nullSink, clock: systemClock() });
  const listener = await serve(other, {}, target());
  const endpoint: Endpoint = { scheme: "http", host: "127.0.0.1", port: listener.port };
  try {
    const result = await run(network, endpoint);
    // As they come out of a file.
    const records = sink.records.map((record) => decodeRecord(JSON.parse(encodeRecord(record))));
    return { result, records, endpoint };
  } finally {
    network.close();
    other.close();
  }
}

/** Runs a case live and replayed, compares, and returns the common result. */
async function same<T>(run: (network: Network, endpoint: Endpoint) => Promise<T>): Promise<T> {
  const { result, records, endpoint } = await live(run);
  const replay = new ReplayNetwork(records);
  assertEquals(await run(replay, endpoint), result);
  assertEquals(replay.unused(), { connections: 0, accepted: 0, facts: 0 });
  return result;
}

const PATHS = ["/a", "/b", "/reset", "/close", "/half", "/slow", "/stream"];

Deno.test("exchanges one after the other and side by side give the same answers replayed", async () => {
  const plan = fc.array(fc.array(fc.constantFrom(...PATHS), { minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(plan, async (steps) => {
      await same(async (network, endpoint) => {
        const answers: unknown[] = [];
        for (const [step, paths] of steps.entries()) {
          const side = paths.map((path, index) =>
            request(network, endpoint, {
              method: "POST",
              path,
              headers: [["Step", `${step}.${index}`]],
              body: utf8("x"),
            })
          );
          answers.push((await Promise.all(side)).map(facts));
        }
        return answers;
      });
    }),
    { numRuns: RUNS },
  );
});

Deno.test("equal requests side by side get their own answers again", async () => {
  for (let run = 0; run < RUNS; run++) {
    await same(async (network, endpoint) => {
      const answers = await Promise.all(Array.from({ length: 6 }, () => request(network, endpoint, GET)));
      return answers.map(facts);
    });
  }
});

Deno.test("deadlines, refusals, sleeps and observations come again without waiting", async () => {
  const run = async (network: Network, endpoint: Endpoint) => {
    const started = await network.fact("started", () => Promise.resolve({ pid: 7 }));
    const silent = await request(network, { ...endpoint }, { ...GET, path: "/silent" }, SHORT);
    await network.clock.sleep(150);
    const slept = network.clock.mono() >= 270;
    const again = await network.fact("started", () => Promise.resolve({ pid: 8 }));
    const failed = await network.fact("exit", () => Promise.reject(new Error("no exit"))).catch((error) =>
      error.message
    );
    const unreachable = await request(network, { ...endpoint, port: 1 }, GET);
    return [started, facts(silent), slept, again, failed, unreachable.failure];
  };
  const { result, records, endpoint } = await live(run);
  const real = systemClock();
  const began = real.mono();
  assertEquals(await run(new ReplayNetwork(records), endpoint), result);
  assertLess(real.mono() - began, 200);
});

Deno.test("streams, WebSockets and raw bytes come again", async () => {
  await same(async (network, endpoint) => {
    const stream = await openStream(network, endpoint, { ...GET, path: "/stream" });
    const reader = new SseReader(stream);
    const frames = [await reader.next(), ...(await reader.read()).frames];
    const end = facts(stream.finish());
    const socket = await openWebSocket(network, endpoint, { path: "/ws", random: new Random(3) });
    await socket.send("one");
    const first = await socket.next();
    await socket.sendFrame({ opcode: OPCODE.ping, payload: utf8("p"), rsv: 1 });
    await socket.send("two");
    const second = await socket.next();
    const closed = await socket.close(1000, "bye");
    const raw = await sendRaw(network, endpoint, [utf8("nonsense"), utf8("\r\n\r\n")], {
      pauseMs: 3,
      keepReadingMs: 50,
    });
    const left = await sendRaw(network, endpoint, utf8("GET /gone HTTP/1.1\r\n"), { leave: "reset" });
    return [frames, end, first, second, closed.code, facts(raw), left.status];
  });
});

Deno.test("waiting for a condition by polling takes as many rounds as it did", async () => {
  const rounds = await same(async (network, endpoint) => {
    const until = network.clock.mono() + 2_000;
    for (let round = 1; network.clock.mono() < until; round++) {
      const { body } = await request(network, endpoint, { ...GET, path: "/poll" });
      if (fromUtf8(body).includes(" 4 ")) return round;
      await network.clock.sleep(10);
    }
    return 0;
  });
  assertEquals(rounds, 4);
});

Deno.test("peers the tester plays get their calls again", async () => {
  const run = async (network: Network) => {
    const calls: string[] = [];
    const listener = await serve(network, {}, ({ path, body }) => {
      calls.push(`${path} ${fromUtf8(body)}`);
      return Promise.resolve({ status: 200, body: "thanks" });
    });
    // The address is learned; in a replay nobody is told to call.
    await network.fact("told to call", async () => {
      const { network: caller } = testNetwork();
      const endpoint: Endpoint = { scheme: "http", host: "127.0.0.1", port: listener.port };
      await request(caller, endpoint, { method: "POST", path: "/push", headers: [], body: utf8("one") });
      await request(caller, endpoint, { method: "POST", path: "/push", headers: [], body: utf8("two") });
      caller.close();
      return true;
    });
    const until = network.clock.mono() + 2_000;
    while (calls.length < 2 && network.clock.mono() < until) await network.clock.sleep(5);
    return calls;
  };
  assertEquals(await same(run), ["/push one", "/push two"]);
});

Deno.test("a change of a recorded byte changes the answer, and one in a request is named", async () => {
  const run = (network: Network, endpoint: Endpoint) => request(network, endpoint, { ...GET, path: "/a" });
  const { records, endpoint } = await live(run);
  const change = (direction: string, at: number): TranscriptRecord[] =>
    records.map((record) => {
      if (record.direction !== direction || record.bytes === undefined) return record;
      const bytes = record.bytes.slice();
      bytes[at] = 0x5a;
      return { ...record, bytes };
    });
  const answer = await run(new ReplayNetwork(change("in", 9)), endpoint);
  assertEquals([answer.status, answer.failure?.kind], [0, "malformed"]);
  const asked = await run(new ReplayNetwork(change("out", 5)), endpoint);
  assertEquals([asked.status, asked.failure?.kind], [0, "unrecorded"]);
  assertMatch(asked.failure?.message ?? "", /byte 5 is 0x61, recorded is 0x5a/);
});

Deno.test("what was never recorded is unrecorded, at once", async () => {
  const replay = new ReplayNetwork([]);
  const endpoint: Endpoint = { scheme: "http", host: "127.0.0.1", port: 1 };
  assertEquals((await request(replay, endpoint, GET)).failure?.kind, "unrecorded");
  await assertRejects(() => replay.fact("x", () => Promise.resolve(1)), WireError, "x");
  await assertRejects(() => replay.listen({}, () => Promise.resolve()), WireError, "listen");
});

Deno.test("a transcript cut short ends in a deadline, not in a hang", async () => {
  const run = (network: Network, endpoint: Endpoint) => request(network, endpoint, { ...GET, path: "/a" });
  const { records, endpoint } = await live(run);
  const cut = records.filter(({ direction }) => direction !== "in");
  assertEquals((await run(new ReplayNetwork(cut), endpoint)).failure?.kind, "deadline");
});

Deno.test("the wall clock reads the same, reading by reading", async () => {
  await same(async (network) => {
    const readings = [network.clock.wall()];
    await network.clock.sleep(12);
    readings.push(network.clock.wall(), network.clock.wall());
    return readings;
  });
});

Deno.test("a race against a sleep is won by the same side", async () => {
  const won = await same(async (network, endpoint) => {
    const stop = new AbortController();
    const sleep = network.clock.sleep(1_000, stop.signal).then(() => "sleep", () => "stopped");
    const answer = request(network, endpoint, { ...GET, path: "/slow" }).then(({ body }) => fromUtf8(body));
    const first = await Promise.race([sleep, answer]);
    stop.abort();
    const quick = network.clock.sleep(5).then(() => "sleep");
    const slow = request(network, endpoint, { ...GET, path: "/slow" }).then(({ body }) => fromUtf8(body));
    return [first, await sleep, await Promise.race([slow, quick]), await slow];
  });
  assertEquals(won, ["slow 1", "stopped", "sleep", "slow 2"]);
});
