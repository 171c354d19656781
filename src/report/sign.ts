/** Signatures of a report. M32 §5.3; wire-format-experimental.md section 4. */

import {
  type Identity,
  isObject,
  type Json,
  type JsonObject,
  signDocument,
  signText,
  utf8,
  verifyDocument,
  verifyText,
} from "../protocol/mod.ts";
import type { ConformanceReport, UnsignedReport } from "./build.ts";

/** Why a report has no signature of the target when its key is not at hand. */
export const NO_TARGET_KEY = "the tester does not hold the key of the target";

/** What signs a report. */
export interface Signers {
  readonly tester: Identity;
  /** Key of the target, where the tester has it. */
  readonly target?: Identity | undefined;
  /** Digest of the transcript, `blake3:…`. */
  readonly transcriptDigest: string;
}

/** Adds the tester's signature, and the target's own or the reason why there is none. */
export function signReport(report: UnsignedReport, signers: Signers): ConformanceReport {
  const { tester, target, transcriptDigest } = signers;
  const signed = {
    ...report,
    tester: {
      node_id: tester.id,
      transcript_digest: transcriptDigest,
      signature: signText(tester, utf8(transcriptDigest)),
    },
  };
  if (target === undefined) return { ...signed, signature_reason: NO_TARGET_KEY, signature: null };
  if (target.id !== report.node_id) {
    const whose = report.node_id === "" ? "the target did not tell its NodeID" : `the target is ${report.node_id}`;
    return { ...signed, signature_reason: `the key given is the one of ${target.id}, ${whose}`, signature: null };
  }
  return signDocument(target, signed);
}

/** Verdict on one signature. */
export interface SignatureCheck {
  readonly verdict: "valid" | "invalid" | "absent";
  readonly reason: string;
}

/** Verdict on both signatures of a report. */
export interface Verification {
  readonly target: SignatureCheck;
  readonly tester: SignatureCheck;
  /** The tester's signature holds and the target's is valid or rightly absent. */
  readonly ok: boolean;
}

/**
 * Verifies both signatures of a report read from disk. Never raises.
 *
 * @param report The parsed report; any JSON.
 * @param transcriptDigest Digest of the transcript that lies beside the report, computed anew.
 * @param nodeId NodeID of the target as the transcript shows it; empty if it does not show one.
 */
export function verifyReport(report: Json, transcriptDigest: string, nodeId: string): Verification {
  if (!isObject(report)) {
    const check: SignatureCheck = { verdict: "invalid", reason: "the report is no JSON object" };
    return { target: check, tester: check, ok: false };
  }
  const target = verifyTarget(report, nodeId);
  const tester = verifyTester(report, transcriptDigest);
  return { target, tester, ok: target.verdict !== "invalid" && tester.verdict === "valid" };
}

function verifyTarget(report: JsonObject, nodeId: string): SignatureCheck {
  const { signature, signature_reason: reason } = report;
  if (signature === undefined) return invalid("the report has no member signature");
  if (signature === null) {
    if (typeof reason !== "string" || reason === "") {
      return invalid("signature is null and no signature_reason says why");
    }
    return { verdict: "absent", reason };
  }
  if (nodeId === "") return invalid("there is a signature, but the transcript shows no NodeID to verify it with");
  if (report.node_id !== nodeId) {
    return invalid(`the report is about ${show(report.node_id)}, the transcript about ${nodeId}`);
  }
  if (!verifyDocument(nodeId, report)) {
    return invalid(`the signature does not cover this report under the key of ${nodeId}`);
  }
  return { verdict: "valid", reason: `signed by the target ${nodeId}` };
}

function verifyTester(report: JsonObject, transcriptDigest: string): SignatureCheck {
  const { tester } = report;
  if (!isObject(tester ?? null)) return { verdict: "absent", reason: "the report has no signature of a tester" };
  const { node_id: id, transcript_digest: digest, signature } = tester as JsonObject;
  if (typeof id !== "string" || typeof digest !== "string") {
    return invalid("tester lacks node_id or transcript_digest");
  }
  if (digest !== transcriptDigest) {
    return invalid(`the report is about transcript ${digest}, the transcript here has ${transcriptDigest}`);
  }
  if (!verifyText(id, utf8(digest), signature)) {
    return invalid(`the tester's signature does not cover ${digest} under the key of ${id}`);
  }
  return { verdict: "valid", reason: `transcript signed by the tester ${id}` };
}

function invalid(reason: string): SignatureCheck {
  return { verdict: "invalid", reason };
}

function show(value: Json | undefined): string {
  return typeof value === "string" ? value : "nobody";
}
