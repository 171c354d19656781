/** The capability that stands for any: cheap, without effect, with no required input (spec README "Words in needs"). */

import type { Draw } from "./draw.ts";

const PROBES = ["market.list", "rag.list_corpora", "file.list"];

/** One of the offered probes. */
export function addressable(draw: Draw): string | undefined {
  const offered = PROBES.filter((name) => draw.offer.capabilities.has(name));
  return offered.length === 0 ? undefined : draw.pick(offered);
}
