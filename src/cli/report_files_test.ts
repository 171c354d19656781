import { assertEquals, assertRejects } from "@std/assert";
import { reportText } from "../report/build.ts";
import { buildRunManifest, runManifestText } from "../report/run_manifest.ts";
import { corePassed, runOf, signedReport } from "../report/testing.ts";
import { UsageError } from "./parse.ts";
import { readReport, readRunManifest } from "./report_files.ts";

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("report and run manifest are read back", () =>
  inFolder(async (folder) => {
    const run = runOf(corePassed());
    await Deno.writeTextFile(`${folder}/report.json`, reportText(signedReport(run)));
    const manifest = buildRunManifest(run, { options: [], texts: [] });
    await Deno.writeTextFile(`${folder}/run_manifest.json`, runManifestText(manifest));
    assertEquals((await readReport(`${folder}/report.json`)).overall, "pass");
    assertEquals((await readRunManifest(`${folder}/run_manifest.json`)).seed, 0xC0FFEE);
  }));

Deno.test("a folder without a usable report is refused with one line", () =>
  inFolder(async (folder) => {
    const path = `${folder}/report.json`;
    await assertRejects(
      () => readReport(`${folder}/report.json`),
      UsageError,
      `cannot read ${path}: there is no such file`,
    );
    await Deno.writeTextFile(path, "{");
    await assertRejects(() => readReport(`${folder}/report.json`), UsageError, `cannot read ${path}: it is no JSON`);
    await Deno.writeTextFile(path, "{}");
    await assertRejects(
      () => readReport(`${folder}/report.json`),
      UsageError,
      `cannot use ${path}: report.json: the document must have`,
    );
    await Deno.remove(path);
    await Deno.mkdir(path);
    await assertRejects(() => readReport(`${folder}/report.json`), UsageError, `cannot read ${path}: it is no file`);
  }));
