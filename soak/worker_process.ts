/** One worker as its coordinator sees it: this program started again, with its messages. */

import { selfCommand } from "../src/cli/self_command.ts";
import { type FromWorker, type Job, messagesOf, type ToWorker } from "./worker_messages.ts";

/** How much of the last complaint of a worker is kept. */
const KEPT_COMPLAINT = 2000;

/** See the module comment. A worker ends when its standard input does, also when the coordinator is killed. */
export class WorkerProcess {
  /** What it wrote on standard error last. */
  complaint = "";
  readonly #process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #encoder = new TextEncoder();

  constructor(programUrl: string, readonly index: number) {
    const { program, args } = selfCommand(programUrl, ["soak", "worker"]);
    this.#process = new Deno.Command(program, {
      args: [...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      // Ctrl-C in a terminal reaches the whole group; a worker ends when we say so.
      detached: true,
    }).spawn();
    this.#writer = this.#process.stdin.getWriter();
  }

  get pid(): number {
    return this.#process.pid;
  }

  send(message: Job | ToWorker): void {
    // A worker that is gone shows in the end of its messages.
    this.#writer.write(this.#encoder.encode(JSON.stringify(message) + "\n")).catch(() => {});
  }

  /** Hands over its messages until it has ended; returns its exit code. */
  async follow(take: (message: FromWorker) => void): Promise<number> {
    const listen = async () => {
      for await (const message of messagesOf<FromWorker>(this.#process.stdout)) take(message);
    };
    await Promise.all([listen(), this.#complaints()]);
    const { code } = await this.#process.status;
    await this.#writer.close().catch(() => {});
    return code;
  }

  /** Ends it at once; its journal stays. */
  kill(): void {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
  }

  async #complaints(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#process.stderr) {
      this.complaint = (this.complaint + decoder.decode(chunk, { stream: true })).slice(-KEPT_COMPLAINT);
    }
  }
}
