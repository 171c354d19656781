/** Saying again what was said over a recorded WebSocket. */

import { Random } from "../../protocol/mod.ts";
import type { Session } from "../../target/session.ts";
import { openWebSocket, WireError, type WsClose, type WsMessage } from "../../wire/mod.ts";
import type { StepAnswer } from "../vector_steps.ts";
import type { Names } from "./names.ts";
import { partsOf, rewrite, rewriteMessage } from "./rewrite.ts";
import type { RecordedTalk } from "./step.ts";

/** Milliseconds a node may take for its next message. */
const NEXT_DEADLINE_MS = 8_000;
const SWITCHING = 101;

/** Says the same to the node of a session, with other names, and hears as much as was heard then. */
export async function talkAgain(
  request: Uint8Array,
  recorded: RecordedTalk,
  session: Session,
  names: Names,
): Promise<StepAnswer> {
  const { host, port } = session.endpoint;
  const parts = partsOf(rewrite(request, names, `${host}:${port}`));
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
    await hear(recorded.heard + (recorded.closed ? 1 : 0));
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
  }
  const close: WsClose | undefined = recorded.closed ? socket.closed : undefined;
  socket.abort();
  return { answer, messages, ...(close === undefined ? {} : { close }) };
}
