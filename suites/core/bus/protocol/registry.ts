/** protocol.registry.*: known implementations. */

import { describe, equals, of, okObject, refusedWith, succeeded } from "../../../../src/check/mod.ts";
import { isObject, type Json, type JsonObject } from "../../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../../src/runner/case.ts";
import type { HttpAnswer } from "../../../../src/wire/mod.ts";
import { ANNOUNCE, DESCRIBE, protocolMajor, REGISTRY, selfDescription, VERSION_LIST, versionList } from "./helpers.ts";

const FUTURE = 99;

/** Descriptors the node lists: `output.implementations`, or a bare array in `output`. */
async function listed(
  context: CaseContext,
): Promise<{ readonly list: readonly JsonObject[]; readonly answer: HttpAnswer }> {
  const { target, actors, must } = context;
  const answer = await target.call(await actors.member("reader"), REGISTRY);
  const { output } = must.get(okObject(answer));
  const found = isObject(output) ? output.implementations : output;
  must.hold(Array.isArray(found), "an array of implementations", describe(answer), answer.exchange);
  return { list: (Array.isArray(found) ? found : []).filter(isObject), answer };
}

async function announce(context: CaseContext, descriptor: JsonObject): Promise<HttpAnswer> {
  const { target, actors } = context;
  return await target.call(await actors.member(), ANNOUNCE, { descriptor });
}

/** A well-formed descriptor with a name of its own. */
function descriptorOf({ random }: CaseContext, changes: JsonObject = {}): JsonObject {
  return {
    name: `implementation-${random.word()}`,
    vendor: "hearthproof",
    version: "1.2.3",
    protocol_versions: ["1.0.0"],
    homepage_url: null,
    contact: null,
    ...changes,
  };
}

function like(descriptor: JsonObject): (other: JsonObject) => boolean {
  return ({ name, vendor, version }) =>
    name === descriptor.name && vendor === descriptor.vendor && version === descriptor.version;
}

/** Announces and requires that it is listed; the entries that match. */
async function announced(context: CaseContext, descriptor: JsonObject): Promise<readonly JsonObject[]> {
  context.must(succeeded(await announce(context, descriptor)));
  const { list, answer } = await listed(context);
  const found = list.filter(like(descriptor));
  const expected = `${String(descriptor.name)} of ${String(descriptor.vendor)} is listed`;
  context.must.hold(found.length > 0, expected, `${list.length} others are`, answer.exchange);
  return found;
}

/** Descriptors that each break one rule of M32 §6. */
function malformed(context: CaseContext): readonly JsonObject[] {
  const without = (name: string) => {
    const { [name]: _, ...rest } = descriptorOf(context);
    return rest;
  };
  return [
    without("name"),
    without("vendor"),
    without("version"),
    descriptorOf(context, { protocol_versions: [] }),
    descriptorOf(context, { protocol_versions: ["three"] }),
  ];
}

export const registryCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/bus/registry-holds-the-node",
    requirement: "PRO-021",
    brokenBy: ["registry-without-the-node"],
    effects: "none",
    async run(context) {
      const { target, must, skip } = context;
      let own: JsonObject;
      if (target.advertised(DESCRIBE) !== undefined) own = await selfDescription(context);
      else if (target.advertised(VERSION_LIST) !== undefined) {
        const { implementation } = await versionList(context);
        own = isObject(implementation) ? implementation : {};
      } else return skip("the node describes itself nowhere else");
      const { list, answer } = await listed(context);
      const vendor = (entry: JsonObject): Json => own.vendor === undefined ? null : entry.vendor ?? null;
      const found = list.some((entry) =>
        entry.name === own.name && entry.version === own.version && vendor(entry) === (own.vendor ?? null)
      );
      must.hold(found, `${String(own.name)} ${String(own.version)} is listed`, describe(answer), answer.exchange);
    },
  }),
  defineCase({
    id: "core/bus/registry-keeps-announced",
    requirement: "PRO-022",
    brokenBy: ["registry-drops-announced"],
    effects: "writes",
    async run(context) {
      await announced(context, descriptorOf(context));
    },
  }),
  defineCase({
    id: "core/bus/registry-refuses-malformed",
    requirement: "PRO-023",
    brokenBy: ["registry-takes-anything"],
    effects: "none",
    async run(context) {
      const { must } = context;
      const before = (await listed(context)).list.length;
      for (const descriptor of malformed(context)) {
        const answer = await announce(context, descriptor);
        must(refusedWith(answer, "protocol_descriptor_invalid"));
      }
      const { list, answer } = await listed(context);
      if (context.target.profile.features.has("fresh")) {
        must(of(answer, equals(list.length, before, "the number of implementations after malformed announcements")));
      }
    },
  }),
  defineCase({
    id: "core/bus/registry-lists-once",
    requirement: "PRO-024",
    brokenBy: ["registry-grows-with-every-announcement"],
    effects: "writes",
    async run(context) {
      const descriptor = descriptorOf(context);
      await announced(context, descriptor);
      const found = await announced(context, descriptor);
      context.must(equals(found.length, 1, "the number of entries after two announcements"));
    },
  }),
  defineCase({
    id: "core/bus/registry-keeps-both-vendors",
    requirement: "PRO-025",
    brokenBy: ["registry-by-name-only"],
    effects: "writes",
    async run(context) {
      const first = descriptorOf(context, { vendor: "vendor-a" });
      await announced(context, first);
      await announced(context, { ...first, vendor: "vendor-b" });
      const { list, answer } = await listed(context);
      context.must.hold(list.some(like(first)), "the entry of vendor-a is still listed", "it is gone", answer.exchange);
    },
  }),
  defineCase({
    id: "core/bus/registry-takes-future-versions",
    requirement: "PRO-026",
    brokenBy: ["registry-refuses-future-versions", "registry-rewrites-future-versions"],
    effects: "writes",
    async run(context) {
      const found = await announced(context, descriptorOf(context, { protocol_versions: [`${FUTURE}.0.0`] }));
      const kept = found.some(({ protocol_versions: versions }) =>
        Array.isArray(versions) && versions.some((version) => protocolMajor(version) === FUTURE)
      );
      context.must.hold(kept, `the version ${FUTURE}.0.0 is kept`, found);
    },
  }),
];
