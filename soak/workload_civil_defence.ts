/** Alerts that are published, acknowledged and cancelled: each adds a record to the audit chain. */

import { isObject, type JsonObject, tryParseJson } from "../src/protocol/mod.ts";
import { roleHeaders } from "./audit_reader.ts";
import type { Publisher } from "./civil_defence.ts";
import { placeOf, settles } from "./live_set.ts";
import { type Caller, type Hands, type Operation, type Outcome, unary, write } from "./workload_calls.ts";

/** Alerts that stay alive; what is published beyond is cancelled. */
const LIVE_ALERTS = 10;
/** Alerts whose cancelling found no answer are tried again, up to so many. */
const MAX_TRACKED_ALERTS = 1000;
/** A field near Kleve, as CONTRACT3 §4.16 wants areas. */
const AREA = {
  polygon: { type: "Polygon", coordinates: [[[6.1, 51.7], [6.2, 51.7], [6.2, 51.8], [6.1, 51.7]]] },
};

interface LiveAlert {
  readonly alertId: string;
  readonly publisher: Publisher;
}

function change(publisher: Publisher) {
  return { actor: publisher.actor, headers: roleHeaders(publisher) };
}

/** The record an answer names, and the alert it is of. */
function auditedBy(output: JsonObject | undefined): Pick<Outcome, "audited"> {
  const { audit_seq: seq, alert_id: alertId } = output ?? {};
  return typeof seq === "number" && typeof alertId === "string" ? { audited: { seq, alertId } } : {};
}

class Alerts {
  readonly #live: LiveAlert[] = [];

  async publish(hands: Hands, caller: Caller): Promise<Outcome> {
    this.#takeLeft(hands);
    const publisher = publisherOf(hands, caller.index);
    if (publisher === undefined || this.#live.length >= LIVE_ALERTS) return await this.cancel(hands, caller);
    const { output, ...outcome } = await write(hands, caller, "civdef.alert.publish", (clientId) => ({
      client_id: clientId,
      severity: "warning",
      category: "infrastructure",
      title: hands.text.words(clientId),
      body: "An exercise of a soak test; it is cancelled soon.",
      areas: [AREA],
      target: { region: publisher.region, roles: [publisher.role] },
      issued_by_role: publisher.role,
      audit_evidence: [{ kind: "role_certificate", value: publisher.certificate }],
    }), change(publisher));
    const alertId = output?.["alert_id"];
    if (typeof alertId === "string") this.#live.push({ alertId, publisher });
    return { ...outcome, ...auditedBy(output) };
  }

  async cancel(hands: Hands, caller: Caller): Promise<Outcome> {
    this.#takeLeft(hands);
    const alert = this.#live.shift();
    if (alert === undefined) return await this.#orPublish(hands, caller, "civdef.alert.cancel");
    const outcome = await this.#act(hands, caller, "civdef.alert.cancel", alert.publisher, {
      alert_id: alert.alertId,
      reason: "the exercise is over",
    });
    if (!settles(outcome.code) && this.#live.length < MAX_TRACKED_ALERTS) this.#live.push(alert);
    return { ...outcome, ends: alert.alertId };
  }

  /** A live alert that stays alive. */
  async acknowledge(hands: Hands, caller: Caller): Promise<Outcome> {
    const alert = this.#live[hands.random.below(Math.max(1, this.#live.length))];
    const publisher = publisherOf(hands, caller.index);
    if (alert === undefined || publisher === undefined) {
      return await this.#orPublish(hands, caller, "civdef.alert.ack");
    }
    return await this.#act(hands, caller, "civdef.alert.ack", publisher, {
      alert_id: alert.alertId,
      status: "received",
      note: "",
    });
  }

  /** There is nothing to act on yet: publishes, unless that is what led here. */
  async #orPublish(hands: Hands, caller: Caller, capability: string): Promise<Outcome> {
    if (publisherOf(hands, caller.index) === undefined) return { capability, code: "nothing_to_do" };
    return await this.publish(hands, caller);
  }

  /** What the run left alive before it was resumed is cancelled like everything else: by who published it. */
  #takeLeft(hands: Hands): void {
    for (const { id: alertId, caller: number } of hands.takeLeft("alert")) {
      const publisher = publisherOf(hands, number);
      if (publisher !== undefined) this.#live.push({ alertId, publisher });
    }
  }

  async #act(
    hands: Hands,
    caller: Caller,
    capability: string,
    publisher: Publisher,
    input: JsonObject,
  ): Promise<Outcome> {
    const { answer, outcome } = await unary(hands, caller, capability, { params: {}, input }, change(publisher));
    const parsed = outcome.code === "ok" ? tryParseJson(answer.body) : undefined;
    const output = isObject(parsed) && isObject(parsed.output) ? parsed.output : {};
    const { event_id: eventId, lamport } = output;
    const named = typeof eventId === "string" && typeof lamport === "number" ? { named: { eventId, lamport } } : {};
    return { ...outcome, ...named, ...auditedBy(output) };
  }
}

function publisherOf(hands: Hands, caller: number): Publisher | undefined {
  const publishers = hands.material.publishers ?? [];
  return publishers[placeOf(caller) % Math.max(1, publishers.length)];
}

/** The three operations, which share what is alive. */
export function civilDefenceOperations(): readonly Operation[] {
  const alerts = new Alerts();
  const operation = (
    name: string,
    run: (hands: Hands, caller: Caller) => Promise<Outcome>,
  ): Operation => ({ name, capability: name, weight: 1, writes: true, needs: "publishers", run });
  return [
    operation("civdef.alert.publish", (hands, caller) => alerts.publish(hands, caller)),
    operation("civdef.alert.cancel", (hands, caller) => alerts.cancel(hands, caller)),
    operation("civdef.alert.ack", (hands, caller) => alerts.acknowledge(hands, caller)),
  ];
}
