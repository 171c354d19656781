/** What the program says to someone who starts it with nothing. */

/** Ten lines: what it can do, and which command to try first. */
export const FIRST_CONTACT: readonly string[] = [
  "hearthproof judges a HearthNet node from outside, over the wire:",
  "  hearthproof run      does it obey the protocol? one verdict per requirement",
  "  hearthproof soak     does it stay healthy for hours? a verdict on each series",
  "  hearthproof diff     do two nodes behave the same? the shortest counterexample",
  "Try this first; it judges the built-in reference node in about 20 seconds:",
  "  hearthproof run --parallel 4",
  "Then look at a node of your own. This writes nothing to it:",
  "  hearthproof doctor --target http://127.0.0.1:7900",
  "All commands: hearthproof help. One command: hearthproof help run.",
  "Manual pages: hearthproof help operators, implementers or maintainers.",
];
