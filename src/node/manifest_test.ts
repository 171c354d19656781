import { assertEquals, assertNotEquals } from "@std/assert";
import { verifyDocument } from "../protocol/mod.ts";
import { VirtualClock } from "../wire/clock.ts";
import type { Overrides } from "./fault.ts";
import { fakeNode } from "./http/fake_parts.ts";
import { defaultNodeOptions, ReferenceNode } from "./node.ts";
import { behaviourOf } from "./with.ts";

async function withNode(
  use: (node: ReferenceNode, clock: VirtualClock) => Promise<void> | void,
  ...overrides: Overrides[]
): Promise<void> {
  const clock = new VirtualClock({ wallMs: 1_805_016_413_500, advanceOnSleep: false });
  const options = { ...defaultNodeOptions({ clock }), ...behaviourOf(overrides) };
  const node = await ReferenceNode.start(options, fakeNode().parts);
  try {
    await use(node, clock);
  } finally {
    await node.stop();
  }
}

Deno.test("a manifest is kept for 20 s and then issued anew by the same key", () =>
  withNode((node, clock) => {
    const first = node.core.manifest.current();
    assertEquals([first.issued_at, first.expires_at], ["2027-03-14T09:26:53Z", "2027-03-14T09:27:23Z"]);
    clock.advance(19_000);
    assertEquals(node.core.manifest.current(), first);
    clock.advance(1_000);
    const second = node.core.manifest.current();
    assertNotEquals(second.issued_at, first.issued_at);
    assertEquals(second.uptime_seconds, 20);
    assertEquals(verifyDocument(node.nodeId, second), true);
  }));

Deno.test("a new manifest is published on its topic when it is due", () =>
  withNode(async (node, clock) => {
    const next = node.core.topics.next("node.manifest.updated", undefined, 60_000, new AbortController().signal);
    node.core.manifest.current();
    assertEquals((await next)?.seq, 1);
    const later = node.core.topics.next("node.manifest.updated", 1, 60_000, new AbortController().signal);
    clock.advance(20_000);
    assertEquals((await later)?.seq, 2);
  }));

Deno.test("lifetimes, signing and content can be overridden", () =>
  withNode(
    (node) => {
      const manifest = node.core.manifest.current();
      assertEquals([manifest.expires_at, manifest.profile], ["2027-03-14T09:27:53Z", "server"]);
      assertEquals(manifest.signature, "none");
    },
    { rules: { manifestTtlSeconds: 60, signManifest: (_key, manifest) => ({ ...manifest, signature: "none" }) } },
    { document: (kind, value) => kind === "node-manifest" ? { ...value, profile: "server" } : value },
  ));
