import { assertEquals } from "@std/assert";
import { systemClock } from "../wire/mod.ts";
import { groupLeft, killGroup } from "./process_group.ts";

/** A shell in a group of its own that starts a second process and ends. */
async function shell(script: string): Promise<number> {
  const child = new Deno.Command("sh", { args: ["-c", script], detached: true, stdout: "null" }).spawn();
  await child.status;
  return child.pid;
}

Deno.test({
  name: "a process that outlives its leader is found and killed with its group",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const clock = systemClock();
    const group = await shell("sleep 600 & exit 0");
    assertEquals(await groupLeft(group, clock), 1);
    killGroup(group);
    assertEquals(await groupLeft(group, clock), 0);
    killGroup(group);
  },
});

Deno.test({
  name: "a leader that leaves nothing behind has an empty group",
  ignore: Deno.build.os !== "linux",
  async fn() {
    assertEquals(await groupLeft(await shell("exit 3"), systemClock()), 0);
  },
});
