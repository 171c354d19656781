/** All views of one log, fed with every stored event. They depend on the set of events only, never on their arrival. */

import type { EventEnvelope } from "../../protocol/mod.ts";
import type { Rules } from "../rules.ts";
import { ChatView } from "./chat_view.ts";
import type { LoggedEvent } from "./logged_event.ts";
import { MarketView } from "./market_view.ts";
import { Membership } from "./membership.ts";

/** What the views are told about the node they run in. */
export interface ViewContext {
  readonly rules: Rules;
  readonly communityId: string;
  readonly localNode: string;
  readonly communityName: string;
  /** Stored events about a post. */
  readonly reload: (postId: string) => LoggedEvent[];
}

export class LogViews {
  readonly membership: Membership;
  readonly market: MarketView;
  readonly chat: ChatView;
  #last: LoggedEvent | undefined;
  #version = 0;

  constructor(context: ViewContext) {
    const { rules, communityId, localNode, communityName, reload } = context;
    this.membership = new Membership({ rules, communityId, localNode, name: communityName });
    this.market = new MarketView(rules, this.membership, reload);
    this.chat = new ChatView(rules, this.membership, localNode);
    this.#order = rules.viewOrder;
  }

  readonly #order: (a: LoggedEvent, b: LoggedEvent) => number;

  /** Grows with every event; equal versions mean equal views. */
  get version(): number {
    return this.#version;
  }

  add(logged: LoggedEvent): void {
    this.#version++;
    const late = this.#last !== undefined && this.#order(this.#last, logged) > 0;
    if (!late) this.#last = logged;
    const community = logged.event.event_type.startsWith("community.");
    if (community) {
      const changesPast = this.membership.add(logged);
      if (late || changesPast) {
        this.market.invalidate();
        this.chat.invalidate();
      }
      return;
    }
    this.market.add(logged);
    this.chat.add(logged);
  }

  /** Whether a stored event is worth announcing: decisions that had no effect are not. */
  announces(event: EventEnvelope): boolean {
    if (event.event_type === "community.member.revoked") return this.membership.revokedThrough(event);
    if (event.event_type === "community.member.joined") return this.membership.isMember(event.author);
    return true;
  }
}
