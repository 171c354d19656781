/** The blob store of a node. */

import type { BlobStore, NodeCore } from "../core.ts";
import { DirectoryBacking, MemoryBacking } from "./backing.ts";
import { Store } from "./store.ts";

/** Opens the blob store of a node: under its data directory, or in memory. */
export function createBlobs(core: Pick<NodeCore, "options" | "rules" | "metrics">): BlobStore {
  const { diskBudgetBytes } = core.options;
  const dataDirectory = core.rules.blobsOnDisk ? core.options.dataDirectory : undefined;
  const backing = (kind: string) =>
    dataDirectory === undefined ? new MemoryBacking() : new DirectoryBacking(`${dataDirectory}/blobs/${kind}`);
  return new Store({
    chunks: backing("chunks"),
    manifests: backing("manifests"),
    budgetBytes: diskBudgetBytes,
    chunkSize: () => core.rules.fileChunkSize,
    manifestCid: (shape) => core.rules.fileManifestCid(shape),
    fullCode: () => core.rules.fileDiskFullCode,
    changed: (used) => core.metrics.gauge("hearthnet_blob_storage_bytes", {}, used),
  });
}
