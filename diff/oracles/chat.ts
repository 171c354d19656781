/** Direct messages, the node's own history, and invitations (services/chat, core/identity). */

import { isObject, type JsonObject } from "../../src/protocol/mod.ts";
import { opened } from "../../src/protocol/forms.ts";
import { isCount, isFullNodeId, isSorted, isText, isUlid, isUtcTime } from "./forms.ts";
import { metaOf, ofOutput } from "./member_checks.ts";
import { type Exchange, objectOf, objectsOf, type Oracle } from "./oracle.ts";

const SEND = "chat.send";
const HISTORY = "chat.history";
const INVITE = "community.invite";
const BLOB = /^(signature\.)?output(\.invite_blob.*)?$/;

function invitation(
  id: string,
  place: RegExp,
  test: (invite: JsonObject, e: Exchange) => boolean | undefined,
): Oracle {
  return ofOutput(INVITE, id, place, ({ invite_blob: blob }, e) => {
    const inside = isText(blob) ? opened(blob) : undefined;
    return isObject(inside) ? test(inside, e) : undefined;
  });
}

export const chatOracles: readonly Oracle[] = [
  ofOutput(
    SEND,
    "CHT-002",
    /^output\.delivered$/,
    ({ delivered }) => ["direct", "forwarded", "queued"].includes(String(delivered)) && isText(delivered),
  ),
  // The tester's members are identities without a node: nobody is there to take a message directly.
  ofOutput(SEND, "CHT-003", /^output\.delivered$/, ({ delivered }) => delivered !== "direct"),
  ofOutput(
    SEND,
    "CHT-001",
    /^(output.*|signature\.header)$/,
    ({ event_id: id, lamport, delivered }, e) =>
      isUlid(id) && isCount(lamport) && lamport >= 1 && delivered !== undefined && metaOf(e).ms !== undefined,
  ),
  ofOutput(
    HISTORY,
    "CHT-024",
    /^output/,
    ({ messages }) =>
      Array.isArray(messages) &&
      objectsOf(messages).every((one) =>
        isUlid(one.event_id) && isCount(one.lamport) && isFullNodeId(one.from) && isFullNodeId(one.to) &&
        one.body !== undefined && one.attachments !== undefined && isUtcTime(one.created_at)
      ),
  ),
  ofOutput(
    HISTORY,
    "CHT-025",
    /messages/,
    ({ messages }, { input: { peer } }) =>
      isText(peer) ? objectsOf(messages).every(({ from, to }) => from === peer || to === peer) : undefined,
  ),
  ofOutput(
    HISTORY,
    "CHT-027",
    /messages/,
    ({ messages }, { input: { since_lamport: since } }) =>
      isCount(since) ? objectsOf(messages).every(({ lamport }) => Number(lamport) > since) : undefined,
  ),
  ofOutput(
    HISTORY,
    "CHT-028",
    /messages/,
    ({ messages }, { input: { limit } }) =>
      isCount(limit) && limit > 0 ? objectsOf(messages).length <= limit : undefined,
  ),
  ofOutput(
    HISTORY,
    "CHT-029",
    /messages/,
    ({ messages }) => isSorted(objectsOf(messages).map(({ lamport }) => Number(lamport))),
  ),
  ofOutput(HISTORY, "CHT-030", /messages/, ({ messages }, { answer }) => {
    const own = answer.headers.find(([name]) => name.toLowerCase() === "x-hearthnet-from")?.[1];
    return own === undefined ? undefined : objectsOf(messages).every(({ from, to }) => from === own || to === own);
  }),
  ofOutput(
    INVITE,
    "IDN-068",
    /^(output|meta\.\w+|output\.invite_blob)$/,
    ({ invite_blob: blob }, e) => isText(blob) && isUlid(metaOf(e).event_id) && isCount(metaOf(e).lamport),
  ),
  ofOutput(
    INVITE,
    "IDN-069",
    BLOB,
    (_, { answer }) =>
      answer.signatures.has("output.invite_blob") ? answer.signatures.get("output.invite_blob") === "valid" : false,
  ),
  invitation("IDN-069", BLOB, (invite) => isText(invite.community_id) && isUtcTime(invite.expires_at)),
  invitation(
    "IDN-008",
    /bootstrap_endpoints/,
    ({ bootstrap_endpoints: list }) =>
      Array.isArray(list) && list.length > 0 && list.every((one) => isCount(objectOf(one).port)),
  ),
  invitation(
    "IDN-009",
    /bootstrap_endpoints/,
    ({ bootstrap_endpoints: list }) =>
      !objectsOf(list).some(({ host }) => ["0.0.0.0", "::", "[::]", "*", ""].includes(String(host))),
  ),
  invitation("IDN-070", /invite_event_id$|event_id$/, (invite, e) => {
    const same = e.before.findLast((one) =>
      one.address === INVITE && one.answer.status === 200 && sender(one) === sender(e) &&
      one.input.invitee_node_id === e.input.invitee_node_id
    );
    const blob = same?.output.invite_blob;
    const before = isText(blob) ? opened(blob) : undefined;
    return isObject(before) ? before.invite_event_id === invite.invite_event_id : undefined;
  }),
];

function sender({ step: { step } }: Exchange): string {
  return step.do === "call" ? step.as : "";
}
