/** Fingerprints of peers' certificates, pinned at first contact and kept over restarts. X01 §4.2. */

import { isObject, tryParseJson, utf8 } from "../../protocol/mod.ts";

/** File inside a data directory: NodeID to SHA-256 fingerprint. */
const PINS_FILE = "peer-pins.json";

/** See the module comment. Without a directory the pins live as long as the node. */
export class Pins {
  readonly #pins: Map<string, string>;

  constructor(private readonly directory: string | undefined) {
    this.#pins = new Map(directory === undefined ? [] : stored(`${directory}/${PINS_FILE}`));
  }

  get(nodeId: string): string | undefined {
    return this.#pins.get(nodeId);
  }

  has(nodeId: string): boolean {
    return this.#pins.has(nodeId);
  }

  /** Pins a fingerprint; on disk before it counts, whole or not at all. */
  set(nodeId: string, fingerprint: string): void {
    if (this.#pins.get(nodeId) === fingerprint) return;
    this.#pins.set(nodeId, fingerprint);
    if (this.directory === undefined) return;
    const path = `${this.directory}/${PINS_FILE}`;
    Deno.writeFileSync(`${path}.partial`, utf8(JSON.stringify(Object.fromEntries(this.#pins))));
    Deno.renameSync(`${path}.partial`, path);
  }
}

function stored(path: string): [nodeId: string, fingerprint: string][] {
  try {
    const value = tryParseJson(Deno.readFileSync(path));
    return isObject(value)
      ? Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string")
      : [];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
