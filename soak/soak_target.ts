/** The target of a run: a process of ours with its own folder, or what the command line names. */

import { join } from "node:path";
import type { Clock } from "../src/protocol/mod.ts";
import { type Options, UsageError } from "../src/cli/parse.ts";
import { checkFaults, chooseTarget, targetSpec } from "../src/cli/target_options.ts";
import { type Adapter, NO_ADAPTER } from "../src/target/adapter.ts";
import { type Dialect, shippedDialect } from "../src/target/dialect.ts";
import { faultNames } from "../src/target/embedded.ts";
import { EndpointTarget } from "../src/target/endpoint.ts";
import { ManagedTarget } from "../src/target/managed_target.ts";
import type { Target } from "../src/target/target.ts";
import { NodeChild, type SteeredNode } from "./child.ts";
import { ManagedChild } from "./managed_child.ts";
import { endOrphan, noteProcess, PROCESS_FILE } from "./orphan.ts";
import type { WorkerSeat } from "./worker_seat.ts";

/** A target and how to look at it. */
export interface SoakTarget {
  readonly target: Target;
  readonly adapter: Adapter;
  /** Present where the target is a process or a container of ours. */
  readonly child: SteeredNode | undefined;
  /** It is the built-in reference node. */
  readonly embedded: boolean;
  /** What the report calls it. */
  readonly named: { readonly kind: string; readonly url: string };
  readonly pid: () => number | undefined;
  /** Memory of a container in bytes. */
  readonly memoryBytes?: () => Promise<number | undefined>;
  /** Data directory of a process of ours. */
  readonly data?: string;
  stop(): Promise<void>;
}

export interface TargetRun {
  readonly clock: Clock;
  readonly seed: number;
  readonly timeOrigin: number;
  /** Output directory. */
  readonly folder: string;
  /** URL of main.ts. */
  readonly programUrl: string;
  /** Aborted by Ctrl-C. */
  readonly signal?: AbortSignal;
  /** Where this process is one of several workers and the target may be started already. */
  readonly seat?: WorkerSeat;
}

/** Whether the target is the built-in node. */
export function isEmbedded(options: Options): boolean {
  const spec = targetSpec(options);
  return spec === "embedded" || spec.startsWith("embedded:");
}

/** Whether the target is started here: the built-in node, a process or a container. */
export function isOwned(options: Options): boolean {
  return isEmbedded(options) || /^(exec|docker):/.test(targetSpec(options));
}

/**
 * Starts or finds the target. Processes of ours keep their data in the output directory, so that a resumed run starts
 * them again from disk.
 *
 * @throws {UsageError} If the specification is wrong.
 */
export async function openTarget(options: Options, run: TargetRun): Promise<SoakTarget> {
  const spec = targetSpec(options);
  if (isEmbedded(options)) {
    const faults = faultNames(spec);
    checkFaults(faults);
    const dialect = shippedDialect("contract");
    if (dialect === undefined) throw new UsageError("soak: the dialect contract is missing");
    const shared = run.seat?.target(dialect, NO_ADAPTER);
    if (shared !== undefined) return shared;
    return await embedded(spec, faults, dialect, run);
  }
  const data = spec.startsWith("exec:") ? dataFolder(run.folder, run.timeOrigin) : undefined;
  const { target, adapter } = await chooseTarget(options, {
    ...run,
    ...(data === undefined ? {} : { directory: data }),
  });
  const shared = run.seat?.target(target.dialect, adapter);
  if (shared !== undefined) return shared;
  if (target instanceof ManagedTarget) return await managed(target, adapter, run, data);
  const pid = options.number("pid");
  const named = { kind: target.kind, url: target.url };
  return { target, adapter, child: undefined, embedded: false, named, pid: () => pid, stop: () => target.stop() };
}

/**
 * A process or a container of the operator.
 *
 * @param data Where a process keeps its data.
 * @throws {ProcessError} If it does not come up; then nothing of it is left but its data.
 */
async function managed(
  target: ManagedTarget,
  adapter: Adapter,
  { clock }: TargetRun,
  data: string | undefined,
): Promise<SoakTarget> {
  const file = data === undefined ? undefined : join(data, PROCESS_FILE);
  if (file !== undefined) await endOrphan(file, clock);
  const running = await target.shared();
  const note = async (pid: number | undefined) => {
    if (file !== undefined) await noteProcess(file, pid);
  };
  await note(running.node.pid);
  const child = new ManagedChild(running, clock, note);
  return {
    target,
    adapter,
    child,
    embedded: false,
    named: { kind: target.kind, url: target.url },
    pid: () => child.pid,
    ...(data === undefined
      ? { memoryBytes: () => running.node.memoryBytes?.() ?? Promise.resolve(undefined) }
      : { data }),
    stop: async () => {
      await child.stop();
      await target.stop();
      if (file !== undefined) await Deno.remove(file).catch(() => {});
    },
  };
}

async function embedded(
  spec: string,
  faults: readonly string[],
  dialect: Dialect,
  { clock, seed, timeOrigin, folder, programUrl }: TargetRun,
): Promise<SoakTarget> {
  const data = dataFolder(folder, timeOrigin);
  const child = await NodeChild.start({ main: programUrl, faults, clock, data, seed });
  try {
    const { root, node } = await child.keys();
    const access = { root, sut: node, allowWrites: true, disposable: true };
    return {
      target: new EndpointTarget({ url: child.url, access, dialect, adapter: NO_ADAPTER }),
      adapter: NO_ADAPTER,
      child,
      embedded: true,
      named: { kind: "embedded", url: spec },
      pid: () => child.pid,
      data,
      stop: () => child.stop(),
    };
  } catch (error) {
    await child.stop();
    throw error;
  }
}

function dataFolder(folder: string, timeOrigin: number): string {
  return join(folder, `node-${timeOrigin}`);
}

/** Removes the data of earlier runs: it would grow with every run in one folder. */
export async function removeOldData(folder: string): Promise<void> {
  const old: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory && /^node-\d+$/.test(name)) old.push(name);
  }
  for (const name of old) await Deno.remove(join(folder, name), { recursive: true });
}
