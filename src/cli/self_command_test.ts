import { assertEquals } from "@std/assert";
import { selfCommand } from "./self_command.ts";

Deno.test("the command starts this program", async () => {
  const main = new URL("../../main.ts", import.meta.url).href;
  const { program, args } = selfCommand(main, ["version", "--json"]);
  const { code, stdout } = await new Deno.Command(program, { args: [...args], stderr: "null" }).output();
  assertEquals(code, 0);
  assertEquals(typeof JSON.parse(new TextDecoder().decode(stdout)).program, "string");
});
