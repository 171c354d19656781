import { assertEquals, assertMatch } from "@std/assert";
import { commitOf, commitToBuild, UNBUILT_COMMIT } from "./version.ts";

async function git(folder: string, ...args: string[]): Promise<void> {
  const who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"];
  const { success, stderr } = await new Deno.Command("git", { args: ["-C", folder, ...who, ...args] }).output();
  assertEquals(success, true, new TextDecoder().decode(stderr));
}

Deno.test("the commit of a checkout is named, and changes that no commit holds are marked in a build", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await git(folder, "init", "--quiet");
    await Deno.writeTextFile(`${folder}/a`, "1");
    await git(folder, "add", "a");
    await git(folder, "commit", "--quiet", "-m", "one");
    const commit = await commitOf(folder);
    assertMatch(commit, /^[0-9a-f]{12}$/);
    assertEquals(await commitToBuild(folder), commit);
    await Deno.writeTextFile(`${folder}/a`, "2");
    assertEquals(await commitToBuild(folder), `${commit}+changes`);
    assertEquals(await commitOf(folder), commit);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a folder that is no checkout has an unknown commit", async () => {
  const folder = await Deno.makeTempDir();
  try {
    assertEquals(await commitOf(folder), "unknown");
    assertEquals(await commitToBuild(folder), "unknown");
    assertEquals(await commitOf(undefined), "unknown");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the mark of the source is no commit", () => {
  assertEquals(/^[0-9a-f]+$/.test(UNBUILT_COMMIT), false);
});
