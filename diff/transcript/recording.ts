/** What a recorded case says of itself: whose keys the tester held, who was a member before, where the log stood. */

import { fromUtf8Lossy, isObject, type Json, tryParseJson } from "../../src/protocol/mod.ts";
import { signersIn, signersInMessage } from "../../src/runner/recorded/rewrite.ts";
import type { Recording } from "../../src/runner/recorded/step.ts";
import { LEVELS } from "../../src/runner/vector_steps.ts";
import type { RecordedExchange, RecordedScope } from "./exchanges.ts";

/** What is known of the recorded node apart from one case. */
export interface RecordedNode {
  readonly seed: number;
  readonly nodeId: string | undefined;
  readonly communityId: string | undefined;
  /** Members of the community, by what any of its manifests said. */
  readonly levels: ReadonlyMap<string, string>;
}

/** Reads one case. */
export function recordingOf(scope: RecordedScope, node: RecordedNode): Recording {
  const { exchanges } = scope;
  const nodeId = scope.nodeId ?? node.nodeId;
  const communityId = scope.communityId ?? node.communityId;
  const signers = new Set(exchanges.flatMap(({ sent, socket }) => [
    ...signersIn(socket?.request ?? sent),
    ...socket?.said.flatMap(({ text }) => signersInMessage(text)) ?? [],
  ]));
  const sent = exchanges.map((one) => fromUtf8Lossy(one.sent)).join("\n");
  // Whom the case itself invites is no member before it begins.
  const members = [...signers].flatMap((id): [string, (typeof LEVELS)[number]][] => {
    const level = LEVELS.find((one) => one === node.levels.get(id));
    const standing = id !== nodeId && id !== communityId && !sent.includes(`"invitee_node_id":"${id}"`);
    return level !== undefined && standing ? [[id, level]] : [];
  });
  const head = headIn(exchanges);
  return {
    scope: scope.scope,
    seed: node.seed,
    began: scope.began,
    ...(nodeId === undefined ? {} : { node_id: nodeId }),
    ...(communityId === undefined ? {} : { community_id: communityId }),
    signers: [...signers],
    members: Object.fromEntries(members),
    ...(head === undefined ? {} : { head }),
  };
}

function headIn(exchanges: readonly RecordedExchange[]): number | undefined {
  const look = exchanges.find(({ sent }) => fromUtf8Lossy(sent).startsWith("GET /sync/v1/heads "));
  const value = look === undefined ? undefined : bodyOf(look);
  return isObject(value) && typeof value.head === "number" ? value.head : undefined;
}

/** Notes the members that an answer to `GET /community/manifest` names; the first level counts. */
export function noteMembers(exchange: RecordedExchange, levels: Map<string, string>): void {
  if (!fromUtf8Lossy(exchange.sent.subarray(0, MANIFEST.length)).startsWith(MANIFEST)) return;
  const value = bodyOf(exchange);
  if (!isObject(value) || !Array.isArray(value.members)) return;
  for (const member of value.members) {
    if (!isObject(member) || typeof member.node_id !== "string" || typeof member.level !== "string") continue;
    if (!levels.has(member.node_id)) levels.set(member.node_id, member.level);
  }
}

const MANIFEST = "GET /community/manifest ";

/** A body that came in one piece; manifests and heads do. */
function bodyOf({ received }: RecordedExchange): Json | undefined {
  const text = fromUtf8Lossy(received);
  const at = text.indexOf("\r\n\r\n");
  return at < 0 ? undefined : tryParseJson(text.slice(at + 4));
}
