/** Limits of reading from a target. Targets are hostile: nothing is read without a bound in bytes and in time. */

import type { ReadLimits } from "./network.ts";

/** Defaults of every read; a case overrides single numbers with `{...DEFAULT_LIMITS, deadlineMs}`. */
export const DEFAULT_LIMITS: ReadLimits = {
  /** The longest default deadline of a capability is 60 s for streams; a plain call must answer within 30 s (X01). */
  deadlineMs: 30_000,
  /** A stream that is silent for so long is dead for a tester: half of the exchange, so that both can be told apart. */
  idleMs: 15_000,
  /** Common servers send below 8 KiB; four times that leaves room for long tokens and CORS lists. */
  maxHeaderBytes: 32_768,
  /** Common servers send below 30. */
  maxHeaders: 128,
  /** The largest legal body is a request of 16 MiB; an answer may be the same with base64 (4/3) and some JSON around. */
  maxBodyBytes: 24 * 1_048_576,
  /** A chunk of 256 KiB in base64 and JSON is 350 KB; thrice that. */
  maxFrameBytes: 1_048_576,
  /** A model answer has some thousand tokens, a blob of 1 GiB has 4,096 chunks. */
  maxFrames: 16_384,
};

/** Milliseconds for connecting, including the TLS handshake: loopback takes 1, a node on the other end of a LAN 200. */
export const DIAL_DEADLINE_MS = 5_000;

/** Milliseconds until a peer that does not read makes a write fail. */
export const WRITE_DEADLINE_MS = 30_000;

/** Milliseconds a kept connection to the tester's own server may be silent: targets close theirs after 60 s of idling. */
export const KEEP_ALIVE_MS = 90_000;

/** Milliseconds a tunnel through the proxy may be silent: WebSockets close after 120 s of idling. */
export const TUNNEL_IDLE_MS = 180_000;

/** Received bytes that may wait for the reader before the socket is paused. */
export const MAX_QUEUED_BYTES = 1_048_576;

/** Uncompressed size of a transcript that is read back: far above a full run (30 MB), far below memory. */
export const MAX_TRANSCRIPT_BYTES = 1_073_741_824;

/** Longest line of a transcript that is read back: one received chunk in base64 stays far below. */
export const MAX_TRANSCRIPT_LINE_BYTES = 64 * 1_048_576;

const filled = new WeakSet<Partial<ReadLimits>>([DEFAULT_LIMITS]);

/** Fills what is not given from {@linkcode DEFAULT_LIMITS}; what it filled before is taken as it is. */
export function limitsOf(limits: Partial<ReadLimits> = DEFAULT_LIMITS): ReadLimits {
  if (filled.has(limits)) return limits as ReadLimits;
  const whole = Object.freeze({ ...DEFAULT_LIMITS, ...limits });
  filled.add(whole);
  return whole;
}
