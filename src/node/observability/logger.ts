/** The node's log: one JSON object per line, `{ts, level, logger, msg, …}` (X03 §3.3; wire-format.md section 18). */

import type { Clock, JsonObject } from "../../protocol/mod.ts";
import type { NodeLogger } from "../core.ts";
import type { OperabilityRules } from "../rules/operability.ts";

/** Files of the log inside a data directory: the current one, and the one before it. */
export const LOG_PATHS = ["logs/node.log", "logs/node.1.log"] as const;
const FOLDER = "logs";
/** Size at which the current file becomes the one before, in bytes; a choice that bounds the log of a long run. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;

/** Keeps nothing: for nodes without a data directory. */
export const SILENT: NodeLogger = { log: () => {}, close: () => {} };

/** Writes to a data directory. A line that cannot be written is lost; the node goes on. */
export class FileLogger implements NodeLogger {
  readonly #encoder = new TextEncoder();
  #file: Deno.FsFile | undefined;
  #bytes = 0;

  constructor(
    private readonly directory: string,
    private readonly clock: Pick<Clock, "wall">,
    private readonly rules: Pick<OperabilityRules, "logLine">,
    private readonly maxFileBytes: number = MAX_FILE_BYTES,
  ) {
    Deno.mkdirSync(`${directory}/${FOLDER}`, { recursive: true });
    this.#open();
  }

  log(level: "info" | "warning" | "error", logger: string, msg: string, more: JsonObject = {}): void {
    const file = this.#file;
    if (file === undefined) return;
    const ts = new Date(this.clock.wall()).toISOString();
    const line = this.#encoder.encode(`${this.rules.logLine({ ts, level, logger, msg, ...more })}\n`);
    try {
      for (let rest = line; rest.length > 0;) rest = rest.subarray(file.writeSync(rest));
    } catch {
      // A full disk must not take the node down.
    }
    this.#bytes += line.length;
    if (this.#bytes >= this.maxFileBytes) this.#rotate();
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #open(): void {
    const file = Deno.openSync(`${this.directory}/${LOG_PATHS[0]}`, { append: true, create: true });
    this.#file = file;
    this.#bytes = file.statSync().size;
  }

  #rotate(): void {
    this.close();
    Deno.renameSync(`${this.directory}/${LOG_PATHS[0]}`, `${this.directory}/${LOG_PATHS[1]}`);
    this.#open();
  }
}
