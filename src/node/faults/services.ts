/** Faults of the reference node: services. */

import { servicesEmbeddingFaults } from "./services_embedding.ts";

export const servicesFaults = { ...servicesEmbeddingFaults } as const;
