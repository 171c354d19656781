/** What legitimately varies: entries the documents allow, and those learned by holding a target against itself. */

import { parse, stringify } from "@std/yaml";
import { UsageError } from "../src/cli/parse.ts";
import { isObject, type Json } from "../src/protocol/mod.ts";
import type { Finding } from "./finding.ts";

/** One entry. It hides values of one place, never a status, an error code or a missing frame. */
export interface MaskEntry {
  /** Capability or endpoint, `*` for all. */
  readonly address: string;
  /** Place; `*` at its start stands for anything before. */
  readonly path: string;
  readonly why: string;
  /** What was seen, `12 / 15`. */
  readonly evidence?: string;
}

/** Places that no mask may cover: what an answer is, and the code of an error wherever it stands. */
const UNMASKABLE =
  /^(status|version|connection|close|enrolment|unsent|outcomes|stream|frames)$|(^|\.)(error|code|error_code|rejected_reasons\[\]\.reason)$/;

/** Entries every comparison starts with; each names its source. */
export const STANDING_MASK: readonly MaskEntry[] = [
  { address: "*", path: "*.ms", why: "times taken (CONTRACT §4: meta.ms)" },
  { address: "*", path: "*.message", why: "error texts are for people (CONTRACT §5.4)" },
  { address: "*", path: "*.retry_after_ms", why: "depends on when the call came (CONTRACT §8)" },
  { address: "*", path: "*.uptime_seconds", why: "time since the start (CONTRACT §6.1)" },
  { address: "*", path: "*.load.cpu", why: "load of the machine (CONTRACT §6.1)" },
  { address: "*", path: "*.load.in_flight_total", why: "load of the moment (CONTRACT §6.1)" },
  { address: "*", path: "*.disk_free_gb", why: "free space of the machine (CONTRACT §6.1)" },
  { address: "*", path: "*.port", why: "each node listens on its own port (CONTRACT §6.1)" },
  { address: "*", path: "*.host", why: "each node has its own address (CONTRACT §6.1)" },
  { address: "*", path: "headers.date", why: "time of the answer (RFC 9110)" },
  { address: "*", path: "event_digest", why: "a digest over event ids, in none of the documents" },
  { address: "GET /trace/recent", path: "*.ts", why: "time of the call (M03 §5)" },
];

/** A mask with a count for each entry. */
export class Mask {
  readonly #hits = new Map<MaskEntry, number>();

  constructor(readonly entries: readonly MaskEntry[]) {}

  /** Whether the finding is hidden. */
  hides(finding: Finding): boolean {
    if (!finding.maskable || UNMASKABLE.test(finding.path)) return false;
    const entry = this.entries.find((one) => covers(one, finding));
    if (entry === undefined) return false;
    this.#hits.set(entry, (this.#hits.get(entry) ?? 0) + 1);
    return true;
  }

  /** How often each entry hid something. */
  hits(entry: MaskEntry): number {
    return this.#hits.get(entry) ?? 0;
  }

  /** Entries that hid nothing. */
  idle(): MaskEntry[] {
    return this.entries.filter((entry) => this.hits(entry) === 0);
  }
}

function covers({ address, path }: MaskEntry, finding: Finding): boolean {
  if (address !== "*" && address !== finding.address) return false;
  if (!path.startsWith("*")) return path === finding.path;
  const tail = path.slice(1);
  return finding.path.endsWith(tail) || finding.path === tail.replace(/^\./, "");
}

/** Entries for what a target did differently from itself; what may not be masked comes back as `unsteady`. */
export function learn(
  side: string,
  findings: readonly Finding[],
): { readonly entries: readonly MaskEntry[]; readonly unsteady: readonly Finding[] } {
  const entries = new Map<string, MaskEntry>();
  const unsteady: Finding[] = [];
  for (const finding of findings) {
    if (!finding.maskable || UNMASKABLE.test(finding.path)) {
      unsteady.push(finding);
      continue;
    }
    const address = finding.address === "" ? "*" : finding.address;
    const key = `${address} ${finding.path}`;
    if (entries.has(key)) continue;
    entries.set(key, {
      address,
      path: finding.path,
      why: `${side} differed from itself at step ${finding.step}`,
      evidence: `${finding.left} / ${finding.right}`,
    });
  }
  return { entries: [...entries.values()], unsteady };
}

/** The mask as a YAML file that can be edited and given back. */
export function maskText(entries: readonly MaskEntry[]): string {
  return stringify({ schema: "hearthproof.mask/1", entries: entries.map((entry) => ({ ...entry })) });
}

/**
 * Reads a mask file.
 *
 * @throws {UsageError} If it is none, or an entry covers what no mask may cover.
 */
export function parseMask(text: string): MaskEntry[] {
  let value: Json;
  try {
    value = parse(text) as Json;
  } catch (error) {
    throw new UsageError(`--mask: it is no YAML: ${error instanceof Error ? error.message.split("\n")[0] : error}`);
  }
  if (!isObject(value) || !Array.isArray(value.entries)) {
    throw new UsageError("--mask: it has no list named entries");
  }
  return value.entries.map((entry, index) => {
    if (!isObject(entry)) throw new UsageError(`--mask: entries[${index}] is no object`);
    const { address, path, why, evidence } = entry;
    if (typeof address !== "string" || typeof path !== "string" || typeof why !== "string") {
      throw new UsageError(`--mask: entries[${index}] needs address, path and why`);
    }
    if (UNMASKABLE.test(path.replace(/^\*\.?/, "")) || path === "*") {
      throw new UsageError(`--mask: entries[${index}] would hide ${path}, which no mask may`);
    }
    return { address, path, why, ...(typeof evidence === "string" ? { evidence } : {}) };
  });
}
