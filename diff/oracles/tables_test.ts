import type { Json, JsonObject } from "../../src/protocol/mod.ts";
import { chatOracles } from "./chat.ts";
import { eventOracles } from "./events.ts";
import { marketOracles } from "./market.ts";
import { protocolOracles, restOracles } from "./protocol.ts";
import { repeatOracles } from "./repeats.ts";
import { AT_REST } from "../plan.ts";
import { assertTable, type Row, type Told } from "./testing.ts";

const ID = `ed25519:${"A".repeat(43)}`;
const OTHER = `ed25519:${"B".repeat(43)}`;
const ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
const LATER = "01ARZ3NDEKTSV4RRFFQ69G5FAW";
const AT = "2027-03-14T00:00:00Z";
const HOUR_LATER = "2027-03-14T01:00:00Z";
const WEEK_LATER = "2027-03-21T00:00:00Z";
const FROM = ["X-HearthNet-From", ID] as const;

const call = (capability: string, output: JsonObject, input: JsonObject = {}, more: Told = {}): Told => ({
  capability,
  input,
  value: { output, meta: { ms: 1 } },
  ...more,
});
const POST = {
  event_id: ULID,
  lamport: 7,
  author: ID,
  category: "offer",
  title: "ladder",
  body: "two metres",
  tags: ["tools"],
  created_at: AT,
  expires_at: WEEK_LATER,
};
const listed = (posts: readonly JsonObject[], input: JsonObject = {}, more: Told = {}): Told =>
  call("market.list", { posts: [...posts], max_lamport: 7 }, input, more);
const list = (requirement: string, input: JsonObject, broken: JsonObject, good: JsonObject = {}): Row => [
  requirement,
  listed([{ ...POST, ...good }], input),
  listed([{ ...POST, ...broken }], input),
];
const posted = (input: JsonObject = {}) =>
  call("market.post", { event_id: ULID, lamport: 7 }, {
    client_id: "c1",
    category: "offer",
    title: "ladder",
    body: "two metres",
    tags: ["tools"],
    ...input,
  });
const view = (requirement: string, broken: JsonObject, input: JsonObject = {}, good: JsonObject = {}): Row => [
  requirement,
  [posted(input), listed([{ ...POST, ...good }])],
  [posted(input), listed([{ ...POST, ...good, ...broken }])],
];
const many = (count: number) => Array.from({ length: count }, () => POST);
const now = (time: string): Told => ({ headers: [["X-HearthNet-Timestamp", time]] });
const found = (posts: readonly JsonObject[], input: JsonObject = {}) =>
  call("market.search", { posts: [...posts] }, input);

Deno.test("each rule of the market is kept by a legal answer and broken by a changed one", () => {
  const ended = call("market.expire", { event_id: LATER, lamport: 8 }, { event_id: ULID }, {
    origin: "market.expire/author",
  });
  const pushed: Told = {
    step: { do: "push", events: [] },
    body: { events: [{ event_id: ULID, event_type: "market.post.created", author: ID, lamport: 7 }] },
    value: { accepted: 1 },
  };
  assertTable(marketOracles, [
    ["MKT-001", posted(), call("market.post", { id: ULID, lamport: 7 })],
    ["MKT-028", ended, call("market.expire", {})],
    ["MKT-028", [ended, listed([])], [ended, listed([POST])]],
    list("MKT-018", { category: "offer" }, { category: "info" }),
    list("MKT-019", { tags: ["tools"] }, { tags: [] }),
    list("MKT-020", { since_lamport: 6 }, { lamport: 6 }),
    ["MKT-021", listed([POST], { limit: 1 }), listed([POST, POST], { limit: 1 })],
    ["MKT-022", listed(many(50)), listed(many(51))],
    ["MKT-023", listed(many(500), { limit: 500 }), listed(many(501), { limit: 500 })],
    list("MKT-024", {}, { lamport: 8 }),
    ["MKT-025", listed([POST], {}, now(AT)), listed([POST], {}, now("2027-04-14T00:00:00Z"))],
    view("MKT-008", { expires_at: HOUR_LATER }),
    view("MKT-009", { expires_at: WEEK_LATER }, { ttl_seconds: 3600 }, { expires_at: HOUR_LATER }),
    view("MKT-004", { title: "another" }),
    view("MKT-013", { body: "changed" }),
    ["EVT-048", [pushed, listed([POST])], [pushed, listed([{ ...POST, author: OTHER }])]],
    list("MKT-017", {}, { event_id: "x" }),
    [
      "MKT-046",
      found([{ ...POST, score: 1 }], { k: 1 }),
      found([{ ...POST, score: 1 }, { ...POST, score: 1 }], { k: 1 }),
    ],
    ["MKT-044", found([{ ...POST, score: 1 }]), found([POST])],
    [
      "MKT-045",
      found([{ ...POST, score: 1 }, { ...POST, score: 0.5 }]),
      found([{ ...POST, score: 0 }, { ...POST, score: 1 }]),
    ],
  ]);
});

const invited = (inside: JsonObject, meta: JsonObject = { event_id: ULID, lamport: 7 }): Told => ({
  capability: "community.invite",
  input: { invitee_node_id: ID },
  value: {
    output: { invite_blob: `hearthnet://v1/${btoa(JSON.stringify(inside)).replace(/=+$/, "")}` },
    meta,
  },
  more: { signatures: new Map([["output.invite_blob", "valid"]]) },
});
const INVITE = {
  community_id: OTHER,
  expires_at: AT,
  invite_event_id: ULID,
  bootstrap_endpoints: [{ host: "127.0.0.1", port: 7901 }],
};

Deno.test("each rule of chat and invitations is kept by a legal answer and broken by a changed one", () => {
  const sent = (output: JsonObject) =>
    call("chat.send", { event_id: ULID, lamport: 7, delivered: "queued", ...output });
  const MESSAGE = { event_id: ULID, lamport: 7, from: ID, to: OTHER, body: "x", attachments: [], created_at: AT };
  const history = (messages: readonly JsonObject[], input: JsonObject = {}): Told =>
    call("chat.history", { messages: [...messages] }, input, { headers: [FROM] });
  const told = (requirement: string, input: JsonObject, broken: JsonObject): Row => [
    requirement,
    history([MESSAGE], input),
    history([{ ...MESSAGE, ...broken }], input),
  ];
  assertTable(chatOracles, [
    ["CHT-001", sent({}), sent({ event_id: "x" })],
    ["CHT-002", sent({}), sent({ delivered: true })],
    ["CHT-003", sent({}), sent({ delivered: "direct" })],
    told("CHT-024", {}, { created_at: 5 }),
    told("CHT-025", { peer: OTHER }, { to: ID }),
    told("CHT-027", { since_lamport: 6 }, { lamport: 6 }),
    ["CHT-028", history([MESSAGE], { limit: 1 }), history([MESSAGE, MESSAGE], { limit: 1 })],
    ["CHT-029", history([MESSAGE, { ...MESSAGE, lamport: 8 }]), history([{ ...MESSAGE, lamport: 8 }, MESSAGE])],
    told("CHT-030", {}, { from: OTHER }),
    ["IDN-068", invited(INVITE), invited(INVITE, {})],
    ["IDN-069", invited(INVITE), { ...invited(INVITE), more: { signatures: new Map() } }],
    ["IDN-008", invited(INVITE), invited({ ...INVITE, bootstrap_endpoints: [{ host: "127.0.0.1", port: "7901" }] })],
    ["IDN-009", invited(INVITE), invited({ ...INVITE, bootstrap_endpoints: [{ host: "0.0.0.0", port: 7901 }] })],
    ["IDN-070", [invited(INVITE), invited(INVITE)], [invited(INVITE), invited({ ...INVITE, invite_event_id: LATER })]],
  ]);
});

const push = (
  origin: string,
  answer: JsonObject,
  events: readonly Json[] = [{ event_id: ULID, lamport: 7 }],
  specs: Json[] = [{}],
): Told => ({
  origin,
  step: { do: "push", events: specs },
  body: { events: [...events] },
  value: { accepted: 1, rejected: 0, new_head: 7, ...answer },
});

Deno.test("each rule of the log and its topics is kept by a legal answer and broken by a changed one", () => {
  const refused = (requirement: string, kind: string): Row => [
    requirement,
    push(`push/${kind}`, { accepted: 0, rejected: 1 }),
    push(`push/${kind}`, {}),
  ];
  const taken = (requirement: string, kind: string): Row => [
    requirement,
    push(`push/${kind}`, {}),
    push(`push/${kind}`, { accepted: 0, rejected: 1 }),
  ];
  const poll = (topic: string, value: JsonObject, last?: number): Told => ({
    step: { do: "poll", topic, ...(last === undefined ? {} : { last_seq: last }) },
    value,
  });
  const EVENT = {
    schema_version: 1,
    event_id: ULID,
    lamport: 7,
    author: ID,
    event_type: "market.post.created",
    wall_clock: AT,
    data: { client_id: "c1", category: "offer", title: "ladder", body: "two metres", tags: ["tools"] },
    signature: "s",
  };
  const created = (change: JsonObject) =>
    poll("marketplace.post.created", { topic: "marketplace.post.created", seq: 1, payload: { ...EVENT, ...change } });
  const reasons = (list: Json[]) => push("push/batch", { accepted: 0, rejected: 1, rejected_reasons: list });
  const policy = (enabled: boolean): Told => ({
    step: { do: "http", method: "GET", path: "/community/manifest" },
    value: { policy: { federation_enabled: enabled } },
  });
  assertTable(eventOracles, [
    refused("EVT-013", "tampered-data"),
    refused("EVT-014", "tampered-lamport"),
    refused("EVT-015", "tampered-event-id"),
    refused("EVT-016", "tampered-type"),
    refused("EVT-017", "tampered-author"),
    refused("EVT-018", "tampered-schema-version"),
    refused("EVT-019", "tampered-signature"),
    refused("EVT-033", "tampered-lamport-negative"),
    refused("EVT-034", "tampered-lamport-huge"),
    refused("EVT-035", "tampered-id-form"),
    refused("EVT-036", "tampered-data-null"),
    refused("EVT-021", "stranger"),
    refused("EVT-025", "foreign"),
    refused("EVT-032", "malformed-empty-event"),
    taken("EVT-009", "batch"),
    [
      "EVT-020",
      push("push/valid", {}, [{}], [{ reversed: true }]),
      push("push/valid", { accepted: 0 }, [{}], [{ reversed: true }]),
    ],
    taken("EVT-047", "late"),
    taken("EVT-051", "wall-clock-old"),
    taken("EVT-012", "many"),
    taken("EVT-004", "valid"),
    ["EVT-010", reasons([{ event_id: ULID, reason: "invalid_signature" }]), reasons([])],
    [
      "EVT-011",
      reasons([{ event_id: ULID, reason: "invalid_signature" }]),
      reasons([{ event_id: ULID, reason: "Bad (x)" }]),
    ],
    ["EVT-005", push("push/x", {}), push("push/x", { new_head: 6 })],
    ["EVT-072", poll("capability.registered", { timeout: true }), poll("capability.registered", { payload: EVENT })],
    ["TRN-072", poll("no.such.topic", { timeout: true }), poll("no.such.topic", { payload: EVENT })],
    ["TRN-070", poll("a.b", { seq: 2 }, 1), poll("a.b", { seq: 1 }, 1)],
    ["EVT-063", created({}), created({ schema_version: 2 })],
    ["EVT-067", created({}), created({ wall_clock: "2027-03-14T00:00:00" })],
    ["EVT-069", [posted(), created({})], [posted(), created({ data: { client_id: "c1", title: "other" } })]],
    ["EVT-056", [policy(true), policy(true)], [policy(true), policy(false)]],
  ]);
});

Deno.test("repeats change nothing, and the log grows by what was accepted only", () => {
  const sent = (capability: string, output: JsonObject, input: JsonObject = {}) =>
    call(capability, output, { client_id: "c1", title: "a", body: "b", ...input });
  const again = (
    requirement: string,
    capability: string,
    input: JsonObject,
    output: JsonObject,
    other: JsonObject,
  ): Row => [
    requirement,
    [sent(capability, output), sent(capability, output, input)],
    [sent(capability, output), sent(capability, other, input)],
  ];
  const EVENT = { event_id: ULID, lamport: 7 };
  const NEW = { event_id: LATER, lamport: 8 };
  const posts = (lamport: number, client = "c9") =>
    sent("market.post", { event_id: LATER, lamport }, { client_id: client });
  const between = (requirement: string, ...middle: Told[]): Row => [
    requirement,
    [posts(7, "c0"), ...middle, posts(8)],
    [posts(7, "c0"), ...middle, posts(9)],
  ];
  const rejected: Told = push("push/tampered-data", {
    accepted: 0,
    rejected: 1,
    new_head: undefined as unknown as Json,
  });
  const refusal = (status: number): Told => ({ status, value: { error: "x" } });
  const repeated = (capability: string) => [
    sent(capability, EVENT, { client_id: "c5", body: "x" }),
    posts(7, "c0"),
    sent(capability, { event_id: ULID }, { client_id: "c5" }),
  ];
  const grown = (requirement: string, before: Told[], most: number): Row => [
    requirement,
    [...before, posts(7 + most)],
    [...before, posts(8 + most)],
  ];
  assertTable(repeatOracles, [
    again("MKT-003", "market.post", {}, EVENT, NEW),
    again("MKT-004", "market.post", { title: "z" }, EVENT, NEW),
    again("CHT-008", "chat.send", {}, EVENT, NEW),
    again("CHT-009", "chat.send", { body: "z" }, EVENT, NEW),
    again("MKT-036", "market.expire", {}, EVENT, NEW),
    again("TOK-015", "auth.token.issue", {}, { token_id: ULID }, { token_id: LATER }),
    ["IDN-070", [invited(INVITE), invited(INVITE)], [
      invited(INVITE),
      invited(INVITE, { event_id: LATER, lamport: 9 }),
    ]],
    ["CHT-007", [sent("chat.send", EVENT, { client_id: "c3" }), sent("chat.send", NEW)], [
      sent("chat.send", NEW, { client_id: "c3" }),
      sent("chat.send", EVENT),
    ]],
    ["EVT-040", [posts(7, "c0"), posts(8)], [posts(7, "c0"), posts(6)]],
    between("EVT-046", rejected),
    between("EVT-045", push("push/again", { new_head: undefined as unknown as Json })),
    between("TRN-044", refusal(401)),
    between("BUS-028", refusal(400)),
    between("MKT-026", listed([])),
    between("FIL-030", call("file.advertise", {}, {}, { origin: "file.advertise/repeated" })),
    grown("MKT-004", repeated("market.post"), 1),
    grown("CHT-009", repeated("chat.send"), 1),
    grown("BUS-041", [posts(7, "c0"), call("market.post", {}, { client_id: "c4" }, { origin: "market.post/race" })], 2),
  ]);
});

Deno.test("each rule of self-description and counters is kept by a legal answer and broken by a changed one", () => {
  const versions = (change: JsonObject) =>
    call("protocol.version.list", {
      contract_versions: ["1.0", "3.0"],
      conformance_passed: [],
      implementation: { name: "n", version: "1", commit: "" },
      ...change,
    });
  const describe = (change: JsonObject) =>
    call("protocol.self.describe", {
      name: "n",
      vendor: "v",
      version: "1",
      protocol_versions: ["3.0.0"],
      capabilities: [{ name: "market.list", version: "1.0", tier: "stable" }],
      ...change,
    });
  const manifest: Told = {
    step: { do: "http", method: "GET", path: "/manifest" },
    value: { contract_version: "3.0", capabilities: [{ name: "market.list" }] },
  };
  const registry = (...list: JsonObject[]) => call("protocol.registry.list", { implementations: list });
  const descriptor = (vendor: string, versions: string[] = ["3.0.0"]): JsonObject => ({
    name: "n",
    vendor,
    version: "1",
    protocol_versions: versions,
  });
  const announce = (one: JsonObject) =>
    call("protocol.registry.announce", {}, { descriptor: one }, { origin: "protocol.registry.announce/valid" });
  const [a, b, future] = [descriptor("a"), descriptor("b"), descriptor("a", ["99.0.0"])];
  const tier = (one: JsonObject) =>
    describe({ capabilities: [{ name: "market.list", version: "1.0", tier: "stable", ...one }] });
  const metrics = (running: number): Told => ({
    origin: AT_REST,
    step: { do: "http", method: "GET", path: "/metrics" },
    value: { metrics: { 'hearthnet_active_streams{capability="llm.chat"}': running } },
  });
  assertTable([...protocolOracles, ...restOracles], [
    ["PRO-002", versions({}), versions({ contract_versions: [1] })],
    ["PRO-003", [manifest, versions({})], [manifest, versions({ contract_versions: ["1.0"] })]],
    ["PRO-004", versions({}), versions({ conformance_passed: true })],
    ["PRO-005", versions({}), versions({ implementation: { name: "n", version: "", commit: "" } })],
    ["PRO-010", [describe({}), versions({})], [describe({ version: "2" }), versions({})]],
    ["PRO-008", describe({}), describe({ vendor: "" })],
    ["PRO-009", describe({}), describe({ protocol_versions: ["v3"] })],
    ["PRO-012", tier({}), tier({ tier: "gold" })],
    ["BUS-003", tier({}), tier({ version: "1.0.3" })],
    ["PRO-013", tier({}), tier({ tier: "experimental" })],
    ["PRO-014", [manifest, describe({})], [manifest, tier({ name: "market.fly" })]],
    ["PRO-021", registry(a), registry()],
    ["PRO-024", registry(a, b), registry(a, a)],
    ["PRO-026", [announce(future), registry(future)], [announce(future), registry(a)]],
    ["PRO-025", [announce(a), announce(b), registry(a, b)], [announce(a), announce(b), registry(b)]],
    ["PRO-022", [announce(a), registry(a)], [announce(a), registry(b)]],
    ["TRN-057", metrics(0), metrics(1)],
  ]);
});
