/** How long a run over all core cases takes, with the calls it makes. `deno task bench`. */

import { systemClock } from "../src/wire/mod.ts";

const PARALLEL = 8;

async function runOnce(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-bench-" });
  try {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", new URL("../main.ts", import.meta.url).pathname, "run", "--json", "--suite-filter", "core/*"]
        .concat(["--parallel", String(PARALLEL), "--output-dir", folder]),
      stdout: "piped",
      stderr: "null",
    }).output();
    return new TextDecoder().decode(stdout);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

let shown = false;

Deno.bench({ name: `run: all core cases, --parallel ${PARALLEL}`, n: 3, warmup: 1 }, async () => {
  const clock = systemClock();
  const startedAt = clock.mono();
  const report = JSON.parse(await runOnce());
  if (shown) return;
  shown = true;
  const seconds = (clock.mono() - startedAt) / 1000;
  const judged = report.totals.passed + report.totals.failed;
  // deno-lint-ignore no-console -- a bench prints what it measured
  console.log(
    `${judged} cases judged, ${report.calls} calls, ${seconds.toFixed(2)} s, ${
      (judged / seconds).toFixed(0)
    } cases/s, ` +
      `${report.totals.failed} failed`,
  );
});
