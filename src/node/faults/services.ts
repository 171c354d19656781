/** Faults of the reference node: services. */

import { servicesEmbeddingFaults } from "./services_embedding.ts";
import { servicesMarketFaults } from "./services_market.ts";

export const servicesFaults = { ...servicesMarketFaults, ...servicesEmbeddingFaults } as const;
