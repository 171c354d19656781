/** `hearthproof soak worker`: what `--workers` starts. The job comes on standard input, and the run ends with it. */

import { type Options, UsageError } from "../src/cli/parse.ts";
import type { Printer } from "../src/cli/printer.ts";
import { runSoakCommand, type SoakContext } from "./soak_command.ts";
import { type FromWorker, type Job, messagesOf, type ToWorker } from "./worker_messages.ts";
import { WorkerSeat } from "./worker_seat.ts";

/** Lines go to the coordinator as they are; it knows how wide the terminal is. */
const WIDTH = 100_000;

/** The coordinator is gone; its journal says how far the run came. */
class CoordinatorGone extends Error {
  override readonly name = "ProcessError";
}

/** Runs one worker; returns the exit code of its own part. */
export async function workerCommand(
  options: Options,
  context: SoakContext,
  input: ReadableStream<Uint8Array> = Deno.stdin.readable,
): Promise<number> {
  const messages = messagesOf<Job | ToWorker>(input);
  const first = (await messages.next()).value;
  if (first === undefined || !("options" in first)) {
    throw new UsageError("soak worker: standard input holds no job; hearthproof soak --workers N starts workers");
  }
  const send = (message: FromWorker) => context.printer.out(JSON.stringify(message));
  const seat = new WorkerSeat(first.target, send);
  const listening = async (): Promise<never> => {
    for await (const message of messages) seat.take(message as ToWorker);
    throw new CoordinatorGone("Cannot go on: the process that started this worker is gone");
  };
  const running = async (): Promise<number> => {
    let early: string | null = null;
    const code = await runSoakCommand(options.over(first.options), {
      ...context,
      printer: linesTo(send),
      signal: AbortSignal.any([context.signal, seat.signal]),
      seat,
      ended: (report) => early = report.ended_early,
    });
    send({ kind: "over", code, early });
    return code;
  };
  return await Promise.race([running(), listening()]);
}

function linesTo(send: (message: FromWorker) => void): Printer {
  const line = (to: "out" | "err") => (text: string) => send({ kind: "line", to, text });
  return { width: WIDTH, colour: false, out: line("out"), err: line("err"), progress: () => {} };
}
