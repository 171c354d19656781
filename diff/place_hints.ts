/** The requirement a place of an answer belongs to, where nothing in one answer alone can say who breaks it. */

import type { Finding } from "./finding.ts";

/** By `ADDRESS PATH ORIGIN`; the first that fits counts. */
const HINTS: readonly (readonly [place: RegExp, requirement: string])[] = [
  [/^llm\.\S+ +timing /, "TRN-054"],
  [/^(market\.post|chat\.send) output\.lamport /, "EVT-040"],
  [/conformance_passed/, "PRO-006"],
  [/ metrics\.hearthnet_requests_total/, "OPS-034"],
  [/ metrics\.hearthnet_request_duration/, "OPS-035"],
  [/ metrics\.hearthnet_signature_failures/, "OPS-039"],
  [/ metrics\.hearthnet_rate_limited/, "OPS-040"],
  [/ metrics\.hearthnet_emergency_mode/, "OPS-041"],
  [/ metrics\.hearthnet_blob_storage/, "OPS-043"],
  [/ frames /, "TRN-050"],
  [/ schema_hash_expected /, "BUS-020"],
  [/subscribe seq /, "TRN-070"],
  [/subscribe (topic|payload|message|timeout) .*woken/, "TRN-069"],
  [/^POST \/sync\/v1\/events events\[\]\.data/, "EVT-069"],
  [/ headers\.content-type /, "TRN-001"],
  [/ headers\.x-hearthnet-timestamp /, "TRN-004"],
  [/ headers\.x-hearthnet-signature /, "TRN-005"],
  [/stop_reason /, "LLM-019"],
  [/^GET \/manifest capabilities/, "IDN-011"],
  [/^GET \/manifest /, "IDN-002"],
  [/^GET \/community\/manifest policy/, "IDN-029"],
  [/^GET \/community\/manifest members/, "IDN-030"],
  [/^GET \/community\/manifest /, "IDN-025"],
  [/^GET \/sync\/v1\/heads/, "EVT-001"],
  [/^POST \/sync\/v1\/events rejected/, "EVT-010"],
  [/^POST \/sync\/v1\/events events.*lamport /, "EVT-040"],
  [/^POST \/sync\/v1\/events /, "EVT-004"],
  [/^market\.list /, "MKT-017"],
  [/^market\.search /, "MKT-044"],
  [/^\S+( \S+)? error /, "TRN-037"],
  [/^\S+( \S+)? (message|retry_after_ms|alt_\w+|schema_hash_expected)/, "TRN-040"],
  [/^\S+( \S+)? meta/, "BUS-029"],
];

/** The requirement; undefined for a place that is not known for one. */
export function hintOf({ address, path }: Pick<Finding, "address" | "path">, origin: string): string | undefined {
  const where = `${address === "" ? origin.split("/")[0] : address} ${path} ${origin}`;
  return HINTS.find(([place]) => place.test(where))?.[1];
}
