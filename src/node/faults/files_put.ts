/** Faults of the reference node: uploads. */

import { cidOf } from "../../protocol/mod.ts";
import { faults } from "../fault.ts";
import { asksFor } from "./files_read.ts";

/** What cannot hold if no blob can be read under its manifest CID. */
const UNREADABLE = [
  "FIL-005",
  "FIL-006",
  "FIL-007",
  "FIL-008",
  "FIL-009",
  "FIL-010",
  "FIL-011",
  "FIL-012",
  "FIL-013",
  "FIL-014",
  "FIL-016",
  "FIL-017",
  "FIL-022",
  "FIL-026",
  "FIL-027",
  "FIL-045",
  "FIL-048",
  "TRN-046",
  "TRN-048",
  "TRN-050",
  "TRN-051",
  "TRN-058",
  "WSK-010",
  "WSK-027",
  "WSK-028",
  "WSK-021",
  "WSK-047",
  "WSK-029",
  "WSK-030",
  "WSK-031",
  "WSK-033",
  "WSK-034",
  "KBS-016",
  "KBS-017",
  "KBS-035",
  "KBS-037",
  "KBS-038",
  "KBS-039",
  "KBS-022",
  "KBS-030",
  "KBS-031",
  "KBS-032",
  "KBS-034",
  "KBS-050",
  "KBS-049",
  "KBS-036",
  "KBS-023",
  "KBS-024",
  "KBS-025",
  "KBS-026",
  "KBS-033",
  "KBS-042",
  "KBS-043",
] as const;

export const filesPutFaults = faults({
  "blob-filed-under-its-own-hash": {
    breaks: [...UNREADABLE, "FIL-001", "FIL-002", "FIL-003", "FIL-004", "FIL-051"],
    rules: { fileFiledUnder: (_, read) => cidOf(read()) },
  },
  "file-name-changes-the-blob": {
    breaks: ["FIL-017"],
    rules: { fileNeeded: (missing, all, manifest) => manifest.filename === undefined ? missing : all },
  },
  "file-put-open-to-members": {
    breaks: ["FIL-034", "LLM-060"],
    rules: { filesDescriptor: asksFor("file.put", "member") },
  },
  "ready-counts-chunks": {
    breaks: ["FIL-035", "FIL-036", "FIL-038", "FIL-017"],
    frame: (frame) =>
      frame.event === "ready" && Array.isArray(frame.data.needed)
        ? [{ ...frame, data: { needed: frame.data.needed.length } }]
        : [frame],
  },
  "ready-lists-cids": {
    breaks: ["FIL-035", "FIL-036"],
    frame: (frame) =>
      frame.event === "ready" && Array.isArray(frame.data.needed)
        ? [{ ...frame, data: { needed: frame.data.needed.map((i) => cidOf(Uint8Array.of(Number(i)))) } }]
        : [frame],
  },
  "ready-lists-all": {
    breaks: ["FIL-017", "FIL-036", "FIL-038"],
    rules: { fileNeeded: (_, all) => all },
  },
  "received-counts-held": {
    breaks: ["FIL-037", "FIL-038", "FIL-048"],
    rules: { fileReceived: (sent, held) => sent + held },
  },
  "put-again-waits": {
    breaks: ["FIL-017", "FIL-038"],
    rules: { fileNothingNeeded: "wait" },
  },
  "chunk-hash-not-checked": {
    breaks: ["FIL-039", "FIL-040"],
    rules: { fileVerifiesChunk: false },
  },
  "corrupt-chunk-kept": {
    breaks: ["FIL-040"],
    rules: { fileKeepsRefused: true },
  },
  "chunk-index-not-checked": {
    breaks: ["FIL-041"],
    rules: { fileChecksIndex: false },
  },
  "chunk-cid-not-compared": {
    breaks: ["FIL-041"],
    rules: { fileChecksDeclaredCid: false },
  },
  "manifest-cid-not-checked": {
    breaks: ["FIL-042"],
    rules: { fileVerifiesManifestCid: false },
  },
  "chunk-length-not-checked": {
    breaks: ["FIL-043"],
    rules: { fileChecksLength: false },
  },
  "full-store-found-late": {
    breaks: ["FIL-044"],
    rules: { fileChecksRoom: false, fileDiskFullCode: "internal_error" },
  },
  "manifest-not-kept": {
    breaks: [...UNREADABLE],
    rules: { fileKeepsManifest: false },
  },
  "partial-blob-served": {
    breaks: ["FIL-046"],
    rules: { fileServesPartial: "done" },
  },
  "put-without-manifest-succeeds": {
    breaks: ["FIL-047"],
    rules: { fileChecksManifest: false },
  },
  "resume-from-zero": {
    breaks: ["FIL-048"],
    rules: { fileResumeMissing: (_, all) => all },
  },
  "resume-of-nothing-succeeds": {
    breaks: ["FIL-049"],
    rules: { fileResumeUnknown: "done" },
  },
  "file-put-resume-open-to-members": {
    breaks: ["FIL-050"],
    rules: { filesDescriptor: asksFor("file.put.resume", "member") },
  },
});
