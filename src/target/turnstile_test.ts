import { assertEquals } from "@std/assert";
import { Turnstile } from "./turnstile.ts";

/** Lets everything that can run now run. */
async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve();
}

Deno.test("many are inside together, one alone waits for them and keeps later ones out", async () => {
  const turnstile = new Turnstile();
  const inside: string[] = [];
  const leave: Record<string, () => void> = {};
  const enter = (name: string, alone: boolean) => {
    turnstile.enter(alone).then((left) => {
      inside.push(name);
      leave[name] = () => {
        inside.splice(inside.indexOf(name), 1);
        left();
        left();
      };
    });
    return settled();
  };
  await enter("a", false);
  await enter("b", false);
  await enter("alone", true);
  await enter("c", false);
  assertEquals(inside, ["a", "b"]);
  leave.a?.();
  await settled();
  assertEquals(inside, ["b"]);
  leave.b?.();
  await settled();
  assertEquals(inside, ["alone"]);
  leave.alone?.();
  await settled();
  assertEquals(inside, ["c"]);
});
