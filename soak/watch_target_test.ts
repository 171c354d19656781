import { assert, assertEquals } from "@std/assert";
import type { HttpAnswer } from "../src/wire/mod.ts";
import { systemClock } from "../src/wire/clock.ts";
import type { Observation } from "./observation.ts";
import { folderBytes, groupBytes, processStart } from "./process_sampler.ts";
import { type MessageRead, subscribe } from "./subscriber.ts";
import { TargetWatch } from "./watch_target.ts";

const clock = systemClock();
const answer = (text: string, status = 200) =>
  ({ status, body: new TextEncoder().encode(text), headers: [] }) as unknown as HttpAnswer;

function metricsText(calls: number, events: number): string {
  return `# TYPE calls_total counter\ncalls_total ${calls}\nhearthnet_event_log_size{community="c"} ${events}\n` +
    `hearthnet_blob_storage_bytes 100\nprocess_resident_memory_bytes 5000\nprocess_open_fds 7\n`;
}

Deno.test("metrics and the data directory become series, and counters that fell are told", async () => {
  const data = await Deno.makeTempDir();
  try {
    await Deno.writeFile(`${data}/log`, new Uint8Array(1100));
    const texts = [metricsText(5, 500), metricsText(9, 500), metricsText(2, 500)];
    const seen: Observation[] = [];
    const watch = new TargetWatch({
      clock,
      sights: { pid: () => undefined, data },
      exchange: () => Promise.resolve(answer(texts.shift() ?? "", texts.length < 3 ? 200 : 500)),
      observe: (observation) => seen.push(observation),
    });
    for (let i = 0; i < 3; i++) await watch.readMetrics();
    const fallen = seen.flatMap((one) => one.kind === "metrics" ? [one.fallen] : []);
    assertEquals(fallen, [[], [], [{ key: "calls_total", before: 9, after: 2 }]]);
    const values = Object.fromEntries(seen.flatMap((one) => one.kind === "sample" ? [[one.series, one.value]] : []));
    assertEquals(values, {
      "memory.reported": 5000,
      "process.fds_reported": 7,
      "storage.bytes": 1100,
      "storage.per_event": 2,
    });
  } finally {
    await Deno.remove(data, { recursive: true });
  }
});

Deno.test("a process, a control group and a folder tell of themselves, and what is not there is undefined", async () => {
  const root = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${root}/memory.current`, "5000\n");
    await Deno.writeTextFile(`${root}/memory.stat`, "anon 3000\ninactive_file 1500\n");
    assertEquals(await groupBytes(root), 3500);
    assertEquals(await groupBytes(`${root}/none`), undefined);
    assertEquals(await folderBytes(root), "5000\n".length + "anon 3000\ninactive_file 1500\n".length);
    assertEquals(await folderBytes(`${root}/none`), undefined);
    await Deno.mkdir(`${root}/7`);
    const fields = Array.from({ length: 50 }, (_, index) => String(index + 3)).join(" ");
    await Deno.writeTextFile(`${root}/7/stat`, `7 (a name) with (brackets) ${fields}\n`);
    assertEquals(await processStart(7, root), 22);
    assertEquals(await processStart(8, root), undefined);
    const mine = await processStart(Deno.pid);
    assert(mine !== undefined && mine > 0);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("a subscription goes on from the last number, counts its messages, and begins anew after a failure", async () => {
  const over = new AbortController();
  const asked: string[] = [];
  const reads: MessageRead[] = [];
  const answers = [
    answer('{"topic":"t","seq":4,"payload":{"event_id":"A"}}'),
    answer('{"topic":"t","seq":5,"payload":{"event_id":"B"}}'),
    answer('{"timeout":true}'),
    answer("", 500),
    answer('{"timeout":true}'),
  ];
  const still = { ...clock, sleep: () => Promise.resolve() };
  await subscribe({
    clock: still,
    count: 1,
    exchange: ({ path }) => {
      asked.push(new URLSearchParams(path.split("?")[1]).get("last_seq") ?? "new");
      if (answers.length === 1) over.abort();
      return Promise.resolve(answers.shift() ?? answer("", 500));
    },
    observe: (read) => reads.push(read),
  }, over.signal);
  assertEquals(asked, ["new", "4", "5", "5", "new"]);
  assertEquals(reads.reduce((sum, { messages }) => sum + messages, 0), 2);
});
