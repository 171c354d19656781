import { assertEquals } from "@std/assert";
import { COMMANDS, RUN } from "./commands.ts";
import { secretOptions, sided } from "./options.ts";

Deno.test("keys and tokens are secret", () => {
  assertEquals(secretOptions(RUN), ["root-key", "admin-key", "admin-token", "sut-key"]);
});

Deno.test("sided gives every option a left and a right form", () => {
  const options = sided([{ name: "root-key", kind: "path", secret: true, help: "root seed" }]);
  assertEquals(options, [
    { name: "left-root-key", kind: "path", secret: true, help: "root seed, left side" },
    { name: "right-root-key", kind: "path", secret: true, help: "root seed, right side" },
  ]);
});

Deno.test("no command has an option twice", () => {
  for (const { name, options } of COMMANDS) {
    const names = options.map((option) => option.name);
    assertEquals(new Set(names).size, names.length, name);
  }
});
