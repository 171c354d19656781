/**
 * `--wire-capture`: what passes between the target and its peers through the tester (its own peers, its proxies), read
 * back from the transcript and held against the forms of the wire format (X09 §6.4).
 */

import {
  CALL_HEADERS,
  type CallEnvelope,
  isObject,
  type Json,
  type JsonObject,
  tryParseJson,
  verifyCall,
  verifyDocument,
  verifyEvent,
} from "../protocol/mod.ts";
import { concat } from "../protocol/mod.ts";
import { DEFAULT_LIMITS, type HeaderList, MessageParser, type TranscriptRecord, WireError } from "../wire/mod.ts";

/** What was captured over a run. */
export interface CaptureSummary {
  /** Requests the target sent to peers. */
  requests: number;
  calls: number;
  events: number;
  manifests: number;
  /** Departures from the wire format: scope, and what was wrong. */
  readonly problems: { readonly scope: string; readonly what: string }[];
}

/** Problems that are kept; a faulty node repeats itself. */
const MAX_PROBLEMS = 100;

/** An empty summary. */
export function emptyCapture(): CaptureSummary {
  return { requests: 0, calls: 0, events: 0, manifests: 0, problems: [] };
}

interface CapturedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: HeaderList;
  readonly body: Uint8Array;
}

/** Requests of one byte stream; what is no HTTP ends it. */
function requestsOf(bytes: Uint8Array): { readonly requests: CapturedRequest[]; readonly problem?: string } {
  const requests: CapturedRequest[] = [];
  for (let at = 0; at < bytes.length;) {
    const parser = new MessageParser({ kind: "request" }, DEFAULT_LIMITS);
    try {
      at += parser.feed(bytes.subarray(at));
    } catch (error) {
      return { requests, problem: error instanceof WireError ? error.message : String(error) };
    }
    const head = parser.requestHead;
    // A request that was cut off proves nothing.
    if (!parser.done || head === undefined) return { requests };
    requests.push({ method: head.method, path: head.path, headers: head.headers, body: concat(parser.takeBody()) });
    if (head.headers.some(([name]) => name.toLowerCase() === "upgrade")) return { requests };
  }
  return { requests };
}

function judgeCall(headers: HeaderList, body: Json | undefined): string[] {
  const header = (name: string) => headers.find(([n]) => n.toLowerCase() === name.toLowerCase())?.[1];
  const names = ["capability", "version", "request_id", "from", "community", "timestamp", "signature"] as const;
  const missing = names.filter((name) => header(CALL_HEADERS[name]) === undefined);
  if (missing.length > 0) return [`a call without ${missing.map((name) => CALL_HEADERS[name]).join(", ")}`];
  const envelope = Object.fromEntries(
    names.filter((name) => name !== "signature").map((name) => [name, header(CALL_HEADERS[name]) ?? ""]),
  );
  const complete = { ...envelope, body: body ?? null } as unknown as CallEnvelope;
  return verifyCall(complete, header(CALL_HEADERS.signature)) ? [] : ["a call whose signature does not verify"];
}

function judgeEvents(body: Json | undefined): { readonly events: number; readonly problems: string[] } {
  const events = isObject(body) && Array.isArray(body.events) ? body.events : undefined;
  if (events === undefined) return { events: 0, problems: ["a push without a list of events"] };
  const problems = events.flatMap((event) =>
    isObject(event) && verifyEvent(event) ? [] : [`an event whose signature does not verify: ${idOf(event)}`]
  );
  return { events: events.length, problems };
}

function idOf(event: Json): string {
  return isObject(event) && typeof event.event_id === "string" ? event.event_id : "without id";
}

/** Adds what one scope captured. */
export function capture(summary: CaptureSummary, scope: string, records: readonly TranscriptRecord[]): void {
  const accepted = new Map<number, Uint8Array[]>();
  for (const { direction, connection, bytes } of records) {
    if (direction === "accept") accepted.set(connection, []);
    else if (direction === "in" && bytes !== undefined) accepted.get(connection)?.push(bytes);
  }
  const note = (what: string) => {
    if (summary.problems.length < MAX_PROBLEMS) summary.problems.push({ scope, what });
  };
  for (const parts of accepted.values()) {
    const bytes = concat(parts);
    // TLS towards a peer is recorded above the encryption, so what is here is HTTP.
    const { requests, problem } = requestsOf(bytes);
    if (problem !== undefined) note(problem);
    for (const { method, path, headers, body } of requests) {
      summary.requests++;
      const value = tryParseJson(body);
      const route = path.split("?")[0];
      if (method === "POST" && route === "/bus/v1/call") {
        summary.calls++;
        judgeCall(headers, value).forEach(note);
      } else if (method === "POST" && route === "/sync/v1/events") {
        const judged = judgeEvents(value);
        summary.events += judged.events;
        judged.problems.forEach(note);
      }
    }
  }
  captureAnswers(summary, records, note);
}

/** Manifests that a proxied node answered: bytes that came back on connections the tester dialled for another node. */
function captureAnswers(
  summary: CaptureSummary,
  records: readonly TranscriptRecord[],
  note: (what: string) => void,
): void {
  const dialled = new Map<number, { out: Uint8Array[]; in: Uint8Array[] }>();
  for (const { direction, connection, bytes } of records) {
    if (direction === "dial") dialled.set(connection, { out: [], in: [] });
    if (bytes === undefined || (direction !== "in" && direction !== "out")) continue;
    dialled.get(connection)?.[direction].push(bytes);
  }
  for (const { out, in: received } of dialled.values()) {
    const asked = requestsOf(concat(out)).requests[0];
    if (asked?.method !== "GET" || asked.path !== "/manifest") continue;
    const parser = new MessageParser({ kind: "answer", method: "GET" }, DEFAULT_LIMITS);
    try {
      parser.feed(concat(received));
    } catch {
      continue;
    }
    const manifest = parser.done ? tryParseJson(concat(parser.takeBody())) : undefined;
    if (!isObject(manifest) || typeof manifest.node_id !== "string") continue;
    summary.manifests++;
    if (!verifyDocument(manifest.node_id, manifest)) note(`a manifest of ${manifest.node_id} that does not verify`);
  }
}

/** The summary as a report holds it. */
export function captureJson(summary: CaptureSummary): JsonObject {
  const { requests, calls, events, manifests, problems } = summary;
  return { requests, calls, events, manifests, problems: problems.map(({ scope, what }) => ({ scope, what })) };
}
