/** What a child node reads on its standard input: it lives as long as somebody holds the other end. */

import { fstatSync } from "node:fs";

/** Longest line of input in characters: a path and a word. */
const MAX_LINE = 8_192;
/** `peer URL`: look at a peer. `gossip`: sync with all peers now. */
const PEER = "peer ";
const GOSSIP = "gossip";
/** `fresh DIR`: drop everything and serve again from an empty folder, in the same process. */
const FRESH = "fresh ";
/** Number of the descriptor of standard input. */
const STDIN = 0;

const NO_PEERS = { add: () => Promise.resolve(), gossip: () => Promise.resolve() };

/**
 * Standard input if somebody can hold its other end: a pipe or a socket. The end of a file, and of the null device that
 * shells, service managers and containers give to what runs in the background, says nothing about a parent.
 */
export function heldInput(): ReadableStream<Uint8Array> | undefined {
  const kind = fstatSync(STDIN);
  return kind.isFIFO() || kind.isSocket() ? Deno.stdin.readable : undefined;
}

/**
 * Reads until the input ends. For every line `fresh DIR` the node starts again on that folder, which takes a tenth of
 * the time of another process. Other lines, and lines without end, are passed over.
 */
export async function followInput(
  input: ReadableStream<Uint8Array>,
  fresh: (directory: string) => Promise<void>,
  peers: { readonly add: (url: string) => Promise<void>; readonly gossip: () => Promise<void> } = NO_PEERS,
): Promise<void> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of input) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      const line = text.slice(0, end);
      text = text.slice(end + 1);
      if (line.startsWith(FRESH)) await fresh(line.slice(FRESH.length));
      else if (line.startsWith(PEER)) await peers.add(line.slice(PEER.length));
      else if (line === GOSSIP) await peers.gossip();
    }
    text = text.slice(0, MAX_LINE);
  }
}
