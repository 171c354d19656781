/** The target of a run: a process of ours with its own folder, or what the command line names. */

import { join } from "node:path";
import type { Clock } from "../src/protocol/mod.ts";
import { type Options, UsageError } from "../src/cli/parse.ts";
import { checkFaults, chooseTarget, targetSpec } from "../src/cli/target_options.ts";
import { type Adapter, NO_ADAPTER } from "../src/target/adapter.ts";
import { type Dialect, shippedDialect } from "../src/target/dialect.ts";
import { ContainerTarget } from "../src/target/container.ts";
import { faultNames } from "../src/target/embedded.ts";
import { EndpointTarget } from "../src/target/endpoint.ts";
import type { Target } from "../src/target/target.ts";
import { NodeChild, type Started, type SteeredNode } from "./child.ts";
import { ContainerChild } from "./container_child.ts";
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
    return await started(
      { kind: "embedded", main: run.programUrl, faults },
      { spec, dialect, adapter: NO_ADAPTER },
      run,
    );
  }
  const { target, adapter } = await chooseTarget(options, run);
  const shared = run.seat?.target(target.dialect, adapter);
  if (shared !== undefined) return shared;
  if (spec.startsWith("exec:")) {
    const command = spec.slice("exec:".length).trim();
    return await started({ kind: "exec", command }, { spec, dialect: target.dialect, adapter }, run);
  }
  if (target instanceof ContainerTarget) return await contained(target, adapter, run);
  const pid = options.number("pid");
  const named = { kind: target.kind, url: target.url };
  return { target, adapter, child: undefined, embedded: false, named, pid: () => pid, stop: () => target.stop() };
}

/** @throws {ProcessError} If the container does not come up; then it is removed. */
async function contained(target: ContainerTarget, adapter: Adapter, { clock }: TargetRun): Promise<SoakTarget> {
  const running = await target.shared();
  const child = new ContainerChild(running, clock);
  return {
    target,
    adapter,
    child,
    embedded: false,
    named: { kind: target.kind, url: target.url },
    pid: () => child.pid,
    memoryBytes: () => running.node.memoryBytes?.() ?? Promise.resolve(undefined),
    stop: async () => {
      await child.stop();
      await target.stop();
    },
  };
}

async function started(
  what: Started,
  { spec, dialect, adapter }: { readonly spec: string; readonly dialect: Dialect; readonly adapter: Adapter },
  { clock, seed, timeOrigin, folder }: TargetRun,
): Promise<SoakTarget> {
  const data = dataFolder(folder, timeOrigin);
  const child = await NodeChild.start({ what, clock, data, seed });
  try {
    const { root, node } = await child.keys();
    const access = { root, sut: node, allowWrites: true, disposable: true };
    const target = new EndpointTarget({ url: child.url, access, dialect, adapter });
    return {
      target,
      adapter,
      child,
      embedded: what.kind === "embedded",
      named: { kind: what.kind === "embedded" ? "embedded" : "process", url: spec },
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
