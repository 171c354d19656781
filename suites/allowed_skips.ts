/** The only cases that may be skipped on the embedded node, each with its reason. Cases marked slow are not listed. */

/** Case id and reason. */
export const ALLOWED_SKIPS: Readonly<Record<string, string>> = {
  "core/bus/inert-without-conformance":
    "PRO-035 needs evidence.claim.assert, an experimental capability the reference node does not offer in this version",
};
