/** What `hearthproof help COMMAND` says beyond the option table: description and examples. */

/** One example: a command line that can be run as it stands, and what it does. */
export interface Example {
  readonly line: string;
  readonly does: string;
}

/** Text of one command. */
export interface CommandPage {
  readonly description: readonly string[];
  readonly examples: readonly Example[];
  /** Commands and topics to read next. */
  readonly see: readonly string[];
}

export const COMMAND_PAGES: Readonly<Record<string, CommandPage>> = {
  run: {
    description: [
      "Sends the requests of the conformance cases to the target, judges every answer, and writes report.json, report.html, junit.xml, run_manifest.json and the transcript of all bytes.",
      "Without --target it judges the built-in reference node. Against a running node only cases that write nothing run, unless --allow-writes is given.",
    ],
    examples: [
      { line: "hearthproof run --parallel 4", does: "judge the built-in reference node" },
      { line: "hearthproof run --target http://127.0.0.1:7900", does: "judge a running node, reading only" },
      {
        line: "hearthproof run --target http://127.0.0.1:7900 --root-key root.key --allow-writes --disposable",
        does: "judge all of a node that may be thrown away afterwards",
      },
      {
        line: "hearthproof run --target embedded:manifest-ttl-300 --suite-filter 'core/identity/*'",
        does: "see how a failure looks",
      },
    ],
    see: ["doctor", "report", "implementers"],
  },
  doctor: {
    description: [
      "Checks whether the target is reached, its certificate and its clock, who the tester can be there, and says for every section what a run would judge and why it would leave out the rest.",
    ],
    examples: [
      { line: "hearthproof doctor --target http://127.0.0.1:7900", does: "examine a running node" },
      {
        line: "hearthproof doctor --target http://127.0.0.1:7900 --root-key root.key --allow-writes --json",
        does: "the same with the root key, for machines",
      },
    ],
    see: ["run", "identity", "operators"],
  },
  soak: {
    description: [
      "Sends steady traffic by a schedule that the answers cannot slow down, accounts for every event, watches memory, latency and errors, and ends with a verdict per series that states its own confidence.",
      "Without --target it starts the built-in reference node as a process of its own.",
    ],
    examples: [
      { line: "hearthproof soak --duration 60s", does: "try it on the built-in reference node" },
      {
        line: "hearthproof soak --target http://127.0.0.1:7900 --root-key root.key --allow-writes --duration 24h",
        does: "a day against a running node",
      },
      { line: "hearthproof soak --duration 60s --rate 50/s --seed 7", does: "the same traffic again" },
    ],
    see: ["doctor", "operators", "soaks"],
  },
  diff: {
    description: [
      "Sends the same seeded traffic to two nodes, compares the answers up to what may differ, and shrinks each difference to the shortest traffic that shows it. That traffic is written as a vector that run and diff can replay.",
    ],
    examples: [
      { line: "hearthproof diff --right embedded:manifest-ttl-300 --steps 60", does: "see how a difference looks" },
      {
        line: "hearthproof diff --right http://127.0.0.1:7900 --right-root-key root.key --allow-writes --steps 60",
        does: "compare a running node with the reference node",
      },
    ],
    see: ["run", "implementers"],
  },
  node: {
    description: [
      "Serves the reference node until its standard input ends or a signal comes. When it is ready it prints one line of JSON with its URL and the files of its keys.",
    ],
    examples: [
      { line: "hearthproof node --port 7900 --data node-data", does: "a node that keeps its log" },
      { line: "hearthproof node --port 0 --fault manifest-ttl-300", does: "one that misbehaves on purpose" },
    ],
    see: ["run"],
  },
  selftest: {
    description: [
      "Runs every case against the sound reference node, against each fault it must see and against the sound variants of the node. A case that cannot fail, or fails on a sound node, makes it exit with 1.",
    ],
    examples: [
      {
        line: "hearthproof selftest --suite-filter 'core/tokens/*' --parallel 4 --matrix",
        does: "one section, with the table of faults",
      },
    ],
    see: ["maintainers"],
  },
  requirements: {
    description: [
      "Prints each requirement of the catalogue with the case that judges it, or the reason why nothing does.",
    ],
    examples: [{ line: "hearthproof requirements --section core/identity", does: "the rules of one section" }],
    see: ["run", "maintainers"],
  },
  report: {
    description: [
      "Works on the output directory of a run: show prints the verdicts again, verify checks the signatures, recheck judges the recorded bytes again and compares.",
    ],
    examples: [
      { line: "hearthproof report show conformance-report", does: "print the verdicts" },
      { line: "hearthproof report recheck conformance-report", does: "judge the transcript again" },
      { line: "hearthproof report verify conformance-report", does: "check the signatures" },
    ],
    see: ["run", "maintainers"],
  },
  identity: {
    description: [
      "Prints the identities that a seed gives the tester. Enrolled in a community, they let it act as member, trusted and anchor without the root key.",
    ],
    examples: [{ line: "hearthproof identity --seed 7", does: "what to enrol for runs with --seed 7" }],
    see: ["doctor"],
  },
  completions: {
    description: ["Prints a script that completes commands, options and their values."],
    examples: [{ line: "hearthproof completions bash", does: "for bash" }],
    see: ["help"],
  },
  version: {
    description: ["Names the program, the suite, the contracts that it judges, and the commit it was built from."],
    examples: [{ line: "hearthproof version --json", does: "for machines" }],
    see: ["maintainers"],
  },
  help: {
    description: ["Prints the page of a command, a manual page, or the JSON Schema of the configuration file."],
    examples: [
      { line: "hearthproof help run", does: "the page of a command" },
      { line: "hearthproof help operators", does: "a manual page" },
      { line: "hearthproof help config-schema", does: "JSON Schema of the file of --config" },
    ],
    see: ["operators", "implementers", "maintainers"],
  },
};
