/** Faults of the reference node: transport. */

import { answerFaults } from "./transport_answers.ts";
import { networkFaults } from "./transport_network.ts";
import { requestFaults } from "./transport_requests.ts";
import { streamFaults } from "./transport_streams.ts";

export const transportFaults = { ...answerFaults, ...requestFaults, ...streamFaults, ...networkFaults } as const;
