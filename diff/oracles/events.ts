/** The log as it is pushed to and read: each event judged by itself, reasons, heads, topics (core/events). */

import { isObject, type Json, type JsonObject } from "../../src/protocol/mod.ts";
import { isCount, isListOf, isText, isUlid, isWholeTime, sameJson } from "./forms.ts";
import { ofDocument } from "./member_checks.ts";
import { type Exchange, objectOf, objectsOf, type Oracle } from "./oracle.ts";

const SYNC = "POST /sync/v1/events";
const POLL = "GET /pubsub/v1/subscribe";
const COUNTS = /^(accepted|rejected|rejected_reasons|status$|error$|events\[\]$)/;
/** Codes of a rejected event; a code of the closed set is as good. */
const REASON = /^[a-z][a-z0-9_]*$/;

/** Events by which a push is spoiled, and the rule that says so: none of them is taken. */
const REFUSED: readonly (readonly [origin: RegExp, requirement: string])[] = [
  [/^push\/tampered-data$/, "EVT-013"],
  [/^push\/tampered-lamport(-next)?$/, "EVT-014"],
  [/^push\/tampered-event-id$/, "EVT-015"],
  [/^push\/tampered-type$/, "EVT-016"],
  [/^push\/tampered-author$/, "EVT-017"],
  [/^push\/tampered-schema-version$/, "EVT-018"],
  [/^push\/tampered-signature$/, "EVT-019"],
  [/^push\/tampered-lamport-(negative|text)$/, "EVT-033"],
  [/^push\/tampered-lamport-huge$/, "EVT-034"],
  [/^push\/tampered-id-form$/, "EVT-035"],
  [/^push\/tampered-data-(list|null)$/, "EVT-036"],
  [/^push\/stranger$/, "EVT-021"],
  [/^push\/foreign$/, "EVT-025"],
  [/^push\/malformed-(null|empty)-event$/, "EVT-032"],
];
const TAKEN: readonly (readonly [origin: RegExp, requirement: string])[] = [
  [/^push\/late$/, "EVT-047"],
  [/^push\/wall-clock-old$/, "EVT-051"],
  [/^push\/many$/, "EVT-012"],
  [/^push\/valid$/, "EVT-004"],
];

const push = (
  id: string,
  place: RegExp,
  test: (answer: JsonObject, sent: readonly Json[], e: Exchange) => boolean | undefined,
) =>
  ofDocument(SYNC, id, place, (answer, e) => {
    const { step } = e.step;
    if (step.do !== "push" && !e.step.origin.startsWith("push/malformed")) return undefined;
    return Array.isArray(e.body.events) ? test(answer, e.body.events, e) : undefined;
  });

const at =
  (origin: RegExp, test: (answer: JsonObject, sent: readonly Json[], e: Exchange) => boolean | undefined) =>
  (answer: JsonObject, sent: readonly Json[], e: Exchange) =>
    origin.test(e.step.origin) ? test(answer, sent, e) : undefined;

const isReversed = ({ step: { step } }: Exchange) =>
  step.do === "push" && step.events.some((event) => "reversed" in event && event.reversed === true);

export const eventOracles: readonly Oracle[] = [
  ...REFUSED.map(([origin, id]) => ({
    ...push(id, COUNTS, at(origin, ({ accepted }) => accepted === 0)),
    general: true,
  })),
  push(
    "EVT-009",
    COUNTS,
    at(/^push\/batch$/, ({ accepted }, sent, e) => {
      const { step } = e.step;
      const good = step.do === "push" ? step.events.filter((event) => !("tamper" in event)).length : undefined;
      return good === undefined || sent.length === 0 ? undefined : accepted === good;
    }),
  ),
  push(
    "EVT-020",
    COUNTS,
    (answer, _, e) => isReversed(e) && e.step.origin === "push/valid" ? answer.accepted === 1 : undefined,
  ),
  ...TAKEN.map(([origin, id]) =>
    push(id, COUNTS, at(origin, ({ accepted, rejected }, sent) => accepted === sent.length && rejected === 0))
  ),
  push("EVT-010", /^rejected/, ({ rejected, rejected_reasons: reasons }, sent, e) => {
    if (!isCount(rejected) || rejected === 0 || e.step.origin.startsWith("push/malformed")) return undefined;
    const ids = objectsOf([...sent]).map(({ event_id: id }) => id);
    return Array.isArray(reasons) && reasons.length === rejected &&
      isListOf(reasons, (one) => isObject(one) && isText(one.reason) && ids.includes(one.event_id));
  }),
  push(
    "EVT-011",
    /^rejected/,
    ({ rejected_reasons: reasons }) =>
      Array.isArray(reasons)
        ? objectsOf(reasons).every(({ reason }) => isText(reason) && REASON.test(reason))
        : undefined,
  ),
  push("EVT-005", /^new_head/, (answer, sent, e) => {
    // What is sent a second time need not be taken, and may be counted all the same.
    if (e.step.origin === "push/again" || e.step.origin === "push/reused-id") return undefined;
    const head = answer.new_head_lamport ?? answer.new_head;
    if (!isCount(head)) return false;
    const all = answer.accepted === sent.length;
    return all ? objectsOf([...sent]).every(({ lamport }) => head >= Number(lamport)) : undefined;
  }),
  push("EVT-004", COUNTS, ({ accepted, rejected }) => isCount(accepted) && isCount(rejected)),
  ofDocument(
    POLL,
    "EVT-072",
    /./,
    ({ payload }, { step: { step } }) =>
      step.do === "poll" && /^(emergency\.mode\.changed|capability\.(de)?registered)$/.test(step.topic)
        ? payload === undefined
        : undefined,
  ),
  ofDocument(POLL, "TRN-072", /./, ({ payload, topic }, { step: { step } }) => {
    if (step.do !== "poll") return undefined;
    if (step.topic === "no.such.topic") return payload === undefined;
    return topic === undefined || step.topic.includes("$") ? undefined : topic === step.topic;
  }),
  ofDocument(
    POLL,
    "TRN-070",
    /^seq$/,
    ({ seq }, { step: { step } }) =>
      step.do === "poll" && seq !== undefined ? Number(seq) > (step.last_seq ?? -1) : undefined,
  ),
  ofDocument(
    POLL,
    "EVT-063",
    /^payload/,
    ({ payload }, { step: { step } }) =>
      isObject(payload) && step.do === "poll" && /^marketplace\./.test(step.topic)
        ? payload.schema_version === 1 && isUlid(payload.event_id) && isCount(payload.lamport) &&
          isText(payload.author) && isText(payload.event_type) && isObject(payload.data) && isText(payload.signature)
        : undefined,
  ),
  ofDocument(
    POLL,
    "EVT-067",
    /^payload/,
    ({ payload }) =>
      isObject(payload) && payload.wall_clock !== undefined ? isWholeTime(payload.wall_clock) : undefined,
  ),
  ofDocument(POLL, "EVT-069", /^payload\.data/, ({ payload }, e) => repeatsPost(objectOf(payload), e)),
  ofDocument(SYNC, "EVT-069", /^events\[\]\.data/, ({ events }, e) => {
    const verdicts = objectsOf(events).map((event) => repeatsPost(event, e)).filter((one) => one !== undefined);
    return verdicts.length === 0 ? undefined : verdicts.every((kept) => kept);
  }),
  ofDocument("GET /community/manifest", "EVT-056", /^policy/, ({ policy }, e) => {
    const first = e.before.find(({ address, answer }) => address === e.address && answer.status === 200);
    const before = objectOf(objectOf(first?.answer.value).policy);
    // Only the root may change it, and nobody here is the root.
    return Object.keys(before).length === 0 || Object.values(e.cast).includes("root")
      ? undefined
      : JSON.stringify(before) === JSON.stringify(policy);
  }),
];

/** Whether an event of the log says what was posted with the call that made it. */
function repeatsPost({ event_id: id, data }: JsonObject, { before }: Exchange): boolean | undefined {
  const post = before.find(({ address, output }) =>
    address === "market.post" && id !== undefined && output.event_id === id
  );
  if (post === undefined || !isObject(data)) return undefined;
  return POSTED.every((name) => post.input[name] === undefined || sameJson(data[name], post.input[name]));
}

const POSTED = ["client_id", "category", "title", "body", "location", "tags", "ttl_seconds"];
