import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { base64url, blobShape, isObject, type Json, utf8 } from "../src/protocol/mod.ts";
import type { VectorStep } from "../src/runner/vector_steps.ts";
import { Before, Fitting } from "./used_node.ts";

const COMMUNITY = `ed25519:${"A".repeat(43)}`;

Deno.test("heads count from where the log stood; types without an event since then are left out", () => {
  const before = new Before();
  before.head = 100;
  before.count = 40;
  const heads = {
    [COMMUNITY]: 107,
    head: 107,
    event_count: 45,
    heads_by_type: { "market.post.created": 107, "chat.message.sent": 99 },
  };
  assertEquals(before.counted(heads), {
    [COMMUNITY]: 7,
    head: 107,
    event_count: 5,
    heads_by_type: { "market.post.created": 7 },
  });
});

function query(corpus: string): VectorStep {
  return { do: "call", as: "m1", capability: "rag.query", params: { corpus }, input: { query: "well" } };
}

function corpusOf(step: VectorStep): Json | undefined {
  return step.do === "call" && isObject(step.params) ? step.params.corpus : undefined;
}

Deno.test("a run has corpora of its own, which its answers call by the name of the plan", () => {
  const one = new Fitting(0, "one");
  const name = corpusOf(one.step(query("maps")));
  assert(typeof name === "string" && /^maps-[a-z0-9]{6}$/.test(name), String(name));
  assertNotEquals(name, corpusOf(new Fitting(0, "two").step(query("maps"))));
  assertEquals(one.answer({ meta: { corpus: name }, corpora: [name] }), {
    meta: { corpus: "maps" },
    corpora: ["maps"],
  });
});

Deno.test("corpora that mean the same everywhere keep their names", () => {
  const fitting = new Fitting(0, "one");
  for (const corpus of ["personal", "system"]) assertEquals(corpusOf(fitting.step(query(corpus))), corpus);
});

Deno.test("the contents of two runs are told by what follows their marks", () => {
  const content = utf8("the same text");
  const { size_bytes: size, chunks } = blobShape(content);
  const manifest = { cid: "x", size_bytes: size, chunks: chunks.map(({ cid }) => ({ cid })) };
  const put = { manifest, chunks: [{ i: 0, data_b64: base64url(content) }] };
  const stored = (fitting: Fitting) => {
    const step = fitting.step({ do: "call", as: "m1", capability: "file.put", input: put });
    const [chunk] = step.do === "call" && Array.isArray(step.input?.chunks) ? step.input.chunks : [];
    assert(isObject(chunk));
    return chunk.data_b64 ?? null;
  };
  const [one, two] = [new Fitting(0, "one"), new Fitting(0, "two")];
  const [a, b] = [stored(one), stored(two)];
  assertNotEquals(a, b);
  assertEquals(one.answer({ data_b64: a }), two.answer({ data_b64: b }));
});

Deno.test("what was there is told by its name, never by a word or a number", () => {
  const before = new Before();
  before.note({ posts: [{ event_id: "01M7YJGRFNH9389PBY049RJNNQ", tags: ["well"], lamport: 3 }] });
  const post = { event_id: "01M7YJGTQHD3EEJ4DK3E9V015Y", tags: ["well"], lamport: 3 };
  const old = { event_id: "01M7YJGRFNH9389PBY049RJNNQ", tags: [], lamport: 3 };
  assertEquals(before.without({ posts: [old, post] }), { posts: [post] });
});

Deno.test("capabilities for a corpus that was there are left out", () => {
  const before = new Before();
  before.noteCorpora({ output: { corpora: [{ name: "maps", docs: 2 }] } });
  const capability = (corpus: string) => ({ name: "rag.query", params: { corpus } });
  assertEquals(before.without([capability("maps"), capability("maps-1a2b3c")]), [capability("maps-1a2b3c")]);
});

Deno.test("the highest position of a view without anything new is where the log stood", () => {
  const before = new Before();
  before.head = 80;
  assertEquals(before.without({ max_lamport: 78 }), { max_lamport: 80 });
  assertEquals(before.without({ max_lamport: 91 }), { max_lamport: 91 });
});
