/** Every number and decision the protocol fixes, asked for by the node and overridden by faults and variants. */

import { type IdentityRules, identityRules } from "./rules/identity.ts";
import { type TransportRules, transportRules } from "./rules/transport.ts";
import { type WebsocketRules, websocketRules } from "./rules/websocket.ts";
import { type BusRules, busRules } from "./rules/bus.ts";
import { type EventsRules, eventsRules } from "./rules/events.ts";
import { type TokensRules, tokensRules } from "./rules/tokens.ts";
import { type FilesRules, filesRules } from "./rules/files.ts";
import { type KbRules, kbRules } from "./rules/kb.ts";
import { type LlmRules, llmRules } from "./rules/llm.ts";
import { type ServicesRules, servicesRules } from "./rules/services.ts";
import { type ProtocolRules, protocolRules } from "./rules/protocol.ts";
import { type OperabilityRules, operabilityRules } from "./rules/operability.ts";
import { type SoakRules, soakRules } from "./rules/soak.ts";
import { type CivdefRules, civdefRules } from "./rules/civdef.ts";

export interface Rules
  extends
    IdentityRules,
    TransportRules,
    WebsocketRules,
    BusRules,
    EventsRules,
    TokensRules,
    FilesRules,
    KbRules,
    LlmRules,
    ServicesRules,
    ProtocolRules,
    OperabilityRules,
    SoakRules,
    CivdefRules {}

/** The sound node. */
export const soundRules: Rules = {
  ...identityRules,
  ...transportRules,
  ...websocketRules,
  ...busRules,
  ...eventsRules,
  ...tokensRules,
  ...filesRules,
  ...kbRules,
  ...llmRules,
  ...servicesRules,
  ...protocolRules,
  ...operabilityRules,
  ...soakRules,
  ...civdefRules,
};
