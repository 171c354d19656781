/** Reading server-sent events from an {@linkcode HttpStream}, all at once or one by one. */

import type { HttpStream } from "./http.ts";
import { WireError, type WireFailureKind } from "./network.ts";
import { type SseComment, type SseFrame, SseParser } from "./sse_parser.ts";

/** How reading came to an end; `until` and `frames` by the reader's own wish, the rest by the peer or a limit. */
export type SseEnd = "eof" | "until" | "frames" | WireFailureKind;

/** What was read. */
export interface SseResult {
  readonly frames: readonly SseFrame[];
  readonly comments: readonly SseComment[];
  readonly ended: SseEnd;
  /** `mono()` when reading ended. */
  readonly endedAt: number;
  /** Bytes after the last complete frame. */
  readonly trailing: Uint8Array;
  /** Why, if the peer or a limit ended it early. */
  readonly message?: string;
}

/** When to stop reading. */
export interface SseOptions {
  /** Stop after the first frame for which this holds. */
  readonly until?: (frame: SseFrame) => boolean;
  /** Stop after so many frames. */
  readonly maxFrames?: number;
  /** Stop after so many milliseconds; the stream stays usable. */
  readonly deadlineMs?: number;
}

/** Frames of one stream. Iterate to act in the middle; {@linkcode SseReader.read} to collect. */
export class SseReader implements AsyncIterable<SseFrame> {
  readonly #parser: SseParser;
  readonly #stream: HttpStream;
  readonly #ready: SseFrame[] = [];
  readonly frames: SseFrame[] = [];
  #ended: SseEnd | undefined;
  #message: string | undefined;

  constructor(stream: HttpStream) {
    this.#stream = stream;
    this.#parser = new SseParser(stream.limits);
  }

  get comments(): readonly SseComment[] {
    return this.#parser.comments;
  }

  /** How the stream ended; undefined while it goes on. */
  get ended(): SseEnd | undefined {
    return this.#ended;
  }

  /** Why it ended early. */
  get message(): string | undefined {
    return this.#message;
  }

  get trailing(): Uint8Array {
    return this.#parser.trailing;
  }

  /**
   * The next frame, or null when the stream is over.
   *
   * @throws {WireError} `deadline` if `waitMs` passes first; reading can go on.
   */
  async next(waitMs?: number): Promise<SseFrame | null> {
    const until = waitMs === undefined ? undefined : this.#stream.now() + waitMs;
    while (this.#ready.length === 0 && this.#ended === undefined) {
      const piece = await this.#stream.next(until === undefined ? undefined : until - this.#stream.now());
      if (piece === null) {
        this.#ended = this.#stream.failure?.kind ?? "eof";
        this.#message = this.#stream.failure?.message;
        break;
      }
      this.#ready.push(...this.#parser.feed(piece));
      if (this.#parser.failure === undefined) continue;
      this.#ended = this.#parser.failure.kind;
      this.#message = this.#parser.failure.message;
    }
    const frame = this.#ready.shift();
    if (frame === undefined) return null;
    this.frames.push(frame);
    return frame;
  }

  /** Collects frames until the stream ends or an option says stop. The result holds the frames of this call. */
  async read(options: SseOptions = {}): Promise<SseResult> {
    const frames: SseFrame[] = [];
    const until = options.deadlineMs === undefined ? undefined : this.#stream.now() + options.deadlineMs;
    const result = (ended: SseEnd, message?: string): SseResult => ({
      frames,
      comments: this.comments,
      ended,
      endedAt: this.#stream.now(),
      trailing: this.trailing,
      ...(message === undefined ? {} : { message }),
    });
    try {
      for (;;) {
        if (frames.length === options.maxFrames) return result("frames");
        const frame = await this.next(until === undefined ? undefined : until - this.#stream.now());
        if (frame === null) return result(this.#ended ?? "eof", this.#message);
        frames.push(frame);
        if (options.until?.(frame)) return result("until");
      }
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      return result(error.kind, error.message);
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SseFrame, void, void> {
    for (let frame = await this.next(); frame !== null; frame = await this.next()) yield frame;
  }
}

/** Reads a stream of events to its end or to the point the options say. The connection is left open. */
export function readSse(stream: HttpStream, options: SseOptions = {}): Promise<SseResult> {
  return new SseReader(stream).read(options);
}
