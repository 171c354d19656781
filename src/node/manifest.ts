/** The node's own manifest: issued when asked for, at the latest every 20 s, valid for 30 s (wire-format.md section 9). */

import { type JsonObject, type NodeManifest, timestamp } from "../protocol/mod.ts";
import type { ManifestIssuer, NodeCore } from "./core.ts";

const MS_PER_SECOND = 1000;
/** Hardware of the embedded node: made up, and the same everywhere, so that equal seeds give equal bytes. */
const HARDWARE = { gpu: null, vram_gb: 0, ram_gb: 8, cpu_cores: 2, disk_free_gb: 100 };

/** Where the node listens, known once it does. */
export interface ListeningAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Issues on demand: a manifest older than the republish interval is replaced when somebody reads it, and a timer
 * publishes it on the topic. See {@linkcode ManifestIssuer}.
 */
export class NodeManifestIssuer implements ManifestIssuer {
  readonly #startedAt: number;
  readonly #stop = new AbortController();
  #current: NodeManifest | undefined;
  #issuedAt = 0;

  constructor(private readonly core: NodeCore, private readonly address: () => ListeningAddress) {
    this.#startedAt = core.clock.mono();
  }

  current(): NodeManifest {
    const age = this.core.clock.mono() - this.#issuedAt;
    if (this.#current !== undefined && age < this.core.rules.manifestRenewSeconds * MS_PER_SECOND) return this.#current;
    return this.renew();
  }

  renew(): NodeManifest {
    const { core } = this;
    this.#issuedAt = core.clock.mono();
    const unsigned = core.seams.document("node-manifest", this.#unsigned());
    const manifest = core.rules.signManifest(core.identity, unsigned) as unknown as NodeManifest;
    this.#current = manifest;
    core.topics.publish("node.manifest.updated", manifest as unknown as JsonObject);
    return manifest;
  }

  /** Publishes a new manifest whenever one is due, until the node stops. */
  async publishRegularly(): Promise<void> {
    const every = this.core.rules.manifestRenewSeconds * MS_PER_SECOND;
    if (!Number.isFinite(every)) return;
    try {
      for (;;) {
        await this.core.clock.sleep(every, this.#stop.signal);
        this.current();
      }
    } catch {
      // The sleep ended because the node stops.
    }
  }

  stop(): void {
    this.#stop.abort();
  }

  #unsigned(): JsonObject {
    const { core } = this;
    const { rules } = core;
    const { host, port } = this.address();
    const issued = core.clock.wall();
    return {
      version: 1,
      contract_version: rules.contractVersion,
      node_id: core.identity.id,
      display_name: `node-${core.identity.id.slice(8, 14)}`,
      community_id: core.communityId,
      profile: rules.profile,
      endpoints: [{ transport: "https", host: rules.advertisedHost(host), port }],
      hardware: { ...HARDWARE },
      capabilities: core.bus.entries().map((entry) => ({ ...entry })),
      uptime_seconds: rules.uptimeSeconds(core.clock.mono() - this.#startedAt),
      load: { cpu: 0, vram_used_gb: 0, in_flight_total: core.bus.inFlight() },
      issued_at: timestamp(issued),
      expires_at: timestamp(issued + rules.manifestTtlSeconds * MS_PER_SECOND),
      experimental_capabilities_enabled: rules.experimentalEnabled,
      civdef_profile: core.options.civilDefence === true
        ? { active: true, authority: rules.civdefAuthority, audit_endpoint: "" }
        : { active: false, authority: "", audit_endpoint: "" },
      research_opt_in: { fedlearn: false, distributed_inference: false, moe_human_routing: false },
    };
  }
}
