/** Processes a killed tester left behind: found by their number and the moment they started, so never a stranger. */

import { type Clock, isObject, tryParseJson } from "../src/protocol/mod.ts";
import { writeAtomic } from "../src/report/atomic.ts";
import { signalGroup } from "../src/target/process_group.ts";

/** Beside the data: which process serves it, so that a resumed run finds what the one before left behind. */
export const PROCESS_FILE = "process.json";

/** Milliseconds an orphan has to end by itself, then by SIGTERM, and between two looks. */
const END_DEADLINE_MS = 5000;
const LOOK_EVERY_MS = 20;
/** Field of /proc/PID/stat after the name that says when the process started, in clock ticks since boot. */
const START_FIELD = 19;
const STATE_FIELD = 0;

/** When a process started, as the system tells it; undefined if it is gone or the system does not tell. */
export function startOf(pid: number): string | undefined {
  try {
    const text = Deno.readTextFileSync(`/proc/${pid}/stat`);
    // The name before may hold anything in its brackets.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return fields[STATE_FIELD] === "Z" ? undefined : fields[START_FIELD];
  } catch {
    return undefined;
  }
}

/** Writes down which process serves a folder, for {@linkcode endOrphan}. */
export async function noteProcess(file: string, pid: number | undefined): Promise<void> {
  if (pid === undefined) return;
  await writeAtomic(file, JSON.stringify({ pid, started: startOf(pid) }) + "\n");
}

/**
 * Ends the process a file names, if it still is the one that wrote it: waits, then SIGTERM, then SIGKILL.
 *
 * @param patienceMs Milliseconds it gets to end by itself.
 */
export async function endOrphan(file: string, clock: Clock, patienceMs = END_DEADLINE_MS): Promise<void> {
  const known = tryParseJson(await Deno.readFile(file).catch(() => new Uint8Array()));
  if (!isObject(known) || typeof known.pid !== "number" || typeof known.started !== "string") return;
  const { pid, started } = known;
  const alive = () => startOf(pid) === started;
  const signal = (how: Deno.Signal) => {
    if (alive()) signalGroup(pid, how);
  };
  // It may have been stopped when its tester died.
  signal("SIGCONT");
  for (const how of [undefined, "SIGTERM", "SIGKILL"] as const) {
    if (how !== undefined) signal(how);
    const end = clock.mono() + (how === undefined ? patienceMs : END_DEADLINE_MS);
    while (alive() && clock.mono() < end) await clock.sleep(LOOK_EVERY_MS);
    if (!alive()) return;
  }
}
