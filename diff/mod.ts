/** `hearthproof diff`: the same seeded traffic to two targets, differences found, classified and shrunk. */

export { diffCommand, type DiffContext } from "./diff_command.ts";
export { DIFF } from "./options.ts";
