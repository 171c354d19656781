/** Option table of `hearthproof soak`. */

import type { CommandSpec } from "../src/cli/options.ts";

export const SOAK: CommandSpec = {
  name: "soak",
  summary: "watch a node for hours, or judge a recorded series for drift",
  positionals: [
    { name: "ACTION", required: true, choices: ["judge"], help: "judge the series of a CSV file" },
    { name: "FILE", required: true, help: "CSV with two columns, time in seconds and value; a header is allowed" },
  ],
  options: [
    { name: "json", kind: "flag", help: "print one JSON object on stdout and nothing else" },
    { name: "name", kind: "text", value: "NAME", help: "name of the series, else from the header or the file" },
    { name: "unit", kind: "text", value: "UNIT", help: "unit of the values, for the report" },
    { name: "limit", kind: "number", value: "N", min: 0, help: "growth per hour that counts as drift, in that unit" },
    {
      name: "limit-percent",
      kind: "number",
      value: "N",
      standard: "1",
      min: 0,
      help: "the same in percent of the base, without --limit",
    },
    { name: "warm-up", kind: "duration", value: "TIME", help: "left out at the start; else looked for" },
    {
      name: "exclude",
      kind: "list",
      value: "FROM-TO",
      help: "seconds that are not judged, like 600-720; several allowed",
    },
  ],
  more: ["Exit codes: 0 stable, 1 drifting, 2 usage or harness error, 3 inconclusive."],
};
