/** Small views over the log: token revocations, documents of corpora, advertised blobs. wire-format.md section 11. */

import { atLeast, type Level } from "../../protocol/mod.ts";
import type { Rules } from "../rules.ts";
import { type Authority, effective } from "./authority.ts";
import { KeyedView } from "./keyed_view.ts";
import type { LoggedEvent } from "./logged_event.ts";

/** What the log knows of a token. */
export interface TokenRecord {
  readonly issuer: string | undefined;
  readonly requester: string | undefined;
  readonly revocations: readonly { readonly by: string; readonly level: Level; readonly root: boolean }[];
}

/** Issued and revoked tokens by `token_id`. */
export class TokenView {
  readonly #tokens: KeyedView<TokenRecord>;

  constructor(rules: Rules, private readonly authority: Authority, private readonly communityId: string) {
    const keyOf = ({ event }: LoggedEvent) => {
      const id = event.data["token_id"];
      return event.event_type.startsWith("auth.token.") && typeof id === "string" ? id : undefined;
    };
    this.#tokens = new KeyedView(keyOf, (events) => this.#fold(events), rules.viewOrder, rules.viewsAcceptLate);
  }

  add(logged: LoggedEvent): void {
    this.#tokens.add(logged);
  }

  invalidate(): void {
    this.#tokens.invalidate();
  }

  get(tokenId: string): TokenRecord | undefined {
    return this.#tokens.get(tokenId);
  }

  /** Whether someone entitled revoked the token: its issuer, its requester, a trusted member or root. */
  isRevoked(tokenId: string, issuer?: string): boolean {
    const record = this.get(tokenId);
    if (record === undefined) return false;
    const entitled = [issuer ?? record.issuer, record.requester];
    return record.revocations.some(({ by, level, root }) => root || entitled.includes(by) || atLeast(level, "trusted"));
  }

  #fold(events: readonly LoggedEvent[]): TokenRecord {
    let issued: LoggedEvent | undefined;
    const revocations: { by: string; level: Level; root: boolean }[] = [];
    for (const logged of events) {
      if (!effective(this.authority, logged)) continue;
      if (logged.event.event_type === "auth.token.issued") issued ??= logged;
      else if (logged.event.event_type === "auth.token.revoked") {
        const by = this.authority.owner(logged);
        revocations.push({ by, level: this.authority.levelAt(by, logged), root: by === this.communityId });
      }
    }
    const requester = issued === undefined ? undefined : this.authority.owner(issued);
    return { issuer: issued?.event.author, requester, revocations };
  }
}

/** A document of a corpus; the last effective event about it wins. */
export interface DocumentRecord {
  readonly corpus: string;
  readonly doc_cid: string;
  readonly title: string;
  readonly language: string;
  readonly chunks: number;
  readonly by: string;
  readonly event_id: string;
  readonly lamport: number;
}

export class DocumentView {
  readonly #documents: KeyedView<DocumentRecord>;

  constructor(rules: Rules, private readonly authority: Authority) {
    const keyOf = ({ event }: LoggedEvent) => {
      const { corpus, doc_cid } = event.data;
      return event.event_type === "rag.document.ingested" && typeof corpus === "string" && typeof doc_cid === "string"
        ? JSON.stringify([corpus, doc_cid])
        : undefined;
    };
    this.#documents = new KeyedView(keyOf, (events) => this.#fold(events), rules.viewOrder, rules.viewsAcceptLate);
  }

  add(logged: LoggedEvent): void {
    this.#documents.add(logged);
  }

  invalidate(): void {
    this.#documents.invalidate();
  }

  get(corpus: string, docCid: string): DocumentRecord | undefined {
    return this.#documents.get(JSON.stringify([corpus, docCid]));
  }

  all(): DocumentRecord[] {
    return [...this.#documents.values()];
  }

  #fold(events: readonly LoggedEvent[]): DocumentRecord | undefined {
    const last = events.findLast((logged) => effective(this.authority, logged));
    if (last === undefined) return undefined;
    const { data, event_id, lamport } = last.event;
    return {
      corpus: String(data["corpus"]),
      doc_cid: String(data["doc_cid"]),
      title: String(data["title"] ?? ""),
      language: String(data["language"] ?? ""),
      chunks: Number(data["chunks"] ?? 0),
      by: this.authority.owner(last),
      event_id,
      lamport,
    };
  }
}

/** A blob someone says they hold. */
export interface AdvertisedBlob {
  readonly cid: string;
  readonly holder: string;
  readonly size_bytes: number;
}

export class FileView {
  readonly #files: KeyedView<AdvertisedBlob>;

  constructor(rules: Rules, private readonly authority: Authority) {
    const keyOf = ({ event }: LoggedEvent) => {
      const { cid, on_behalf_of: caller } = event.data;
      return event.event_type.startsWith("file.cid.") && typeof cid === "string"
        ? JSON.stringify([event.author, caller ?? null, cid])
        : undefined;
    };
    this.#files = new KeyedView(keyOf, (events) => this.#fold(events), rules.viewOrder, rules.viewsAcceptLate);
  }

  add(logged: LoggedEvent): void {
    this.#files.add(logged);
  }

  invalidate(): void {
    this.#files.invalidate();
  }

  all(): AdvertisedBlob[] {
    return [...this.#files.values()];
  }

  #fold(events: readonly LoggedEvent[]): AdvertisedBlob | undefined {
    const last = events.findLast((logged) => effective(this.authority, logged));
    if (last === undefined || last.event.event_type !== "file.cid.advertised") return undefined;
    const { data } = last.event;
    const size = Number(data["sizes_bytes"] ?? data["size_bytes"] ?? 0);
    return { cid: String(data["cid"]), holder: this.authority.owner(last), size_bytes: size };
  }
}
