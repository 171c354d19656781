/** Reading log files of a target; their contents are the target's and so are limited. */

import { fromUtf8Lossy } from "../protocol/mod.ts";

/** How much of the end of a file is read, in bytes. */
const MAX_LOG_BYTES = 4 * 1024 * 1024;

/** Path of the file that was changed last; undefined if none of them is there. */
async function newest(paths: readonly string[]): Promise<string | undefined> {
  let found: { readonly path: string; readonly at: number } | undefined;
  for (const path of paths) {
    try {
      const { isFile, mtime } = await Deno.stat(path);
      const at = mtime?.getTime() ?? 0;
      if (isFile && (found === undefined || at > found.at)) found = { path, at };
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return found?.path;
}

/** Text of the newest of the files, from a line's beginning and at most its last megabytes; empty if none is there. */
export async function newestLog(paths: readonly string[]): Promise<string> {
  const path = await newest(paths);
  if (path === undefined) return "";
  using file = await Deno.open(path);
  const { size } = await file.stat();
  const from = Math.max(0, size - MAX_LOG_BYTES);
  await file.seek(from, Deno.SeekMode.Start);
  const bytes = new Uint8Array(Math.min(size, MAX_LOG_BYTES));
  let read = 0;
  while (read < bytes.length) {
    const count = await file.read(bytes.subarray(read));
    if (count === null) break;
    read += count;
  }
  const text = fromUtf8Lossy(bytes.subarray(0, read));
  return from === 0 ? text : text.slice(text.indexOf("\n") + 1);
}
