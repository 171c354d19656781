/** run_manifest.json: what is needed to run the same again. X09 §4.6. */

import { type JsonObject, timestamp } from "../protocol/mod.ts";
import { redact, withoutCredentials, withoutSecretOptions } from "./redact.ts";
import type { RunResult, SkipKind } from "./results.ts";

/** Name of the format in `schema`. */
export const MANIFEST_SCHEMA = "hearthproof.run_manifest/1";

/** A case that was left out, and why. */
export interface LeftOut {
  readonly id: string;
  readonly kind: SkipKind;
  readonly reason: string;
}

/** What one run was given and what it selected; no keys, no tokens. */
export interface RunManifest {
  readonly schema: typeof MANIFEST_SCHEMA;
  readonly suite_version: string;
  readonly suite_commit: string;
  readonly protocol_version: string;
  readonly target: { readonly kind: string; readonly url: string; readonly dialect: string; readonly node_id: string };
  /** Options by name; one that takes a key or a token only says that it was given. */
  readonly configuration: JsonObject;
  readonly seed: number;
  /** T0, milliseconds since the epoch; `--time-origin` takes it. */
  readonly time_origin: number;
  readonly strict: boolean;
  readonly selection: {
    readonly filtered: boolean;
    readonly ran: readonly string[];
    readonly skipped: readonly LeftOut[];
    readonly sections_deselected: readonly string[];
  };
  readonly started_at: string;
  readonly finished_at: string;
  readonly duration_ms: number;
}

/** Secrets of a run: names of the options that take one, and the secret texts themselves. */
export interface Secrets {
  readonly options: readonly string[];
  readonly texts: readonly string[];
}

/** Builds the manifest of a run. Pure. */
export function buildRunManifest(run: RunResult, secrets: Secrets): RunManifest {
  const cases = [...run.cases].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const manifest = {
    schema: MANIFEST_SCHEMA,
    suite_version: run.suiteVersion,
    suite_commit: run.suiteCommit,
    protocol_version: run.protocolVersion,
    target: { ...run.target, url: withoutCredentials(run.target.url), node_id: run.nodeId },
    configuration: withoutSecretOptions(run.configuration, secrets.options),
    seed: run.seed,
    time_origin: run.timeOrigin,
    strict: run.strict,
    selection: {
      filtered: run.filtered,
      ran: cases.filter(({ outcome }) => outcome !== "skipped").map(({ id }) => id),
      skipped: cases.filter(({ outcome }) => outcome === "skipped").map(({ id, skip, reason }) => ({
        id,
        kind: skip ?? "gated",
        reason: reason ?? "no reason recorded",
      })),
      sections_deselected: [...run.sectionsDeselected],
    },
    started_at: run.ranAt,
    finished_at: timestamp(Date.parse(run.ranAt) + run.durationMs),
    duration_ms: Math.round(run.durationMs),
  };
  return redact(manifest as unknown as JsonObject, secrets.texts) as unknown as RunManifest;
}

/** Text of run_manifest.json. */
export function runManifestText(manifest: RunManifest): string {
  return JSON.stringify(manifest, null, 2) + "\n";
}
