/** Where text for people and machines goes. Everything outside main.ts prints through a {@linkcode Printer}. */

/** Sink of lines. Text is complete lines without the line end; escaping strings of the target is the caller's. */
export interface Printer {
  /** Columns a table may use. */
  readonly width: number;
  /** Columns the progress line may use, where that is more. */
  readonly columns?: number;
  /** Whether ANSI colours may be used in `out`. */
  readonly colour: boolean;
  /** One line of the result, on stdout. */
  out(line: string): void;
  /** One line of progress or complaint, on stderr. */
  err(line: string): void;
  /** Replaces the progress line; an empty text removes it. Shown only where someone watches. */
  progress(text: string): void;
}

/** Width without a terminal, and the widest table on one; longer lines are hard to read. */
export const DEFAULT_WIDTH = 80;
const MAX_WIDTH = 120;
const MIN_WIDTH = 40;

/** What a terminal printer needs to know of the streams; main.ts hands in the real ones. */
export interface TerminalStreams {
  writeOut(text: string): void;
  writeErr(text: string): void;
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
  /** Columns of the terminal, undefined without one. */
  readonly columns?: number | undefined;
  /** Value of `NO_COLOR`; any non-empty text switches colours off. */
  readonly noColor?: string | undefined;
}

const ERASE_LINE = "\r\x1b[2K";

/** Prints to real streams. The progress line stays below everything and exists on a terminal only. */
export function terminalPrinter(streams: TerminalStreams): Printer {
  const columns = streams.outIsTerminal || streams.errIsTerminal ? streams.columns ?? DEFAULT_WIDTH : DEFAULT_WIDTH;
  const width = Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, columns));
  let shown = "";
  const aside = (write: () => void) => {
    if (shown !== "") streams.writeErr(ERASE_LINE);
    write();
    if (shown !== "") streams.writeErr(shown);
  };
  return {
    width,
    columns,
    colour: streams.outIsTerminal && (streams.noColor ?? "") === "",
    out: (line) => aside(() => streams.writeOut(line + "\n")),
    err: (line) => aside(() => streams.writeErr(line + "\n")),
    progress(text) {
      if (!streams.errIsTerminal) return;
      const next = text.slice(0, columns - 1);
      if (next === shown) return;
      streams.writeErr(ERASE_LINE + next);
      shown = next;
    },
  };
}

/** Collects what is printed; for tests and for callers that need the text. */
export interface BufferPrinter extends Printer {
  readonly outLines: readonly string[];
  readonly errLines: readonly string[];
  /** Every text the progress line had. */
  readonly progressTexts: readonly string[];
}

/** A printer into memory, without colours. */
export function bufferPrinter(width = DEFAULT_WIDTH): BufferPrinter {
  const outLines: string[] = [];
  const errLines: string[] = [];
  const progressTexts: string[] = [];
  return {
    width,
    colour: false,
    outLines,
    errLines,
    progressTexts,
    out: (line) => void outLines.push(line),
    err: (line) => void errLines.push(line),
    progress: (text) => void progressTexts.push(text),
  };
}

/** The same printer with nothing of the result on stdout: `--json` leaves stdout to one JSON object. */
export function quietPrinter(printer: Printer): Printer {
  return {
    width: printer.width,
    colour: false,
    out: () => {},
    err: (line) => printer.err(line),
    progress: (text) => printer.progress(text),
  };
}
