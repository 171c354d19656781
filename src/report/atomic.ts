/** Files that are written whole or not at all, so that nobody reads half a report. */

import { dirname, join } from "node:path";

/** A result could not be written; the message says which file and why. */
export class OutputError extends Error {
  override readonly name = "OutputError";
}

let written = 0;

/**
 * Writes a file through a temporary one beside it: content, fsync, rename.
 *
 * @throws {OutputError} If the folder cannot be written; nothing is left behind then.
 */
export async function writeAtomic(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${Deno.pid}-${written++}.tmp`;
  try {
    const file = await Deno.open(temporary, { write: true, createNew: true });
    try {
      await writeAll(file, typeof content === "string" ? new TextEncoder().encode(content) : content);
      await file.sync();
    } finally {
      file.close();
    }
    await Deno.rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw new OutputError(`Cannot write ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

/**
 * Makes a folder and proves that it can be written, before hours of work depend on it.
 *
 * @throws {OutputError} If it cannot.
 */
export async function prepareFolder(path: string): Promise<void> {
  const probe = join(path, `.hearthproof-${Deno.pid}-${written++}.tmp`);
  try {
    await Deno.mkdir(path, { recursive: true });
    await Deno.writeFile(probe, new Uint8Array(), { createNew: true });
    await Deno.remove(probe);
  } catch (error) {
    throw new OutputError(`Cannot use the output directory ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

/** Makes the rename itself durable; file systems without synced folders are no reason to fail. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await Deno.open(path);
    try {
      await folder.sync();
    } finally {
      folder.close();
    }
  } catch {
    return;
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (error instanceof Deno.errors.NotFound) return "the folder does not exist";
  if (error instanceof Deno.errors.AlreadyExists) return "a file with this name is in the way";
  if (error instanceof Deno.errors.NotADirectory) return "a part of the path is no directory";
  return error instanceof Error ? error.message : String(error);
}
