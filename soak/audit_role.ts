/** Role of those who read the audit chain, where the operator names none; CONTRACT3 §4.17 has no name for it. */
export const AUDITOR_ROLE = "auditor";
