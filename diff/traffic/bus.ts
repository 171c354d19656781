/** Traffic that breaks the call itself: signatures, headers, versions, bodies, budgets. */

import type { Json, JsonObject } from "../../src/protocol/mod.ts";
import { addressable } from "./probe.ts";
import { call, type CallParts, planned, refused, type StepLawLike, succeeds, type Template } from "./draw.ts";

type Spoiled = readonly [name: string, parts: CallParts, law: StepLawLike];

const bad = (requirement: string) => refused(requirement, 401, "invalid_signature");

/** Spoiled calls of the probe; each is refused alone for what it spoils. */
const SIGNATURES: readonly Spoiled[] = [
  ["broken", { signature: "broken" }, bad("IDN-042")],
  ["none", { signature: "none" }, refused("IDN-039", 401, "invalid_signature", "unauthorized")],
  ["no-prefix", { wrap: ["", ""] }, bad("IDN-044")],
  ["short", { signature: { text: "ed25519:AAAA" } }, bad("IDN-045")],
  ["empty", { signature: { text: "ed25519:" } }, bad("IDN-045")],
  ["padded", { wrap: ["ed25519:", "=="] }, bad("IDN-046")],
  ["malleable", { signature: "malleable" }, bad("IDN-047")],
  ["body-alone", { rendering: "body" }, bad("IDN-048")],
  ["pretty", { rendering: "pretty" }, bad("IDN-050")],
  ["insertion", { rendering: "insertion" }, bad("IDN-050")],
];

const RICH: JsonObject = {
  note: 'Brücke 🔥 a/b "q" \\ line\nbreak\ttab é e\u0301',
  numbers: [1, 1.5, 0, 9007199254740991, 0.001],
  nested: { b: [{ z: 1, a: null }], a: true, B: false, "10": 1, "9": 2 },
};

/** Bodies whose text is not canonical while the signed value is. */
function rewritten(body: JsonObject): readonly (readonly [string, string, string])[] {
  const text = JSON.stringify(body);
  return [
    [
      "escaped",
      "IDN-054",
      text.replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`),
    ],
    ["spaces", "IDN-051", JSON.stringify(body, null, 1)],
    ["shuffled", "IDN-051", `{"params":{},"input":${JSON.stringify(body.input)}}`],
    ["numbers", "IDN-053", text.replace('"numbers":[1,1.5,', '"numbers":[1.0,1.50,')],
  ];
}

const PLAIN_BODY: JsonObject = { params: {}, input: {} };
const MORE_BODY: JsonObject = { ...PLAIN_BODY, surplus: 1 };
const UPPER_BODY: JsonObject = { params: {}, input: { note: "HEARTH" } };
const LOWER_BODY: JsonObject = { params: {}, input: { note: "hearth" } };
/** Members of the envelope that travel as headers. */
const MEMBERS = ["capability", "version", "request_id", "from", "community", "timestamp"];

/** `{"input":{"x":"` with a byte that UTF-8 never has, and the rest. */
const NOT_UTF8 = btoa('{"input":{"x":"\xff"},"params":{}}');

/** Capabilities for trusted members, by everyone. */
const LEVELLED = ["rag.ingest", "file.put", "file.put.resume", "community.revoke"].flatMap((name) =>
  (["member", "trusted", "anchor", "stranger"] as const).map((level) => [name, level] as const)
);

export const busTemplates: readonly Template[] = [
  {
    name: "signature/spoiled",
    make: (draw) => {
      const probe = addressable(draw);
      const as = probe === undefined ? undefined : draw.actor(probe);
      if (probe === undefined || as === undefined) return;
      const [name, parts, law] = draw.pick(SIGNATURES);
      const body: JsonObject = { params: {}, input: { extra: RICH } };
      return [call(`signature/${name}`, as, probe, {}, law, { ...parts, body })];
    },
  },
  {
    name: "signature/other-key",
    make: (draw) => {
      const probe = addressable(draw);
      const as = probe === undefined ? undefined : draw.actor(probe);
      const other = as === undefined ? undefined : draw.other(as);
      if (probe === undefined || as === undefined || other === undefined) return;
      const [name, from, law] = draw.pick(
        [
          ["other", `\${id.${other}}`, bad("IDN-043")],
          ["own-short-form", `\${short.${as}}`, undefined],
          ["own-bare", `\${bare.${as}}`, undefined],
          ["short-form", "ed25519:AAAA-BBBB-CCCC-DDDD", undefined],
          ["not-base64", "ed25519:!!!", undefined],
          ["no-tag", "AEEnb8m4zZ4nMY", undefined],
        ] as const,
      );
      return [call(`from/${name}`, as, probe, {}, law, { from })];
    },
  },
  {
    name: "canonical form",
    make: (draw) => {
      const probe = addressable(draw);
      const as = probe === undefined ? undefined : draw.actor(probe);
      if (probe === undefined || as === undefined) return;
      const extra = draw.pick<JsonObject>([
        RICH,
        { text: draw.text(), list: [draw.text(), null, true, { b: 1, a: [2] }] },
        { null: null, yes: true, no: false },
        { "10": 1, "9": 2, Z: 3, z: 4, "ä": 5, a: 6 },
        { numbers: [1e15, 9007199254740991, -1, 0.25] },
        { objects: [{ b: 1, a: 2 }, [3, 1, 2]] },
        { solidus: "a/b", newline: "a\nb", quote: '"\\' },
        { composed: "é", decomposed: "e\u0301", plane: "😀" },
      ]);
      const body: JsonObject = { input: { extra }, params: {} };
      if (draw.once(3)) return [call("canonical/plain", as, probe, {}, succeeds("IDN-049"), { body })];
      const rich: JsonObject = { input: { extra: RICH }, params: {} };
      const [name, requirement, transmit] = draw.pick(rewritten(rich));
      return [call(`canonical/${name}`, as, probe, {}, succeeds(requirement), { body: rich, transmit })];
    },
  },
  {
    name: "headers",
    make: (draw) => {
      const probe = addressable(draw);
      const as = probe === undefined ? undefined : draw.actor(probe);
      if (probe === undefined || as === undefined) return;
      const [name, parts, law] = draw.pick<Spoiled>([
        ...MEMBERS.flatMap((member): Spoiled[] => [
          [`without-${member}`, { omit: [member] }, undefined],
          [`other-${member}-signed`, signedOther(member), bad("IDN-048")],
        ]),
        ["foreign-community-sent", { community: "${id.g1}", signed_as: { community: "${community_id}" } }, undefined],
        ["next-timestamp-signed", { signed_shift_seconds: 1 }, bad("IDN-048")],
        ["less-body-signed", { body: MORE_BODY, signed_as: { body: PLAIN_BODY } }, bad("IDN-048")],
        ["lower-body-signed", { body: UPPER_BODY, signed_as: { body: LOWER_BODY } }, bad("IDN-048")],
        ["lower-case", { lower_headers: true }, undefined],
        ["without-from-unsigned", { omit: ["from"], signature: "broken" }, undefined],
        ["unknown", { extra_headers: [["X-HearthNet-Weather", "warm"]] }, undefined],
        ["media-charset", { extra_headers: [["Content-Type", "application/json; charset=utf-8"]] }, undefined],
        ["media-text", { extra_headers: [["Content-Type", "text/plain"]] }, undefined],
        ["accept-any", { accept: "*/*" }, undefined],
        ["unknown-plain", { extra_headers: [["X-Other", "1"], ["Cookie", "a=b"]] }, undefined],
        ["request-id", { request_id: "not-a-ulid" }, undefined],
        ["timestamp", { timestamp: "yesterday" }, undefined],
        ["timestamp-offset", { timestamp: "2027-03-14T09:26:53+01:00" }, undefined],
        ["foreign-community", { community: "${id.g1}" }, undefined],
        ["accept-json", { accept: "application/json" }, undefined],
      ]);
      return [call(`headers/${name}`, as, probe, {}, law, parts)];
    },
  },
  {
    name: "version",
    make: (draw) => {
      const probe = addressable(draw);
      const as = probe === undefined ? undefined : draw.actor(probe);
      if (probe === undefined || as === undefined) return;
      const version = draw.pick(["1.0", "1.9", "2.0", "0.9", "1", "1.0.0", "one", "01.0", "1.0-beta", "1.0.3", " 1.0"]);
      const requirement = { "1.9": "BUS-014", "2.0": "BUS-015", "0.9": "BUS-016", "1.0": "BUS-013" }[version] ??
        "BUS-019";
      const law = version === "1.0" ? succeeds(requirement) : { requirement, status: [400, 404] };
      return [call(`version/${version}`, as, probe, {}, law, { version })];
    },
  },
  {
    name: "unknown capability",
    make: (draw) => {
      const name = draw.pick([
        "experimental.nothing",
        "market.fly",
        "market",
        "Market.List",
        "market.list.",
        "market.lis",
        "experimental.distributed_llm.run",
        "experimental.fedlearn.round.announce",
      ]);
      const as = draw.actor(name);
      if (as === undefined) return;
      const law = name.startsWith("experimental.") ? undefined : refused("BUS-021", 404, "not_found");
      return [call("unknown capability", as, name, draw.once(2) ? {} : { x: 1 }, law)];
    },
  },
  {
    name: "bodies",
    make: (draw) => {
      const name = draw.pick(["market.post", "embed.text", "chat.send", "rag.query", "market.list"]);
      if (!draw.offer.capabilities.has(name)) return;
      const as = draw.actor(name);
      if (as === undefined) return;
      const [kind, parts] = draw.pick<readonly [string, CallParts]>([
        ["not-json", { transmit: "{nonsense" }],
        ["empty", { transmit: "" }],
        ["array", { body: [] }],
        ["text", { body: "hello" }],
        ["null", { body: null }],
        ["no-input", { body: { params: {} } }],
        ["no-params", { body: { input: {} } }],
        ["input-list", { body: { params: {}, input: [] } }],
        ["repeated-name", { transmit: '{"input":{},"input":{"x":1},"params":{}}' }],
        ["nan", { transmit: '{"input":{"x":NaN},"params":{}}' }],
        ["leading-zero", { transmit: '{"input":{"x":01},"params":{}}' }],
        ["plus", { transmit: '{"input":{"x":+1},"params":{}}' }],
        ["overflow", { transmit: '{"input":{"x":1e999},"params":{}}' }],
        ["above-53-bits", { transmit: '{"input":{"x":9007199254740993},"params":{}}' }],
        ["huge", { body: { params: {}, input: { x: 1e300 } } }],
        ["deep", { body: { params: {}, input: { x: nested(DEEP) } } }],
        ["very-deep", { transmit: `{"input":{"x":${"[".repeat(TOO_DEEP)}${"]".repeat(TOO_DEEP)}},"params":{}}` }],
        ["trailing-comma", { transmit: '{"input":{},"params":{},}' }],
        ["lone-surrogate", { transmit: '{"input":{"x":"\\ud800"},"params":{}}' }],
        ["invalid-type", { body: { params: [], input: {} } }],
        ["not-utf-8", { transmit_base64: NOT_UTF8 }],
        ["bom", { transmit: '\ufeff{"input":{},"params":{}}' }],
      ]);
      return [call(`body/${kind}`, as, name, {}, undefined, parts)];
    },
  },
  {
    name: "order of checks",
    make: (draw) => {
      const [name, capability, parts, by] = draw.pick<readonly [string, string, CallParts, "member"?]>([
        ["unknown-unsigned", "market.fly", { signature: "none" }],
        ["unknown-broken", "market.fly", { signature: "broken" }],
        ["version-broken", "market.list", { version: "9.0", signature: "broken" }],
        ["body-broken", "market.post", { body: { params: {}, input: {} }, signature: "broken" }],
        ["foreign-broken", "market.list", { community: "${id.g1}", signature: "broken" }],
        ["unknown-body", "market.fly", { body: [] }],
        ["version-body", "market.post", { version: "9.0", body: { params: {}, input: {} } }],
        ["level-body", "rag.ingest", { body: { params: {}, input: 5 } }, "member"],
        ["not-json-broken", "market.list", { transmit: "{", signature: "broken" }],
      ]);
      const as = draw.actor(capability, by ?? draw.pick(["member", "stranger"]));
      return as === undefined ? undefined : [call(`order/${name}`, as, capability, {}, undefined, parts)];
    },
  },
  {
    name: "levels",
    make: (draw) => {
      const [name, level] = draw.pick(LEVELLED);
      if (!draw.offer.capabilities.has(name)) return;
      const as = draw.actor(name, level);
      return as === undefined ? undefined : [call(`levels/${draw.cast[as]}`, as, name, {})];
    },
  },
  {
    name: "levels/every capability",
    make: (draw) => {
      const name = draw.pick([...draw.offer.capabilities].sort());
      const as = draw.actor(name, "stranger");
      return as === undefined ? undefined : [call(`${name}/stranger`, as, name, {})];
    },
  },
  {
    name: "revoked caller",
    make: (draw) => {
      const probe = addressable(draw);
      const as = probe === undefined ? undefined : draw.actor(probe, "revoked");
      if (probe === undefined || as === undefined) return;
      return [call("revoked caller", as, probe, {}, refused("IDN-066", 403, "revoked"))];
    },
  },
  {
    name: "burst",
    make: (draw) => {
      const probe = addressable(draw);
      const name = draw.save("burst");
      // A burst empties a budget, so each identity makes one only and nothing else.
      const bursters = draw.bursters().slice(0, PLAIN_BURSTERS);
      const as = bursters[Number(name.slice("burst".length)) % bursters.length];
      if (probe === undefined || as === undefined || !draw.again(as, "burst of all") || draw.known(`used ${as}`)) {
        return;
      }
      draw.save(`used ${as}`);
      const law = { requirement: "TRN-057" };
      return [call("burst", as, probe, {}, law, { repeat: BURST_CALLS })];
    },
  },
  {
    name: "burst/refused",
    make: (draw) => {
      // What is refused for its signature costs nobody's budget.
      const probe = addressable(draw);
      const [as] = draw.bursters();
      if (probe === undefined || as === undefined || draw.known("refused burst") !== undefined) return;
      draw.save("refused burst");
      const parts = { repeat: BURST_CALLS, signature: "broken" } as const;
      return [call("burst/refused", as, probe, {}, { requirement: "TRN-043" }, parts)];
    },
  },
  {
    name: "burst/two names",
    make: (draw) => {
      // Each name has a budget of its own, also one that nobody serves.
      const as = draw.bursters()[1];
      if (as === undefined || draw.known("two names") !== undefined) return;
      draw.save("two names");
      return ["experimental.first", "experimental.second"].map((name) =>
        call("burst/two names", as, name, {}, { requirement: "TRN-064" }, { parallel: WITHIN_BUDGET, names: 1 })
      );
    },
  },
  {
    name: "burst/many names",
    make: (draw) => {
      const as = draw.bursters()[3];
      if (as === undefined || draw.known("many names") !== undefined) return;
      draw.save("many names");
      const parts = { parallel: MANY_NAMES * WITHIN_BUDGET, names: MANY_NAMES };
      return [call("burst/many names", as, "experimental.missing", {}, { requirement: "TRN-065" }, parts)];
    },
  },
  {
    name: "burst/flood",
    make: (draw) => {
      const as = draw.bursters()[4];
      if (as === undefined || draw.known("flood") !== undefined) return;
      draw.save("flood");
      const parts = { parallel: FLOOD, names: 1 };
      return [call("burst/flood", as, "experimental.flood", {}, { requirement: "TRN-066" }, parts)];
    },
  },
  {
    name: "raw",
    make: (draw) => {
      const [name, bytes] = draw.pick(
        [
          ["garbage", "\u0001\u0002garbage\r\n\r\n"],
          ["bad-method", "DANCE /manifest HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"],
          ["get-call", "GET /bus/v1/call HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"],
          ["http-1.0", "GET /health HTTP/1.0\r\n\r\n"],
          ["no-host", "GET /health HTTP/1.1\r\nConnection: close\r\n\r\n"],
          ["bad-length", "POST /bus/v1/call HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n{}"],
          ["unknown-route", "GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"],
        ] as const,
      );
      return [planned(`raw/${name}`, { do: "raw", bytes })];
    },
  },
];

/** Nesting every reader must take, and nesting no reader has to. */
const DEEP = 40;
const TOO_DEEP = 5000;

function nested(depth: number): Json {
  let value: Json = 1;
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}

/** What is signed in place of what is sent. */
const OTHER: Readonly<Record<string, string>> = {
  capability: "chat.history",
  version: "2.0",
  request_id: "01ARZ3NDEKTSV4RRFFQ69G5FAW",
  from: "ed25519:AEEnb8m4zZ4nMY_9FxifzsrAROTjH66xZarQ8kZhAWw",
  community: "ed25519:2HQ8q0ANQ1hRk2H-G6zlatU-KBTMVTwKOiWzuM-NMAw",
  timestamp: "2020-01-01T00:00:00Z",
};

/** The sent request id is fixed, so that the signed one differs in its last character only. */
function signedOther(member: string): CallParts {
  const signed = { signed_as: { [member]: OTHER[member] ?? "other" } };
  return member === "request_id" ? { ...signed, request_id: "01ARZ3NDEKTSV4RRFFQ69G5FAV" } : signed;
}

/** Those who make plain bursts; the others use up their budget of all names. */
const PLAIN_BURSTERS = 3;
/** Calls of one name in a second that every budget allows (wire-format.md section 15: 10). */
const WITHIN_BUDGET = 9;
/** Names that together go far over the 100 calls a second that a caller has in total. */
const MANY_NAMES = 44;
/** More calls of one name in a second than the hard limit of 100 by more than a slow machine gives back. */
const FLOOD = 300;
/** One more than a budget of a second twice over, far below the hard limit (wire-format.md section 15). */
const BURST_CALLS = 24;
