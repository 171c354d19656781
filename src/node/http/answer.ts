/** Answers as the routes make them and as bytes: exactly the headers given, so that mistakes can reach the wire. */

import { concat, type JsonObject, utf8 } from "../../protocol/mod.ts";
import type { Frame } from "../core.ts";
import type { OutboundAnswer } from "../fault.ts";
import type { SocketPipe } from "./pipe.ts";

export type HeaderPairs = [name: string, value: string][];

/** A complete answer. */
export interface PlainAnswer {
  readonly kind: "plain";
  readonly status: number;
  readonly headers: HeaderPairs;
  readonly body: JsonObject | string | Uint8Array;
  readonly capability?: string;
  /** `close` ends the connection after the answer; `drop` ends it without one. */
  readonly connection?: "close" | "drop";
}

/** An answer whose frames come one by one. */
export interface StreamAnswer {
  readonly kind: "stream";
  readonly headers: HeaderPairs;
  readonly capability: string;
  readonly frames: AsyncGenerator<Frame, void, void>;
  /** Called when the client is gone. */
  abort(): void;
  /** Called once, with the code of the terminal error frame or `ok`. */
  finished(result: string): void;
}

/** The connection leaves HTTP behind. */
export interface UpgradeAnswer {
  readonly kind: "upgrade";
  readonly headers: HeaderPairs;
  readonly capability?: string;
  /** Owns the connection until it resolves. */
  run(pipe: SocketPipe): Promise<void>;
}

export type Answer = PlainAnswer | StreamAnswer | UpgradeAnswer;

const REASONS: Readonly<Record<number, string>> = {
  101: "Switching Protocols",
  200: "OK",
  204: "No Content",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  410: "Gone",
  426: "Upgrade Required",
  429: "Too Many Requests",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
};

/** A JSON answer. */
export function jsonAnswer(status: number, body: JsonObject, headers: HeaderPairs = []): PlainAnswer {
  return { kind: "plain", status, headers: [["Content-Type", "application/json"], ...headers], body };
}

/** A text answer. */
export function textAnswer(status: number, body: string, type = "text/plain; charset=utf-8"): PlainAnswer {
  return { kind: "plain", status, headers: [["Content-Type", type]], body };
}

/** Status line and headers. */
export function headBytes(status: number, headers: HeaderPairs, version = "HTTP/1.1"): Uint8Array<ArrayBuffer> {
  const reason = REASONS[status] ?? "Unknown";
  return utf8(
    `${version} ${status} ${reason}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`,
  );
}

/** Body of an answer as bytes. */
export function bodyBytes(body: OutboundAnswer["body"]): Uint8Array {
  if (body instanceof Uint8Array) return body;
  return utf8(typeof body === "string" ? body : JSON.stringify(body));
}

/**
 * A complete answer as bytes. `Content-Length` is added only if no header decides where the body ends; a HEAD request
 * gets the head alone.
 */
export function answerBytes(answer: OutboundAnswer, keepAlive: boolean): Uint8Array<ArrayBuffer> {
  const body = bodyBytes(answer.body);
  const has = (name: string) => answer.headers.some(([n]) => n.toLowerCase() === name);
  const headers: HeaderPairs = [...answer.headers];
  if (!has("content-length") && !has("transfer-encoding")) headers.push(["Content-Length", String(body.length)]);
  if (!keepAlive && !has("connection")) headers.push(["Connection", "close"]);
  const head = headBytes(answer.status, headers, answer.version);
  return answer.request.method === "HEAD" ? head : concat([head, body]);
}
