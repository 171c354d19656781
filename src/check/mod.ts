/** Matchers: each returns a difference or nothing; `must` and `should` of a case raise it. */

export * from "./answers.ts";
export * from "./difference.ts";
export * from "./values.ts";
