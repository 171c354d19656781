/**
 * The node manifest stays fresh: signed, of the same node, living 30 s and renewed every 20 s, never read past its expiry
 * (wire-format.md section 9).
 */

import { isObject, type Json, MANIFEST_TTL_SECONDS, parseTimestamp, verifyDocument } from "../../src/protocol/mod.ts";
import { type Monitor, type MonitorVerdict, type Observation, Offences } from "../observation.ts";

const MS_PER_SECOND = 1000;
/** Timestamps have whole seconds on both sides. */
const ROUNDING_MS = 2000;
/** Half way from when it must be renewed to when it ends: a busy node is late by a second, not by five. */
const LATEST_S = 25;
/** Milliseconds before a reading in which a declared fault excuses it; it is asked for every 5 s. */
const ASKED_WITHIN_MS = 5000;

/** See the module comment. The target's own clock counts where its offset is known. */
export class ManifestMonitor implements Monitor {
  readonly name = "manifest";
  readonly #offences: Offences;
  #read = 0;
  #oldest = 0;

  /**
   * @param offset How far the target's clock is ahead of ours, milliseconds.
   * @param interrupted Whether a stretch of run milliseconds touches a declared gap.
   */
  constructor(
    private readonly nodeId: string,
    private readonly offset: () => number,
    startedAt: number,
    private readonly interrupted: (from: number, to: number) => boolean = () => false,
  ) {
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
    if (this.interrupted(at - ASKED_WITHIN_MS, at)) return;
    const now = wall + this.offset();
    this.#oldest = Math.max(this.#oldest, now - issued);
    if (now > expires + ROUNDING_MS) {
      this.#offences.add(
        at,
        `stale: the manifest expired ${Math.round((now - expires) / MS_PER_SECOND)} s ago and was not issued again`,
      );
    } else if (now - issued > LATEST_S * MS_PER_SECOND + ROUNDING_MS) {
      const age = Math.round((now - issued) / MS_PER_SECOND);
      this.#offences.add(at, `renewed late: the manifest is ${age} s old, and is to be issued again every 20 s`);
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
