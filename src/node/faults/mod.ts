/** All faults of the reference node by area. */

import type { Fault } from "../fault.ts";
import { identityFaults } from "./identity.ts";
import { transportFaults } from "./transport.ts";
import { websocketFaults } from "./websocket.ts";
import { busFaults } from "./bus.ts";
import { eventsFaults } from "./events.ts";
import { tokensFaults } from "./tokens.ts";
import { filesFaults } from "./files.ts";
import { kbFaults } from "./kb.ts";
import { llmFaults } from "./llm.ts";
import { servicesFaults } from "./services.ts";
import { protocolFaults } from "./protocol.ts";
import { operabilityFaults } from "./operability.ts";
import { soakFaults } from "./soak.ts";
import { civdefFaults } from "./civdef.ts";

/** Faults by area, in the order of the catalogue. */
export const FAULTS_BY_AREA = {
  identity: identityFaults,
  transport: transportFaults,
  websocket: websocketFaults,
  bus: busFaults,
  events: eventsFaults,
  tokens: tokensFaults,
  files: filesFaults,
  kb: kbFaults,
  llm: llmFaults,
  services: servicesFaults,
  protocol: protocolFaults,
  operability: operabilityFaults,
  soak: soakFaults,
  civdef: civdefFaults,
} as const;

const all = {
  ...identityFaults,
  ...transportFaults,
  ...websocketFaults,
  ...busFaults,
  ...eventsFaults,
  ...tokensFaults,
  ...filesFaults,
  ...kbFaults,
  ...llmFaults,
  ...servicesFaults,
  ...protocolFaults,
  ...operabilityFaults,
  ...soakFaults,
  ...civdefFaults,
} as const;

/** Name of a fault of the reference node. */
export type FaultName = keyof typeof all;

/** All faults by name. */
export const FAULTS: Readonly<Record<string, Fault>> = all;
