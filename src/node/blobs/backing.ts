/** Where bytes of blobs are kept: in memory, or in a directory. Both write an entry whole or not at all. */

/** A flat map of names to bytes. */
export interface Backing {
  get(name: string): Uint8Array | undefined;
  set(name: string, bytes: Uint8Array): void;
  delete(name: string): void;
  /** Names held with their sizes in bytes. */
  entries(): readonly (readonly [name: string, size: number])[];
}

/** Keeps bytes until the process ends. */
export class MemoryBacking implements Backing {
  readonly #held = new Map<string, Uint8Array>();

  get(name: string): Uint8Array | undefined {
    return this.#held.get(name);
  }

  set(name: string, bytes: Uint8Array): void {
    this.#held.set(name, bytes.slice());
  }

  delete(name: string): void {
    this.#held.delete(name);
  }

  entries(): readonly (readonly [string, number])[] {
    return [...this.#held].map(([name, bytes]) => [name, bytes.length] as const);
  }
}

/** Ends the name of a file that is being written; left behind only by a crash, and removed at the next start. */
const PARTIAL = ".partial";

/** Keeps each entry as one file; a crash leaves the old state or the new one. */
export class DirectoryBacking implements Backing {
  constructor(private readonly directory: string) {
    Deno.mkdirSync(directory, { recursive: true });
    for (const { name } of Deno.readDirSync(directory)) {
      if (name.endsWith(PARTIAL)) Deno.removeSync(`${directory}/${name}`);
    }
  }

  get(name: string): Uint8Array | undefined {
    try {
      return Deno.readFileSync(this.#path(name));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  set(name: string, bytes: Uint8Array): void {
    const path = this.#path(name);
    const file = Deno.openSync(path + PARTIAL, { write: true, create: true, truncate: true });
    try {
      for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
      file.syncDataSync();
    } finally {
      file.close();
    }
    Deno.renameSync(path + PARTIAL, path);
  }

  delete(name: string): void {
    try {
      Deno.removeSync(this.#path(name));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  entries(): readonly (readonly [string, number])[] {
    return [...Deno.readDirSync(this.directory)].map(({ name }) =>
      [name, Deno.statSync(this.#path(name)).size] as const
    );
  }

  #path(name: string): string {
    return `${this.directory}/${name}`;
  }
}
