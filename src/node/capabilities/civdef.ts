/**
 * civdef.role.register, civdef.alert.publish, .cancel and .ack, civdef.audit.export, where the civil-defence profile is
 * on. CONTRACT3 §4.16 to §4.18; M31; wire-format-experimental.md section 6.
 */

import { isObject, type Json, type JsonObject, parseTimestamp, signDocument, timestamp } from "../../protocol/mod.ts";
import { AckLimiter } from "../civdef/acks.ts";
import { targetRegion } from "../civdef/areas.ts";
import { certificateBlob, checkCertificate, requireRole, type RoleCertificate } from "../civdef/certificates.ts";
import { AuditChain } from "../civdef/chain.ts";
import { CivdefStore, type StoredAlert } from "../civdef/store.ts";
import { type Call, type Frame, type NodeCore, NodeError, type UnaryResult } from "../core.ts";
import { badRequest, describe, requestSchema, responseSchema, shown, streamSchema } from "./describe.ts";
import { earlierEvent, writeOnce } from "./repeats.ts";

/** Longest other texts; choices. */
const MAX_TEXT = 1000;
/** Life of an alert without `expires_at`; a choice. */
const ALERT_LIFE_MS = 86_400_000;

const PUBLISHED = "civdef.alert.published";
const CANCELLED = "civdef.alert.cancelled";
const ACKED = "civdef.alert.acked";
const REGISTERED = "civdef.role.registered";
const EXPORTED = "civdef.audit.exported";

/** Registers the family where the profile is on. */
export function registerCivdef(core: NodeCore): void {
  if (core.options.civilDefence !== true) return;
  const desk = new Desk(core);
  for (const { name, input, trust = "member" } of UNARY) {
    const descriptor = describe({
      name,
      trust,
      request_schema: requestSchema({}, input),
      response_schema: responseSchema({ event_id: "string", lamport: "integer" }),
    });
    core.bus.register(descriptor, (call) => desk[name](call));
  }
  const record = { seq: "integer", event: "string", prev_sha: "hex", signature: "string" };
  const descriptor = describe({
    name: "civdef.audit.export",
    request_schema: requestSchema({}, { from: "RFC 3339", to: "RFC 3339" }),
    stream_schema: streamSchema({ record, batch: { head_sha: "hex" }, done: { records: "integer" }, error: {} }),
    streaming: "always",
  });
  core.bus.register(descriptor, (call) => desk.export(call));
}

const UNARY = [
  {
    name: "civdef.role.register",
    trust: "anchor",
    input: { subject: "NodeID", role: "string", role_certificate_cid: "CID", expires_at: "RFC 3339" },
  },
  {
    name: "civdef.alert.publish",
    trust: "member",
    input: {
      client_id: "string",
      severity: "string",
      category: "string",
      title: "string",
      body: "string",
      areas: "list",
    },
  },
  { name: "civdef.alert.cancel", trust: "member", input: { alert_id: "string", reason: "string" } },
  { name: "civdef.alert.ack", trust: "member", input: { alert_id: "string", status: "string", note: "string" } },
] as const;

/** The calls of one node. */
class Desk {
  readonly #store: CivdefStore;
  readonly #chain: AuditChain;
  readonly #acks = new AckLimiter();

  constructor(private readonly core: NodeCore) {
    this.#store = new CivdefStore(core.options.dataDirectory);
    this.#chain = new AuditChain(core, this.#store);
    core.stopping.addEventListener("abort", () => this.#store.close(), { once: true });
  }

  async ["civdef.role.register"](call: Call): Promise<UnaryResult> {
    const { core } = this;
    const cid = text(call.input, "role_certificate_cid");
    const document = certificateBlob(core, cid);
    const certificate = checkCertificate(core, cid, document);
    const { subject, role, expires_at } = call.input;
    if (subject !== certificate.holder || role !== certificate.role || expires_at !== certificate.expires_at) {
      throw new NodeError("civdef_role_invalid", "Cannot register: the call says other than the certificate");
    }
    this.#requireChain();
    const data = { subject, role, role_certificate_cid: cid, expires_at };
    if (document !== undefined && this.#store.certificate(cid) === undefined) {
      this.#store.transaction(() => {
        this.#store.addCertificate(cid, document);
        this.#chain.append({ alert_id: "", event: "role_registered", actor: call.caller, payload: document });
      });
    }
    const { event_id, lamport } = await writeOnce(core, call, REGISTERED, () => data);
    return { output: { cert_id: document?.["cert_id"] ?? cid, event_id, lamport } };
  }

  async ["civdef.alert.publish"](call: Call): Promise<UnaryResult> {
    const { core } = this;
    const certificate = requireRole(core, this.#store, call, "alert.publish");
    const clientId = text(call.input, "client_id");
    const alert = this.#alertOf(call, certificate);
    this.#requireChain();
    let stored = this.#store.alertByRequest(call.caller, clientId);
    if (stored === undefined) {
      const alertId = core.ids.next();
      const document = signDocument(core.identity, { alert_id: alertId, ...alert });
      stored = this.#store.transaction(() => {
        const { seq } = this.#chain.append({
          alert_id: alertId,
          event: "published",
          actor: call.caller,
          payload: document,
        });
        this.#store.addAlert({ alertId, caller: call.caller, clientId, auditSeq: seq, document });
        return { alertId, auditSeq: seq, cancelledAt: undefined, document };
      });
    }
    const { document, alertId, auditSeq } = stored;
    const { event_id, lamport } = await writeOnce(core, call, PUBLISHED, () => ({
      client_id: clientId,
      alert_id: alertId,
      severity: document["severity"] ?? null,
      category: document["category"] ?? null,
      title: document["title"] ?? null,
      issued_by: call.caller,
      issued_by_role: certificate.role,
      areas: document["areas"] ?? [],
    }));
    return { output: { alert_id: alertId, event_id, lamport, audit_seq: auditSeq } };
  }

  async ["civdef.alert.cancel"](call: Call): Promise<UnaryResult> {
    const { core } = this;
    const certificate = requireRole(core, this.#store, call, "alert.cancel");
    const stored = this.#stored(call);
    const reason = bounded(call.input, "reason", MAX_TEXT);
    this.#requireMayCancel(call, certificate, stored);
    if (stored.cancelledAt !== undefined) {
      return { output: { alert_id: stored.alertId, cancelled_at: stored.cancelledAt } };
    }
    this.#requireChain();
    const at = timestamp(core.clock.wall());
    const payload = { alert_id: stored.alertId, cancelled_at: at, reason };
    const auditSeq = this.#store.transaction(() => {
      this.#store.cancelAlert(stored.alertId, at);
      const entry = { alert_id: stored.alertId, event: "cancelled", actor: call.caller, payload };
      return this.#chain.append(entry).seq;
    });
    const { event_id, lamport } = await this.#event(call, CANCELLED, { alert_id: stored.alertId, reason });
    return { output: { alert_id: stored.alertId, cancelled_at: at, event_id, lamport, audit_seq: auditSeq } };
  }

  async ["civdef.alert.ack"](call: Call): Promise<UnaryResult> {
    const { core } = this;
    const { rules } = core;
    const certificate = requireRole(core, this.#store, call, "alert.ack");
    const { alertId, document } = this.#stored(call);
    const status = text(call.input, "status");
    if (!rules.ackStates.includes(status)) throw badRequest(`Cannot acknowledge: status is ${shown(status)}`);
    const note = (call.input["note"] ?? "") === "" ? "" : bounded(call.input, "note", rules.ackNoteMax);
    const target = document["target"];
    const roles = isObject(target) && Array.isArray(target["roles"]) ? target["roles"] : [];
    if (!roles.includes(certificate.role)) {
      throw new NodeError("civdef_cert_out_of_scope", "Cannot acknowledge: the alert is not addressed to this role");
    }
    const earlier = earlierEvent(core, call, ACKED);
    if (earlier !== undefined) {
      return { output: { alert_id: alertId, event_id: earlier.event_id, lamport: earlier.lamport } };
    }
    if (!this.#acks.take(call.caller, alertId, core.clock.mono(), rules.acksPerMinute)) {
      throw new NodeError("civdef_ack_rate_limited", `Cannot acknowledge: ${rules.acksPerMinute} a minute are allowed`);
    }
    this.#requireChain();
    const payload = { alert_id: alertId, note, status };
    const auditSeq = this.#store.transaction(() =>
      this.#chain.append({ alert_id: alertId, event: "acked", actor: call.caller, payload }).seq
    );
    const { event_id, lamport } = await this.#event(call, ACKED, payload);
    return { output: { alert_id: alertId, event_id, lamport, audit_seq: auditSeq } };
  }

  export(call: Call): AsyncGenerator<Frame, void, void> {
    const { core } = this;
    requireRole(core, this.#store, call, "audit.export");
    const [from, to] = [time(call.input, "from"), time(call.input, "to")];
    if (from !== undefined && to !== undefined && from > to) throw badRequest("Cannot export: from is later than to");
    const range = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
    return this.#export(call, range);
  }

  async *#export(
    call: Call,
    range: { readonly from?: string; readonly to?: string },
  ): AsyncGenerator<Frame, void, void> {
    const frames = this.#chain.export(range, call.caller);
    for (;;) {
      const step = frames.next();
      if (step.done === true) return;
      const { event, data } = step.value;
      if (event === "done") {
        this.core.log.append(EXPORTED, { ...range, records: data["records"] ?? 0 }, call.caller);
      }
      yield step.value;
      // Gives other calls their turn in long exports.
      await Promise.resolve();
    }
  }

  /** The event of a call; without a `client_id` there is nothing a repeat could be told by. */
  async #event(call: Call, type: string, data: JsonObject) {
    const clientId = call.input["client_id"];
    const named = typeof clientId === "string" ? { ...data, client_id: clientId } : data;
    return await writeOnce(this.core, call, type, () => named);
  }

  #stored(call: Call): StoredAlert {
    const stored = this.#store.alert(text(call.input, "alert_id"));
    if (stored === undefined) throw new NodeError("civdef_alert_not_found", "Cannot find the alert: there is none");
    return stored;
  }

  #requireChain(): void {
    if (!this.#chain.broken) return;
    throw new NodeError("civdef_audit_chain_broken", "Cannot act for civil defence: the audit chain is broken");
  }

  /** The publisher, or a same or higher role whose region covers the alert's. */
  #requireMayCancel(call: Call, { role, region }: RoleCertificate, { document }: StoredAlert): void {
    const { rules } = this.core;
    if (document["publisher"] === call.caller) return;
    const publisherRole = String(document["publisher_role"]);
    if (
      rules.roleRank(role) >= rules.roleRank(publisherRole) && rules.regionCovers(region, String(document["region"]))
    ) {
      return;
    }
    throw new NodeError("civdef_cert_out_of_scope", "Cannot cancel: the alert is of a higher role or another region");
  }

  /** The checked alert of a call, before it is signed. @throws {NodeError} The first check that fails. */
  #alertOf({ input, caller }: Call, certificate: RoleCertificate): JsonObject {
    const { rules, clock } = this.core;
    const [severity, category, issuedBy] = [
      text(input, "severity"),
      text(input, "category"),
      text(input, "issued_by_role"),
    ];
    if (!rules.alertSeverities.includes(severity)) throw badRequest(`Cannot publish: severity is ${shown(severity)}`);
    if (!rules.alertCategories.includes(category)) throw badRequest(`Cannot publish: category is ${shown(category)}`);
    if (issuedBy !== certificate.role) {
      throw new NodeError("civdef_role_invalid", "Cannot publish: issued_by_role is not the role of the certificate");
    }
    const title = bounded(input, "title", rules.alertTitleMax);
    const body = input["body"] === undefined ? "" : bounded(input, "body", rules.alertBodyMax);
    const rank = (name: string) => rules.alertSeverities.indexOf(name);
    if (rank(severity) > rank(rules.severityCap(certificate.role))) {
      throw new NodeError("civdef_cert_out_of_scope", `Cannot publish: ${severity} is above what the role may`);
    }
    const region = targetRegion(input);
    if (region !== undefined && !rules.regionCovers(certificate.region, region)) {
      throw new NodeError(
        "civdef_alert_target_invalid",
        "Cannot publish: the target is outside the certificate's region",
      );
    }
    const expires = time(input, "expires_at") ?? timestamp(clock.wall() + ALERT_LIFE_MS);
    return {
      severity,
      category,
      title,
      body,
      region: region ?? certificate.region,
      areas: input["areas"] ?? [],
      target: isObject(input["target"]) ? input["target"] : {},
      published_at: timestamp(clock.wall()),
      expires_at: expires,
      publisher: caller,
      publisher_role: certificate.role,
      publisher_cert: certificate.cid,
    };
  }
}

function text(input: JsonObject, name: string): string {
  return bounded(input, name, MAX_TEXT);
}

/** Lengths are counted in characters, not in UTF-16 units (CIV-024). */
function bounded(input: JsonObject, name: string, max: number): string {
  const value = input[name];
  if (typeof value !== "string" || value === "") {
    throw badRequest(`Cannot use ${name}: current value is ${shown(value)}`);
  }
  if (value.length > max && [...value].length > max) throw badRequest(`Cannot use ${name}: it is longer than ${max}`);
  return value;
}

/** An RFC 3339 time in the form records have it. @throws {NodeError} `bad_request` if it is none. */
function time(input: JsonObject, name: string): string | undefined {
  const value: Json | undefined = input[name];
  if (value === undefined || value === null) return undefined;
  const ms = typeof value === "string" ? parseTimestamp(value) : undefined;
  if (ms === undefined) throw badRequest(`Cannot use ${name}: current value is ${shown(value)}`);
  return timestamp(ms);
}
