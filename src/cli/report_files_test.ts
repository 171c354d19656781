import { assertEquals, assertRejects } from "@std/assert";
import { reportText } from "../report/build.ts";
import { buildRunManifest, runManifestText } from "../report/run_manifest.ts";
import { verifyReport } from "../report/sign.ts";
import { corePassed, DIGEST, runOf, signedReport, TARGET, TESTER } from "../report/testing.ts";
import { UsageError } from "./parse.ts";
import { readReport, readRunManifest, verificationLines } from "./report_files.ts";

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
    assertEquals((await readReport(folder)).overall, "pass");
    assertEquals((await readRunManifest(`${folder}/run_manifest.json`)).seed, 0xC0FFEE);
  }));

Deno.test("a folder without a usable report is refused with one line", () =>
  inFolder(async (folder) => {
    const path = `${folder}/report.json`;
    await assertRejects(() => readReport(folder), UsageError, `cannot read ${path}: there is no such file`);
    await Deno.writeTextFile(path, "{");
    await assertRejects(() => readReport(folder), UsageError, `cannot read ${path}: it is no JSON`);
    await Deno.writeTextFile(path, "{}");
    await assertRejects(
      () => readReport(folder),
      UsageError,
      `cannot use ${path}: report.json: the document must have`,
    );
    await Deno.remove(path);
    await Deno.mkdir(path);
    await assertRejects(() => readReport(folder), UsageError, `cannot read ${path}: it is no file`);
  }));

Deno.test("verification is one line for each signature", () => {
  const report = JSON.parse(reportText(signedReport(runOf(corePassed()))));
  assertEquals(verificationLines(verifyReport(report, DIGEST, TARGET.id)), [
    "target signature absent: the tester does not hold the key of the target",
    `tester signature valid: transcript signed by the tester ${TESTER.id}`,
  ]);
});
