/** The group of processes a target started: what is left of it after its first process has ended. */

import type { Clock } from "../protocol/mod.ts";

/** Time left-behind processes get to end by themselves, and between two looks, in milliseconds. */
const SETTLE_MS = 1000;
const LOOK_EVERY_MS = 50;
/** Fields of /proc/PID/stat after the name, from 0: state and process group. */
const STATE_FIELD = 0;
const GROUP_FIELD = 2;
/** Processes that have ended and wait for somebody to read their status. */
const ENDED_STATES: readonly string[] = ["Z", "X"];

/** Living processes of a group; undefined where /proc does not tell. */
function living(group: number): number | undefined {
  if (Deno.build.os !== "linux") return undefined;
  let count = 0;
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const fields = statOf(name);
    if (fields === undefined || Number(fields[GROUP_FIELD]) !== group) continue;
    if (!ENDED_STATES.includes(fields[STATE_FIELD] ?? "")) count++;
  }
  return count;
}

/** Fields of a process after its name, which may hold anything in brackets. */
function statOf(pid: string): readonly string[] | undefined {
  try {
    const text = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    // It ended while we looked.
    return undefined;
  }
}

/** How many processes of a group outlive its leader by more than a moment; null where that cannot be told. */
export async function groupLeft(group: number, clock: Clock): Promise<number | null> {
  const end = clock.mono() + SETTLE_MS;
  for (;;) {
    const count = living(group);
    if (count === undefined) return null;
    if (count === 0 || clock.mono() >= end) return count;
    await clock.sleep(LOOK_EVERY_MS);
  }
}

/** Signals the group a child of ours leads; nothing happens if it has ended. */
export function signalGroup(pid: number, signal: Deno.Signal): void {
  for (const receiver of Deno.build.os === "windows" ? [pid] : [-pid, pid]) {
    try {
      Deno.kill(receiver, signal);
      return;
    } catch {
      // No such group: its leader may be on the way to becoming one, so it is signalled alone.
    }
  }
}

/** Kills whatever is left of a group. */
export function killGroup(group: number): void {
  if (Deno.build.os === "windows") return;
  try {
    Deno.kill(-group, "SIGKILL");
  } catch {
    // Nothing is left.
  }
}
