/** core/events: sync endpoints, event envelope, Lamport time, views, topics and gossip (EVT). */

import type { Suite } from "../../../src/runner/case.ts";
import { authenticityCases } from "./authenticity.ts";
import { communityLogCases } from "./community_log.ts";
import { envelopeFormCases } from "./envelope_form.ts";
import { gossipCases } from "./gossip.ts";
import { lamportCases } from "./lamport.ts";
import { marketViewCases } from "./market_view.ts";
import { membershipCases } from "./membership.ts";
import { syncEndpointCases } from "./sync_endpoints.ts";
import { topicCases } from "./topics.ts";

export const eventsSuite: Suite = {
  section: "core/events",
  cases: [
    ...syncEndpointCases,
    ...authenticityCases,
    ...envelopeFormCases,
    ...lamportCases,
    ...marketViewCases,
    ...membershipCases,
    ...communityLogCases,
    ...topicCases,
    ...gossipCases,
  ],
};
