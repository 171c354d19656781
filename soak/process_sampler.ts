/** Memory, descriptors and threads of a local process, from /proc. */

const KIB = 1024;

/** One look at a process. Sizes in bytes. */
export interface ProcessSample {
  readonly rss: number;
  /** Proportional set size; absent where the kernel does not let us read it. */
  readonly pss?: number;
  readonly fds?: number;
  readonly threads: number;
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
