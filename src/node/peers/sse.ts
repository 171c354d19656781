/** Frames of a peer's event stream. wire-format.md section 7. */

import { concat, fromUtf8, isObject, parseJson } from "../../protocol/mod.ts";
import type { Frame } from "../core.ts";
import { PeerError } from "./socket.ts";

/** Longest frame: a 256 KiB chunk in base64 has 350 kB. */
const MAX_FRAME_BYTES = 2 << 20;
const LINE_FEED = 10;

/**
 * Frames in the order of arrival; comments are left out.
 *
 * @throws {PeerError} `limit` or `malformed`.
 */
export async function* readFrames(body: AsyncIterable<Uint8Array>): AsyncGenerator<Frame, void, void> {
  let event = "";
  let data: string[] = [];
  let size = 0;
  for await (const line of lines(body)) {
    if (line === "") {
      if (event !== "" || data.length > 0) yield frameOf(event, data.join("\n"));
      event = "";
      data = [];
      size = 0;
      continue;
    }
    size += line.length;
    if (size > MAX_FRAME_BYTES) throw tooLong();
    if (line.startsWith("event:")) event = line.slice(6).trimStart();
    else if (line.startsWith("data:")) data.push(line.slice(5).trimStart());
  }
}

function frameOf(event: string, data: string): Frame {
  let value;
  try {
    value = parseJson(data);
  } catch {
    throw new PeerError("malformed", "Cannot read a frame of a peer: its data is no JSON");
  }
  if (event === "" || !isObject(value)) {
    throw new PeerError("malformed", "Cannot read a frame of a peer: it has no event or its data is no object");
  }
  return { event, data: value };
}

async function* lines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, void> {
  let parts: Uint8Array[] = [];
  let kept = 0;
  for await (const bytes of body) {
    let from = 0;
    for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, from)) {
      parts.push(bytes.subarray(from, at));
      yield decode(concat(parts));
      parts = [];
      kept = 0;
      from = at + 1;
    }
    parts.push(bytes.subarray(from));
    kept += bytes.length - from;
    if (kept > MAX_FRAME_BYTES) throw tooLong();
  }
}

function decode(bytes: Uint8Array): string {
  try {
    const line = fromUtf8(bytes);
    return line.endsWith("\r") ? line.slice(0, -1) : line;
  } catch {
    throw new PeerError("malformed", "Cannot read a frame of a peer: it is not UTF-8");
  }
}

function tooLong(): PeerError {
  return new PeerError("limit", `Cannot read a frame of a peer: it has more than ${MAX_FRAME_BYTES} bytes`);
}
