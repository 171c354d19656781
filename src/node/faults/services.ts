/** Faults of the reference node: services. */

import { servicesChatFaults } from "./services_chat.ts";
import { servicesEmbeddingFaults } from "./services_embedding.ts";
import { servicesMarketFaults } from "./services_market.ts";

export const servicesFaults = { ...servicesMarketFaults, ...servicesChatFaults, ...servicesEmbeddingFaults } as const;
