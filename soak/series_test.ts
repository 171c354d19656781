import { assert, assertEquals } from "@std/assert";
import { MAX_SAMPLES, SeriesStore } from "./series.ts";

Deno.test("a long series is thinned evenly and stays bounded", () => {
  const store = new SeriesStore();
  for (let t = 0; t < 5 * MAX_SAMPLES; t++) store.add("a", t, t);
  const samples = store.of("a");
  assert(samples.length < MAX_SAMPLES && samples.length > MAX_SAMPLES / 4);
  assertEquals(samples[0], { t_s: 0, value: 0 });
  assert((samples.at(-1)?.t_s ?? 0) > 5 * MAX_SAMPLES - 20);
});
