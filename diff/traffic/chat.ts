/** Traffic of direct chat and invitations. */

import type { JsonObject } from "../../src/protocol/mod.ts";
import type { ActorLevel } from "../../src/runner/vector_steps.ts";
import { BAD, call, refused, succeeds, type Template } from "./draw.ts";

export const chatTemplates: readonly Template[] = [
  {
    name: "chat.send/valid",
    needs: "chat.send",
    make: (draw) => {
      const as = draw.actor("chat.send");
      const to = as === undefined ? undefined : draw.other(as);
      if (as === undefined || to === undefined) return;
      const input = {
        client_id: draw.clientId(),
        recipient: `\${id.${to}}`,
        body: draw.text(),
        ...(draw.once(4) ? { attachments: [{ cid: `blake3:${"0".repeat(64)}`, name: "map.pdf" }] } : {}),
      };
      const first = call("chat.send/valid", as, "chat.send", input, succeeds("CHT-001"), {
        learn: { [draw.save("message", as)]: "output.event_id" },
      });
      if (!draw.once(3) || !draw.again(as, "chat.send")) return [first];
      return [first, call("chat.send/repeated", as, "chat.send", { ...input, body: "other" }, succeeds("CHT-009"))];
    },
  },
  {
    name: "chat.send/invalid",
    needs: "chat.send",
    make: (draw) => {
      const as = draw.actor("chat.send");
      const to = as === undefined ? undefined : draw.other(as);
      if (as === undefined || to === undefined) return;
      const valid = { client_id: draw.clientId(), recipient: `\${id.${to}}`, body: "hello" };
      const { client_id: clientId, recipient, body } = valid;
      const [name, input, law] = draw.pick(
        [
          ["no-client-id", { recipient, body }, refused("CHT-012", 400, ...BAD)],
          ["no-recipient", { client_id: clientId, body }, refused("CHT-012", 400, ...BAD)],
          ["no-member", { ...valid, recipient: "${id.s1}" }, refused("CHT-014", 404, "not_found")],
          ["to-node", { ...valid, recipient: "${node_id}" }, refused("CHT-015", 400, "bad_request")],
          ["empty", { ...valid, body: "" }, refused("CHT-016", 400, "bad_request")],
          ["short-id", { ...valid, recipient: "ed25519:AAAA-BBBB-CCCC-DDDD" }, undefined],
          ["empty-recipient", { ...valid, recipient: "" }, undefined],
          ["body-number", { ...valid, body: 5 }, undefined],
          ["to-oneself", { ...valid, recipient: `\${id.${as}}` }, undefined],
        ] as const,
      );
      return [call(`chat.send/${name}`, as, "chat.send", { ...input }, law)];
    },
  },
  {
    name: "chat.send/stranger",
    needs: "chat.send",
    make: (draw) => {
      const as = draw.actor("chat.send", "stranger");
      const to = draw.other("");
      if (as === undefined || to === undefined) return;
      const input = { client_id: draw.clientId(), recipient: `\${id.${to}}`, body: "let me in" };
      return [call("chat.send/stranger", as, "chat.send", input, refused("CHT-019", 401, "unauthorized"))];
    },
  },
  {
    name: "chat.history/other",
    needs: "chat.history",
    make: (draw) => {
      const as = draw.actor("chat.history");
      if (as === undefined) return;
      const input = draw.once(2) ? { peer: `\${id.${as}}` } : {};
      return [call("chat.history/other", as, "chat.history", input, refused("CHT-022", 401, "unauthorized"))];
    },
  },
  {
    name: "chat.history/self",
    needs: "chat.history",
    when: () => true,
    make: (draw) => {
      const as = draw.actor("chat.history", "self");
      if (as === undefined) return;
      const peer = draw.other("");
      const input = draw.pick<JsonObject>([
        {},
        { limit: 1 },
        { since_lamport: 20 },
        ...(peer === undefined ? [] : [{ peer: `\${id.${peer}}` }]),
        { limit: 0 },
      ]);
      return [call("chat.history/self", as, "chat.history", input, succeeds("CHT-024"))];
    },
  },
  {
    name: "chat.forward.fetch",
    needs: "chat.forward.fetch",
    make: (draw) => {
      const as = draw.actor("chat.forward.fetch", draw.pick(["member", "member", "stranger"]));
      return as === undefined ? undefined : [call("chat.forward.fetch", as, "chat.forward.fetch", {})];
    },
  },
  {
    name: "chat.forward.fetch/twice",
    needs: "chat.forward.fetch",
    make: (draw) => {
      if (!draw.offer.capabilities.has("chat.send")) return;
      const as = draw.actor("chat.send");
      const to = as === undefined ? undefined : draw.other(as);
      if (as === undefined || to === undefined) return;
      if (!draw.again(to, "chat.forward.fetch") || !draw.again(to, "chat.forward.fetch")) return;
      const input = { client_id: draw.clientId(), recipient: `\${id.${to}}`, body: draw.text() };
      const fetch = call("chat.forward.fetch/twice", to, "chat.forward.fetch", {}, { requirement: "CHT-044" });
      return [call("chat.send/valid", as, "chat.send", input, succeeds("CHT-001")), fetch, fetch];
    },
  },
  {
    name: "chat.forward.put",
    needs: "chat.forward.put",
    make: (draw) => {
      const as = draw.actor("chat.forward.put");
      if (as === undefined) return;
      const clientId = { client_id: draw.clientId() };
      const [name, input] = draw.pick<readonly [string, JsonObject]>([
        ["no-event", clientId],
        ["event-text", { ...clientId, event: "hello" }],
        ["empty-event", { ...clientId, event: {} }],
        ["missing", {}],
      ]);
      return [call(`chat.forward.put/${name}`, as, "chat.forward.put", input)];
    },
  },
  {
    name: "community.revoke",
    needs: "community.revoke",
    make: (draw) => {
      const [name, level, change] = draw.pick<readonly [string, ActorLevel, JsonObject]>([
        ["member", "member", {}],
        ["alone", "trusted", {}],
        ["reason", "trusted", { reason: "boredom" }],
        ["no-target", "trusted", { target_node_id: "nobody" }],
        ["co-signers", "trusted", { co_signers: [{ node_id: "${id.m1}", signature: `ed25519:${"A".repeat(86)}` }] }],
        ["missing", "trusted", { co_signers: null }],
      ]);
      const as = draw.actor("community.revoke", level);
      if (as === undefined) return;
      const input = {
        client_id: draw.clientId(),
        target_node_id: "${id.g1}",
        reason: "left",
        co_signers: [],
        ...change,
      };
      return [call(`community.revoke/${name}`, as, "community.revoke", input)];
    },
  },
  {
    name: "chat.thread",
    needs: "chat.thread.create",
    make: (draw) => {
      const known = draw.known("thread");
      const as = known === undefined || draw.once(4) ? draw.actor("chat.thread.create") : known.note;
      const other = as === undefined ? undefined : draw.other(as);
      if (as === undefined || other === undefined) return;
      if (known === undefined || known.note !== as) {
        const input = {
          client_id: draw.clientId(),
          name: draw.text(),
          members: [`\${id.${as}}`, `\${id.${other}}`],
          e2e_enabled: false,
        };
        return [call("chat.thread.create", as, "chat.thread.create", input, undefined, {
          learn: { [draw.save("thread", as)]: "output.thread_id" },
        })];
      }
      const params = { thread_id: `\${${known.name}}` };
      const clientId = { client_id: draw.clientId() };
      const [name, by, input] = draw.pick<readonly [string, string, JsonObject]>([
        ["send", as, { ...clientId, body: draw.text() }],
        ["history", as, {}],
        ["history", as, { limit: 1 }],
        ["leave", other, clientId],
      ]);
      const capability = `chat.thread.${name}`;
      if (!draw.offer.capabilities.has(capability) || !draw.again(by, capability)) return;
      return [call(capability, by, capability, input, undefined, { params })];
    },
  },
  {
    name: "community.invite",
    needs: "community.invite",
    make: (draw) => {
      const as = draw.actor("community.invite");
      if (as === undefined) return;
      const level = draw.pick(["member", "member", "trusted", "anchor", "king", "short", "past"]);
      // A stranger is a key no one has admitted; which one is invited decides whether the call is a repetition.
      const input = {
        invitee_node_id: `\${id.${draw.pick(["g1", "g2", "g3"])}}`,
        display_name: "Guest",
        initial_level: level === "short" || level === "past" ? "member" : level,
        ...(level === "short" ? { ttl_seconds: 60 } : level === "past" ? { expires_at: "2020-01-01T00:00:00Z" } : {}),
      };
      const law = level === "past"
        ? undefined
        : level === "anchor" || level === "king"
        ? refused("IDN-072", 400, ...BAD)
        : succeeds("IDN-068");
      const first = call(`community.invite/${level}`, as, "community.invite", input, law);
      if (!draw.once(2) || !draw.again(as, "community.invite")) return [first];
      return [first, call("community.invite/repeated", as, "community.invite", input, law)];
    },
  },
];
