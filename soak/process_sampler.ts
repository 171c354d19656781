/** Memory, descriptors and threads of a local process, from /proc. */

const KIB = 1024;
/** Directories below a data directory that are looked into. */
const MAX_DEPTH = 4;

/** One look at a process. Sizes in bytes. */
export interface ProcessSample {
  readonly rss: number;
  /** Proportional set size; absent where the kernel does not let us read it. */
  readonly pss?: number;
  readonly fds?: number;
  readonly threads: number;
}

/** Field 22 of /proc/PID/stat: when the process started, in clock ticks since boot (proc(5)). */
const START_TIME_FIELD = 22;

/** When a process started, in ticks since boot: another value is another process. Undefined if it is gone. */
export async function processStart(pid: number, proc = "/proc"): Promise<number | undefined> {
  const text = await read(`${proc}/${pid}/stat`);
  // The second field is the name in brackets, which may hold anything.
  const ticks = Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[START_TIME_FIELD - 3]);
  return text === "" || !Number.isFinite(ticks) ? undefined : ticks;
}

/** Memory of a control group in bytes, without cached file contents that can be dropped; of either version. */
export async function groupBytes(path: string): Promise<number | undefined> {
  const used = Number(await read(`${path}/memory.current`)) || Number(await read(`${path}/memory.usage_in_bytes`));
  const droppable = /^(?:total_)?inactive_file (\d+)$/m.exec(await read(`${path}/memory.stat`));
  return used > 0 ? Math.max(0, used - Number(droppable?.[1] ?? 0)) : undefined;
}

/** Bytes of the files in a directory and the ones below; undefined if it cannot be read. */
export async function folderBytes(path: string, depth = MAX_DEPTH): Promise<number | undefined> {
  try {
    let bytes = 0;
    for await (const entry of Deno.readDir(path)) {
      const inner = `${path}/${entry.name}`;
      if (entry.isDirectory && depth > 0) bytes += await folderBytes(inner, depth - 1) ?? 0;
      else if (entry.isFile) bytes += (await Deno.stat(inner).catch(() => undefined))?.size ?? 0;
    }
    return bytes;
  } catch {
    return undefined;
  }
}

/** Looks at a process; undefined if it is gone or /proc is not there. */
export async function sampleProcess(pid: number, proc = "/proc"): Promise<ProcessSample | undefined> {
  const status = await read(`${proc}/${pid}/status`);
  const rss = field(status, "VmRSS");
  const threads = field(status, "Threads");
  if (rss === undefined || threads === undefined) return undefined;
  const pss = field(await read(`${proc}/${pid}/smaps_rollup`), "Pss");
  const fds = await descriptors(`${proc}/${pid}/fd`);
  return {
    rss: rss * KIB,
    threads,
    ...(pss === undefined ? {} : { pss: pss * KIB }),
    ...(fds === undefined ? {} : { fds }),
  };
}

async function read(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch {
    return "";
  }
}

function field(text: string, name: string): number | undefined {
  const match = new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text);
  return match === null ? undefined : Number(match[1]);
}

async function descriptors(path: string): Promise<number | undefined> {
  try {
    let count = 0;
    for await (const _ of Deno.readDir(path)) count++;
    return count;
  } catch {
    return undefined;
  }
}
