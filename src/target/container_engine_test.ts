import { assertEquals, assertRejects } from "@std/assert";
import { systemClock } from "../wire/mod.ts";
import { ContainerEngine, findEngine } from "./container_engine.ts";
import { ProcessError } from "./running_child.ts";

const clock = systemClock();

async function withPrograms(names: readonly string[], run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const name of names) {
      await Deno.writeTextFile(`${folder}/${name}`, `#!/bin/sh\necho "warning" >&2\necho "$@"\n`, { mode: 0o755 });
    }
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("without a name the first of docker and podman on the path is taken", async () => {
  await withPrograms(["podman"], async (first) => {
    await withPrograms(["podman", "docker"], async (second) => {
      assertEquals((await findEngine(undefined, clock, `/none:${first}`)).words, ["podman"]);
      assertEquals((await findEngine(undefined, clock, `${first}:${second}`)).words, ["docker"]);
    });
  });
});

Deno.test("a named engine may bring global options, in quotes where they hold spaces", async () => {
  await withPrograms(["podman"], async (folder) => {
    const engine = await findEngine(`podman --root "/a b" --log-level=error`, clock, folder);
    assertEquals(engine.words, ["podman", "--root", "/a b", "--log-level=error"]);
    assertEquals((await findEngine(`${folder}/podman -x`, clock, "")).words, [`${folder}/podman`, "-x"]);
  });
});

Deno.test("where there is no engine one line says what to install", async () => {
  const none = await assertRejects(() => findEngine(undefined, clock, "/none"), ProcessError);
  assertEquals(
    none.message,
    "Cannot start a container: neither docker nor podman is on the PATH; install one (apt install podman), or name it " +
      "with --container-engine",
  );
  const wrong = await assertRejects(() => findEngine("nerdctl --x", clock, "/none"), ProcessError);
  assertEquals(
    wrong.message,
    '--container-engine nerdctl --x: there is no program "nerdctl"; install docker or podman (apt install podman), or ' +
      "give its path",
  );
});

Deno.test("a file that cannot be run is no engine", async () => {
  await withPrograms(["docker"], async (folder) => {
    await Deno.chmod(`${folder}/docker`, 0o644);
    await assertRejects(() => findEngine("docker", clock, folder), ProcessError);
  });
});

Deno.test("a call gives the standard output alone, its arguments come after the global options", async () => {
  await withPrograms(["docker"], async (folder) => {
    const engine = new ContainerEngine([`${folder}/docker`, "--host=x"], clock);
    assertEquals(await engine.call("inspect", "a b"), "--host=x inspect a b");
  });
});

Deno.test("a call that fails quotes the engine", async () => {
  const engine = new ContainerEngine(["sh", "-c", "echo 'no such container' >&2; exit 1"], clock);
  const error = await assertRejects(() => engine.call("rm", "x"), ProcessError);
  assertEquals(error.message, "Cannot run sh rm: no such container");
});
