/** Which tokens are revoked, as the community log tells it. M16 §5.4; TOK-054, TOK-057, TOK-060, TOK-061. */

import { atLeast, type EventEnvelope, type Level } from "../../protocol/mod.ts";
import type { NodeCore } from "../core.ts";
import type { TokenFacts } from "../rules/tokens.ts";

/** Events read at once when the log is followed for the first time. */
const PAGE = 500;
/** Tokens whose facts are remembered to file revocations by other keys than `jti`. */
const MAX_KNOWN_TOKENS = 10_000;

/** Somebody's statement that a token is void. */
interface Statement {
  readonly actor: string;
  /** Level of the actor when the statement was read, so that a later demotion does not revive the token. */
  readonly level: Level;
  readonly own: boolean;
}

type LogCore = Pick<NodeCore, "log" | "community" | "identity" | "communityId" | "rules">;

/** Follows the log from the first question on. */
export class Revocations {
  readonly #statements = new Map<string, Statement[]>();
  readonly #requesters = new Map<string, string>();
  readonly #facts = new Map<string, TokenFacts>();
  #following = false;

  constructor(private readonly core: LogCore) {}

  /** Remembers whose token a `jti` is. */
  know(token: TokenFacts): void {
    if (this.#facts.has(token.jti)) return;
    if (this.#facts.size >= MAX_KNOWN_TOKENS) {
      const [oldest] = this.#facts.keys();
      if (oldest !== undefined) this.#facts.delete(oldest);
    }
    this.#facts.set(token.jti, token);
  }

  /** Who asked this or another node for the token, and what is known of it. */
  origin(jti: string): { readonly requester: string | undefined; readonly facts: TokenFacts | undefined } {
    this.#follow();
    return { requester: this.#requesters.get(jti), facts: this.#facts.get(jti) };
  }

  /** Whether the token is revoked by somebody entitled to. */
  revoked(token: TokenFacts): boolean {
    const { rules } = this.core;
    if (!rules.revocationsHonoured) return false;
    this.#follow();
    this.know(token);
    const direct = this.#statements.get(token.jti);
    if (direct !== undefined && this.#counts(direct, token)) return true;
    const key = rules.revocationKey(token);
    if (key === token.jti) return false;
    for (const [jti, statements] of this.#statements) {
      const facts = this.#facts.get(jti);
      if (facts !== undefined && rules.revocationKey(facts) === key && this.#counts(statements, facts)) return true;
    }
    return false;
  }

  /** Records a revocation that is not in the log. */
  state(jti: string, actor: string): void {
    this.#follow();
    this.#add(jti, { actor, level: this.core.community.level(actor), own: true });
  }

  #counts(statements: readonly Statement[], token: TokenFacts): boolean {
    const { rules, communityId, community } = this.core;
    const requester = this.#requesters.get(token.jti);
    return statements.some(({ actor, level, own }) =>
      (own || rules.foreignRevocationsHonoured) &&
      rules.revocationCounts({
        level: atLeast(level, "trusted") ? level : community.level(actor),
        isIssuer: actor === token.iss,
        isRequester: actor === requester,
        isRoot: actor === communityId,
      })
    );
  }

  #follow(): void {
    if (this.#following) return;
    this.#following = true;
    const { log } = this.core;
    log.subscribe((event) => this.#read(event));
    // A page may end inside a run of equal Lamport values: the run is read again, reading twice changes nothing.
    for (let after = -1, size = PAGE;;) {
      const page = log.since(after, size);
      for (const event of page) this.#read(event);
      const last = page.at(-1);
      if (last === undefined || page.length < size) return;
      if (last.lamport - 1 > after) after = last.lamport - 1;
      else size *= 2;
    }
  }

  #read(event: EventEnvelope): void {
    const { token_id: jti } = event.data;
    if (typeof jti !== "string") return;
    if (event.event_type === "auth.token.issued") this.#requesters.set(jti, this.#actor(event));
    if (event.event_type === "auth.token.revoked") {
      const actor = this.#actor(event);
      const own = event.author === this.core.identity.id;
      this.#add(jti, { actor, level: this.core.community.level(actor), own });
    }
  }

  #add(jti: string, statement: Statement): void {
    const known = this.#statements.get(jti);
    if (known === undefined) this.#statements.set(jti, [statement]);
    else if (!known.some(({ actor }) => actor === statement.actor)) known.push(statement);
  }

  /** Who acted: `on_behalf_of` counts in events of this node or of an anchor only (wire-format.md section 11). */
  #actor(event: EventEnvelope): string {
    const { on_behalf_of: caller } = event.data;
    const { identity, community } = this.core;
    const speaks = event.author === identity.id || atLeast(community.level(event.author), "anchor");
    return speaks && typeof caller === "string" ? caller : event.author;
  }
}
