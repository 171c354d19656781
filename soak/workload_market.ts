/** Posts and expires in turn, so that the number of live posts stays what it is. */

import { EXPIRE_REASON, POST_BODY } from "./event_text.ts";
import { placeOf, settles } from "./live_set.ts";
import { type Caller, type Hands, type Operation, type Outcome, write } from "./workload_calls.ts";

/** Posts that stay alive; what is posted beyond is expired, so that our growth is not mistaken for the node's. */
const LIVE_POSTS = 40;
const POST_TTL_SECONDS = 86_400;
/** Posts whose expiry found no answer are tried again, up to so many. */
const MAX_TRACKED_POSTS = 1000;

interface LivePost {
  readonly caller: Caller;
  readonly eventId: string;
}

class Market {
  readonly #live: LivePost[] = [];

  async post(hands: Hands, caller: Caller): Promise<Outcome> {
    this.#takeLeft(hands);
    if (this.#live.length >= LIVE_POSTS) return await this.expire(hands, caller);
    const { output: _, ...outcome } = await write(hands, caller, "market.post", (clientId) => ({
      client_id: clientId,
      category: "info",
      title: hands.text.words(clientId),
      body: POST_BODY,
      tags: ["soak"],
      ttl_seconds: POST_TTL_SECONDS,
    }));
    if (outcome.written !== undefined && this.#live.length < MAX_TRACKED_POSTS) {
      this.#live.push({ caller, eventId: outcome.written.eventId });
    }
    return outcome;
  }

  async expire(hands: Hands, caller: Caller): Promise<Outcome> {
    this.#takeLeft(hands);
    const post = this.#live.shift();
    if (post === undefined) return await this.post(hands, caller);
    const { output: _, ...outcome } = await write(hands, post.caller, "market.expire", (clientId) => ({
      client_id: clientId,
      event_id: post.eventId,
      reason: EXPIRE_REASON,
    }));
    if (!settles(outcome.code) && this.#live.length < MAX_TRACKED_POSTS) this.#live.push(post);
    return { ...outcome, ends: post.eventId };
  }

  /** What the run left alive before it was resumed is expired like everything else: by who posted it. */
  #takeLeft(hands: Hands): void {
    for (const { id: eventId, caller: number } of hands.takeLeft("post")) {
      const caller = hands.callers.find(({ index }) => placeOf(index) === placeOf(number));
      if (caller !== undefined) this.#live.push({ caller, eventId });
    }
  }
}

/** The two operations, which share what is alive. */
export function marketOperations(): readonly Operation[] {
  const market = new Market();
  return [
    {
      name: "market.post",
      capability: "market.post",
      weight: 4,
      writes: true,
      run: (hands, caller) => market.post(hands, caller),
    },
    {
      name: "market.expire",
      capability: "market.expire",
      weight: 4,
      writes: true,
      run: (hands, caller) => market.expire(hands, caller),
    },
  ];
}
