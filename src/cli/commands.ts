/** Option tables of the commands that judge one target and of the small ones. `soak` and `diff` bring their own. */

import type { CommandSpec, OptionSpec } from "./options.ts";

/** X09 §7. */
export const DEFAULT_SEED = 0xC0FFEE;
export const DEFAULT_SEED_TEXT = "0xC0FFEE";
export const DEFAULT_OUTPUT_DIR = "./conformance-report";
export const DEFAULT_PORT = 7900;
const MAX_PORT = 65_535;
/** More cases at a time than this only measure the tester. */
const MAX_PARALLEL = 64;

/** How containers are started, and how long a node that the tester starts may take. */
export const CONTAINER_OPTIONS: readonly OptionSpec[] = [
  {
    name: "container-engine",
    kind: "text",
    value: "COMMAND",
    help: "docker, podman or a command with options of its own; else the first of the two on the PATH",
  },
  {
    name: "container-arg",
    kind: "list",
    value: "ARG",
    whole: true,
    help: "option for starting the container, as in --container-arg=--memory=512m; several allowed",
  },
  {
    name: "start-deadline",
    kind: "duration",
    value: "TIME",
    standard: "30s",
    help: "time a process or container has to answer after its start",
  },
];

/** How the tester reaches the target and what it holds there. */
export const TARGET_OPTIONS: readonly OptionSpec[] = [
  {
    name: "target",
    kind: "text",
    value: "SPEC",
    standard: "embedded",
    help:
      'embedded[:FAULT,…], http(s)://HOST:PORT, exec:"COMMAND {port} {data}" or docker:IMAGE; local and docker take ' +
      "the options below",
  },
  { name: "target-url", kind: "url", value: "URL", help: "where the node of --target=local listens" },
  { name: "docker-image", kind: "text", value: "IMAGE", help: "image of --target=docker" },
  ...CONTAINER_OPTIONS,
];

/** Keys and tokens; the reports only say that they were given. */
export const ACCESS_OPTIONS: readonly OptionSpec[] = [
  { name: "root-key", kind: "path", value: "FILE", secret: true, help: "raw 32-byte seed of the community root" },
  { name: "admin-key", kind: "path", value: "FILE", secret: true, help: "seed of a member that may invite" },
  { name: "admin-token", kind: "text", value: "TOKEN", secret: true, help: "token of an administrator" },
  { name: "sut-key", kind: "path", value: "FILE", secret: true, help: "the node's own seed; signs the report" },
];

/** How to speak to a target that differs from the documents. */
export const DIALECT_OPTIONS: readonly OptionSpec[] = [
  {
    name: "dialect",
    kind: "text",
    value: "NAME|FILE",
    standard: "contract",
    help: "how calls are phrased: contract, body-routed or a YAML file",
  },
  { name: "adapter", kind: "path", value: "FILE", help: "YAML file of what this target offers beyond the protocol" },
  {
    name: "tls-pin",
    kind: "text",
    value: "HEX",
    help: "SHA-256 fingerprint the certificate of an https target must have",
  },
];

/** What cases may do to a node that goes on living. */
const WRITE_OPTIONS: readonly OptionSpec[] = [
  { name: "allow-writes", kind: "flag", help: "let cases write to a running node; a community log is for ever" },
  { name: "disposable", kind: "flag", help: "let cases leave harm behind: revocations, policies, huge clocks" },
];

/** What decides the traffic. */
export const SEED_OPTIONS: readonly OptionSpec[] = [
  { name: "seed", kind: "seed", value: "N", standard: DEFAULT_SEED_TEXT, help: "decides all traffic; hex with 0x" },
  { name: "time-origin", kind: "time", value: "TIME", help: "time the traffic starts from, as a run manifest has it" },
];

const JSON_OPTION: OptionSpec = {
  name: "json",
  kind: "flag",
  help: "print one JSON object on stdout and nothing else",
};
const SLOW_OPTION: OptionSpec = { name: "slow", kind: "flag", help: "run cases that wait longer than 15 s too" };
const PARALLEL_OPTION: OptionSpec = {
  name: "parallel",
  kind: "count",
  value: "N",
  standard: "1",
  min: 1,
  max: MAX_PARALLEL,
  help: "cases at a time",
};
const FILTER_OPTION: OptionSpec = {
  name: "suite-filter",
  kind: "list",
  value: "GLOB",
  help: "only cases, sections or requirements that match; several allowed",
};

export const RUN: CommandSpec = {
  name: "run",
  summary: "judge a node against the protocol, one verdict per requirement",
  positionals: [],
  options: [
    ...TARGET_OPTIONS,
    FILTER_OPTION,
    { name: "skip-experimental", kind: "flag", help: "leave out experimental/*" },
    { name: "skip-operability", kind: "flag", help: "leave out operability/*" },
    SLOW_OPTION,
    PARALLEL_OPTION,
    { name: "strict", kind: "flag", help: "a failed SHOULD fails the run; any failed case gives exit code 1" },
    ...SEED_OPTIONS,
    { name: "baseline", kind: "path", value: "FILE", help: "YAML list of known failures with reasons" },
    { name: "replay", kind: "path", value: "FILE", help: "repeat the run of a run_manifest.json" },
    { name: "vector", kind: "path", value: "FILE", help: "replay an exported vector instead of the suites" },
    { name: "wire-capture", kind: "flag", help: "record and judge what passes between the target and its peers" },
    { name: "output-dir", kind: "path", value: "DIR", standard: DEFAULT_OUTPUT_DIR, help: "where reports go" },
    JSON_OPTION,
    ...ACCESS_OPTIONS,
    ...WRITE_OPTIONS,
    ...DIALECT_OPTIONS,
    {
      name: "min-suite-version",
      kind: "text",
      value: "X.Y.Z",
      help: "refuse to run when this suite is older",
    },
  ],
  more: [
    "Exit codes: 0 no required MUST failed, 1 violations, 2 usage or harness error, 3 inconclusive.",
  ],
};

export const NODE: CommandSpec = {
  name: "node",
  summary: "serve the embedded reference node",
  positionals: [],
  options: [
    {
      name: "port",
      kind: "count",
      value: "N",
      standard: String(DEFAULT_PORT),
      min: 0,
      max: MAX_PORT,
      help: "port to listen on; 0 takes a free one",
    },
    { name: "host", kind: "text", value: "ADDRESS", standard: "127.0.0.1", help: "address to listen on" },
    { name: "data", kind: "path", value: "DIR", help: "where log, blobs and keys are kept; else in memory" },
    { name: "tls", kind: "flag", help: "serve https with a self-signed certificate" },
    { name: "fault", kind: "list", value: "NAME", help: "misbehave on purpose; several allowed" },
    { name: "variant", kind: "list", value: "NAME", help: "take the other sound reading; several allowed" },
    {
      name: "profile",
      kind: "text",
      value: "NAME",
      choices: ["none", "civil-defence"],
      standard: "none",
      help: "civil-defence: serve civdef.* with its audit chain",
    },
    { name: "peer", kind: "list", value: "URL", help: "node of the same community to synchronise with" },
    SEED_OPTIONS[0] as OptionSpec,
    SEED_OPTIONS[1] as OptionSpec,
  ],
};

export const SELFTEST: CommandSpec = {
  name: "selftest",
  summary: "prove that every case can fail: run each against the faults it must see",
  positionals: [],
  options: [
    FILTER_OPTION,
    PARALLEL_OPTION,
    SLOW_OPTION,
    {
      name: "sample",
      kind: "count",
      value: "N",
      min: 1,
      max: 100_000,
      help: "only this many cases of each section, with --collateral so many faults, chosen by the seed",
    },
    SEED_OPTIONS[0] as OptionSpec,
    {
      name: "collateral",
      kind: "flag",
      help: "run all cases under the faults of the chosen ones; report what fails unnamed",
    },
    { name: "matrix", kind: "flag", help: "print every case with every fault" },
    JSON_OPTION,
  ],
};

export const REQUIREMENTS: CommandSpec = {
  name: "requirements",
  summary: "list the requirement catalogue and what judges each",
  positionals: [],
  options: [
    { name: "section", kind: "list", value: "GLOB", help: "only sections that match; several allowed" },
    JSON_OPTION,
  ],
};

export const REPORT: CommandSpec = {
  name: "report",
  summary: "show, verify or judge again what a run left behind",
  positionals: [
    {
      name: "ACTION",
      required: true,
      choices: ["show", "verify", "recheck"],
      help: "show the verdicts; verify the signatures; judge the transcript again",
    },
    { name: "DIR", required: false, help: `folder of the reports, else ${DEFAULT_OUTPUT_DIR}` },
  ],
  options: [JSON_OPTION, ...ACCESS_OPTIONS],
};

export const IDENTITY: CommandSpec = {
  name: "identity",
  summary: "print the identities a live community has to enrol",
  positionals: [],
  options: [SEED_OPTIONS[0] as OptionSpec, JSON_OPTION],
};

export const DOCTOR: CommandSpec = {
  name: "doctor",
  summary: "say what can be judged of a node, what not, and why, before judging it",
  positionals: [],
  options: [
    ...TARGET_OPTIONS,
    FILTER_OPTION,
    { name: "skip-experimental", kind: "flag", help: "leave out experimental/*" },
    { name: "skip-operability", kind: "flag", help: "leave out operability/*" },
    JSON_OPTION,
    ...ACCESS_OPTIONS,
    ...WRITE_OPTIONS,
    ...DIALECT_OPTIONS,
    SEED_OPTIONS[0] as OptionSpec,
  ],
  more: [
    "Writes nothing to a running node unless --allow-writes is given.",
    "Exit codes: 0 something can be judged, 2 the target cannot be used, 3 nothing can be judged.",
  ],
};

export const VERSION: CommandSpec = {
  name: "version",
  summary: "print the version of program, suite and protocol",
  positionals: [],
  options: [JSON_OPTION],
};

export const HELP: CommandSpec = {
  name: "help",
  summary: "explain a command or a topic",
  positionals: [{ name: "TOPIC", required: false, help: "a command or a topic" }],
  options: [],
};

/** In the order help lists them; main.ts puts `soak` and `diff` after `run`. */
export const COMMANDS: readonly CommandSpec[] = [
  RUN,
  DOCTOR,
  NODE,
  SELFTEST,
  REQUIREMENTS,
  REPORT,
  IDENTITY,
  VERSION,
  HELP,
];
