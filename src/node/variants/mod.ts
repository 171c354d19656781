/** All variants of the reference node by area. */

import type { Variant } from "../fault.ts";
import { identityVariants } from "./identity.ts";
import { transportVariants } from "./transport.ts";
import { websocketVariants } from "./websocket.ts";
import { busVariants } from "./bus.ts";
import { eventsVariants } from "./events.ts";
import { tokensVariants } from "./tokens.ts";
import { filesVariants } from "./files.ts";
import { kbVariants } from "./kb.ts";
import { llmVariants } from "./llm.ts";
import { servicesVariants } from "./services.ts";
import { protocolVariants } from "./protocol.ts";
import { operabilityVariants } from "./operability.ts";

/** Variants by area, in the order of the catalogue. */
export const VARIANTS_BY_AREA = {
  identity: identityVariants,
  transport: transportVariants,
  websocket: websocketVariants,
  bus: busVariants,
  events: eventsVariants,
  tokens: tokensVariants,
  files: filesVariants,
  kb: kbVariants,
  llm: llmVariants,
  services: servicesVariants,
  protocol: protocolVariants,
  operability: operabilityVariants,
} as const;

const all = {
  ...identityVariants,
  ...transportVariants,
  ...websocketVariants,
  ...busVariants,
  ...eventsVariants,
  ...tokensVariants,
  ...filesVariants,
  ...kbVariants,
  ...llmVariants,
  ...servicesVariants,
  ...protocolVariants,
  ...operabilityVariants,
} as const;

/** Name of a variant of the reference node. */
export type VariantName = keyof typeof all;

/** All variants by name. */
export const VARIANTS: Readonly<Record<string, Variant>> = all;
