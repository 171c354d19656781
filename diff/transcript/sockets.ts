/** A recorded WebSocket: what each side said in which order, and saying it again to another node. */

import { Random } from "../../src/protocol/mod.ts";
import type { StepAnswer } from "../../src/runner/vector_steps.ts";
import type { Session } from "../../src/target/session.ts";
import {
  DEFAULT_LIMITS,
  OPCODE,
  openWebSocket,
  type TranscriptRecord,
  WireError,
  type WsClose,
  type WsFrame,
  WsFrameParser,
  type WsMessage,
} from "../../src/wire/mod.ts";
import type { Names } from "./names.ts";
import { partsOf, rewrite, rewriteMessage } from "./rewrite.ts";

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

/** Milliseconds a node may take for its next message. */
const NEXT_DEADLINE_MS = 8_000;
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

/** Says the same to the node of a session, with other names, and hears as much as was heard then. */
export async function talk(
  recorded: RecordedSocket,
  session: Session,
  names: Names,
  host: string,
): Promise<StepAnswer> {
  const parts = partsOf(rewrite(recorded.request, names, host));
  const [, path = "/"] = parts?.lines[0]?.split(" ") ?? [];
  const headers = (parts?.lines.slice(1) ?? []).flatMap((line): [string, string][] => {
    const colon = line.indexOf(":");
    return /^host:/i.test(line) ? [] : [[line.slice(0, colon), line.slice(colon + 1).trim()]];
  });
  const socket = await openWebSocket(session.network, session.endpoint, {
    path,
    rawHeaders: headers,
    random: new Random(0, "replayed socket"),
    limits: { deadlineMs: NEXT_DEADLINE_MS, idleMs: NEXT_DEADLINE_MS },
  });
  const { answer } = socket.handshake;
  const messages: WsMessage[] = [];
  if (answer.status !== SWITCHING) return { answer, messages };
  let over = false;
  const hear = async (count: number) => {
    while (!over && messages.length < count) {
      const next = await socket.next();
      if (next === null) over = true;
      else messages.push(next);
    }
  };
  try {
    for (const { text, after } of recorded.said) {
      await hear(after);
      if (over) break;
      await socket.send(rewriteMessage(text, names));
    }
    await hear(recorded.heard.length + (recorded.close === undefined ? 0 : 1));
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
  }
  const close: WsClose | undefined = recorded.close === undefined ? undefined : socket.closed;
  socket.abort();
  return { answer, messages, ...(close === undefined ? {} : { close }) };
}

const SWITCHING = 101;
