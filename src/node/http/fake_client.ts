/** A small client for tests of the transport: signed calls by fetch, raw bytes by socket. */

import {
  fromUtf8Lossy,
  type Identity,
  type JsonObject,
  signCall,
  timestamp,
  UlidSource,
  utf8,
} from "../../protocol/mod.ts";
import { CALL_HEADERS, concat, Random } from "../../protocol/mod.ts";
import type { ReferenceNode } from "../node.ts";

/** Milliseconds after which a raw exchange is given up. */
const RAW_DEADLINE_MS = 5_000;
const ids = new UlidSource(() => FIXED_WALL_MS, new Random("fake client"));
/** 2027-03-14T09:26:53Z. */
export const FIXED_WALL_MS = 1_805_016_413_000;

/** Parts of a call a test may set. */
export interface FakeCall {
  readonly capability?: string;
  readonly version?: string;
  readonly from?: Identity;
  readonly community?: string;
  readonly body?: JsonObject;
}

/** A signed call: headers with their values, and the body as text. */
export function signedCall(
  node: ReferenceNode,
  call: FakeCall,
  signer: Identity,
): { readonly headers: Record<string, string>; readonly body: string; readonly requestId: string } {
  const { capability = "test.echo", version = "1.0", from = signer, community = node.communityId } = call;
  const body = call.body ?? { params: {}, input: {} };
  const request_id = ids.next();
  const envelope = {
    capability,
    version,
    request_id,
    from: from.id,
    community,
    timestamp: timestamp(FIXED_WALL_MS),
    body,
  };
  return {
    requestId: request_id,
    body: JSON.stringify(body),
    headers: {
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
      [CALL_HEADERS.capability]: capability,
      [CALL_HEADERS.version]: version,
      [CALL_HEADERS.request_id]: request_id,
      [CALL_HEADERS.from]: from.id,
      [CALL_HEADERS.community]: community,
      [CALL_HEADERS.timestamp]: envelope.timestamp,
      [CALL_HEADERS.signature]: signCall(signer, envelope),
    },
  };
}

/** Status, headers and JSON body of a call. */
export async function post(
  node: ReferenceNode,
  call: { readonly headers: Record<string, string>; readonly body: string | Uint8Array<ArrayBuffer> },
): Promise<{ readonly status: number; readonly headers: Headers; readonly body: JsonObject }> {
  const response = await fetch(`${node.url}/bus/v1/call`, { method: "POST", ...call });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: JSON.parse(text) };
}

/** Head and body of a request as bytes. */
export function rawRequest(method: string, path: string, headers: Record<string, string>, body = ""): Uint8Array {
  const bytes = utf8(body);
  const all = { Host: "node", "Content-Length": String(bytes.length), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return concat([utf8(`${method} ${path} HTTP/1.1\r\n${lines}\r\n`), bytes]);
}

/** Sends bytes and reads until `enough` or the end; the deadline closes the connection. */
export async function rawExchange(
  node: ReferenceNode,
  bytes: Uint8Array,
  enough: (text: string) => boolean = () => false,
): Promise<string> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(node.url).port) });
  const signal = AbortSignal.timeout(RAW_DEADLINE_MS);
  const give = () => connection.close();
  signal.addEventListener("abort", give, { once: true });
  let text = "";
  try {
    await connection.write(bytes);
    const buffer = new Uint8Array(65_536);
    for (;;) {
      const count = await connection.read(buffer);
      if (count === null) break;
      text += fromUtf8Lossy(buffer.subarray(0, count));
      if (enough(text)) break;
    }
  } catch {
    // A reset or the deadline: what was received so far is the result.
  } finally {
    signal.removeEventListener("abort", give);
    if (!signal.aborted) connection.close();
  }
  return text;
}
