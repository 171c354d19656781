import { assertEquals, assertThrows } from "@std/assert";
import { catalogueText, compileCatalogue, NOT_JUDGED_FILE, readSources } from "./compile.ts";

const FOLDER = new URL("./", import.meta.url);

const BUS = `
section: core/bus
requirements:
  - id: BUS-001
    ref: "CONTRACT §1"
    level: MUST
    needs: [member]
    says: >-
      A rule
      on two lines.
    observe: Look.
    fault: Broken.
`;

Deno.test("catalogue.json is what the YAML compiles to", () => {
  const written = Deno.readTextFileSync(new URL("catalogue.json", FOLDER));
  assertEquals(catalogueText(compileCatalogue(readSources(FOLDER))) === written, true, "run compile.ts again");
});

Deno.test("compileCatalogue unfolds text and fills in the section", () => {
  assertEquals(compileCatalogue([{ name: "core-bus.yaml", text: BUS }]), {
    requirements: [{
      id: "BUS-001",
      section: "core/bus",
      ref: "CONTRACT §1",
      level: "MUST",
      needs: ["member"],
      says: "A rule on two lines.",
      observe: "Look.",
      fault: "Broken.",
    }],
    not_judged: [],
  });
});

Deno.test("compileCatalogue takes reasons of requirements that are not judged", () => {
  const list = { name: NOT_JUDGED_FILE, text: "not_judged:\n  - { id: BUS-001, reason: unseen }\n" };
  assertEquals(compileCatalogue([{ name: "a.yaml", text: BUS }, list]).not_judged, [{
    id: "BUS-001",
    reason: "unseen",
  }]);
});

Deno.test("compileCatalogue says where a file is wrong", () => {
  const cases: [text: string, message: string][] = [
    [BUS.replace("level: MUST", "level: WILL"), "Cannot compile BUS-001: current level is WILL"],
    [BUS.replace("section: core/bus", "section: misc"), "Cannot compile BUS-001: current section is misc"],
    [BUS.replace("id: BUS-001", "id: BUS-1"), "Cannot compile a.yaml: current id is BUS-1"],
    [BUS.replace("observe: Look.", "observe: ''"), "Cannot compile the observe of BUS-001: current value is no text"],
    [BUS.replace("observe:", "obsrve:"), "Cannot compile BUS-001: unknown member obsrve"],
    ["- 1", "Cannot compile a.yaml: current value is no mapping"],
  ];
  for (const [text, message] of cases) {
    assertThrows(() => compileCatalogue([{ name: "a.yaml", text }]), TypeError, message);
  }
});

Deno.test("compileCatalogue refuses an id that occurs twice or a reason for an unknown one", () => {
  const twice = [{ name: "a.yaml", text: BUS }, { name: "b.yaml", text: BUS }];
  assertThrows(() => compileCatalogue(twice), TypeError, "BUS-001 occurs twice");
  const unknown = { name: NOT_JUDGED_FILE, text: "not_judged: [{ id: BUS-009, reason: unseen }]" };
  assertThrows(
    () => compileCatalogue([{ name: "a.yaml", text: BUS }, unknown]),
    TypeError,
    "BUS-009 is no requirement",
  );
});
