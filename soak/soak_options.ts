/** Options of `hearthproof soak` that drive a run; the judging of single series has its own in commands.ts. */

import { ACCESS_OPTIONS, DIALECT_OPTIONS, SEED_OPTIONS, TARGET_OPTIONS } from "../src/cli/commands.ts";
import type { OptionSpec } from "../src/cli/options.ts";
import { AUDITOR_ROLE } from "./audit_role.ts";

export const DEFAULT_SOAK_DIR = "./soak-report";
export const DEFAULT_RATE = "20/s";
/** 10 minutes: long enough to see a leak of a few megabytes per minute, short enough to be tried. */
export const DEFAULT_DURATION_MS = 600_000;
const MAX_CONCURRENCY = 1000;
const MAX_WORKERS = 256;
const MAX_PID = 4_194_304;

export const SOAK_RUN_OPTIONS: readonly OptionSpec[] = [
  ...TARGET_OPTIONS,
  { name: "duration", kind: "duration", value: "TIME", standard: "10m", help: "how long: 90s, 15m, 24h, 1h30m" },
  {
    name: "rate",
    kind: "text",
    value: "RATE",
    standard: DEFAULT_RATE,
    help: "calls per second, as 20/s, 600/m, poisson:20/s or 5..50/s for a ramp over the run",
  },
  {
    name: "concurrency",
    kind: "count",
    value: "N",
    min: 1,
    max: MAX_CONCURRENCY,
    help: "keep this many calls under way instead of a rate: finds the limit, hides stalls",
  },
  {
    name: "workload",
    kind: "list",
    value: "FILE",
    help: "calls, rate and thresholds from a YAML file, or calls as NAME=WEIGHT,…, instead of the default mix",
  },
  { name: "exceed-rate-limits", kind: "flag", help: "let few identities make all calls, above the documented limits" },
  {
    name: "restart-at",
    kind: "list",
    value: "TIME",
    help: "stop the embedded node with SIGTERM at these times of the run and start it again",
  },
  { name: "kill-at", kind: "list", value: "TIME", help: "the same with SIGKILL" },
  {
    name: "threshold",
    kind: "list",
    value: "EXPRESSION",
    help: "limit over a sliding window, as 'latency.p99 < 250ms over 5m'; several allowed",
  },
  { name: "fail-fast", kind: "flag", help: "end the run at the first broken threshold or violation" },
  { name: "chaos", kind: "path", value: "FILE", help: "faults on purpose, YAML: restarts, pauses, network, clock" },
  {
    name: "workers",
    kind: "count",
    value: "N",
    standard: "1",
    min: 1,
    max: MAX_WORKERS,
    help: "share the load among N processes of this machine, for when one core is not enough",
  },
  {
    name: "shard",
    kind: "text",
    value: "I/N",
    help: "be the I-th of N processes that make one run; all need the same --seed and --time-origin",
  },
  { name: "resume", kind: "path", value: "DIR", help: "go on with the run of this output directory that was cut off" },
  { name: "cgroup", kind: "path", value: "DIR", help: "control group of a target on this machine, for its memory" },
  { name: "target-data", kind: "path", value: "DIR", help: "data directory of a target on this machine, for its size" },
  {
    name: "auditor-key",
    kind: "path",
    value: "FILE",
    secret: true,
    help: "raw 32-byte seed of an auditor, to judge the audit chain",
  },
  { name: "auditor-cert", kind: "text", value: "CID", help: "role certificate of that auditor" },
  { name: "auditor-role", kind: "text", value: "ROLE", standard: AUDITOR_ROLE, help: "role in that certificate" },
  { name: "pid", kind: "count", value: "N", min: 1, max: MAX_PID, help: "process of a target on this machine" },
  {
    name: "dashboard",
    kind: "text",
    value: "ADDRESS",
    help: "serve a page with series and verdicts so far, and /metrics for Prometheus, as 127.0.0.1:7980",
  },
  {
    name: "dashboard-token",
    kind: "text",
    value: "TOKEN",
    secret: true,
    help: "what the dashboard asks for; addresses other machines can reach need it",
  },
  { name: "output-dir", kind: "path", value: "DIR", standard: DEFAULT_SOAK_DIR, help: "where the report goes" },
  ...SEED_OPTIONS,
  ...ACCESS_OPTIONS,
  { name: "allow-writes", kind: "flag", help: "write to a running node; a community log is for ever" },
  ...DIALECT_OPTIONS,
];
