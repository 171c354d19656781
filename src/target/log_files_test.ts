import { assert, assertEquals } from "@std/assert";
import { newestLog } from "./log_files.ts";

Deno.test("the newest of several log files is read, and one that is not there is passed over", async () => {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-logs-" });
  try {
    assertEquals(await newestLog([`${folder}/none`]), "");
    await Deno.writeTextFile(`${folder}/old`, "old\n");
    await Deno.utime(`${folder}/old`, 1, 1);
    await Deno.writeTextFile(`${folder}/new`, "new\n");
    assertEquals(await newestLog([`${folder}/new`, `${folder}/old`, `${folder}/none`]), "new\n");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("of a large log the end is read, from the beginning of a line", async () => {
  const path = await Deno.makeTempFile({ prefix: "hearthproof-log-" });
  try {
    const line = `${"x".repeat(999)}\n`;
    await Deno.writeTextFile(path, line.repeat(6000));
    const text = await newestLog([path]);
    assert(text.startsWith("x") && text.length < 4 * 1024 * 1024 && text.length % line.length === 0);
  } finally {
    await Deno.remove(path);
  }
});
