/** The node manifest stays fresh: signed, of the same node, never read past its expiry (wire-format.md section 9). */

import { isObject, type Json, MANIFEST_TTL_SECONDS, parseTimestamp, verifyDocument } from "../../src/protocol/mod.ts";
import { type Monitor, type MonitorVerdict, type Observation, Offences } from "../observation.ts";

const MS_PER_SECOND = 1000;
/** Timestamps have whole seconds on both sides. */
const ROUNDING_MS = 2000;

/** See the module comment. The target's own clock counts where its offset is known. */
export class ManifestMonitor implements Monitor {
  readonly name = "manifest";
  readonly #offences: Offences;
  #read = 0;
  #oldest = 0;

  /** @param offset How far the target's clock is ahead of ours, milliseconds. */
  constructor(private readonly nodeId: string, private readonly offset: () => number, startedAt: number) {
    this.#offences = new Offences(startedAt);
  }

  state(): Json {
    return { read: this.#read, oldest: this.#oldest, offences: this.#offences.state() };
  }

  restore(state: Json): void {
    const { read, oldest, offences } = state as { read: number; oldest: number; offences: Json };
    this.#read = read;
    this.#oldest = oldest;
    this.#offences.restore(offences);
  }

  observe(observation: Observation): void {
    if (observation.kind !== "manifest") return;
    const { manifest, at, wall } = observation;
    this.#read++;
    if (!isObject(manifest)) return this.#offences.add(at, "GET /manifest has no manifest");
    if (manifest.node_id !== this.nodeId) {
      return this.#offences.add(at, `the manifest is of ${String(manifest.node_id).slice(0, 60)}, not of the target`);
    }
    if (!verifyDocument(this.nodeId, manifest)) return this.#offences.add(at, "the manifest's signature is wrong");
    const issued = parseTimestamp(String(manifest.issued_at));
    const expires = parseTimestamp(String(manifest.expires_at));
    if (issued === undefined || expires === undefined) return this.#offences.add(at, "the manifest has no times");
    const now = wall + this.offset();
    this.#oldest = Math.max(this.#oldest, now - issued);
    if (now > expires + ROUNDING_MS) {
      this.#offences.add(
        at,
        `stale: the manifest expired ${Math.round((now - expires) / MS_PER_SECOND)} s ago and was not issued again`,
      );
    } else if (expires - issued > MANIFEST_TTL_SECONDS * MS_PER_SECOND + ROUNDING_MS) {
      this.#offences.add(
        at,
        `the manifest lives ${(expires - issued) / MS_PER_SECOND} s instead of ${MANIFEST_TTL_SECONDS}`,
      );
    }
  }

  verdict(): MonitorVerdict {
    const oldest = Math.max(0, Math.round(this.#oldest / MS_PER_SECOND));
    return this.#offences.verdict(this.name, this.#read, `read ${this.#read} times, never older than ${oldest} s`);
  }
}
