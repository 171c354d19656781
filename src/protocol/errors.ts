/** Error codes, their statuses and bodies. CONTRACT §5.4, §5.5, §9; wire-format.md section 8. */

/** Base codes and the only status each may have. */
export const BASE_STATUS: Readonly<Record<string, number>> = {
  bad_request: 400,
  schema_mismatch: 400,
  invalid_signature: 401,
  unauthorized: 401,
  revoked: 403,
  not_found: 404,
  timeout: 408,
  expired: 410,
  rate_limited: 429,
  capacity_exceeded: 429,
  internal_error: 500,
  not_implemented: 501,
  partition: 503,
};

const codes = (text: string) => text.split(" ");

/** Additive codes of contract 2 and 3 with the status this project decided on (wire-format.md section 8). */
const ADDITIVE: readonly (readonly [number, readonly string[]])[] = [
  [
    400,
    codes(
      "e2e_session_missing e2e_decrypt_failed ratchet_out_of_order fedlearn_round_quorum fedlearn_diff_invalid evidence_contradiction conformance_failed protocol_version_unknown protocol_descriptor_invalid protocol_unsupported_capability fedlearn_min_participants_unmet delta_invalid round_full base_model_mismatch weights_mismatch handoff_declined evidence_cycle_detected claim_signature_invalid unknown_frame_type tensor_too_large",
    ),
  ],
  [401, codes("token_invalid token_revoked")],
  [
    403,
    codes(
      "federation_forbidden token_scope_insufficient civdef_audit_required civdef_role_invalid consent_required policy_violation aggregation_too_few_nodes",
    ),
  ],
  [404, codes("not_federated claim_not_found civdef_alert_not_found adapter_not_found expert_unknown")],
  [408, codes("handoff_timed_out")],
  [410, codes("token_expired round_closed")],
  [429, codes("civdef_ack_rate_limited")],
  [500, codes("fedlearn_aggregation_failed")],
  [501, codes("experimental_disabled protocol_suite_not_installed")],
  [
    503,
    codes(
      "relay_unreachable dht_lookup_failed shard_unavailable pipeline_stalled shard_unreachable insufficient_resources expert_unavailable ebkh_unavailable",
    ),
  ],
];

/** Additive codes and their decided statuses; testers require only the class of the status. */
export const ADDITIVE_STATUS: Readonly<Record<string, number>> = Object.fromEntries(
  ADDITIVE.flatMap(([status, list]) => list.map((code) => [code, status])),
);

/** The decided HTTP status of a code; 403 for further `civdef_*` codes, 500 for anything unknown. */
export function statusOf(code: string): number {
  return BASE_STATUS[code] ?? ADDITIVE_STATUS[code] ?? (code.startsWith("civdef_") ? 403 : 500);
}

/** The JSON body of an error answer. Only `error` is required. */
export interface ErrorBody {
  readonly error: string;
  readonly message?: string;
  readonly retry_after_ms?: number;
  readonly alt_capabilities?: readonly string[];
  readonly alt_nodes?: readonly string[];
  readonly schema_hash_expected?: string;
}
