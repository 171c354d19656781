/** Sound variants of the reference node: files. */

import { isCid, manifestCid } from "../../protocol/mod.ts";
import { type OutboundFrame, variants } from "../fault.ts";

const CARRIER_REFUSAL = { error: "not_implemented", message: "chunks cannot be sent this way" };

/** Ends uploads that come over one of the channels in place of `ready`. */
const noUploadsOver = (channel: OutboundFrame["channel"]) => (frame: OutboundFrame): OutboundFrame[] =>
  frame.channel === channel && frame.event === "ready" && frame.capability.startsWith("file.put")
    ? [{ ...frame, event: "error", data: CARRIER_REFUSAL }]
    : [frame];

export const filesVariants = variants({
  "files-other-words": {
    reading:
      "core-files conflicts: schema_mismatch for bad shapes, not_found for malformed CIDs, no event about blobs " +
      "held, a repeated advertisement records nothing new, manifest CIDs over plain strings, progress before frames",
    rules: {
      fileMissingCidCode: "schema_mismatch",
      fileMalformedCid: (cid) => isCid(cid) ? undefined : "not_found",
      fileLogsAdvertisement: () => false,
      fileRecorded: (_, fresh) => fresh,
      fileManifestCid: (shape) => manifestCid(shape, "plain"),
    },
    frame: (frame) =>
      frame.capability === "file.read" && frame.event === "manifest"
        ? [{ ...frame, event: "progress", data: { current: 0, total: 1, stage: "reading" } }, frame]
        : [frame],
  },
  "files-late-errors": {
    reading:
      "FIL-018, FIL-046: errors may come as frames of an accepted stream; FIL-031: size_bytes for sizes_bytes; " +
      "manifest CIDs over {cid, size_bytes}",
    rules: {
      fileServesPartial: "error",
      fileAdvertisedData: (cid, size_bytes) => ({ cid, size_bytes }),
      fileManifestCid: (shape) => manifestCid(shape, "cid+size"),
    },
    outbound: (answer) =>
      answer.capability === "file.read" && answer.status === 404
        ? {
          ...answer,
          status: 200,
          headers: [
            ...answer.headers.filter(([name]) => !name.toLowerCase().startsWith("content-")),
            ["Content-Type", "text/event-stream"],
          ],
          body: `event: error\ndata: ${JSON.stringify(answer.body)}\n\n`,
        }
        : answer,
  },
  "files-post-only": {
    reading: "core-files conflict on chunk frames: uploads work by repeated POST, not over WebSocket",
    frame: noUploadsOver("websocket"),
  },
  "files-websocket-only": {
    reading: "core-files conflict on chunk frames: uploads work over WebSocket, not by POST",
    frame: noUploadsOver("sse"),
  },
});
