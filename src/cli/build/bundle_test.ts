import { assert, assertEquals } from "@std/assert";
import { bundleProgram, importsFromOutside } from "./bundle.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const COMMIT = "0123456789ab";

Deno.test("the bundle is the whole program, names its commit, and is the same every time", async () => {
  const first = await bundleProgram(ROOT, COMMIT);
  assertEquals(await bundleProgram(ROOT, COMMIT), first);
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, bytes] of first) await Deno.writeFile(`${folder}/${name}`, bytes);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-config", "--no-lock", "--no-remote", "--no-npm", "main.js", "version", "--json"],
      cwd: folder,
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    assertEquals(JSON.parse(new TextDecoder().decode(stdout)).commit, COMMIT);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("imports that lead outside are found, static and dynamic", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      `${folder}/main.js`,
      'import "node:path"; import "./here.js"; const a = await import("./gone.js"); export { a };',
    );
    await Deno.writeTextFile(`${folder}/here.js`, 'export * from "/etc/outside.js";');
    const outside = await importsFromOutside(folder);
    assertEquals(outside.length, 2);
    assert(outside.some((name) => name.endsWith("/gone.js")));
    assert(outside.includes("file:///etc/outside.js"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
