/** What a view may ask about the community, as of any place in the log. */

import type { Level } from "../../protocol/mod.ts";
import type { LoggedEvent } from "./logged_event.ts";

export interface Authority {
  /** For whom an event speaks: its author, or whom the author may speak for. */
  owner(logged: LoggedEvent): string;
  levelAt(nodeId: string, at: LoggedEvent): Level;
  revokedBy(nodeId: string, lamport: number): boolean;
  /** Admitted at some time, and not revoked by then. */
  mayAct(nodeId: string, lamport: number): boolean;
}

/**
 * Whether an event has an effect at all: its author could act then, and its owner was not revoked by then. An owner need
 * not be a member: a node also serves callers of other communities.
 */
export function effective(authority: Authority, logged: LoggedEvent): boolean {
  const { author, lamport } = logged.event;
  return authority.mayAct(author, lamport) && !authority.revokedBy(authority.owner(logged), lamport);
}
