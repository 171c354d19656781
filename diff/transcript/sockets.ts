/** A recorded WebSocket: what each side said in which order. */

import { partsOf } from "../../src/runner/recorded/rewrite.ts";
import {
  DEFAULT_LIMITS,
  OPCODE,
  type TranscriptRecord,
  type WsFrame,
  WsFrameParser,
  type WsMessage,
} from "../../src/wire/mod.ts";

/** One thing the tester said, and how many messages it had read before. */
interface Said {
  readonly text: string;
  readonly after: number;
}

/** A conversation. */
export interface RecordedSocket {
  /** The upgrade request and the head of its answer. */
  readonly request: Uint8Array;
  readonly answer: Uint8Array;
  readonly said: readonly Said[];
  readonly heard: readonly WsMessage[];
  /** Close code of the node; undefined where the tester left first. */
  readonly close: number | undefined;
}

const NO_CODE = 1005;

/** Reads the records of one upgraded exchange; undefined where the tester sent frames of another kind than texts. */
export function socketOf(records: readonly TranscriptRecord[]): RecordedSocket | undefined {
  const [first, ...rest] = records.filter(({ direction }) => direction === "out" || direction === "in");
  if (first?.direction !== "out" || first.bytes === undefined) return undefined;
  const [mine, theirs] = [
    new WsFrameParser(DEFAULT_LIMITS.maxFrameBytes),
    new WsFrameParser(DEFAULT_LIMITS.maxFrameBytes),
  ];
  let head: Uint8Array = new Uint8Array(0);
  let upgraded = false;
  const said: Said[] = [];
  const heard: WsMessage[] = [];
  let close: number | undefined;
  try {
    for (const { direction, bytes = new Uint8Array(0) } of rest) {
      if (direction === "out") {
        for (const frame of mine.feed(bytes, 0)) {
          if (frame.opcode === OPCODE.close || frame.opcode === OPCODE.pong) continue;
          if (!isPlainText(frame)) return undefined;
          said.push({ text: new TextDecoder().decode(frame.payload), after: heard.length });
        }
        continue;
      }
      let data = bytes;
      if (!upgraded) {
        head = new Uint8Array([...head, ...bytes]);
        const end = partsOf(head);
        if (end === undefined) continue;
        upgraded = true;
        data = end.body;
        head = head.subarray(0, head.length - data.length);
      }
      for (const frame of theirs.feed(data, 0)) {
        if (frame.opcode === OPCODE.close) close = codeOf(frame);
        else if (isPlainText(frame)) heard.push(messageOf(frame));
      }
    }
  } catch {
    return undefined;
  }
  return { request: first.bytes, answer: head, said, heard, close };
}

function isPlainText({ opcode, fin }: WsFrame): boolean {
  return opcode === OPCODE.text && fin;
}

function codeOf({ payload }: WsFrame): number {
  return payload.length < 2 ? NO_CODE : ((payload[0] ?? 0) << 8) | (payload[1] ?? 0);
}

function messageOf({ payload }: WsFrame): WsMessage {
  return { opcode: OPCODE.text, payload, text: new TextDecoder().decode(payload), at: 0, fragments: 1 };
}
