/** Traffic of the market. */

import type { JsonObject } from "../../src/protocol/mod.ts";
import { BAD, call, type Draw, refused, succeeds, type Template } from "./draw.ts";

const CATEGORIES = ["offer", "request", "info", "emergency"];
const MAX_TTL = 2_592_000;
/** Seconds: what expires during a run expires on one side first. */
const LONGER_THAN_A_RUN = 3600;

function post(draw: Draw): JsonObject {
  return {
    client_id: draw.clientId(),
    category: draw.pick(CATEGORIES),
    title: draw.text(),
    body: draw.text(),
    ...(draw.once(3) ? { tags: [draw.pick(["tools", "food", "Brücke"])] } : {}),
    ...(draw.once(4)
      ? { location: { lat: draw.pick([47.5, -0.25, 12]), lng: draw.pick([8.125, 0, 179]), label: draw.text() } }
      : {}),
    ...(draw.once(3) ? { ttl_seconds: draw.pick([LONGER_THAN_A_RUN, 2 * LONGER_THAN_A_RUN, MAX_TTL]) } : {}),
  };
}

/** Bodies no node may accept, with the requirement that says so. */
const BAD_POSTS: readonly (readonly [string, string, (valid: JsonObject) => JsonObject])[] = [
  ["no-client-id", "MKT-005", ({ client_id: _, ...rest }) => rest],
  ["unknown-category", "MKT-007", (valid) => ({ ...valid, category: "rumour" })],
  ["ttl-too-long", "MKT-010", (valid) => ({ ...valid, ttl_seconds: MAX_TTL + 1 })],
  ["ttl-zero", "MKT-012", (valid) => ({ ...valid, ttl_seconds: 0 })],
  ["ttl-negative", "MKT-012", (valid) => ({ ...valid, ttl_seconds: -5 })],
  ["ttl-fraction", "MKT-012", (valid) => ({ ...valid, ttl_seconds: 1.5 })],
  ["no-title", "BUS-023", ({ title: _, ...rest }) => rest],
  ["title-number", "BUS-024", (valid) => ({ ...valid, title: 7 })],
];

export const marketTemplates: readonly Template[] = [
  {
    name: "market.post/valid",
    needs: "market.post",
    make: (draw) => {
      const as = draw.actor("market.post");
      if (as === undefined) return;
      const input = post(draw);
      const step = call("market.post/valid", as, "market.post", input, succeeds("MKT-001"), {
        learn: { [draw.save("post", as)]: "output.event_id" },
      });
      if (!draw.once(3) || !draw.again(as, "market.post")) return [step];
      const repeat = { ...input, title: draw.once(2) ? input.title ?? "" : "another title" };
      return [step, call("market.post/repeated", as, "market.post", repeat, succeeds("MKT-003"))];
    },
  },
  {
    name: "market.post/invalid",
    needs: "market.post",
    make: (draw) => {
      const as = draw.actor("market.post");
      if (as === undefined) return;
      const [name, requirement, spoil] = draw.pick(BAD_POSTS);
      return [call(`market.post/${name}`, as, "market.post", spoil(post(draw)), refused(requirement, 400, ...BAD))];
    },
  },
  {
    name: "market.post/stranger",
    needs: "market.post",
    make: (draw) => {
      const as = draw.actor("market.post", "stranger");
      return as === undefined ? undefined : [
        call("market.post/stranger", as, "market.post", post(draw), refused("MKT-015", 401, "unauthorized")),
      ];
    },
  },
  {
    name: "market.list",
    needs: "market.list",
    make: (draw) => {
      const as = draw.actor("market.list");
      if (as === undefined) return;
      const input = draw.pick<JsonObject>([
        {},
        { limit: 2 },
        { limit: 500 },
        { category: draw.pick(CATEGORIES) },
        { tags: ["tools"] },
        { since_lamport: draw.int(0, 200) },
        { since_lamport: 0, limit: 1 },
        { category: "emergency", tags: ["food"] },
        { include_expired: true },
      ]);
      return [call("market.list/valid", as, "market.list", input, succeeds("MKT-017"))];
    },
  },
  {
    name: "market.list/invalid",
    needs: "market.list",
    make: (draw) => {
      const as = draw.actor("market.list");
      if (as === undefined) return;
      const [name, input, law] = draw.pick(
        [
          ["limit-501", { limit: 501 }, undefined],
          ["limit-zero", { limit: 0 }, undefined],
          ["category", { category: "rumour" }, refused("BUS-025", 400, ...BAD)],
          ["limit-text", { limit: "5" }, refused("BUS-024", 400, ...BAD)],
          ["limit-huge", { limit: 100_000 }, undefined],
          ["since-negative", { since_lamport: -1 }, undefined],
        ] as const,
      );
      return [call(`market.list/${name}`, as, "market.list", { ...input }, law)];
    },
  },
  {
    name: "market.post/race",
    needs: "market.post",
    make: (draw) => {
      const as = draw.actor("market.post");
      if (as === undefined || !draw.again(as, "market.post")) return;
      return [call("market.post/race", as, "market.post", post(draw), succeeds("MKT-003"), { parallel: 2 })];
    },
  },
  {
    name: "market.expire",
    needs: "market.expire",
    make: (draw) => {
      const known = draw.known("post");
      if (known === undefined || !draw.again(known.note, "market.expire")) return;
      const target = { event_id: `\${${known.name}}` };
      const kind = draw.pick(["author", "author", "other", "trusted-stale", "trusted-request", "reason"]);
      const clientId = { client_id: draw.clientId() };
      if (kind === "author") {
        const input = {
          ...clientId,
          ...target,
          reason: draw.pick(["fulfilled", "withdrawn", "user_request", "stale"]),
        };
        return [call("market.expire/author", known.note, "market.expire", input, succeeds("MKT-028"), {
          learn: { [draw.save("expiry", known.note)]: "output.event_id" },
        })];
      }
      if (kind === "reason") {
        const input = { ...clientId, ...target, reason: "boredom" };
        return [call("market.expire/reason", known.note, "market.expire", input, refused("MKT-033", 400, ...BAD))];
      }
      const level = kind === "other" ? "member" : "trusted";
      const as = kind === "other" ? draw.other(known.note) : draw.actor("market.expire", level);
      if (as === undefined) return;
      const reason = kind === "trusted-request" ? "user_request" : kind === "other" ? "withdrawn" : "stale";
      const law = kind === "trusted-stale"
        ? succeeds("MKT-031")
        : refused(kind === "other" ? "MKT-030" : "MKT-032", 401, "unauthorized");
      return [call(`market.expire/${kind}`, as, "market.expire", { ...clientId, ...target, reason }, law)];
    },
  },
  {
    name: "market.expire/unknown",
    needs: "market.expire",
    make: (draw) => {
      const as = draw.actor("market.expire");
      const expiry = draw.known("expiry");
      if (as === undefined) return;
      const eventId = expiry === undefined ? "01ARZ3NDEKTSV4RRFFQ69G5FAV" : `\${${expiry.name}}`;
      const law = refused(expiry === undefined ? "MKT-034" : "MKT-035", 404, "not_found");
      return [
        call("market.expire/unknown", as, "market.expire", {
          client_id: draw.clientId(),
          event_id: eventId,
          reason: "fulfilled",
        }, law),
      ];
    },
  },
  {
    name: "market.search",
    needs: "market.search",
    make: (draw) => {
      const as = draw.actor("market.search");
      if (as === undefined) return;
      if (draw.once(4)) {
        return [call("market.search/no-query", as, "market.search", {}, refused("MKT-049", 400, ...BAD))];
      }
      const input = { query: draw.pick(["ladder", "hearth", "Brücke", "firewood"]), ...(draw.once(2) ? { k: 2 } : {}) };
      return [call("market.search/valid", as, "market.search", input, succeeds("MKT-044"))];
    },
  },
];
