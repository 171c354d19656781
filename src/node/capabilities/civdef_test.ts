import { assert, assertEquals } from "@std/assert";
import {
  auditBreak,
  type AuditRecord,
  canonicalBytes,
  type Identity,
  identityFromSeed,
  type JsonObject,
  signDocument,
  timestamp,
  verifyDocument,
} from "../../protocol/mod.ts";
import { systemClock } from "../../wire/clock.ts";
import { FIXED_WALL_MS, signedCall } from "../http/fake_client.ts";
import { defaultNodeOptions, ReferenceNode } from "../node.ts";
import { nodeWith } from "../with.ts";

const clock = systemClock();
/** Calls per second; the tests make more than a member may. */
const UNLIMITED = { soft: 1e6, hard: 1e6 };
const YEAR_MS = 31_536_000_000;
const STRANGER = identityFromSeed(new Uint8Array(32).fill(77));
const ROOT = defaultNodeOptions({ clock }).root;
/** Read once: two starts of a node that fall into different seconds have the same certificates. */
const EXPIRES_MS = clock.wall() + YEAR_MS;
const ALERT = {
  client_id: "c1",
  severity: "warning",
  category: "infrastructure",
  title: "Trinkwasser abkochen",
  body: "bis auf Weiteres",
  target: { region: "DE.NRW.Kleve", roles: ["feuerwehr"] },
  issued_by_role: "feuerwehr",
};
const SCOPES = ["alert.publish", "alert.cancel", "alert.ack", "audit.export"];

interface Frame {
  readonly event: string;
  readonly data: JsonObject;
}

/** Starts a node whose founder holds a certificate of the fire brigade. */
async function withNode(
  use: (bench: {
    readonly node: ReferenceNode;
    readonly cid: string;
    put(change: JsonObject, issuer?: Identity): string;
    call(capability: string, input: JsonObject, headers?: Record<string, string>): Promise<JsonObject>;
    export(input?: JsonObject, cid?: string): Promise<Frame[]>;
    register(cid: string, change?: JsonObject): Promise<JsonObject>;
  }) => Promise<void>,
  setup: { readonly faults?: readonly string[]; readonly dataDirectory?: string } = {},
) {
  const { faults = [], dataDirectory } = setup;
  const node = await ReferenceNode.start({
    ...defaultNodeOptions({ clock }),
    ...nodeWith(faults, [], [{ rules: { ratePerCapability: UNLIMITED, rateTotal: UNLIMITED } }]),
    civilDefence: true,
    ...(dataDirectory === undefined ? {} : { dataDirectory }),
  });
  const certificate = {
    cert_id: "01J9Z5C0H3",
    holder: ROOT.id,
    role: "feuerwehr",
    region: "DE.NRW.Kleve",
    issuer: ROOT.id,
    issuer_chain: [ROOT.id],
    issued_at: timestamp(FIXED_WALL_MS - YEAR_MS),
    expires_at: timestamp(EXPIRES_MS),
    scopes: SCOPES,
    revocation_url: null,
  };
  const put = (change: JsonObject, issuer = ROOT) =>
    node.core.blobs.putBlob(canonicalBytes(signDocument(issuer, { ...certificate, ...change })));
  const raw = async (capability: string, input: JsonObject, headers: Record<string, string>) => {
    const signed = signedCall(node, { capability, body: { params: {}, input } }, ROOT);
    const request = { method: "POST", headers: { ...signed.headers, ...headers }, body: signed.body };
    return await (await fetch(`${node.url}/bus/v1/call`, request)).text();
  };
  const roleHeaders = (cid: string, role = "feuerwehr") => ({
    "X-HearthNet-CivDef-Role": role,
    "X-HearthNet-CivDef-Role-Cert": cid,
  });
  const cid = put({});
  const call = async (capability: string, input: JsonObject, headers: Record<string, string> = roleHeaders(cid)) => {
    const body = JSON.parse(await raw(capability, input, headers)) as JsonObject;
    return (body.output ?? { error: body.error ?? null }) as JsonObject;
  };
  const register = (certificate: string, change: JsonObject = {}) =>
    call("civdef.role.register", {
      subject: ROOT.id,
      role: "feuerwehr",
      role_certificate_cid: certificate,
      expires_at: timestamp(Math.floor(Date.parse(expires) / 1000) * 1000),
      ...change,
    });
  const expires = certificate.expires_at;
  const exported = async (input: JsonObject = {}, by = cid) => {
    const text = await raw("civdef.audit.export", input, roleHeaders(by));
    return text.split("\n\n").filter((block) => block.startsWith("event: ")).map((block) => {
      const [event = "", data = "{}"] = block.split("\n").map((line) => line.replace(/^(event|data): /, ""));
      return { event, data: JSON.parse(data) as JsonObject };
    });
  };
  try {
    await use({ node, cid, put, call, export: exported, register });
  } finally {
    await node.stop();
  }
}

const recordsOf = (frames: readonly Frame[]) =>
  frames.filter(({ event }) => event === "record").map(({ data }) => data as unknown as AuditRecord);

Deno.test("what is registered, published, acknowledged and cancelled is in the chain, and the chain holds", () =>
  withNode(async ({ node, cid, call, export: exported, register }) => {
    assert("event_id" in await register(cid));
    const published = await call("civdef.alert.publish", ALERT);
    assertEquals(await call("civdef.alert.publish", ALERT), published);
    const { alert_id } = published;
    assert(
      "event_id" in await call("civdef.alert.ack", { alert_id: alert_id ?? "", status: "acting", note: "unterwegs" }),
    );
    const cancelled = await call("civdef.alert.cancel", { alert_id: alert_id ?? "", reason: "over" });
    assertEquals(
      (await call("civdef.alert.cancel", { alert_id: alert_id ?? "", reason: "again" })).cancelled_at,
      cancelled.cancelled_at,
    );
    const frames = await exported();
    const records = recordsOf(frames);
    assertEquals(records.map(({ event }) => event), ["role_registered", "published", "acked", "cancelled"]);
    assertEquals(auditBreak(records, node.nodeId), undefined);
    assertEquals(published.audit_seq, 1);
    assertEquals(frames.at(-1)?.event, "done");
    const types = node.core.log.since(-1).map(({ event_type }) => event_type).filter((type) =>
      type.startsWith("civdef.")
    );
    assertEquals(types, [
      "civdef.role.registered",
      "civdef.alert.published",
      "civdef.alert.acked",
      "civdef.alert.cancelled",
      "civdef.audit.exported",
    ]);
  }));

Deno.test("an export between two times is that slice of the chain, and a wrong range is refused", () =>
  withNode(async ({ cid, call, export: exported, register }) => {
    await register(cid);
    await call("civdef.alert.publish", ALERT);
    const [first] = recordsOf(await exported());
    assertEquals(recordsOf(await exported({ from: "2000-01-01T00:00:00Z", to: "2000-01-02T00:00:00Z" })), []);
    assertEquals(recordsOf(await exported({ from: first?.at ?? "" })).length, 2);
    const headers = { "X-HearthNet-CivDef-Role": "feuerwehr", "X-HearthNet-CivDef-Role-Cert": cid };
    const wrong = await call("civdef.audit.export", { from: "yesterday" }, headers);
    assertEquals(wrong, { error: "bad_request" });
  }));

Deno.test("certificates that are forged, foreign, expired or of another region are refused", () =>
  withNode(async ({ put, register, call }) => {
    const expired = timestamp(clock.wall() - YEAR_MS);
    const code = async (cid: string, change: JsonObject = {}) => (await register(cid, change)).error ?? "ok";
    assertEquals(await code(put({ issuer: STRANGER.id }, STRANGER)), "civdef_cert_unrecognised");
    assertEquals(await code(put({}, STRANGER)), "civdef_cert_invalid");
    assertEquals(await code(put({ expires_at: expired }), { expires_at: expired }), "civdef_cert_invalid");
    assertEquals(await code(put({ region: "FR.IDF" })), "civdef_region_unsupported");
    assertEquals(await code("blake3:" + "0".repeat(64)), "not_found");
    assertEquals(await code(put({}), { role: "thw_helfer" }), "civdef_role_invalid");
    assertEquals((await call("civdef.alert.publish", ALERT)).error, "civdef_role_invalid");
  }));

Deno.test("alerts out of scope, of wrong form or without role headers are refused and leave no record", () =>
  withNode(async ({ cid, call, put, export: exported, register }) => {
    await register(cid);
    const code = async (change: JsonObject) =>
      (await call("civdef.alert.publish", { ...ALERT, ...change })).error ?? "ok";
    assertEquals(await code({ severity: "extreme" }), "civdef_cert_out_of_scope");
    assertEquals(await code({ severity: "apocalyptic" }), "bad_request");
    assertEquals(await code({ target: { region: "DE.NRW.Kleverland" } }), "civdef_alert_target_invalid");
    assertEquals(
      await code({ areas: [{ polygon: { type: "Polygon", coordinates: [[[0, 95]]] } }] }),
      "civdef_alert_target_invalid",
    );
    assertEquals(await code({ title: "ä".repeat(81) }), "bad_request");
    assertEquals(await code({ issued_by_role: "thw_helfer" }), "civdef_role_invalid");
    assertEquals((await call("civdef.alert.publish", ALERT, {})).error, "civdef_audit_required");
    assertEquals((await call("civdef.audit.export", {}, {})).error, "civdef_audit_required");
    const foreign = put({ holder: STRANGER.id });
    await register(foreign, { subject: STRANGER.id });
    const headers = { "X-HearthNet-CivDef-Role": "feuerwehr", "X-HearthNet-CivDef-Role-Cert": foreign };
    assertEquals((await call("civdef.alert.publish", ALERT, headers)).error, "civdef_cert_not_owned");
    assertEquals(recordsOf(await exported()).map(({ event }) => event), ["role_registered", "role_registered"]);
  }));

Deno.test("more than five acknowledgements a minute are refused", () =>
  withNode(async ({ cid, call, register }) => {
    await register(cid);
    const { alert_id } = await call("civdef.alert.publish", ALERT);
    const codes: unknown[] = [];
    for (let i = 0; i < 6; i++) {
      codes.push((await call("civdef.alert.ack", { alert_id: alert_id ?? "", status: "received" })).error ?? "ok");
    }
    assertEquals(codes, ["ok", "ok", "ok", "ok", "ok", "civdef_ack_rate_limited"]);
  }));

Deno.test("the chain survives a crash and goes on where it was, with a signed batch after every thousand records", async () => {
  const dataDirectory = await Deno.makeTempDir();
  try {
    await withNode(async ({ node, cid, call, register }) => {
      await register(cid);
      for (let i = 0; i < 2; i++) await call("civdef.alert.publish", { ...ALERT, client_id: `a${i}` });
      await node.crash();
    }, { dataDirectory });
    await withNode(async ({ node, cid, call, export: exported, register }) => {
      await register(cid);
      for (let i = 0; i < 1000; i++) await call("civdef.alert.publish", { ...ALERT, client_id: `b${i}` });
      const frames = await exported();
      const records = recordsOf(frames);
      assertEquals(auditBreak(records, node.nodeId), undefined);
      assertEquals(records.length, 1004);
      assertEquals(records.filter(({ event }) => event === "checkpointed").map(({ seq }) => seq), [999]);
      const batch = frames.find(({ event }) => event === "batch")?.data ?? {};
      assertEquals([batch.from_seq, batch.to_seq, batch.count], [0, 999, 1000]);
      assert(verifyDocument(node.nodeId, batch));
    }, { dataDirectory });
  } finally {
    await Deno.remove(dataDirectory, { recursive: true });
  }
});

Deno.test("a broken link shows in the export, and after a restart nothing more is written to that chain", async () => {
  const dataDirectory = await Deno.makeTempDir();
  try {
    await withNode(async ({ node, cid, call, export: exported, register }) => {
      await register(cid);
      for (let i = 0; i < 25; i++) await call("civdef.alert.publish", { ...ALERT, client_id: `a${i}` });
      assertEquals(auditBreak(recordsOf(await exported()), node.nodeId), { seq: 20, why: "link" });
    }, { dataDirectory, faults: ["breaks-audit-link"] });
    await withNode(async ({ call, export: exported }) => {
      assertEquals((await call("civdef.alert.publish", ALERT)).error, "civdef_audit_chain_broken");
      assertEquals((await exported()).at(-1)?.data.error, "civdef_audit_chain_broken");
    }, { dataDirectory });
  } finally {
    await Deno.remove(dataDirectory, { recursive: true });
  }
});
