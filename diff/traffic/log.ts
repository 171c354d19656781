/** Traffic of the event log: pushes (valid, tampered, duplicate, late, reordered), heads, topics, documents. */

import type { Json, JsonObject } from "../../src/protocol/mod.ts";
import type { PushedEvent } from "../../src/runner/vector_steps.ts";
import { call, type Draw, planned, type StepLawLike, succeeds, type Template } from "./draw.ts";

/** A waiting poll is answered as soon as there is a message, long before this. */
const WOKEN_WITHIN_SECONDS = 4;
const OLD = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

function post(draw: Draw): JsonObject {
  return {
    client_id: draw.clientId(),
    category: "info",
    title: draw.text(),
    body: draw.text(),
    tags: [],
    ttl_seconds: 3600,
  };
}

/** Bytes of a body that is larger than any node must take (wire-format.md section 15: 16 MiB). */
const OVERSIZED = 17_000_000;
/** EVT-012 speaks of several hundred. */
const MANY_EVENTS = 250;

/** Lamport values ahead of the head, for events that arrive before those they follow. */
const LATER = 20;
/** Life of a post that is over before it arrives. */
const SHORT_LIFE_SECONDS = 10;
const LONG_AGO = "2020-01-01T00:00:00Z";

type Tampering = readonly [name: string, requirement: string, tamper: JsonObject, shift?: number];

const TAMPERED: readonly Tampering[] = [
  ["data", "EVT-013", { data: { client_id: "x", category: "info", title: "changed", body: "" } }],
  ["lamport", "EVT-014", { lamport: 9999 }],
  ["event-id", "EVT-015", { event_id: OLD }],
  ["type", "EVT-016", { event_type: "chat.message.sent" }],
  ["author", "EVT-017", { author: "${id.m1}" }],
  ["signature", "EVT-019", { signature: "" }],
  ["data-list", "EVT-036", { data: [] as Json[] }],
  ["lamport-negative", "EVT-033", { lamport: -1 }],
  ["lamport-huge", "EVT-034", { lamport: 9007199254740993 }],
  ["id-form", "EVT-035", { event_id: "not-a-ulid" }],
  ["schema-version", "EVT-032", { schema_version: 9 }],
  ["lamport-next", "EVT-014", {}, 1],
  ["data-null", "EVT-036", { data: null }],
  ["lamport-text", "EVT-033", { lamport: "7" }],
];

const PROTOCOL_CALLS = [
  "protocol.version.list",
  "protocol.self.describe",
  "protocol.registry.list",
  "protocol.conformance.report",
].flatMap((name) => (["member", "stranger", "trusted", "self"] as const).map((level) => [name, level] as const));

/** Accepts the event, or says that each rejection is listed. */
const accepted = (requirement: string): StepLawLike => ({ requirement, status: [200] });

export const logTemplates: readonly Template[] = [
  {
    name: "push/valid",
    when: ({ sync }) => sync,
    make: (draw) => {
      const author = draw.other("");
      if (author === undefined) return;
      const name = draw.save("pushed", author);
      const offset = draw.pick([undefined, undefined, undefined, 1, 5, -3, 40]);
      const reversed = draw.once(4) ? { reversed: true } : {};
      const event: PushedEvent = {
        author,
        type: "market.post.created",
        data: post(draw),
        name,
        ...reversed,
        ...(offset === undefined ? {} : { lamport_offset: offset }),
      };
      return [
        planned(
          `push/${offset === undefined || offset > 0 ? "valid" : "late"}`,
          { do: "push", events: [event] },
          accepted("EVT-004"),
        ),
      ];
    },
  },
  {
    name: "push/tampered",
    when: ({ sync }) => sync,
    make: (draw) => {
      const author = draw.other("m1");
      if (author === undefined) return;
      const [name, requirement, tamper, shift] = draw.pick(TAMPERED);
      const event: PushedEvent = {
        author,
        type: "market.post.created",
        data: post(draw),
        tamper,
        ...(shift === undefined ? {} : { shift_lamport: shift }),
      };
      return [planned(`push/tampered-${name}`, { do: "push", events: [event] }, accepted(requirement))];
    },
  },
  {
    name: "push/again",
    when: ({ sync }) => sync,
    make: (draw) => {
      const known = draw.known("pushed");
      if (known === undefined) return;
      const again: PushedEvent = { repeat: known.name };
      const events = draw.once(3) ? [again, again] : [again];
      return [planned("push/again", { do: "push", events }, accepted("EVT-037"))];
    },
  },
  {
    name: "push/follow-up",
    when: ({ sync }) => sync,
    make: (draw) => {
      const known = draw.known("pushed");
      if (known === undefined) return;
      const own = draw.once(2);
      const author = own ? known.note : draw.other(known.note, draw.pick(["member", "trusted"]));
      if (author === undefined) return;
      const target = { client_id: draw.clientId(), target_event_id: `\${${known.name}}` };
      const [type, data] = draw.pick<readonly [string, JsonObject]>([
        ["market.post.updated", { ...target, fields: { title: draw.text() } }],
        ["market.post.expired", { ...target, reason: draw.pick(["withdrawn", "stale", "user_request"]) }],
      ]);
      return [planned(`push/${type}-${own ? "author" : "other"}`, { do: "push", events: [{ author, type, data }] })];
    },
  },
  {
    name: "push/batch",
    when: ({ sync }) => sync,
    make: (draw) => {
      const author = draw.other("");
      if (author === undefined) return;
      const good: PushedEvent = { author, type: "market.post.created", data: post(draw) };
      const other: PushedEvent = { author, type: "market.post.created", data: post(draw) };
      const bad: PushedEvent = { ...good, data: post(draw), tamper: { data: { title: "x" } } };
      const first = draw.save("pushed", author);
      const later: PushedEvent = { ...good, data: post(draw), lamport_offset: LATER };
      const earlier: PushedEvent = { ...good, data: post(draw), lamport_offset: 1, name: first };
      const events = draw.pick([[good, bad, other], [], [other, good], [bad], [later, earlier]]);
      return [planned("push/batch", { do: "push", events }, accepted("EVT-009"))];
    },
  },
  {
    name: "push/reordered",
    when: ({ sync }) => sync,
    make: (draw) => {
      // What is based on a post arrives before it, in another push.
      const author = draw.other("");
      if (author === undefined) return;
      const name = draw.save("pushed", author);
      const rival = draw.save("pushed", author);
      const base = { author, type: "market.post.created" };
      const created: PushedEvent = { ...base, data: post(draw), name };
      const other: PushedEvent = { ...base, data: post(draw), name: rival, lamport_offset: LATER };
      const update = (title: string, more: Partial<PushedEvent>): PushedEvent => ({
        author,
        type: "market.post.updated",
        data: { client_id: draw.clientId(), target_event_id: `\${${name}}`, fields: { title } },
        ...more,
      });
      const push = (...events: PushedEvent[]) => planned("push/reordered", { do: "push", events }, accepted("EVT-004"));
      const backwards = (...events: PushedEvent[]) =>
        planned("push/reordered", { do: "push", events, backwards: true }, accepted("EVT-052"));
      const [late, behind] = [{ lamport_offset: LATER }, { lamport_offset: -LATER / 2 }];
      const short = { ...post(draw), ttl_seconds: SHORT_LIFE_SECONDS };
      return draw.pick([
        [push(created), push(update("second", late)), push(update("first", behind))],
        [push(created), push(update("newer", { alter: { wall_clock: LONG_AGO } })), push(update("newest", {}))],
        [push(created), push(update("kept", {})), push(update("lost", { alter: { wall_clock: LONG_AGO } }))],
        [push(other), push({ ...created, ...behind }), push({ repeat: rival }), push({ repeat: name })],
        [push(created), backwards(update("one", late), update("other", late))],
        [push({ ...created, data: short, shift_seconds: -2 * SHORT_LIFE_SECONDS })],
      ]);
    },
  },
  {
    name: "push/many",
    when: ({ sync }) => sync,
    make: (draw) => {
      const author = draw.other("");
      if (author === undefined || draw.known("many") !== undefined) return;
      draw.save("many");
      const events = Array.from({ length: MANY_EVENTS }, () => ({
        author,
        type: "market.post.created",
        data: post(draw),
      }));
      return [planned("push/many", { do: "push", events }, accepted("EVT-012"))];
    },
  },
  {
    name: "push/odd",
    when: ({ sync }) => sync,
    make: (draw) => {
      const author = draw.other("");
      if (author === undefined) return;
      const [name, event, requirement] = draw.pick<readonly [string, PushedEvent, string]>([
        ["unknown-type", { author, type: "market.post.invented", data: {} }, "EVT-031"],
        ["stranger", { author: "s1", type: "market.post.created", data: post(draw) }, "EVT-021"],
        [
          "policy",
          { author, type: "community.policy.updated", data: { policy: { federation_enabled: false } } },
          "EVT-056",
        ],
        ["created-again", {
          author,
          type: "community.created",
          data: { name: "x", founder_node_id: `\${id.${author}}`, policy: {} },
        }, "EVT-061"],
        [
          "foreign",
          { author, type: "market.post.created", data: post(draw), alter: { community_id: "${id.g1}" } },
          "EVT-025",
        ],
        ["chat-to-node", {
          author,
          type: "chat.message.sent",
          data: { client_id: draw.clientId(), recipient: "${node_id}", body: draw.text(), attachments: [] },
        }, "CHT-033"],
        [
          "wall-clock",
          { author, type: "market.post.created", data: post(draw), alter: { wall_clock: "soonZ" } },
          "EVT-032",
        ],
        ["wall-clock-offset", {
          author,
          type: "market.post.created",
          data: post(draw),
          alter: { wall_clock: "2027-03-14T10:00:00+01:00" },
        }, "EVT-032"],
        ["wall-clock-old", {
          author,
          type: "market.post.created",
          data: post(draw),
          alter: { wall_clock: LONG_AGO },
        }, "EVT-024"],
        ["revocation-unsigned", {
          author,
          type: "community.member.revoked",
          data: { client_id: draw.clientId(), target_node_id: "${id.g1}", reason: "left", co_signers: [] },
        }, "EVT-057"],
        [
          "joined-uninvited",
          { author: "s2", type: "community.member.joined", data: { invite_event_id: OLD } },
          "EVT-022",
        ],
        ["report", {
          author,
          type: "conformance.report.published",
          data: { client_id: draw.clientId(), report_cid: `blake3:${"0".repeat(64)}`, overall: "fail" },
        }, "EVT-031"],
        ["signed-by-other", {
          author,
          type: "market.post.created",
          data: post(draw),
          signed_by: draw.other(author) ?? author,
        }, "EVT-017"],
        ["reused-id", { author, type: "market.post.created", data: post(draw), alter: { event_id: OLD } }, "EVT-039"],
        ["promotion-unsigned", {
          author,
          type: "community.member.promoted",
          data: { target_node_id: `\${id.${author}}`, new_level: "anchor", co_signers: [] },
        }, "EVT-057"],
      ]);
      const push = (sent: PushedEvent) =>
        planned(`push/${name}`, { do: "push", events: [sent] }, accepted(requirement));
      // The second event under one id must change nothing.
      return name === "reused-id" ? [push(event), push({ ...event, data: post(draw) } as PushedEvent)] : [push(event)];
    },
  },
  {
    name: "push/own report",
    needs: "protocol.version.list",
    when: ({ sync }) => sync,
    make: (draw) => {
      // A report of the node itself, as it wrote it before it was set up anew.
      const author = Object.keys(draw.cast).find((name) => draw.cast[name] === "self");
      const as = draw.actor("protocol.version.list");
      if (author === undefined || as === undefined) return;
      const overall = draw.pick(["fail", "pass", "partial"]);
      const data = {
        client_id: draw.clientId(),
        suite_version: "1.0.0",
        report_cid: `blake3:${draw.int(0, 9).toString().repeat(64)}`,
        overall,
      };
      const event = { author, type: "protocol.conformance.reported", data };
      return [
        planned(`push/own report ${overall}`, { do: "push", events: [event] }),
        call("protocol.version.list/after", as, "protocol.version.list", {}, succeeds("PRO-007")),
      ];
    },
  },
  {
    name: "push/malformed",
    when: ({ sync }) => sync,
    make: (draw) => {
      const [name, body] = draw.pick(
        [
          ["not-json", "{"],
          ["list", "[]"],
          ["no-events", '{"community_id":"${community_id}"}'],
          ["events-object", '{"community_id":"${community_id}","events":{}}'],
          ["null-event", '{"community_id":"${community_id}","events":[null]}'],
          ["empty-event", '{"community_id":"${community_id}","events":[{}]}'],
          ["empty", '{"community_id":"${community_id}","events":[]}'],
        ] as const,
      );
      const headers = [["Content-Type", "application/json"]] as const;
      return [
        planned(`push/malformed-${name}`, { do: "http", method: "POST", path: "/sync/v1/events", headers, body }),
      ];
    },
  },
  {
    name: "documents",
    make: (draw) => {
      const path = draw.pick([
        "/manifest",
        "/community/manifest",
        "/sync/v1/heads",
        "/health",
        "/ready",
        "/metrics",
        "/trace/recent",
        "/nowhere",
        "/pubsub/v1/subscribe",
        "/sync/v1/events",
        "/federation/v1/manifest",
      ]);
      return [planned(`GET ${path}`, { do: "http", method: "GET", path })];
    },
  },
  {
    name: "federation",
    make: (draw) => {
      const [path, body] = draw.pick(
        [["/federation/v1/manifest", "{}"], ["/federation/proposal", "{}"], ["/relay/v1/register", "{}"]] as const,
      );
      const headers = [["Content-Type", "application/json"]] as const;
      return [planned(`POST ${path}`, { do: "http", method: "POST", path, headers, body })];
    },
  },
  {
    name: "poll",
    when: ({ pubsub }) => pubsub,
    make: (draw) => {
      const topic = draw.pick([
        "marketplace.post.created",
        "marketplace.post.expired",
        "community.member.added",
        "community.member.revoked",
        "capability.registered",
        "emergency.mode.changed",
        "chat.message.${id.m1}",
        "no.such.topic",
      ]);
      const last = draw.pick([0, 0, 1, 3, undefined]);
      return [
        planned(`poll ${topic}`, { do: "poll", topic, timeout: 0, ...(last === undefined ? {} : { last_seq: last }) }),
      ];
    },
  },
  {
    name: "poll/meanwhile",
    needs: "market.post",
    when: ({ pubsub }) => pubsub,
    make: (draw) => {
      // Where nothing comes each waits for a second, so a few are enough.
      const as = draw.known("meanwhile2") === undefined ? draw.actor("market.post") : undefined;
      if (as === undefined) return;
      draw.save(draw.known("meanwhile1") === undefined ? "meanwhile1" : "meanwhile2");
      const meanwhile = { as, capability: "market.post", input: post(draw) };
      const [topic, last] = draw.pick([["no.such.topic", undefined], ["marketplace.post.created", 0]] as const);
      const since = last === undefined ? {} : { last_seq: last };
      return [
        planned(`poll/meanwhile ${topic}`, { do: "poll", topic, timeout: 1, ...since, meanwhile }, {
          requirement: "TRN-072",
        }),
      ];
    },
  },
  {
    name: "poll/woken",
    needs: "chat.send",
    when: ({ pubsub }) => pubsub,
    make: (draw) => {
      const as = draw.actor("chat.send");
      // Nobody writes to those who make bursts, so that each gets the first message of a topic once.
      const to = draw.bursters().find((one) => draw.known(`woken ${one}`) === undefined);
      if (as === undefined || to === undefined) return;
      draw.save(`woken ${to}`);
      const subscribers = draw.pick([1, 2, 3]);
      const input = { client_id: draw.clientId(), recipient: `\${id.${to}}`, body: draw.text() };
      const meanwhile = { as, capability: "chat.send", input };
      const step = {
        do: "poll",
        topic: `chat.message.\${id.${to}}`,
        timeout: WOKEN_WITHIN_SECONDS,
        last_seq: 0,
        meanwhile,
      } as const;
      return [
        planned(`poll/woken ${subscribers}`, subscribers === 1 ? step : { ...step, subscribers }, {
          requirement: subscribers === 1 ? "TRN-069" : "TRN-071",
        }),
      ];
    },
  },
  {
    name: "oversized",
    make: (draw) => {
      if (draw.known("oversized") !== undefined) return;
      draw.save("oversized");
      const path = "/bus/v1/call";
      return [
        planned("oversized", { do: "http", method: "POST", path, spaces: OVERSIZED }, { requirement: "TRN-034" }),
      ];
    },
  },
  {
    name: "protocol",
    make: (draw) => {
      const [name, level] = draw.pick(PROTOCOL_CALLS);
      if (!draw.offer.capabilities.has(name)) return;
      const as = draw.actor(name, level);
      if (as === undefined) return;
      const law = name === "protocol.version.list" ? succeeds("PRO-001") : undefined;
      return [call(name, as, name, {}, law)];
    },
  },
  {
    name: "protocol.registry.announce",
    needs: "protocol.registry.announce",
    make: (draw) => {
      const as = draw.actor("protocol.registry.announce");
      if (as === undefined) return;
      const valid = {
        name: "tinyhearth",
        vendor: draw.pick(["example.test", "other.test"]),
        version: "0.3.1",
        protocol_versions: ["3.0.0"],
        homepage_url: null,
        contact: null,
      };
      const { vendor: _, ...noVendor } = valid;
      const [kind, descriptor, law] = draw.pick<readonly [string, JsonObject, StepLawLike]>([
        ["valid", valid, succeeds("PRO-022")],
        ["valid", valid, succeeds("PRO-022")],
        ["future", { ...valid, protocol_versions: ["99.0.0"] }, succeeds("PRO-026")],
        ["no-vendor", noVendor, { requirement: "PRO-023", status: [400] }],
        ["no-versions", { ...valid, protocol_versions: [] }, { requirement: "PRO-023", status: [400] }],
        ["odd-versions", { ...valid, protocol_versions: ["three"] }, { requirement: "PRO-023", status: [400] }],
      ]);
      const announce = call(
        `protocol.registry.announce/${kind}`,
        as,
        "protocol.registry.announce",
        { descriptor },
        law,
      );
      if (!draw.again(as, "protocol.registry.list")) return [announce];
      return [announce, call("protocol.registry.list/after", as, "protocol.registry.list", {}, succeeds("PRO-021"))];
    },
  },
];
