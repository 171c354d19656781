/** Faults of the reference node: sync endpoints. */

import type { JsonObject } from "../../protocol/mod.ts";
import { faults, type OutboundAnswer } from "../fault.ts";
import { eventsRules } from "../rules/events.ts";

const HEADS = "/sync/v1/heads";
const EVENTS = "/sync/v1/events";
/** Events between two snapshots (wire-format.md section 19). */
const SNAPSHOT_LAG = 1000;
/** A limit a cautious author may choose, too low for a backlog. */
const FEW_EVENTS = 100;

/** Changes the JSON body of a route's answers. */
const bodyOf = (route: string, change: (body: JsonObject) => JsonObject | string) => (answer: OutboundAnswer) =>
  answer.route !== route || answer.status !== 200 || typeof answer.body !== "object" ||
    answer.body instanceof Uint8Array
    ? answer
    : { ...answer, body: change(answer.body) };

/** Gives refused pushes another status. */
const refusedAs = (status: number) => (answer: OutboundAnswer): OutboundAnswer =>
  answer.route === EVENTS && answer.status === 400 ? { ...answer, status } : answer;

export const eventsSyncFaults = faults({
  "heads-bare-number": {
    breaks: ["EVT-001", "EVT-002", "EVT-003"],
    outbound: bodyOf(HEADS, (body) => String(body.head)),
  },
  "heads-list-of-events": {
    breaks: ["EVT-001", "EVT-002", "EVT-003"],
    outbound: bodyOf(HEADS, (body) => JSON.stringify([{ event_type: "head", lamport: body.head ?? 0 }])),
  },
  "heads-count-per-type": {
    breaks: ["EVT-002"],
    rules: {
      headsDocument: (state) => ({ ...eventsRules.headsDocument(state), heads_by_type: { ...state.countByType() } }),
    },
  },
  "heads-stale-community": {
    breaks: ["EVT-003"],
    rules: {
      headsDocument: (state) => ({ ...eventsRules.headsDocument(state), community_id: "" }),
    },
  },
  "sync-acknowledges-without-storing": {
    breaks: ["EVT-004", "EVT-005", "EVT-006", "EVT-031", "EVT-038", "EVT-045", "EVT-047"],
    log: (event) => event.event_type === "file.cid.advertised" ? null : event,
  },
  "sync-reports-head-before": {
    breaks: ["EVT-005"],
    rules: { reportedHead: (before) => before },
  },
  "heads-of-last-snapshot": {
    breaks: [
      "EVT-002",
      "EVT-004",
      "EVT-005",
      "EVT-006",
      "EVT-009",
      "EVT-031",
      "EVT-038",
      "EVT-047",
      "EVT-065",
      "IDN-035",
    ],
    rules: {
      headsDocument: (state) => {
        const head = state.head - state.head % SNAPSHOT_LAG;
        return { ...eventsRules.headsDocument(state), head, [state.communityId]: head };
      },
    },
  },
  "sync-refuses-empty": {
    breaks: [
      "EVT-007",
      "PRO-020",
      "TOK-020",
      "TOK-056",
      "KBS-023",
      "KBS-024",
      "KBS-025",
      "KBS-026",
      "KBS-033",
      "MKT-029",
      "CHT-005",
      "CHT-006",
      "CHT-008",
      "CHT-009",
      "CHT-010",
      "CHT-011",
      "CHT-017",
      "CHT-018",
      "CHT-033",
      "CHT-034",
      "CHT-035",
      "CHT-040",
      "CHT-041",
      "CHT-042",
    ],
    rules: { minSyncEvents: 1 },
  },
  "sync-malformed-422": {
    breaks: ["EVT-008"],
    outbound: refusedAs(422),
  },
  "sync-malformed-500": {
    breaks: ["EVT-008"],
    outbound: refusedAs(500),
  },
  "batch-all-or-nothing": {
    breaks: ["EVT-009"],
    rules: { batchMode: "all-or-nothing" },
  },
  "batch-until-first-error": {
    breaks: ["EVT-009"],
    rules: { batchMode: "until-first-error" },
  },
  "rejections-only-counted": {
    breaks: ["EVT-010"],
    outbound: bodyOf(EVENTS, ({ rejected_reasons: _, ...rest }) => rest),
  },
  "reasons-exception-texts": {
    breaks: [
      "EVT-010",
      "EVT-011",
      "EVT-013",
      "EVT-014",
      "EVT-015",
      "EVT-016",
      "EVT-017",
      "EVT-018",
      "EVT-021",
      "EVT-022",
    ],
    outbound: bodyOf(EVENTS, (body) => ({
      ...body,
      rejected_reasons: (Array.isArray(body.rejected_reasons) ? body.rejected_reasons : []).map((entry) => ({
        ...(entry as JsonObject),
        reason: `EventError("${(entry as JsonObject).reason}")`,
      })),
    })),
  },
  "sync-at-most-hundred-events": {
    breaks: ["EVT-012"],
    rules: { maxSyncEvents: FEW_EVENTS },
  },
  "unknown-type-raises": {
    breaks: ["EVT-011", "EVT-031"],
    rules: {
      knownEventType: (type) => {
        if (!eventsRules.knownEventType(type) || type.startsWith("experimental.")) {
          throw new TypeError(`Cannot read the schema of ${type}`);
        }
        return true;
      },
    },
  },
});
