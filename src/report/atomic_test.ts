import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { OutputError, prepareFolder, writeAtomic } from "./atomic.ts";

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("writeAtomic writes text and bytes, replaces, and leaves no other file", () =>
  inFolder(async (folder) => {
    await writeAtomic(`${folder}/a.json`, "first");
    await writeAtomic(`${folder}/a.json`, new TextEncoder().encode("secönd"));
    assertEquals(await Deno.readTextFile(`${folder}/a.json`), "secönd");
    assertEquals(names(folder), ["a.json"]);
  }));

Deno.test("writeAtomic keeps the file and cleans up when it cannot rename", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/report.json/inside`, { recursive: true });
    const error = await assertRejects(() => writeAtomic(`${folder}/report.json`, "x"), OutputError);
    assertStringIncludes(error.message, `Cannot write ${folder}/report.json: `);
    assertEquals(names(folder), ["report.json"]);
  }));

Deno.test("writeAtomic says that the folder does not exist", () =>
  inFolder(async (folder) => {
    const path = `${folder}/none/report.json`;
    await assertRejects(() => writeAtomic(path, "x"), OutputError, `Cannot write ${path}: the folder does not exist`);
  }));

Deno.test("prepareFolder makes the folder and leaves it empty", () =>
  inFolder(async (folder) => {
    await prepareFolder(`${folder}/a/b`);
    assertEquals(names(`${folder}/a/b`), []);
  }));

Deno.test("prepareFolder refuses a path that leads through a file", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    const through = `${folder}/file/out`;
    await assertRejects(() => prepareFolder(through), OutputError, `Cannot use the output directory ${through}: `);
    await assertRejects(
      () => prepareFolder(`${folder}/file`),
      OutputError,
      `Cannot use the output directory ${folder}/file: a file with this name is in the way`,
    );
  }));
