/** Memory of a container: from its control group where this machine has it, else from the engine's own statistics. */

/** Where the system keeps what it tells of processes and control groups; another place in tests. */
export interface SystemPaths {
  readonly proc: string;
  readonly cgroup: string;
}

export const SYSTEM_PATHS: SystemPaths = { proc: "/proc", cgroup: "/sys/fs/cgroup" };

const DECIMAL = 1000;
const BINARY = 1024;
/** Units of `docker stats` (binary) and `podman stats` (decimal), as powers of their base. */
const UNITS: readonly string[] = ["", "k", "m", "g", "t"];

/**
 * Whether a process of this machine belongs to a container. An engine may run elsewhere, as in a virtual machine, and
 * its process numbers then mean other processes here.
 */
export async function belongsTo(
  pid: number,
  container: string,
  { proc }: SystemPaths = SYSTEM_PATHS,
): Promise<boolean> {
  return container !== "" && (await read(`${proc}/${pid}/cgroup`)).includes(container);
}

/**
 * Memory of all processes in the control group of `pid` in bytes, without cached file contents the system can drop at
 * once (what `docker stats` shows, too); undefined where control groups do not tell.
 */
export async function groupMemory(pid: number, paths: SystemPaths = SYSTEM_PATHS): Promise<number | undefined> {
  for (const line of (await read(`${paths.proc}/${pid}/cgroup`)).split("\n")) {
    const [, controllers = "", path = ""] = /^\d+:([^:]*):(\/.+)$/.exec(line) ?? [];
    if (path === "") continue;
    const memory = controllers === ""
      ? await difference(`${paths.cgroup}${path}`, "memory.current", "inactive_file")
      : controllers.split(",").includes("memory")
      ? await difference(`${paths.cgroup}/memory${path}`, "memory.usage_in_bytes", "total_inactive_file")
      : undefined;
    if (memory !== undefined) return memory;
  }
  return undefined;
}

async function difference(folder: string, usage: string, droppable: string): Promise<number | undefined> {
  const used = Number.parseInt(await read(`${folder}/${usage}`), 10);
  if (!(used > 0)) return undefined;
  const found = new RegExp(`^${droppable} (\\d+)$`, "m").exec(await read(`${folder}/memory.stat`));
  return Math.max(0, used - Number(found?.[1] ?? 0));
}

/** Bytes of the first quantity in `12.5MiB / 7.7GiB`; undefined if there is none or it is zero. */
export function statedMemory(text: string): number | undefined {
  const [, amount, prefix = "", binary] = /^([\d.]+)\s*([kmgt]?)(i?)b\b/i.exec(text.trim()) ?? [];
  const bytes = Number(amount) * (binary === "i" ? BINARY : DECIMAL) ** UNITS.indexOf(prefix.toLowerCase());
  return bytes > 0 ? Math.round(bytes) : undefined;
}

async function read(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch {
    return "";
  }
}
