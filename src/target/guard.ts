/**
 * A promise to clean up that outlives the tester: a small shell that waits for the end of its input and then runs a
 * command. Its input ends when the tester says so, and also when the tester is killed, since the system closes pipes of
 * the dead. It needs a POSIX shell.
 */

import type { Clock } from "../protocol/mod.ts";
import { ProcessError, within } from "./running_child.ts";

/** Longest time the first command may take, in milliseconds: an engine may have to fetch an image. */
const FIRST_DEADLINE_MS = 900_000;
/** Longest time the last command may take, in milliseconds; removing a layer of a busy disk takes seconds. */
const LAST_DEADLINE_MS = 120_000;
/** How much of a command's output is read, in characters. */
const MAX_OUTPUT = 4096;
/** Line with which the shell tells the exit code of the first command. */
const TOLD = /(?:^|\n)guard: (\d+)\n/;

/** What the guard runs. Both are program and arguments; nothing in them is interpreted by the shell. */
export interface GuardedCommands {
  /** Run at once, by the guard itself, so that nothing can be left behind between making a thing and guarding it. */
  readonly first?: readonly string[];
  /** What the first command is for, as an error says it: `make the container`. */
  readonly purpose?: string;
  /** Run when the guard is released or the tester is gone. */
  readonly last: readonly string[];
}

/** Outcome of a command: what it wrote, both outputs together, and whether it succeeded. */
export interface Told {
  readonly code: number;
  readonly said: string;
}

/** See the module comment. */
export class Guard {
  #released: Promise<Told> | undefined;

  private constructor(
    private readonly child: Deno.ChildProcess,
    private readonly output: Output,
    private readonly clock: Clock,
  ) {}

  /**
   * Starts the guard and waits for the first command.
   *
   * @throws {ProcessError} If there is no shell, the first command fails or `signal` is aborted; then the last has been
   * run.
   */
  static async start(commands: GuardedCommands, clock: Clock, signal?: AbortSignal): Promise<Guard> {
    const { first = ["true"], last, purpose = `run ${first.join(" ")}` } = commands;
    // A tester that was killed reads no more: writing to it must not end the guard.
    const script = [
      "trap '' PIPE",
      `${quoted(first)} </dev/null 2>&1`,
      'echo "guard: $?"',
      "read -r _",
      `${quoted(last)} 2>&1`,
    ].join("; ");
    let child: Deno.ChildProcess;
    try {
      // In a group of its own: what ends the tester must not end the guard.
      child = new Deno.Command("sh", {
        args: ["-c", script],
        stdin: "piped",
        stdout: "piped",
        stderr: "null",
        detached: true,
      }).spawn();
    } catch (error) {
      throw new ProcessError(`Cannot start sh: ${error instanceof Error ? error.message : error}`);
    }
    const guard = new Guard(child, new Output(child.stdout), clock);
    const told = await guard.output.until(TOLD, FIRST_DEADLINE_MS, clock, signal);
    if (told?.[1] === "0") return guard;
    const said = guard.output.text.replace(TOLD, "").trim();
    await guard.release();
    const why = told !== undefined ? said : signal?.aborted === true ? "interrupted" : "it did not end in time";
    throw new ProcessError(`Cannot ${purpose}: ${why}`);
  }

  /** Runs the last command now and waits for it. */
  release(): Promise<Told> {
    return this.#released ??= this.#release();
  }

  async #release(): Promise<Told> {
    this.output.text = "";
    await this.child.stdin.close().catch(() => {});
    const status = await within(this.child.status, LAST_DEADLINE_MS, this.clock);
    if (status === undefined) this.child.kill("SIGKILL");
    const { code } = await this.child.status;
    await this.output.end();
    return { code, said: this.output.text.trim() };
  }
}

/** Output of a child up to a limit; what is beyond is read and forgotten. */
class Output {
  text = "";
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #reading: Promise<void>;
  #news = Promise.withResolvers<void>();

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
    this.#reading = this.#read();
  }

  /** Waits for a text; undefined if the output ends or the time passes before it, or the wait is aborted. */
  async until(
    pattern: RegExp,
    deadlineMs: number,
    clock: Clock,
    signal?: AbortSignal,
  ): Promise<RegExpExecArray | undefined> {
    const over = signal ?? new AbortController().signal;
    const gone = Promise.withResolvers<void>();
    over.addEventListener("abort", () => gone.resolve(), { once: true });
    const stopped = Promise.race([this.#reading, gone.promise]).then(() => "stopped" as const);
    const end = clock.mono() + deadlineMs;
    for (;;) {
      const found = pattern.exec(this.text);
      if (found !== null || over.aborted) return found ?? undefined;
      const news = this.#news.promise.then(() => "news" as const);
      const what = await within(Promise.race([news, stopped]), Math.max(0, end - clock.mono()), clock);
      if (what !== "news") return pattern.exec(this.text) ?? undefined;
    }
  }

  end(): Promise<void> {
    return this.#reading;
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) return;
      this.text = (this.text + decoder.decode(value, { stream: true })).slice(-MAX_OUTPUT);
      this.#news.resolve();
      this.#news = Promise.withResolvers();
    }
  }
}

/** A command line for a POSIX shell that means exactly these words. */
function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
}
