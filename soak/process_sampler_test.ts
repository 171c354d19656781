import { assert, assertEquals } from "@std/assert";
import { sampleProcess } from "./process_sampler.ts";

Deno.test("a process is seen with memory, threads and descriptors", async () => {
  const sample = await sampleProcess(Deno.pid);
  assert(sample !== undefined && sample.rss > 1_000_000 && sample.threads >= 1 && (sample.fds ?? 0) > 2);
});

Deno.test("numbers are read in bytes, and what is not there is left out", async () => {
  const proc = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${proc}/7`);
    await Deno.writeTextFile(`${proc}/7/status`, "Name:\tx\nVmRSS:\t   2048 kB\nThreads:\t3\n");
    assertEquals(await sampleProcess(7, proc), { rss: 2_097_152, threads: 3 });
    assertEquals(await sampleProcess(8, proc), undefined);
  } finally {
    await Deno.remove(proc, { recursive: true });
  }
});
