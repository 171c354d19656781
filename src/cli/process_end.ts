/** The end of `hearthproof node` as its rules see it: what a faulty node could leave behind. */

import type { ProcessEnd } from "../node/rules/operability.ts";
import type { Clock } from "../protocol/mod.ts";
import { selfCommand } from "./self_command.ts";

/** Time a left-behind process gets to take the port, and between two looks, in milliseconds. */
const TAKEN_DEADLINE_MS = 8_000;
const LOOK_EVERY_MS = 50;

/** Name of the signal that aborted a command; undefined where something else did. */
export function signalOf(signal: AbortSignal): string | undefined {
  const { reason } = signal;
  return reason instanceof Error && typeof reason.cause === "string" ? reason.cause : undefined;
}

/** See {@linkcode ProcessEnd}; `program` is the URL of the main module. */
export function processEnd(program: string, host: string, port: number, clock: Clock): ProcessEnd {
  return {
    port,
    spawnSelf(args) {
      const self = selfCommand(program, args);
      // Its input is ours, so that it ends with whoever holds the other end of it.
      const command = new Deno.Command(self.program, {
        args: [...self.args],
        stdin: "inherit",
        stdout: "null",
        stderr: "null",
      });
      command.spawn().unref();
    },
    async portTaken() {
      const end = clock.mono() + TAKEN_DEADLINE_MS;
      while (clock.mono() < end) {
        const connection = await Deno.connect({ hostname: host, port }).catch(() => undefined);
        if (connection !== undefined) return connection.close();
        await clock.sleep(LOOK_EVERY_MS);
      }
    },
  };
}
