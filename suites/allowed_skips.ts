/** The only cases that may be skipped on the embedded node, each with its reason. Cases marked slow are not listed. */

/** Case id and reason. */
export const ALLOWED_SKIPS: Readonly<Record<string, string>> = {};
