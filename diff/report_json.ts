/** diff-report.json: the result without the bytes, which stand in vectors and in the page. */

import type { Json, JsonObject } from "../src/protocol/mod.ts";
import type { DiffResult } from "./result.ts";

/** Why bytes that were sent differed between the sides. */
export const SENT_WHY = "learned values, community ids, signatures over them, and headers that name the address";

/** The report object (design.md "Report fields that others read"). */
export function diffReport(result: DiffResult): JsonObject {
  const plain: unknown = {
    schema: "hearthproof.diff/1",
    verdict: result.verdict,
    ...(result.reason === undefined ? {} : { reason: result.reason }),
    seed: result.seed,
    time_origin: result.timeOrigin,
    steps: result.steps,
    planned_steps: result.planned,
    left: result.left,
    right: result.right,
    calibration: {
      runs: result.runs,
      masked: result.masked.map(({ address, path, why, evidence, hidden }) => ({
        path: `${address} ${path}`,
        why,
        ...(evidence === undefined ? {} : { evidence }),
        hidden,
      })),
    },
    notes: result.notes,
    sent: {
      bytes: result.sent.bytes,
      differing_bytes: result.sent.differing,
      differing_requests: result.sent.requests,
      why: SENT_WHY,
    },
    renaming: { names: result.names, renamed: result.renamed },
    ...(result.stop === undefined ? {} : { stopped: result.stop }),
    ...(result.leftOut === undefined ? {} : { left_out: result.leftOut }),
    differences: result.differences.map(({ minimal, requirement, ...difference }) => ({
      ...difference,
      ...(requirement === undefined ? {} : { requirement }),
      minimal: minimal === undefined ? null : {
        steps: minimal.steps,
        file: minimal.file,
        confidence: minimal.confidence,
        attempts: minimal.attempts,
        complete: minimal.complete,
        curl: minimal.curl,
      },
    })),
  };
  return JSON.parse(JSON.stringify(plain)) as { [member: string]: Json };
}
