/** A child process of the tester with the end of its output kept, and how it came to its end. */

import type { Clock } from "../protocol/mod.ts";
import { foreignEnvironment } from "./foreign_environment.ts";

/** How much of the last output is kept, in characters. */
const KEPT_OUTPUT = 262_144;
/** How much of it an error quotes, in characters. */
const QUOTED_OUTPUT = 300;
/** Time the output of an ended child may take to arrive, in milliseconds: what it left behind may hold it open. */
const LAST_OUTPUT_MS = 500;

/** The target did not come up, or could not be handled; nothing is claimed about it. */
export class ProcessError extends Error {
  override readonly name = "ProcessError";
}

/** How a process ended: by itself with a code, or by a signal. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** Resolves with the value, or with undefined after `deadlineMs`. */
export async function within<T>(value: Promise<T>, deadlineMs: number, clock: Clock): Promise<T | undefined> {
  const over = new AbortController();
  const late = clock.sleep(deadlineMs, over.signal).then(() => undefined, () => undefined);
  try {
    return await Promise.race([value, late]);
  } finally {
    over.abort();
  }
}

/** See the module comment. */
export class RunningChild {
  readonly pid: number;
  readonly exit: Promise<Exit>;
  readonly #child: Deno.ChildProcess;
  readonly #readers: readonly ReadableStreamDefaultReader<Uint8Array>[];
  #output = "";
  #stdout = "";
  #exit: Exit | undefined;

  /** @throws {ProcessError} If the program cannot be started. */
  constructor(program: string, args: readonly string[], private readonly clock: Clock) {
    try {
      this.#child = new Deno.Command(program, {
        args: [...args],
        env: foreignEnvironment(),
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
        // Ctrl-C in a terminal reaches the whole group of the tester; a target ends when the tester says so.
        detached: Deno.build.os !== "windows",
      }).spawn();
    } catch (error) {
      throw new ProcessError(`Cannot start ${program}: ${error instanceof Error ? error.message : error}`);
    }
    this.pid = this.#child.pid;
    const [stdout, stderr] = [this.#child.stdout.getReader(), this.#child.stderr.getReader()];
    this.#readers = [stdout, stderr];
    const both = (text: string) => this.#output = (this.#output + text).slice(-KEPT_OUTPUT);
    const reading = [
      readText(stdout, (text) => {
        this.#stdout = (this.#stdout + text).slice(-KEPT_OUTPUT);
        both(text);
      }),
      readText(stderr, both),
    ];
    this.exit = this.#end(Promise.all(reading));
  }

  /** How it ended; undefined while it runs. */
  get ended(): Exit | undefined {
    return this.#exit;
  }

  /** The end of its standard output. */
  get stdout(): string {
    return this.#stdout;
  }

  /** The end of both outputs as they came, short enough for an error. */
  get lastWords(): string {
    return this.#output.slice(-QUOTED_OUTPUT).trim();
  }

  signal(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch {
      // It had ended already.
    }
  }

  /** Waits for the end; undefined if it still runs after `deadlineMs`. */
  wait(deadlineMs: number): Promise<Exit | undefined> {
    return within(this.exit, deadlineMs, this.clock);
  }

  /** Lets go of an ended child: until then what it left behind still holds its input and outputs. */
  async release(): Promise<void> {
    await this.exit;
    await Promise.all(this.#readers.map((reader) => reader.cancel().catch(() => {})));
    await this.#child.stdin.close().catch(() => {});
  }

  async #end(reading: Promise<unknown>): Promise<Exit> {
    const { code, signal } = await this.#child.status;
    await within(reading, LAST_OUTPUT_MS, this.clock);
    this.#exit = signal === null ? { code, signal } : { code: null, signal };
    return this.#exit;
  }
}

async function readText(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  take: (text: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    take(decoder.decode(value, { stream: true }));
  }
}
