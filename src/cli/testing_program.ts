/** The program as its users start it, for tests; and a node of it that runs meanwhile. */

import { selfCommand } from "./self_command.ts";

/** URL of main.ts. */
export const MAIN_URL = new URL("../../main.ts", import.meta.url).href;

/** How a started program ended. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Runs the program to its end. */
export async function hearthproof(args: readonly string[], cwd?: string): Promise<Ended> {
  const self = selfCommand(MAIN_URL, args);
  const { code, stdout, stderr } = await new Deno.Command(self.program, {
    args: [...self.args],
    stdin: "null",
    env: { NO_COLOR: "1" },
    ...(cwd === undefined ? {} : { cwd }),
  }).output();
  return { code, out: text(stdout), err: text(stderr) };
}

/** A node that runs until it is disposed. */
export interface RunningNode {
  readonly url: string;
  readonly rootKey: string;
  readonly nodeKey: string;
  /** How the process ended. */
  readonly ended: Promise<Deno.CommandStatus>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts `hearthproof node` with its data in a folder.
 *
 * @param input `null`: as shells, service managers and containers start what runs in the background.
 */
export async function startNode(
  data: string,
  args: readonly string[] = [],
  input: "piped" | "null" = "piped",
): Promise<RunningNode> {
  const self = selfCommand(MAIN_URL, ["node", "--port", "0", "--data", data, ...args]);
  const child = new Deno.Command(self.program, {
    args: [...self.args],
    stdin: input,
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.getReader();
  let line = "";
  while (!line.includes("\n")) {
    const { done, value } = await reader.read();
    if (done) throw new Error("Cannot start the node: it ended before it was ready");
    line += text(value);
  }
  const ready = JSON.parse(line);
  return {
    url: ready.url,
    rootKey: ready.root_key,
    nodeKey: ready.node_key,
    ended: child.status,
    // A node ends when somebody lets go of its input, and without one by a signal.
    async [Symbol.asyncDispose]() {
      if (input === "piped") await child.stdin.close();
      else child.kill("SIGTERM");
      await reader.cancel();
      await child.status;
    },
  };
}
