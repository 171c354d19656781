/** Where the journal writes: plain files, behind an interface so that a full disk can be had in a test. */

import { join } from "node:path";

/** A file that only grows. */
export interface AppendFile {
  /** Hands bytes to the system at once: they survive the death of this process. Throws if there is no room. */
  write(bytes: Uint8Array): void;
  /** Waits until they survive the loss of power. */
  sync(): Promise<void>;
  close(): void;
}

/** The folder of a journal. */
export interface JournalDisk {
  create(name: string): AppendFile;
  read(name: string): Promise<Uint8Array>;
  names(): Promise<readonly string[]>;
  remove(name: string): Promise<void>;
}

/** Files of a folder, which must exist. */
export function folderDisk(folder: string): JournalDisk {
  return {
    create(name) {
      const path = join(folder, name);
      const file = Deno.openSync(path, { write: true, create: true, truncate: true });
      // A file that is being synced takes no writes, so the second handle of the same file does it.
      const second = Deno.openSync(path, { read: true });
      let syncing = Promise.resolve();
      let closed = false;
      let named = false;
      const settle = async () => {
        if (closed) return;
        await second.syncData();
        // The name of a new file is lost with the power until its folder is synced.
        if (!named) await syncFolder(folder);
        named = true;
      };
      return {
        write(bytes) {
          for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
        },
        sync() {
          return syncing = syncing.catch(() => {}).then(settle);
        },
        close() {
          closed = true;
          file.close();
          syncing.catch(() => {}).finally(() => second.close());
        },
      };
    },
    read: (name) => Deno.readFile(join(folder, name)),
    async names() {
      const names: string[] = [];
      try {
        for await (const entry of Deno.readDir(folder)) if (entry.isFile) names.push(entry.name);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
      return names.sort();
    },
    remove: (name) => Deno.remove(join(folder, name)),
  };
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await Deno.open(folder);
  try {
    await handle.sync();
  } finally {
    handle.close();
  }
}
