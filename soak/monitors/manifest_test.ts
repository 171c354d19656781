import { assertEquals } from "@std/assert";
import { identityFromSeed, type JsonObject, signDocument, timestamp } from "../../src/protocol/mod.ts";
import { ManifestMonitor } from "./manifest.ts";

const NODE = identityFromSeed(new Uint8Array(32).fill(9));
const WALL = Date.UTC(2027, 0, 1);

function manifest(issued_s: number, life_s = 30, changes: JsonObject = {}): JsonObject {
  const [issued_at, expires_at] = [issued_s, issued_s + life_s].map((s) => timestamp(WALL + s * 1000));
  return signDocument(NODE, { node_id: NODE.id, issued_at: issued_at ?? "", expires_at: expires_at ?? "", ...changes });
}

interface Circumstances {
  readonly offset?: number;
  readonly interrupted?: boolean;
}

/** Reads manifests at second 0, 5, 10 and so on, stored and taken up again before the last one. */
function read(manifests: readonly unknown[], { offset = 0, interrupted = false }: Circumstances = {}) {
  const make = () => new ManifestMonitor(NODE.id, () => offset, 0, () => interrupted);
  let monitor = make();
  manifests.forEach((one, n) => {
    if (n === manifests.length - 1) {
      const before = monitor.state();
      monitor = make();
      monitor.restore(JSON.parse(JSON.stringify(before)));
    }
    monitor.observe({ kind: "manifest", at: n * 5000, wall: WALL + n * 5000, manifest: one });
  });
  const { outcome, reason } = monitor.verdict();
  return `${outcome}: ${reason}`;
}

/** A node that issues one every `every` seconds, read for a minute and a half. */
const issuedEvery = (every: number) =>
  Array.from({ length: 18 }, (_, n) => manifest(Math.floor(n * 5 / every) * every));

Deno.test("a manifest that is issued every 20 s is sound, one that is never issued again is stale", () => {
  assertEquals(read(issuedEvery(20)), "sound: read 18 times, never older than 15 s");
  assertEquals(
    read(issuedEvery(1000)),
    "violated: renewed late: the manifest is 30 s old, and is to be issued again every 20 s",
  );
  assertEquals(read([manifest(-36)]), "violated: stale: the manifest expired 6 s ago and was not issued again");
});

Deno.test("a manifest that lives longer than 30 s, is of another node, or is signed wrongly is an offence", () => {
  assertEquals(read([manifest(0, 300)]), "violated: the manifest lives 300 s instead of 30");
  assertEquals(read([{ ...manifest(0), load: 1 }]), "violated: the manifest's signature is wrong");
  assertEquals(read([manifest(0, 30, { node_id: "x" })]), "violated: the manifest is of x, not of the target");
  assertEquals(read([manifest(0, 30, { issued_at: "now" })]), "violated: the manifest has no times");
  assertEquals(read(["<html>"]), "violated: GET /manifest has no manifest");
});

Deno.test("the clock of the target counts, and a declared fault excuses what is old", () => {
  const late = issuedEvery(30);
  assertEquals(read(late).slice(0, 9), "sound: re");
  assertEquals(read(issuedEvery(20), { offset: 8000 }).split(":")[0], "sound");
  assertEquals(read(issuedEvery(20), { offset: 600_000 }).split(":")[1], " stale");
  assertEquals(read(issuedEvery(1000), { interrupted: true }).split(":")[0], "sound");
});
