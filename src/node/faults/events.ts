/** Faults of the reference node: events. */

import { eventsEnvelopeFaults } from "./events_envelope.ts";
import { eventsMembershipFaults } from "./events_membership.ts";
import { eventsOrderFaults } from "./events_order.ts";
import { eventsPublicationFaults } from "./events_publication.ts";
import { eventsSyncFaults } from "./events_sync.ts";

export const eventsFaults = {
  ...eventsSyncFaults,
  ...eventsEnvelopeFaults,
  ...eventsOrderFaults,
  ...eventsMembershipFaults,
  ...eventsPublicationFaults,
} as const;
