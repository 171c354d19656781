import { assertEquals, assertRejects } from "@std/assert";
import { systemClock } from "../wire/mod.ts";
import { Guard } from "./guard.ts";
import { ProcessError } from "./running_child.ts";

const clock = systemClock();
const DEADLINE_MS = 60_000;

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}

async function untilThere(path: string): Promise<void> {
  const end = clock.mono() + DEADLINE_MS;
  while (!await exists(path)) {
    if (clock.mono() > end) throw new Error(`${path} did not appear`);
    await clock.sleep(20);
  }
}

Deno.test("the last command runs at the release and not before; its output and code are told", async () => {
  await withFolder(async (folder) => {
    const last = ["sh", "-c", `touch "${folder}/last"; echo said; exit 3`];
    const guard = await Guard.start({ first: ["touch", `${folder}/first`], last }, clock);
    assertEquals([await exists(`${folder}/first`), await exists(`${folder}/last`)], [true, false]);
    assertEquals(await guard.release(), { code: 3, said: "said" });
    assertEquals(await guard.release(), { code: 3, said: "said" });
    assertEquals(await exists(`${folder}/last`), true);
  });
});

Deno.test("nothing in a command is interpreted by the shell", async () => {
  const words = ["a b", "it's", "$HOME", "`id`", "; exit 1", "*", ""];
  const guard = await Guard.start({ last: ["printf", "[%s]", ...words] }, clock);
  assertEquals(await guard.release(), { code: 0, said: words.map((word) => `[${word}]`).join("") });
});

Deno.test("when the first command fails the last one runs at once and the error quotes the first", async () => {
  await withFolder(async (folder) => {
    const first = ["sh", "-c", "echo no image >&2; exit 125"];
    const error = await assertRejects(
      () => Guard.start({ first, last: ["touch", `${folder}/last`] }, clock),
      ProcessError,
    );
    assertEquals(error.message, "Cannot run sh -c echo no image >&2; exit 125: no image");
    assertEquals(await exists(`${folder}/last`), true);
  });
});

Deno.test("an interrupted first command is cleaned up after", async () => {
  await withFolder(async (folder) => {
    const interrupted = new AbortController();
    const first = ["sh", "-c", `touch "${folder}/first"; while ! test -e "${folder}/go"; do sleep 0.05; done`];
    const starting = Guard.start({ first, last: ["touch", `${folder}/last`] }, clock, interrupted.signal);
    const refused = assertRejects(() => starting, ProcessError);
    await untilThere(`${folder}/first`);
    interrupted.abort();
    await Deno.writeTextFile(`${folder}/go`, "");
    await refused;
    assertEquals(await exists(`${folder}/last`), true);
  });
});

/** A process that starts a guard, says so when its first command is done, and lives on. */
function owner(first: readonly string[], last: readonly string[]): Deno.ChildProcess {
  const program = `
    import { Guard } from "${import.meta.resolve("./guard.ts")}";
    import { systemClock } from "${import.meta.resolve("../wire/mod.ts")}";
    const clock = systemClock();
    await Guard.start(${JSON.stringify({ first, last })}, clock);
    console.log("ready");
    await clock.sleep(1e9);
  `;
  const args = ["eval", "--no-check", "--ext=ts", program];
  return new Deno.Command(Deno.execPath(), { args, stdout: "piped" }).spawn();
}

Deno.test("the last command runs when the owner is killed during the first, which may still write", async () => {
  await withFolder(async (folder) => {
    const first = `touch "${folder}/first"; while ! test -e "${folder}/go"; do sleep 0.05; done; echo made`;
    await using tester = owner(["sh", "-c", first], ["touch", `${folder}/last`]);
    await untilThere(`${folder}/first`);
    tester.kill("SIGKILL");
    await tester.status;
    await tester.stdout.cancel();
    assertEquals(await exists(`${folder}/last`), false);
    await Deno.writeTextFile(`${folder}/go`, "");
    await untilThere(`${folder}/last`);
  });
});

Deno.test("the last command runs when the owner of the guard is killed", async () => {
  await withFolder(async (folder) => {
    await using tester = owner(["true"], ["touch", `${folder}/last`]);
    const reader = tester.stdout.getReader();
    assertEquals(new TextDecoder().decode((await reader.read()).value), "ready\n");
    assertEquals(await exists(`${folder}/last`), false);
    tester.kill("SIGKILL");
    await reader.cancel();
    await untilThere(`${folder}/last`);
  });
});
