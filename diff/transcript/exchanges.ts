/** Reading the transcript of a run as exchanges that can be made again, scope by scope. */

import { concat, fromUtf8Lossy, isObject } from "../../src/protocol/mod.ts";
import type { TranscriptRecord } from "../../src/wire/mod.ts";
import { type RecordedSocket, socketOf } from "./sockets.ts";

/** How an answer ended in the recording. */
export type RecordedEnd = "read" | "closed" | "reset" | "deadline" | "refused";

/** One request with its answer. */
export interface RecordedExchange {
  readonly exchange: number;
  readonly sent: Uint8Array;
  readonly received: Uint8Array;
  readonly end: RecordedEnd;
  readonly startedAt: number;
  readonly endedAt: number;
  /** What was said after an upgrade. */
  readonly socket?: RecordedSocket;
  /** Why it cannot be made again; absent where it can. */
  readonly obstacle?: string;
  /** It began while another one was still open. */
  readonly together: boolean;
  /** The tester waited right before it: one more look of a loop that waits for something. */
  readonly waited: boolean;
}

/** What one case did. */
export interface RecordedScope {
  readonly scope: string;
  /** Wall clock at the start, in milliseconds since the epoch. */
  readonly began: number;
  readonly nodeId: string | undefined;
  readonly communityId: string | undefined;
  readonly exchanges: readonly RecordedExchange[];
  /** What else the case did that bytes cannot repeat, and the time of it. */
  readonly acts: readonly { readonly at: number; readonly what: string }[];
}

/** Facts that tell of the node of the case: in this process, or one that was started. */
const OWN_NODE = /^node( 0)?$/;

interface Open {
  readonly number: number;
  readonly connection: number;
  readonly out: Uint8Array[];
  readonly in: Uint8Array[];
  readonly records: TranscriptRecord[];
  readonly startedAt: number;
  endedAt: number;
  end: RecordedEnd;
  odd?: string;
  together: boolean;
  waited: boolean;
  /** The answer began and nothing was sent since. */
  quiet: boolean;
}

/** Reads one scope. */
export function scopeOf(scope: string, records: readonly TranscriptRecord[]): RecordedScope {
  const open = new Map<number, Open>();
  const all: Open[] = [];
  const own = new Set(records.filter(({ direction }) => direction === "dial").map(({ connection }) => connection));
  const acts: { at: number; what: string }[] = [];
  let waited = false;
  for (const record of records) {
    const { connection, direction, at } = record;
    const current = open.get(connection);
    switch (direction) {
      case "exchange": {
        const next: Open = {
          number: record.exchange ?? 0,
          connection,
          out: [],
          in: [],
          records: [],
          startedAt: at,
          endedAt: at,
          end: "read",
          together: [...open.values()].some((one) => one.connection !== connection && !one.quiet),
          waited,
          quiet: false,
        };
        waited = false;
        if (current !== undefined) open.delete(connection);
        open.set(connection, next);
        all.push(next);
        break;
      }
      case "out":
        if (current === undefined || !own.has(connection)) break;
        current.records.push(record);
        if (current.in.length > 0) current.odd ??= "it goes on after the answer began";
        current.out.push(record.bytes ?? new Uint8Array(0));
        break;
      case "in":
        if (current === undefined) break;
        current.records.push(record);
        current.in.push(record.bytes ?? new Uint8Array(0));
        current.endedAt = at;
        break;
      case "eof":
      case "broken":
      case "deadline":
        if (current === undefined) break;
        current.end = direction === "eof" ? "closed" : direction === "broken" ? "reset" : "deadline";
        current.endedAt = at;
        break;
      case "half-close":
      case "reset":
        if (current !== undefined) current.odd ??= "the tester broke the connection on purpose";
        break;
      case "close":
        if (current !== undefined) current.quiet = true;
        open.delete(connection);
        break;
      case "sleep":
        waited = true;
        break;
      case "fact":
        if (!OWN_NODE.test(record.name ?? "") || (record.ordinal ?? 0) > 0) acts.push({ at, what: actOf(record.name) });
        break;
      case "listen":
        acts.push({ at, what: "the tester served a peer" });
        break;
    }
  }
  const node = records.find(({ direction, name }) => direction === "fact" && OWN_NODE.test(name ?? ""))?.value;
  const begin = records.find(({ direction }) => direction === "begin");
  const text = (value: unknown) => typeof value === "string" ? value : undefined;
  return {
    scope,
    began: begin?.ms ?? 0,
    nodeId: isObject(node) ? text(node.node_id) : undefined,
    communityId: isObject(node) ? text(node.community_id) : undefined,
    exchanges: all.map(closed),
    acts,
  };
}

/** What the tester did besides sending, in words. */
function actOf(name = "something besides"): string {
  if (/^(restart\b|begin$|node( 0)?$)/.test(name)) return "the tester started the node again";
  if (/^end\b/.test(name)) return "the tester ended the node";
  if (/^(node \d|second node)/.test(name)) return "the tester started another node of the community";
  return `the tester did what bytes cannot repeat: ${name}`;
}

function closed(open: Open): RecordedExchange {
  const sent = concat(open.out);
  const head = fromUtf8Lossy(sent).split("\r\n\r\n")[0]?.toLowerCase() ?? "";
  const upgrade = /\nupgrade: *websocket/.test(head);
  const socket = upgrade ? socketOf(open.records) : undefined;
  const obstacle = sent.length === 0
    ? "its bytes left with an earlier request"
    : socket !== undefined
    ? undefined
    : upgrade
    ? "it speaks a WebSocket in frames of its own"
    : /\ntransfer-encoding:/.test(head)
    ? "its body is sent in chunks"
    : open.odd;
  return {
    exchange: open.number,
    sent,
    received: concat(open.in),
    end: open.end,
    startedAt: open.startedAt,
    endedAt: open.endedAt,
    together: open.together,
    waited: open.waited,
    ...(socket === undefined ? {} : { socket }),
    ...(obstacle === undefined ? {} : { obstacle }),
  };
}
