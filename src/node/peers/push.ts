/** One push towards a peer: what it lacks by its own head. wire-format.md section 12. */

import { isObject, type Json, type JsonObject } from "../../protocol/mod.ts";
import type { NodeCore } from "../core.ts";

/** Events of one push. */
const PUSH_PAGE = 500;

/** Sends every event above the peer's head. */
export async function pushRound(
  core: Pick<NodeCore, "log" | "communityId" | "identity">,
  peer: { get(path: string): Promise<Json>; post(path: string, body: JsonObject): Promise<Json> },
): Promise<void> {
  const heads = await peer.get("/sync/v1/heads");
  const own = isObject(heads) ? heads["head"] ?? heads[core.communityId] : undefined;
  let after = typeof own === "number" ? own : 0;
  while (after < core.log.head()) {
    const events = core.log.since(after, PUSH_PAGE);
    const last = events.at(-1);
    if (last === undefined) return;
    await peer.post("/sync/v1/events", { community_id: core.communityId, events: events as unknown as Json[] });
    after = last.lamport;
  }
}
