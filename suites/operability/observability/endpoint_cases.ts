/** GET /health, /ready and /metrics as endpoints, and the metrics that stand for the whole node. */

import { describe, holds, of, status } from "../../../src/check/mod.ts";
import { isObject, tryParseJson } from "../../../src/protocol/mod.ts";
import { type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { peerWith } from "../../core/bus/peering.ts";
import { growsBy, isExposition, metrics, reading, readUntil, samplesOf } from "./metrics.ts";

/** Time `/health` may take, also under load (OPS-029), and the requests that are the load. */
const HEALTH_MS = 2_000;
const LOAD = 24;
/** Time until `/ready` shows an admitted peer (OPS-031), and between two looks, in milliseconds. */
const READY_MS = 30_000;
const LOOK_EVERY_MS = 250;
/** A peer is forgotten after so long a silence (OPS-042), with room for the round that notices. */
const SILENT_MS = 95_000;
const NOTICED_MS = 45_000;
const NODES_ONLINE = "hearthnet_nodes_online";
const EMERGENCY = "hearthnet_emergency_mode";
/** The three modes (M09 §3.1). */
const STATES: readonly string[] = ["online", "degraded", "offline"];

export const endpointCases: readonly ConformanceCase[] = [
  defineCase({
    id: "operability/observability/health",
    requirement: "OPS-029",
    brokenBy: ["health-needs-signature"],
    effects: "none",
    timed: true,
    async run({ target, must }) {
      const health = async () => {
        const answer = await target.httpGet("/health");
        must(status(answer, 200));
        const ms = Math.round(answer.endedAt - answer.startedAt);
        must.hold(ms <= HEALTH_MS, `an answer within ${HEALTH_MS} ms`, `${ms} ms`, answer.exchange);
      };
      await health();
      const load = Array.from({ length: LOAD }, () => target.manifest());
      await health();
      await Promise.all(load);
    },
  }),
  defineCase({
    id: "operability/observability/not-ready-alone",
    requirement: "OPS-030",
    brokenBy: ["always-ready"],
    effects: "none",
    async run({ target, should, note }) {
      const answer = await target.httpGet("/ready");
      const body = tryParseJson(answer.body);
      if (answer.status === 200 && isObject(body) && body.ready === false) {
        return note("/ready says under status 200 that the node is not ready");
      }
      const positive = answer.status >= 200 && answer.status < 300;
      should(
        of(answer, holds(answer.status > 0 && !positive, "a status other than 2xx without peers", describe(answer))),
      );
    },
  }),
  defineCase({
    id: "operability/observability/ready-with-a-peer",
    requirement: "OPS-031",
    brokenBy: ["never-ready"],
    effects: "none",
    async run(context) {
      const { target, must, until } = context;
      await peerWith(context, "peer");
      let answer = await target.httpGet("/ready");
      await until(
        async () => {
          if (answer.status === 200) return true;
          answer = await target.httpGet("/ready");
          return undefined;
        },
        READY_MS,
        LOOK_EVERY_MS,
      );
      must(status(answer, 200));
    },
  }),
  defineCase({
    id: "operability/observability/metrics-format",
    requirement: "OPS-032",
    brokenBy: ["metrics-as-json", "metric-types-contradict"],
    effects: "none",
    async run(context) {
      const { target, must } = context;
      // A call first, so that there is more than gauges to read.
      await target.call(context.actors.stranger(), "protocol.version.list", {}, { version: "1.0" });
      const { problems, samples, answer } = await metrics(context);
      must(isExposition(answer));
      must.hold(problems.length === 0, "lines of the Prometheus exposition format", problems[0] ?? "", answer.exchange);
      must.hold(samples.length > 0, "at least one sample", "none", answer.exchange);
    },
  }),
  defineCase({
    id: "operability/observability/signature-failures",
    requirement: "OPS-039",
    brokenBy: ["signature-failures-uncounted"],
    effects: "none",
    async run(context) {
      const { target, must } = context;
      const name = "hearthnet_signature_failures_total";
      const calls = 3;
      await growsBy(context, name, reading(context, name), calls, async () => {
        for (let i = 0; i < calls; i++) {
          const options = { version: "1.0", signature: "broken" as const };
          await target.call(context.actors.stranger(), "market.list", {}, options);
        }
      });
      const { samples, answer } = await samplesOf(context, name);
      const labelled = samples.every(({ labels }) => labels.has("reason"));
      must.hold(labelled, `a reason label on every sample of ${name}`, "a sample without", answer.exchange);
    },
  }),
  defineCase({
    id: "operability/observability/emergency-mode",
    requirement: "OPS-041",
    brokenBy: ["emergency-mode-unlabelled"],
    effects: "none",
    async run(context) {
      const { must } = context;
      const { samples, answer } = await samplesOf(context, EMERGENCY);
      const states = samples.map(({ labels }) => labels.get("state") ?? "none");
      must.hold(
        [...states].sort().join() === [...STATES].sort().join(),
        `one sample of ${EMERGENCY} for each of ${STATES.join(", ")}`,
        states.join(", "),
        answer.exchange,
      );
      const values = samples.map(({ value }) => value);
      const sound = values.every((value) => value === 0 || value === 1) && values.filter((v) => v === 1).length === 1;
      must.hold(sound, "values 0 or 1, and exactly one 1", values.join(", "), answer.exchange);
    },
  }),
  defineCase({
    id: "operability/observability/nodes-online",
    requirement: "OPS-042",
    brokenBy: ["nodes-ever-seen-counted"],
    effects: "none",
    waitsMs: SILENT_MS,
    async run(context) {
      const { target, must, until } = context;
      const read = reading(context, NODES_ONLINE, { community: target.communityId });
      const before = (await read()).value;
      const peer = await peerWith(context, "peer");
      const admitted = await readUntil(context, read, (now) => now === before + 1, READY_MS);
      must(
        of(
          admitted.answer,
          holds(admitted.value === before + 1, `${NODES_ONLINE} ${before + 1} with a peer`, admitted.value),
        ),
      );
      await peer.stop();
      const silentFrom = target.mono();
      await until(
        () => Promise.resolve(target.mono() - silentFrom >= SILENT_MS ? true : undefined),
        SILENT_MS * 2,
        1000,
      );
      const { value, answer } = await readUntil(context, read, (now) => now === before, NOTICED_MS);
      must(of(answer, holds(value === before, `${NODES_ONLINE} ${before} after the peer fell silent`, value)));
    },
  }),
];
