/** Traffic of direct chat and invitations. */

import { BAD, call, refused, succeeds, type Template } from "./draw.ts";

export const chatTemplates: readonly Template[] = [
  {
    name: "chat.send/valid",
    weight: 3,
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
    weight: 3,
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
      const input = draw.pick([{}, { limit: 1 }, { since_lamport: 20 }]);
      return [call("chat.history/self", as, "chat.history", input, succeeds("CHT-024"))];
    },
  },
  {
    name: "chat.forward.fetch",
    needs: "chat.forward.fetch",
    make: (draw) => {
      const as = draw.actor("chat.forward.fetch");
      return as === undefined ? undefined : [call("chat.forward.fetch", as, "chat.forward.fetch", {})];
    },
  },
  {
    name: "community.invite",
    weight: 2,
    needs: "community.invite",
    make: (draw) => {
      const as = draw.actor("community.invite");
      if (as === undefined) return;
      const level = draw.pick(["member", "member", "trusted", "anchor", "king"]);
      // A stranger is a key no one has admitted; which one is invited decides whether the call is a repetition.
      const input = {
        invitee_node_id: `\${id.${draw.pick(["g1", "g2", "g3"])}}`,
        display_name: "Guest",
        initial_level: level,
      };
      const law = level === "anchor" || level === "king" ? refused("IDN-072", 400, ...BAD) : succeeds("IDN-068");
      return [call(`community.invite/${level}`, as, "community.invite", input, law)];
    },
  },
];
