/** The capabilities of this node, and which of them serves a request. */

import { type JsonObject, parseVersion, type Version } from "../../protocol/mod.ts";
import type { CapabilityDescriptor, Handler } from "../core.ts";
import type { BusRules } from "../rules/bus.ts";
import { Health } from "./health.ts";
import { Slots } from "./slots.ts";

/** A registered capability. */
export interface Registration {
  readonly descriptor: CapabilityDescriptor;
  readonly version: Version;
  readonly handler: Handler;
  readonly slots: Slots;
  readonly health: Health;
}

/** What a name and a version lead to. */
export type Lookup =
  | { readonly kind: "found"; readonly registration: Registration }
  /** The name is known, the version is not served. */
  | { readonly kind: "version"; readonly nearest: Registration; readonly sameMajor: boolean }
  | { readonly kind: "unknown" };

export class Registry {
  readonly #byName = new Map<string, Registration[]>();
  readonly #all: CapabilityDescriptor[] = [];

  constructor(private readonly rules: BusRules) {}

  /**
   * Adds a capability; one of the same name, version and corpus is replaced.
   *
   * @throws {RangeError} If version or `max_concurrent` is unusable.
   */
  add(descriptor: CapabilityDescriptor, handler: Handler): void {
    const version = parseVersion(descriptor.version);
    if (version === undefined) {
      throw new RangeError(`Cannot register ${descriptor.name}: current version is ${descriptor.version}`);
    }
    if (!Number.isSafeInteger(descriptor.max_concurrent) || descriptor.max_concurrent < 1) {
      throw new RangeError(`Cannot register ${descriptor.name}: max_concurrent is ${descriptor.max_concurrent}`);
    }
    const same = (other: CapabilityDescriptor) =>
      other.name === descriptor.name && other.version === descriptor.version &&
      corpusOf(other.params) === corpusOf(descriptor.params);
    let list = this.#byName.get(descriptor.name);
    if (list === undefined) this.#byName.set(descriptor.name, list = []);
    const at = list.findIndex((r) => same(r.descriptor));
    const slots = new Slots(descriptor.max_concurrent);
    const registration = { descriptor, version, handler, slots, health: new Health(this.rules) };
    if (at === -1) {
      list.push(registration);
      this.#all.push(descriptor);
    } else {
      list[at] = registration;
      this.#all[this.#all.findIndex(same)] = descriptor;
    }
  }

  descriptors(): readonly CapabilityDescriptor[] {
    return this.#all;
  }

  /** The best registration for a name and version; entries per corpus are told apart by `params.corpus`. */
  find(name: string, requested: Version, params: JsonObject | undefined): Lookup {
    const named = this.#named(name);
    if (named.length === 0) return { kind: "unknown" };
    const served = named.filter((r) => this.rules.versionServes(r.version, requested, name));
    if (served.length > 0) {
      const corpus = corpusOf(params ?? {});
      const byCorpus = served.find((r) => corpus !== undefined && corpusOf(r.descriptor.params) === corpus);
      return { kind: "found", registration: byCorpus ?? newest(served) };
    }
    const sameMajor = named.filter((r) => r.version.major === requested.major);
    return sameMajor.length > 0
      ? { kind: "version", nearest: newest(sameMajor), sameMajor: true }
      : { kind: "version", nearest: newest(named), sameMajor: false };
  }

  #named(name: string): readonly Registration[] {
    const exact = this.#byName.get(name);
    if (exact !== undefined && this.rules.nameMatches(name, name)) return exact;
    for (const [offered, list] of this.#byName) if (this.rules.nameMatches(offered, name)) return list;
    return [];
  }
}

function corpusOf(params: JsonObject): unknown {
  return params["corpus"];
}

function newest(list: readonly Registration[]): Registration {
  return list.reduce((a, b) =>
    b.version.major - a.version.major > 0 ||
      (b.version.major === a.version.major && b.version.minor > a.version.minor)
      ? b
      : a
  );
}
