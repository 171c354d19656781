/**
 * Which faults can touch a case at all. A case whose run on the sound node never asks for a rule goes the same way
 * whatever that rule says, and a transformation that leaves everything unchanged that passed its seam changes nothing.
 * So a run on the sound node that writes both down tells which faults need not be tried.
 */

import type { Fault, Overrides } from "../node/fault.ts";
import type { Behaviour } from "../node/with.ts";
import type { ReporterBench } from "./judged_reporter.ts";

/** What the run of a case asked for and let pass. */
export interface Reach {
  /** Names of the rules the node asked for. */
  readonly rules: ReadonlySet<string>;
  /** Names of the faults whose seams would have changed something. */
  readonly seams: ReadonlySet<string>;
  /** The case used the report builder or the runner under test. */
  readonly reporter: boolean;
}

/** Whether a fault of the node can make a difference to a run with this reach. */
export function touches(name: string, fault: Fault, { rules, seams }: Reach): boolean {
  return seams.has(name) || Object.keys(fault.rules ?? {}).some((rule) => rules.has(rule));
}

/** Equality of plain data, byte arrays and maps. */
function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (a instanceof Uint8Array) {
    return b instanceof Uint8Array && a.length === b.length && a.every((byte, i) => byte === b[i]);
  }
  if (a instanceof Map) return b instanceof Map && same([...a], [...b]);
  const [x, y] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>];
  // Order of members counts: it reaches the wire.
  const [names, others] = [Object.keys(x), Object.keys(y)];
  return names.length === others.length && names.every((name, i) => name === others[i] && same(x[name], y[name]));
}

/** Writes down the reach of one case. */
export class ReachRecorder implements Reach {
  readonly rules = new Set<string>();
  readonly seams = new Set<string>();
  reporter = false;

  /** @param faults faults with seams that are tried on everything that passes. */
  constructor(private readonly faults: Readonly<Record<string, Fault>>) {}

  /** The same behaviour; every rule that is asked for is written down. */
  readonly watch = ({ rules, seams }: Behaviour): Behaviour => ({
    seams,
    rules: new Proxy(rules, {
      get: (target, name, receiver) => {
        if (typeof name === "string") this.rules.add(name);
        return Reflect.get(target, name, receiver);
      },
    }),
  });

  /** Overrides that change nothing and try every fault on what passes. */
  readonly tap: Overrides = {
    document: (kind, value) => this.#tried(value, ({ document }) => document && ((v) => document(kind, v))),
    outbound: (answer) => this.#tried(answer, ({ outbound }) => outbound),
    frame: (frame) => [this.#tried(frame, ({ frame: change }) => change && ((v) => single(change(v))))],
    request: (request) => this.#tried(request, ({ request: change }) => change),
    log: (event) => this.#tried(event, ({ log }) => log),
  };

  /** The same bench; its use is written down. */
  bench(bench: ReporterBench): ReporterBench {
    const used = <T>(value: T): T => {
      this.reporter = true;
      return value;
    };
    return {
      build: (result) => used(bench).build(result),
      run: (options) => used(bench).run(options),
      verify: (report) => used(bench).verify(report),
    };
  }

  #tried<T>(value: T, pick: (fault: Overrides) => ((value: T) => unknown) | undefined): T {
    for (const [name, fault] of Object.entries(this.faults)) {
      const change = this.seams.has(name) ? undefined : pick(fault);
      if (change !== undefined && this.#changes(value, change)) this.seams.add(name);
    }
    return value;
  }

  #changes<T>(value: T, change: (value: T) => unknown): boolean {
    try {
      return !same(change(structuredClone(value)), value);
    } catch {
      // What cannot be tried may well make a difference.
      return true;
    }
  }
}

function single(values: readonly unknown[]): unknown {
  return values.length === 1 ? values[0] : values;
}
