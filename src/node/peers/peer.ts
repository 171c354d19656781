/** One admitted peer: its entries, when it was last seen, and how it has done. */

import type { CapabilityEntry } from "../../protocol/mod.ts";
import { Health } from "../bus/health.ts";
import { Slots } from "../bus/slots.ts";
import type { BusRules } from "../rules/bus.ts";
import type { PeerManifest } from "./admission.ts";
import type { Origin } from "./socket.ts";

/** A capability of a peer. */
export interface Provider {
  readonly peer: Peer;
  readonly entry: CapabilityEntry;
  readonly slots: Slots;
  readonly health: Health;
}

export class Peer {
  readonly nodeId: string;
  #providers = new Map<string, Provider>();

  constructor(
    readonly origin: Origin,
    manifest: PeerManifest,
    /** SHA-256 of the certificate seen first (hex); undefined without TLS. */
    readonly fingerprint: string | undefined,
    public seenAt: number,
    private readonly rules: BusRules,
  ) {
    this.nodeId = manifest.nodeId;
    this.update(manifest, seenAt);
  }

  /** Takes over a new manifest; health and calls in flight of what stays are kept. */
  update(manifest: PeerManifest, mono: number): void {
    this.seenAt = mono;
    const next = this.rules.peerEntriesReplaced ? new Map<string, Provider>() : this.#providers;
    for (const entry of manifest.entries) {
      const key = `${entry.name}@${entry.version}`;
      const known = this.#providers.get(key);
      const slots = known !== undefined && known.slots.limit === entry.max_concurrent
        ? known.slots
        : new Slots(entry.max_concurrent);
      next.set(key, { peer: this, entry, slots, health: known?.health ?? new Health(this.rules) });
    }
    this.#providers = next;
  }

  providers(): IterableIterator<Provider> {
    return this.#providers.values();
  }
}
