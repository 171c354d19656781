/** JSON documents of peers: manifests and sync. */

import { canonicalBytes, type Json, type JsonObject, parseJson } from "../../protocol/mod.ts";
import type { NodeCore } from "../core.ts";
import type { OutboundRequest } from "../fault.ts";
import { deadlineIn } from "./deadline.ts";
import { readAll } from "./http_client.ts";
import type { ConnectionPool } from "./pool.ts";
import { type Origin, PeerError } from "./socket.ts";

/** Largest document that is read: a page of events. */
const MAX_DOCUMENT_BYTES = 16 << 20;

/** A document and the certificate it came with. */
export interface Fetched {
  readonly document: Json;
  readonly fingerprint: string | undefined;
}

/** One request of the node itself to a peer. */
export interface DocumentRequest {
  readonly purpose: OutboundRequest["purpose"];
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: JsonObject;
  readonly deadlineMs: number;
  /** The only certificate that is accepted (hex of its SHA-256). */
  readonly pinned?: string | undefined;
}

/**
 * Fetches a JSON document with status 200.
 *
 * @throws {PeerError} Whatever goes wrong.
 */
export async function fetchDocument(
  core: Pick<NodeCore, "seams" | "clock">,
  pool: ConnectionPool,
  origin: Origin,
  request: DocumentRequest,
  stopping: AbortSignal,
): Promise<Fetched> {
  const changed = core.seams.request({
    purpose: request.purpose,
    path: request.path,
    headers: request.body === undefined ? [["Accept", "application/json"]] : [["Content-Type", "application/json"]],
    body: request.body,
  });
  if (changed === null) throw new PeerError("unreachable", "Cannot fetch: the request was not sent");
  const deadline = deadlineIn(request.deadlineMs, core.clock, stopping);
  try {
    const { path, headers, body } = changed;
    const outgoing = { method: request.method, path, headers, ...(body && { body: canonicalBytes(body) }) };
    const exchange = await pool.send(origin, outgoing, deadline.signal, request.pinned);
    try {
      const bytes = await readAll(exchange.answer.body, MAX_DOCUMENT_BYTES);
      if (exchange.answer.status !== 200) {
        throw new PeerError("malformed", `Cannot fetch ${path}: status is ${exchange.answer.status}`);
      }
      const document = parseJson(bytes);
      exchange.done();
      return { document, fingerprint: exchange.fingerprint };
    } catch (error) {
      exchange.drop();
      if (error instanceof SyntaxError) throw new PeerError("malformed", error.message);
      throw error;
    }
  } finally {
    deadline.end();
  }
}
