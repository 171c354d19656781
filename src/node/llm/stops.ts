/** Finding stop sequences in a text that arrives token by token. CONTRACT §4.1. */

/** What may be sent after a token. */
export interface Scanned {
  readonly text: string;
  /** A stop sequence was found; `text` ends before it. */
  readonly stopped: boolean;
}

/** Holds back text that could be the beginning of a stop sequence. */
export class StopScanner {
  #held = "";
  readonly #stops: readonly string[];

  /** `scan` "token" looks at each token for itself, as a careless implementation would. */
  constructor(stops: readonly string[], private readonly scan: "text" | "token" = "text") {
    this.#stops = stops.filter((stop) => stop !== "");
  }

  push(token: string): Scanned {
    const text = this.scan === "text" ? this.#held + token : token;
    const found = this.#stops.map((stop) => text.indexOf(stop)).filter((at) => at !== -1);
    if (found.length > 0) {
      this.#held = "";
      return { text: text.slice(0, Math.min(...found)), stopped: true };
    }
    if (this.scan === "token") return { text, stopped: false };
    const keep = Math.max(0, ...this.#stops.map((stop) => overlap(text, stop)));
    this.#held = text.slice(text.length - keep);
    return { text: text.slice(0, text.length - keep), stopped: false };
  }

  /** What was held back when the text ended. */
  rest(): string {
    const rest = this.#held;
    this.#held = "";
    return rest;
  }
}

/** Length of the longest end of `text` that is a proper beginning of `stop`. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(text.length, stop.length - 1); length > 0; length--) {
    if (text.endsWith(stop.slice(0, length))) return length;
  }
  return 0;
}
