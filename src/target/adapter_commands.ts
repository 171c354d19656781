/** Carrying out the commands of an adapter file. They are the operator's own, run by the shell as written. */

import type { Clock } from "../protocol/mod.ts";
import type { Network } from "../wire/mod.ts";
import type { Adapter } from "./adapter.ts";
import type { Feature, NodeSignal, Provision } from "./target.ts";
import { foreignEnvironment } from "./foreign_environment.ts";

type Commands = Adapter["commands"];

/** A command of the adapter failed; a set-up error, never a verdict. */
export class AdapterError extends Error {
  override readonly name = "AdapterError";
}

/** How much of a failed command's output is quoted, in characters. */
const QUOTED_OUTPUT = 300;
/** Longest time a command may take, and time its last output has to arrive after its end, in milliseconds. */
const COMMAND_DEADLINE_MS = 60_000;
const LAST_OUTPUT_MS = 200;

/** Whether the adapter can restart the node. */
export function canRestart({ commands }: Adapter): boolean {
  return commands.restart !== undefined || (commands.start !== undefined && commands.stop !== undefined);
}

/** What the adapter adds to a running node. */
export function featuresOf(adapter: Adapter): Feature[] {
  const { commands } = adapter;
  return [
    ...(adapter.announceTo === undefined ? [] : ["peers" as const]),
    ...(commands.gossip === undefined ? [] : ["gossip" as const]),
    ...(canRestart(adapter) ? ["managed" as const] : []),
    ...(commands.backend_fault === undefined ? [] : ["backend-fault" as const]),
    ...(commands.disk_cap === undefined ? [] : ["disk-cap" as const]),
    ...(adapter.secondUrl === undefined ? [] : ["second-node" as const]),
    ...(adapter.logFiles.length === 0 ? [] : ["log-access" as const]),
    ...(commands.clock === undefined ? [] : ["clock" as const]),
    ...(commands.corrupt_chain === undefined ? [] : ["corruption-hook" as const]),
    ...(commands.cut_network === undefined || commands.restore_network === undefined
      ? []
      : ["network-control" as const]),
  ];
}

/** The command that ends the node for a signal; undefined where the adapter can only restart it in one go. */
export function endCommand(commands: Commands, signal: NodeSignal): string | undefined {
  if (commands.start === undefined) return undefined;
  return signal === "SIGKILL" ? commands.kill ?? commands.stop : commands.stop;
}

/** The commands that restart the node: `kill` only where the adapter can, else a stop. */
export function restartCommands(commands: Commands, how: "stop" | "kill"): string[] {
  const end = how === "kill" ? commands.kill ?? commands.stop : commands.stop;
  if (end !== undefined && commands.start !== undefined) return [end, commands.start];
  return commands.restart === undefined ? [] : [commands.restart];
}

/**
 * The commands for a changed set-up.
 *
 * @throws {AdapterError} If the adapter has no command for a part of it.
 */
export function provisionCommands(commands: Commands, change: Provision): string[] {
  const filled: string[] = [];
  const need = (name: "backend_fault" | "disk_cap", placeholder: string, value: string) => {
    const command = commands[name];
    if (command === undefined) throw new AdapterError(`Cannot provision: the adapter has no command ${name}`);
    filled.push(command.replaceAll(placeholder, value));
  };
  if (change.backendFault !== undefined) need("backend_fault", "{mode}", change.backendFault);
  if (change.diskBudgetBytes !== undefined) need("disk_cap", "{bytes}", String(change.diskBudgetBytes));
  const rest = Object.keys(change).filter((key) => key !== "backendFault" && key !== "diskBudgetBytes");
  if (rest.length > 0) throw new AdapterError(`Cannot provision: an adapter has no command for ${rest.join(", ")}`);
  return filled;
}

/**
 * Runs a command by the shell. A node it starts in the background may hold its output open for ever: what is written
 * until shortly after its end is read, and no more waited for.
 */
async function carriedOut(command: string, clock: Clock): Promise<{ readonly code: number; readonly said: string }> {
  const child = new Deno.Command("sh", {
    args: ["-c", command],
    env: foreignEnvironment(),
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const reader = child.stderr.getReader();
  let said = "";
  const reading = (async () => {
    const decoder = new TextDecoder();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      said = (said + decoder.decode(piece.value, { stream: true })).slice(-QUOTED_OUTPUT);
    }
  })();
  const over = new AbortController();
  const late = clock.sleep(COMMAND_DEADLINE_MS, over.signal).then(() => child.kill("SIGKILL")).catch(() => {});
  const { code, signal } = await child.status;
  over.abort();
  await late;
  const last = new AbortController();
  await Promise.race([reading, clock.sleep(LAST_OUTPUT_MS, last.signal).catch(() => {})]);
  last.abort();
  await reader.cancel().catch(() => {});
  return { code, said: signal === "SIGKILL" ? `it took longer than ${COMMAND_DEADLINE_MS / 1000} s` : said };
}

/**
 * Runs a command and waits for its end; the fact goes into the transcript, and a recheck runs nothing.
 *
 * @throws {AdapterError} If it ends with another code than 0.
 */
export async function runAdapterCommand(network: Network, command: string): Promise<void> {
  const outcome = await network.fact(
    `adapter: ${command}`,
    () => carriedOut(command, network.targetClock ?? network.clock),
  );
  if (outcome.code !== 0) {
    throw new AdapterError(
      `Cannot run the adapter's command: it ended with code ${outcome.code}: ${outcome.said.trim()}`,
    );
  }
}
