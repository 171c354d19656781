/** The options of `hearthproof diff`. */

import {
  ACCESS_OPTIONS,
  CONTAINER_OPTIONS,
  DIALECT_OPTIONS,
  SEED_OPTIONS,
  TARGET_OPTIONS,
} from "../src/cli/commands.ts";
import { type CommandSpec, type OptionSpec, sided } from "../src/cli/options.ts";

export const DEFAULT_DIFF_DIR = "./diff-report";
export const DEFAULT_STEPS = 500;
const MAX_STEPS = 100_000;
const MAX_CALIBRATION = 20;

const PERMISSIONS: readonly OptionSpec[] = [
  { name: "allow-writes", kind: "flag", help: "let steps write to running nodes; a community log is for ever" },
  { name: "disposable", kind: "flag", help: "let steps leave harm behind: revocations, huge clocks" },
];

/** What one side takes, without the prefix. */
export const SIDE_OPTIONS: readonly OptionSpec[] = [...ACCESS_OPTIONS, ...DIALECT_OPTIONS, ...CONTAINER_OPTIONS, {
  name: "variant",
  kind: "list",
  value: "NAME",
  help: "sound variants of an embedded node",
}];

/** A command of which {@linkcode Options} of one side are made; never on a command line. */
export const ONE_SIDE: CommandSpec = {
  name: "diff",
  summary: "one side of a comparison",
  positionals: [],
  options: [...TARGET_OPTIONS, ...SIDE_OPTIONS, ...PERMISSIONS],
};

export const DIFF: CommandSpec = {
  name: "diff",
  summary: "send the same seeded traffic to two nodes and find where they differ",
  positionals: [],
  options: [
    {
      name: "left",
      kind: "text",
      value: "SPEC",
      standard: "embedded",
      help: 'embedded[:FAULT,…], http(s)://HOST:PORT, exec:"COMMAND {port} {data}" or docker:IMAGE',
    },
    { name: "right", kind: "text", value: "SPEC", standard: "embedded", help: "likewise" },
    {
      name: "target",
      kind: "list",
      whole: true,
      value: "SPEC",
      help: "given three times or more, or once with spaces between: a matrix of who agrees with whom",
    },
    ...SEED_OPTIONS,
    {
      name: "steps",
      kind: "count",
      value: "N",
      standard: String(DEFAULT_STEPS),
      min: 1,
      max: MAX_STEPS,
      help: "steps to draw; some that look at everything come on top",
    },
    { name: "profile", kind: "path", value: "FILE", help: "YAML of weights by kind of traffic; 0 excludes" },
    {
      name: "calibrate",
      kind: "count",
      value: "N",
      standard: "2",
      min: 0,
      max: MAX_CALIBRATION,
      help:
        "runs of each side against itself to learn what varies; they are made in pairs, an odd number is rounded up",
    },
    { name: "mask", kind: "path", value: "FILE", help: "YAML mask instead of a learned one" },
    {
      name: "shrink-budget",
      kind: "duration",
      value: "TIME",
      standard: "120s",
      help: "time for finding the shortest sequences",
    },
    {
      name: "resume",
      kind: "path",
      value: "DIR",
      help: "go on shrinking where the budget of the run in this folder ended; keys are given again",
    },
    { name: "record", kind: "path", value: "FILE", help: "write the sequence of steps" },
    {
      name: "replay",
      kind: "path",
      value: "FILE|DIR",
      help:
        "run this sequence: a recording, a vector, or the folder or transcript of a run, which then is the left side",
    },
    { name: "only", kind: "list", value: "GLOB", help: "of a replayed transcript, only these cases" },
    {
      name: "targets",
      kind: "path",
      value: "FILE",
      help: "YAML of three targets or more, each with its own name, access and dialect",
    },
    { name: "skew", kind: "list", value: "SIDE=±TIME", help: "shift the times sent to one side, as in left=+90s" },
    { name: "output-dir", kind: "path", value: "DIR", standard: DEFAULT_DIFF_DIR, help: "where reports go" },
    { name: "json", kind: "flag", help: "print one JSON object on stdout and nothing else" },
    ...sided(SIDE_OPTIONS),
    ...PERMISSIONS,
  ],
  more: [
    "Exit codes: 0 equal, 1 different, 2 usage or harness error, 3 inconclusive.",
    "Embedded nodes run as child processes with data under the output directory.",
  ],
};
