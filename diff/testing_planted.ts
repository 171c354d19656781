/** A node for tests that differs from a sound one by one planted difference of every class but `crash`: `PORT DATA`. */

import { isObject, type Json, type JsonObject } from "../src/protocol/mod.ts";
import type { OutboundAnswer, Overrides } from "../src/node/fault.ts";
import { startTestNode } from "./testing_start.ts";

const [port = "0", data = ""] = Deno.args;
/** Milliseconds more for one endpoint: beyond what counts as slower on any machine. */
const SLOW_MS = 4_000;

const isPlain = (body: OutboundAnswer["body"]): body is JsonObject =>
  typeof body === "object" && !(body instanceof Uint8Array);
const backwards = (value: JsonObject) => Object.fromEntries(Object.entries(value).reverse());

/** The first two neighbours of one Lamport value change places. */
function tieSwapped(events: readonly Json[]): Json[] {
  const lamport = (event: Json | undefined) => isObject(event) ? event.lamport : undefined;
  const at = events.findIndex((event, index) => index > 0 && lamport(event) === lamport(events[index - 1]));
  const [before, after] = [events[at - 1], events[at]];
  return at < 0 || before === undefined || after === undefined
    ? [...events]
    : events.with(at - 1, after).with(at, before);
}

function planted(answer: OutboundAnswer): OutboundAnswer {
  const { route, capability, body, status } = answer;
  if (route === "/metrics") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SLOW_MS);
  if (!isPlain(body) || status !== 200) return answer;
  const spoiled = `ed25519:${"A".repeat(86)}`;
  if (route === "/community/manifest") return { ...answer, body: { ...body, signature: spoiled } };
  if (route === "/sync/v1/events" && Array.isArray(body.events)) {
    return { ...answer, body: { ...body, events: tieSwapped(body.events) } };
  }
  const { output } = body;
  if (!isObject(output)) return answer;
  const other = (change: JsonObject) => ({ ...answer, body: { ...body, output: { ...output, ...change } } });
  switch (capability) {
    case "file.list":
      return other({ surplus: true });
    case "rag.list_corpora":
      return { ...answer, body: backwards(body) };
    case "market.list":
      return Array.isArray(output.posts) ? other({ posts: output.posts.toReversed() }) : answer;
    default:
      return answer;
  }
}

const overrides: Overrides = {
  outbound: planted,
  // Signed afterwards, so that the rest of the manifest stays sound.
  document: (kind, value) =>
    kind !== "node-manifest" || !Array.isArray(value.capabilities) ? value : {
      ...value,
      capabilities: value.capabilities.filter((one) => !isObject(one) || one.name !== "embed.text"),
    },
};

await startTestNode(port, data, overrides);
