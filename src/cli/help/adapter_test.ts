import { assertEquals, assertStringIncludes } from "@std/assert";
import { ADAPTER_COMMANDS, ADAPTER_KEYS, parseAdapter } from "../../target/adapter.ts";
import { featuresOf } from "../../target/adapter_commands.ts";
import { TOPICS } from "./topics.ts";

const PAGE = TOPICS.adapter ?? "";

Deno.test("the example of the adapter page is read, and opens what the page says", () => {
  const example = PAGE.split("\n").filter((line) => line.startsWith("    ")).map((line) => line.slice(4)).join("\n");
  const adapter = parseAdapter(example, "the page");
  assertEquals(featuresOf(adapter).sort(), [
    "backend-fault",
    "clock",
    "corruption-hook",
    "disk-cap",
    "log-access",
    "managed",
    "network-control",
    "peers",
    "second-node",
  ]);
  assertEquals([adapter.auditorKey, adapter.roleSchema[0]?.severityCap], ["auditor.key", "warning"]);
});

Deno.test("the adapter page names every member and every command", () => {
  for (const name of [...ADAPTER_KEYS, ...ADAPTER_COMMANDS]) assertStringIncludes(PAGE, name);
});
