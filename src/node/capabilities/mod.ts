/** All capabilities the node serves. */

import type { NodeCore } from "../core.ts";
import { registerAuth } from "./auth.ts";
import { registerCivdef } from "./civdef.ts";
import { registerChat } from "./chat.ts";
import { registerCommunity } from "./community.ts";
import { registerEmbed } from "./embed.ts";
import { registerFiles } from "./files.ts";
import { registerLlm } from "./llm.ts";
import { registerMarket } from "./market.ts";
import { registerProtocol } from "./protocol.ts";
import { registerRag } from "./rag.ts";

/** Registers every family with the bus. */
export function registerAll(core: NodeCore): void {
  registerFiles(core);
  registerRag(core);
  registerEmbed(core);
  registerLlm(core);
  registerAuth(core);
  registerProtocol(core);
  registerChat(core);
  registerCommunity(core);
  registerMarket(core);
  registerCivdef(core);
}
