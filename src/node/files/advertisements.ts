/** What others and we say about blobs held. CONTRACT §4.9, §7.2; M07 §4.1. */

import { isCid } from "../../protocol/mod.ts";
import { onBehalfOf } from "../capabilities/describe.ts";
import type { Call, NodeCore } from "../core.ts";
import { ownEvents } from "../own_events.ts";

/** CIDs remembered per node; the oldest is forgotten first. */
const MAX_ADVERTISED = 65_536;

/** Advertisements received, and the events logged about them. */
export class Advertisements {
  /** CID and the callers that advertised it. */
  readonly #holders = new Map<string, Set<string>>();
  #logged: Set<string> | undefined;
  constructor(private readonly core: NodeCore) {}

  /** Records that the caller holds a CID. Returns false if that was known. */
  record(cid: string, call: Call): boolean {
    const holders = this.#holders.get(cid) ?? new Set<string>();
    const known = holders.has(call.caller);
    holders.add(call.caller);
    this.#holders.delete(cid);
    this.#holders.set(cid, holders);
    for (const oldest of this.#holders.keys()) {
      if (this.#holders.size <= MAX_ADVERTISED) break;
      this.#holders.delete(oldest);
    }
    this.log(cid, call);
    return !known;
  }

  /** CIDs advertised by anyone. */
  cids(): readonly string[] {
    return [...this.#holders.keys()];
  }

  /** Logs `file.cid.advertised`, once for a CID: a repeat would tell nobody anything new. */
  log(cid: string, call: Call): void {
    const { blobs, log, rules } = this.core;
    const size = blobs.blob(cid)?.size_bytes ?? blobs.chunk(cid)?.length;
    const logged = this.#loggedCids();
    if (!rules.fileLogsAdvertisement({ held: size !== undefined, logged: logged.has(cid) })) return;
    log.append("file.cid.advertised", rules.fileAdvertisedData(cid, size ?? 0), onBehalfOf(call));
    logged.add(cid);
  }

  #loggedCids(): Set<string> {
    return this.#logged ??= new Set(
      ownEvents(this.core, "file.cid.advertised").map((event) => event.data.cid).filter(isCid),
    );
  }
}
