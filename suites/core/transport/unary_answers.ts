/** Answers of calls that do not stream: status, media type, the echoed headers, the signature. CONTRACT §5.2. */

import {
  describe,
  hasMediaType,
  header,
  headerEquals,
  holds,
  jsonObject,
  matches,
  of,
  status,
  succeeded,
} from "../../../src/check/mod.ts";
import {
  CALL_HEADERS,
  CHUNK_SIZE,
  type Json,
  type JsonObject,
  parseTimestamp,
  responseSignatureCovers,
  SIGNATURE_PATTERN,
  timestamp,
  TIMESTAMP_PATTERN,
  tryParseJson,
} from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { placeBlob } from "../../../src/target/provisioning.ts";
import { textPdf } from "../../../src/target/text_pdf.ts";
import type { HttpAnswer } from "../../../src/wire/mod.ts";
import { probeCall, uniquePost } from "./helpers.ts";

/** How far the clocks of node and tester may be apart, in milliseconds (TRN-004). */
const CLOCK_TOLERANCE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Life of the invitation in seconds. */
const INVITE_SECONDS = 3600;

/** The present as the answer's own Date header or the tester sees it: within tolerance of either. */
function nearNow(context: CaseContext, answer: HttpAnswer) {
  const text = header(answer, CALL_HEADERS.timestamp);
  const stamp = parseTimestamp(text);
  const date = Date.parse(header(answer, "date") ?? "");
  const near = (ms: number) => stamp !== undefined && Math.abs(stamp - ms) <= CLOCK_TOLERANCE_MS;
  return of(
    answer,
    holds(
      near(context.target.wall()) || near(date),
      `${CALL_HEADERS.timestamp} within ${CLOCK_TOLERANCE_MS / 1000} s of now (${timestamp(context.target.wall())})`,
      text ?? "no header",
    ),
  );
}

/** One successful call of every mutating capability the tester can call (TRN-006, TRN-007). */
async function mutations(context: CaseContext): Promise<readonly (readonly [name: string, answer: HttpAnswer])[]> {
  const { target, actors } = context;
  const alice = await actors.member("alice");
  const done: [string, HttpAnswer][] = [];
  const post = async (name: string, input: JsonObject) => {
    if (target.advertised(name) === undefined) return undefined;
    const answer = await target.call(alice, name, input);
    done.push([name, answer]);
    return answer;
  };
  const posted = await post("market.post", uniquePost(context));
  const event = tryParseJson(posted?.body ?? new Uint8Array(0)) as { output?: { event_id?: Json } } | undefined;
  const eventId = event?.output?.event_id;
  if (typeof eventId === "string") {
    await post("market.expire", { client_id: target.id(), event_id: eventId, reason: "withdrawn" });
  }
  const bob = await actors.member("bob");
  await post("chat.send", { client_id: target.id(), recipient: bob.id, body: "Good evening.", attachments: [] });
  await post("community.invite", {
    invitee_node_id: actors.fresh("invitee").id,
    display_name: "An invited device",
    initial_level: "member",
    ttl_seconds: INVITE_SECONDS,
  });
  if (target.advertised("rag.ingest") !== undefined && target.profile.identities.trusted > 0) {
    const theo = await actors.trusted("theo");
    const pdf = textPdf([`A short text about ${context.random.word()}.`]);
    if (pdf.length < CHUNK_SIZE && target.advertised("file.put") !== undefined) {
      const { cid } = await placeBlob(target, theo, pdf);
      const input = { doc_cid: cid, title: "A document", language: "en", metadata: { author: "tester" } };
      const params = { corpus: `tester_${context.random.word()}` };
      done.push(["rag.ingest", await target.call(theo, "rag.ingest", input, { params })]);
    }
  }
  const successful = done.filter(([, answer]) => answer.status === 200);
  for (const [name, answer] of done) if (answer.status !== 200) context.note(`${name}: ${describe(answer)}`);
  if (successful.length === 0) context.inconclusive("no mutating call succeeded");
  return successful;
}

function signatureForm(answer: HttpAnswer, what: string) {
  return of(answer, matches(header(answer, CALL_HEADERS.signature), SIGNATURE_PATTERN, what));
}

/** Which accepted payload the signature of an answer covers, with another body if asked. */
function coverage(answer: HttpAnswer, body: Json): "envelope" | "body" | undefined {
  return responseSignatureCovers({
    request_id: header(answer, CALL_HEADERS.request_id) ?? "",
    from: header(answer, CALL_HEADERS.from) ?? "",
    timestamp: header(answer, CALL_HEADERS.timestamp) ?? "",
    body,
  }, header(answer, CALL_HEADERS.signature));
}

export const unaryAnswerCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/transport/unary-answer-is-json",
    requirement: "TRN-001",
    brokenBy: ["answers-created", "answers-as-text"],
    effects: "none",
    async run(context) {
      const answer = await probeCall(context);
      context.must.all(status(answer, 200), hasMediaType(answer, "application/json"));
      context.must.get(jsonObject(answer));
    },
  }),
  defineCase({
    id: "core/transport/request-id-is-echoed",
    requirement: "TRN-002",
    brokenBy: ["answer-with-fresh-request-id"],
    effects: "none",
    async run(context) {
      const requestId = context.target.id();
      const answer = await probeCall(context, { requestId });
      context.must.all(status(answer, 200), headerEquals(answer, CALL_HEADERS.request_id, requestId));
    },
  }),
  defineCase({
    id: "core/transport/answer-names-the-node",
    requirement: "TRN-003",
    brokenBy: ["answer-from-caller"],
    effects: "none",
    async run(context) {
      const manifest = await context.target.readManifest();
      const answer = await probeCall(context);
      const nodeId = manifest?.node_id ?? context.target.nodeId;
      context.must.all(status(answer, 200), headerEquals(answer, CALL_HEADERS.from, nodeId));
    },
  }),
  defineCase({
    id: "core/transport/answer-timestamp-is-now",
    requirement: "TRN-004",
    brokenBy: ["answer-timestamp-copied", "answer-timestamp-unix"],
    effects: "none",
    async run(context) {
      const { must, target } = context;
      const answer = await probeCall(context);
      must(status(answer, 200));
      must(of(answer, matches(header(answer, CALL_HEADERS.timestamp), TIMESTAMP_PATTERN, CALL_HEADERS.timestamp)));
      must(nearNow(context, answer));
      // Freshness of requests is undefined: a refusal of an old one is no verdict.
      const old = await probeCall(context, { timestamp: timestamp(target.wall() - HOUR_MS) });
      if (old.status !== 200) return context.note(`a call dated one hour ago was refused: ${describe(old)}`);
      must(nearNow(context, old));
    },
  }),
  defineCase({
    id: "core/transport/answer-is-signed",
    requirement: "TRN-005",
    brokenBy: ["answers-never-signed", "answer-signature-untagged"],
    effects: "none",
    async run(context) {
      const answer = await probeCall(context);
      context.should(succeeded(answer));
      context.should(signatureForm(answer, CALL_HEADERS.signature));
    },
  }),
  defineCase({
    id: "core/transport/mutations-are-signed",
    requirement: "TRN-006",
    brokenBy: ["mutations-not-signed", "only-posts-signed"],
    effects: "writes",
    async run(context) {
      for (const [name, answer] of await mutations(context)) {
        context.must(signatureForm(answer, `${CALL_HEADERS.signature} of ${name}`));
      }
    },
  }),
  defineCase({
    id: "core/transport/answer-signature-covers-the-body",
    requirement: "TRN-007",
    brokenBy: ["answer-signature-of-nothing", "answer-signature-constant"],
    effects: "writes",
    async run(context) {
      const { should, note } = context;
      for (const [name, answer] of await mutations(context)) {
        const signature = header(answer, CALL_HEADERS.signature);
        should(signatureForm(answer, `${CALL_HEADERS.signature} of ${name}`));
        should(headerEquals(answer, CALL_HEADERS.from, context.target.nodeId));
        const body = should.get(jsonObject(answer));
        for (const other of [{}, "", null, { ...body, altered: true }] as const) {
          should(of(
            answer,
            holds(
              coverage(answer, other) === undefined,
              `a signature of ${name} that verifies for no other body`,
              `it verifies for ${JSON.stringify(other).slice(0, 40)}`,
            ),
          ));
        }
        if (coverage(answer, body) !== undefined) continue;
        note(`${name}: the signature ${signature} covers none of the payloads known to the tester`);
        // The same signature on answers of different bodies cannot cover them.
        const again = await probeCall(context);
        should(of(
          again,
          holds(
            header(again, CALL_HEADERS.signature) !== signature,
            "different signatures for different answers",
            `twice ${signature}`,
          ),
        ));
      }
    },
  }),
  defineCase({
    id: "core/transport/speaks-http-1.1",
    requirement: "TRN-008",
    brokenBy: ["answers-http-1.0"],
    effects: "none",
    async run(context) {
      // An unsigned document will do: what is judged is the status line.
      const answer = await context.target.manifest();
      context.must.hold(answer.status > 0, "an answer to an HTTP/1.1 request", describe(answer), answer.exchange);
      context.must.hold(
        answer.head?.version === "HTTP/1.1",
        "a status line of HTTP/1.1",
        answer.head?.version ?? "no status line",
        answer.exchange,
      );
    },
  }),
];
