/** What is due to calls of the services: market, chat, files, retrieval, embedding, generation, protocol. */

import type { JsonObject } from "../../src/protocol/mod.ts";
import type { Exchange, Oracle } from "./oracle.ts";
import { accepted, AT_ANSWER, badInput, clientError, due, notFound, refusedWith, unauthorized } from "./due.ts";

/** An event id nobody ever made. */
const NO_EVENT = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
/** Seconds a post may live at most: 30 days. */
const LONGEST_TTL = 2_592_000;
/** What a valid post may have that a node wrongly refuses; what it took before cannot be the reason. */
const REFUSED_POSTS: readonly Oracle[] = ([
  ["MKT-011", ({ ttl_seconds: ttl }) => ttl === LONGEST_TTL],
  ["MKT-006", ({ category }) => category === "emergency"],
  ["MKT-014", ({ location }) => location === undefined],
] as readonly (readonly [string, (input: JsonObject) => boolean])[]).map(([requirement, has]) => ({
  requirement,
  address: "market.post",
  place: AT_ANSWER,
  holds: (e) => {
    const { status } = e.answer;
    if (!/^market\.post\/(valid|race)$/.test(e.step.origin) || !has(e.input)) return undefined;
    if (status === 200) return true;
    const proven = e.before.some((one) => one.address === e.address && one.answer.status === 200 && has(one.input));
    return status === 400 && !proven ? false : undefined;
  },
}));

/** An id that no push brought either. */
function isNowhere({ input, before }: Exchange): boolean {
  return input.event_id === NO_EVENT &&
    !before.some(({ address, body }) => address.startsWith("POST /sync") && JSON.stringify(body).includes(NO_EVENT));
}

const marketDues: readonly Oracle[] = [
  ...REFUSED_POSTS,
  due("MKT-001", /^market\.post\/valid$/, accepted),
  due("MKT-003", /^market\.post\/(repeated|race)$/, accepted),
  due("MKT-005", /^market\.post\/no-client-id$/, badInput),
  due("MKT-007", /^market\.post\/unknown-category$/, badInput),
  due("MKT-010", /^market\.post\/ttl-too-long$/, badInput),
  due("MKT-012", /^market\.post\/ttl-(zero|negative|fraction)$/, badInput),
  due("BUS-023", /^market\.post\/no-title$/, badInput),
  due("BUS-024", /^(market\.(post\/title-number|list\/limit-text)|chat\.send\/body-number)$/, badInput),
  due("MKT-034", /^market\.expire\/unknown$/, notFound, { when: isNowhere }),
  due("MKT-035", /^market\.expire\/unknown$/, clientError),
  due("BUS-025", /^market\.list\/category$/, badInput),
  due("MKT-023", /^market\.list\/limit-(501|huge)$/, (e) => e.answer.status === 200 || badInput(e)),
  due("MKT-021", /^market\.list\/limit-zero$/, (e) => e.answer.status === 200 || badInput(e)),
  due("MKT-049", /^market\.search\/no-query$/, badInput),
  due("MKT-044", /^market\.search\/valid$/, (e) => e.answer.status === 200 || e.answer.status === 503),
  due("MKT-017", /^(market\.list\/valid|final market\.list)$/, accepted),
];

const chatDues: readonly Oracle[] = [
  due("CHT-001", /^chat\.send\/valid$/, accepted),
  due("CHT-009", /^chat\.send\/repeated$/, accepted),
  due("CHT-012", /^chat\.send\/(no-client-id|no-recipient)$/, badInput),
  due("CHT-013", /^chat\.send\/(short-id|empty-recipient)$/, clientError),
  due("CHT-014", /^chat\.send\/no-member$/, notFound),
  due("CHT-015", /^chat\.send\/to-node$/, refusedWith([400], "bad_request")),
  due("CHT-016", /^chat\.send\/empty$/, badInput),
  due("CHT-023", /^chat\.history\/other$/, unauthorized, { when: ({ input }) => input.peer !== undefined }),
  due("CHT-022", /^chat\.history\/other$/, unauthorized),
  due("CHT-024", /^chat\.history\/self$/, accepted, { when: ({ input }) => input.limit !== 0 }),
  due("IDN-073", /^(community\.revoke\/(alone|member)|levels\/member)$/, clientError, { address: "community.revoke" }),
  due("IDN-072", /^community\.invite\/(anchor|king)$/, badInput),
  due("IDN-068", /^community\.invite\/(member|trusted|short)$/, accepted),
];

const fileDues: readonly Oracle[] = [
  due("FIL-018", /^file\.read\/unknown$/, notFound),
  due("FIL-019", /^file\.read\/(missing|number)$/, refusedWith([400])),
  due(
    "FIL-020",
    /^file\.read\/(short|path|upper)$/,
    refusedWith([400, 404], "bad_request", "not_found", "schema_mismatch"),
  ),
  due("FIL-028", /^file\.list$/, accepted, { when: ({ input }) => input.prefix === "nothing" }),
  due("FIL-025", /^(final )?file\.list$/, accepted),
  due("FIL-032", /^file\.advertise\/(no-list|no-cid|missing)$/, badInput),
  due("FIL-030", /^file\.advertise\/repeated$/, accepted),
  due("FIL-029", /^file\.advertise\/(valid|held)$/, accepted),
  due("KBS-010", /^rag\.query\/unknown-corpus$/, notFound),
  due("KBS-011", /^rag\.query\/no-corpus$/, refusedWith([400, 404])),
  due("KBS-045", /^rag\.query\/personal$/, refusedWith([401, 404])),
  due("KBS-008", /^rag\.query\/k-21$/, badInput, { when: (e) => e.answer.status !== 404 }),
  due("KBS-009", /^rag\.query\/k-zero$/, badInput, { when: (e) => e.answer.status !== 404 }),
  due("KBS-013", /^rag\.query\/empty-query$/, badInput, { when: (e) => e.answer.status !== 404 }),
  due("KBS-012", /^rag\.query\/(no-query|query-number)$/, badInput, { when: (e) => e.answer.status !== 404 }),
  due("KBS-001", /^rag\.query\/known/, refusedWith([200, 404])),
  due("KBS-027", /^rag\.ingest$/, unauthorized, {
    when: ({ step: { step }, cast }) => step.do === "call" && cast[step.as] === "member",
  }),
  due("KBS-046", /^rag\.ingest$/, (e) => e.answer.status >= 400, { when: ({ params }) => params.corpus === "system" }),
  due("KBS-041", /^(final )?rag\.list_corpora$/, accepted, {
    when: ({ step: { step }, cast }) => step.do === "call" && cast[step.as] !== "stranger",
  }),
];

const modelDues: readonly Oracle[] = [
  due("EMB-009", /^embed\.text\/valid$/, accepted, { when: (e) => size(e.input.texts) === 256 }),
  due("EMB-013", /^embed\.text\/valid$/, accepted, { when: (e) => JSON.stringify(e.input).includes("x".repeat(8192)) }),
  due("EMB-001", /^embed\.text\/valid$/, accepted),
  due("EMB-010", /^embed\.text\/257$/, badInput),
  due("EMB-011", /^embed\.text\/none$/, badInput),
  due("EMB-012", /^embed\.text\/too-long$/, badInput),
  due("EMB-014", /^embed\.text\/unknown-model$/, notFound),
  due("EMB-015", /^embed\.text\/(missing|number)$/, badInput),
  due("BUS-026", /^embed\.text\/no-model$/, clientError),
  due("LLM-010", /^llm\.(chat|complete)\/unknown-model$/, refusedWith([404, 501])),
  due("LLM-011", /^llm\.(chat|complete)\/(no-model|model-number)$/, clientError),
  due("LLM-012", /^llm\.chat\/empty-messages$/, badInput),
  due("LLM-013", /^llm\.chat\/(no-messages|messages-text)$/, refusedWith([400])),
  due("LLM-014", /^llm\.chat\/system-alone$/, badInput),
  due("LLM-015", /^llm\.chat\/(role|no-role|content-number|content-missing|message-text)$/, badInput),
  due("LLM-016", /^llm\.chat\/(two-users|two-assistants|assistant-first|tool-first)$/, badInput),
  due("LLM-052", /^llm\.chat\/unknown-tool-result$/, badInput),
  due("LLM-021", /^llm\.chat\/tokens-(zero|negative|text|fraction)$/, badInput),
  due("LLM-030", /^llm\.chat\/wide-context$/, clientError),
  due("LLM-031", /^llm\.chat\/overlong$/, badInput),
  due("LLM-017", /^llm\.chat\/conversation/, accepted),
  due("LLM-045", /^llm\.(chat|complete)\/seed-null$/, accepted),
  due("LLM-039", /^llm\.chat\/other-model/, accepted),
  due("LLM-001", /^llm\.chat\/(stream|warm|whole|long|one|stop|stop-text|stop-across)$/, accepted),
  due("LLM-040", /^llm\.complete\/(missing|number)$/, refusedWith([400])),
  due("LLM-053", /^llm\.chat\/tools-too-many$/, badInput),
  due("LLM-050", /^llm\.chat\/tools-result$/, accepted),
  due("LLM-049", /^llm\.chat\/tools-(named-unknown|required-empty)$/, badInput),
  due("LLM-063", /^llm\.chat\/tools-(required|auto|none|named|not-wanted|most|whole)$/, accepted),
  due("LLM-054", /^llm\.chat\/two-(text|parts)$/, accepted),
  due("LLM-055", /^llm\.chat\/two-image$/, clientError),
  due("LLM-062", /^llm\.tools\.call\/deep$/, clientError),
  due("LLM-059", /^llm\.tools\.call\/unknown$/, notFound),
  due("LLM-060", /^llm\.tools\.call\/trusted-only$/, unauthorized),
  due("LLM-058", /^llm\.tools\.call\/refused-body$/, clientError),
  due("LLM-061", /^token with a tool\/wrapper$/, refusedWith([401, 403], "token_scope_insufficient", "token_invalid")),
];

const protocolDues: readonly Oracle[] = [
  due("PRO-001", /^protocol\.version\.list$/, accepted),
  due("PRO-015", /^protocol\.conformance\.report$/, unauthorized, {
    when: ({ step: { step }, cast }) => step.do === "call" && cast[step.as] !== "self",
  }),
  due("PRO-022", /^protocol\.registry\.announce\/valid$/, accepted),
  due("PRO-026", /^protocol\.registry\.announce\/future$/, accepted),
  due("PRO-023", /^protocol\.registry\.announce\/(no-vendor|no-versions|odd-versions)$/, refusedWith([400])),
  due("OPS-029", /^(GET \/health|raw\/http-1\.0)$/, accepted),
  due("IDN-024", /^GET \/community\/manifest$/, accepted),
  due("IDN-001", /^GET \/manifest$/, accepted),
  due("TRN-073", /^GET \/pubsub\/v1\/subscribe$/, refusedWith([400], "bad_request")),
  due("TRN-067", /^poll( |\/waiting)/, accepted),
  due("EVT-001", /^GET \/sync\/v1\/heads$/, accepted),
  due("EVT-008", /^push\/malformed-(not-json|list|no-events|events-object)$/, refusedWith([400], "bad_request")),
  due("EVT-007", /^push\/malformed-empty$/, accepted),
  due("EVT-012", /^push\/many$/, accepted),
  due("EVT-031", /^push\/unknown-type$/, accepted),
  due("EVT-037", /^push\/again$/, accepted),
  due("EVT-004", /^push\/valid$/, accepted),
];

function size(value: unknown): number {
  return Array.isArray(value) ? value.length : 0;
}

export const serviceDues: readonly Oracle[] = [
  ...marketDues,
  ...chatDues,
  ...fileDues,
  ...modelDues,
  ...protocolDues,
];
