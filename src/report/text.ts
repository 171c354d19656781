/** Text laid out for a number of columns. */

const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uFF01-\uFF60]/u;
const ZERO = /\p{M}/u;

/** Columns a text takes in a terminal; expects text made visible before. */
export function columns(text: string): number {
  let sum = 0;
  for (const character of text) sum += WIDE.test(character) ? 2 : ZERO.test(character) ? 0 : 1;
  return sum;
}

/** Fills up with spaces to a number of columns. */
export function pad(text: string, width: number, side: "left" | "right" = "right"): string {
  const fill = " ".repeat(Math.max(0, width - columns(text)));
  return side === "right" ? text + fill : fill + text;
}

/** Breaks a text at spaces so that no line takes more columns; words that are longer are broken inside. */
export function wrap(text: string, width: number): string[] {
  const room = Math.max(1, width);
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap((whole) => pieces(whole, room))) {
    if (line !== "" && columns(line) + 1 + columns(word) > room) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** Cuts a text to a number of columns, with an ellipsis where something is missing. */
export function cut(text: string, width: number): string {
  if (columns(text) <= width) return text;
  return (pieces(text, Math.max(1, width - 1))[0] ?? "") + "…";
}

function pieces(word: string, room: number): string[] {
  if (columns(word) <= room) return [word];
  const parts: string[] = [];
  let part = "";
  for (const character of word) {
    if (part !== "" && columns(part + character) > room) {
      parts.push(part);
      part = "";
    }
    part += character;
  }
  return [...parts, part];
}
