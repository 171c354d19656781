/** Faults of the reference node: what its metrics tell. */

import type { NodeCore } from "../core.ts";
import { faults, type OutboundAnswer, type Overrides } from "../fault.ts";
import { metric } from "./metric_lines.ts";

const MS_PER_SECOND = 1000;
/** Characters in a token, about. */
const CHARACTERS = 4;
const COUNT = "hearthnet_requests_total";
const DURATION = "hearthnet_request_duration_ms";
const ALL_METRICS = ["OPS-033", "OPS-034", "OPS-035", "OPS-036", "OPS-037", "OPS-038", "OPS-039", "OPS-040"] as const;

/** Labels without the one of a name. */
function without(labels: string, name: string): string {
  return labels.split(",").filter((label) => !label.startsWith(`${name}=`)).join(",");
}

/** One sample without labels for a family that has one for each label set. */
function unlabelled(family: string): NonNullable<Overrides["outbound"]> {
  return metric(family, (sample, all) => {
    const same = all.filter(({ name }) => name === sample.name);
    if (same[0]?.labels !== sample.labels) return undefined;
    return { name: sample.name, labels: "", value: same.reduce((sum, { value }) => sum + value, 0) };
  });
}

/** Requests for sync that each node got, by the host they were addressed to. */
function countsPushes(): NonNullable<Overrides["outbound"]> {
  const pushes = new Map<string, number>();
  const hostOf = ({ request }: OutboundAnswer) => request.headers.get("host") ?? "";
  const counted = metric("hearthnet_event_log_size", (sample, _all, answer) => ({
    ...sample,
    value: pushes.get(hostOf(answer)) ?? 0,
  }));
  return (answer) => {
    if (answer.route === "/sync/v1/events") pushes.set(hostOf(answer), (pushes.get(hostOf(answer)) ?? 0) + 1);
    return counted(answer);
  };
}

function everSeen(): (core: NodeCore) => number {
  const most = new WeakMap<NodeCore, number>();
  return (core) => {
    const count = Math.max(most.get(core) ?? 0, core.peers.count());
    most.set(core, count);
    return count;
  };
}

export const operabilityMetricFaults = faults({
  "metrics-as-json": {
    breaks: ["OPS-032", ...ALL_METRICS, "OPS-041", "OPS-042", "OPS-043", "OPS-044"],
    outbound: (answer) =>
      answer.route !== "/metrics" ? answer : {
        ...answer,
        headers: [["Content-Type", "application/json"]],
        body: { metrics: String(answer.body) },
      },
  },
  "metric-types-contradict": {
    breaks: ["OPS-032"],
    outbound: (answer) =>
      answer.route === "/metrics" && typeof answer.body === "string"
        ? { ...answer, body: answer.body.replace(`# TYPE ${DURATION} histogram`, `# TYPE ${DURATION} counter`) }
        : answer,
  },
  "requests-counted-without-labels": {
    breaks: ["OPS-033", "OPS-034"],
    outbound: unlabelled(COUNT),
  },
  "every-call-counted-ok": {
    breaks: ["OPS-034"],
    outbound: metric(COUNT, (sample, all) => {
      const kept = without(sample.labels, "result");
      const same = all.filter(({ name, labels }) => name === COUNT && without(labels, "result") === kept);
      if (same[0]?.labels !== sample.labels) return undefined;
      return { name: COUNT, labels: `${kept},result="ok"`, value: same.reduce((sum, { value }) => sum + value, 0) };
    }),
  },
  "durations-in-seconds": {
    breaks: ["OPS-035"],
    outbound: metric(`${DURATION}_sum`, (sample) => ({ ...sample, value: sample.value / MS_PER_SECOND })),
  },
  "durations-without-labels": {
    breaks: ["OPS-035"],
    outbound: unlabelled(DURATION),
  },
  "streams-only-counted-up": {
    breaks: ["OPS-036", "TRN-057"],
    rules: { streamsAfterEnd: (open) => open },
  },
  "head-gauge-counts-events": {
    breaks: ["OPS-037"],
    outbound: metric("hearthnet_event_log_lamport_head", (sample, all) => ({
      ...sample,
      value: all.find(({ name }) => name === "hearthnet_event_log_size")?.value ?? 0,
    })),
  },
  "log-size-counts-pushes": {
    breaks: ["OPS-038"],
    outbound: countsPushes(),
  },
  "signature-failures-uncounted": {
    breaks: ["OPS-039", "IDN-065"],
    outbound: metric("hearthnet_signature_failures_total", () => undefined),
  },
  "only-hard-drops-counted": {
    breaks: ["OPS-040"],
    outbound: metric(
      "hearthnet_rate_limited_total",
      (sample) => sample.labels.includes("hard") ? sample : undefined,
    ),
  },
  "emergency-mode-unlabelled": {
    breaks: ["OPS-041", "OPS-048", "OPS-049", "OPS-050"],
    outbound: metric("hearthnet_emergency_mode", (sample, all) => {
      const states = all.filter(({ name }) => name === sample.name);
      if (states[0]?.labels !== sample.labels) return undefined;
      return { ...sample, labels: "", value: states.findIndex(({ value }) => value === 1) };
    }),
  },
  "nodes-ever-seen-counted": {
    breaks: ["OPS-042"],
    rules: { nodesOnline: everSeen() },
  },
  "blob-bytes-always-0": {
    breaks: ["OPS-043"],
    outbound: metric("hearthnet_blob_storage_bytes", (sample) => ({ ...sample, value: 0 })),
  },
  "characters-counted-as-tokens": {
    breaks: ["OPS-044"],
    outbound: metric("hearthnet_llm_tokens_generated_total", (sample) => ({
      ...sample,
      value: sample.value * CHARACTERS,
    })),
  },
});
