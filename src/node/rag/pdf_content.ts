/** The text that a PDF content stream shows. PDF 1.7 §9.4: text objects, positioning and showing operators. */

/** A TJ adjustment beyond this many thousandths of an em is a gap between words. */
const WORD_GAP = 180;

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f" };
const TOKEN =
  /\(|<<|>>|<[0-9A-Fa-f\s]*>|\[|\]|%[^\r\n]*|\/[^\s()<>[\]{}/%]*|[-+]?\d*\.?\d+|[A-Za-z'"*][A-Za-z0-9*]*|\S/g;

/** Text in the order of the stream; moves to another line become line breaks. */
export function contentText(stream: string): string {
  let out = "";
  let operands: (string | number)[] = [];
  const token = new RegExp(TOKEN);
  for (let match = token.exec(stream); match !== null; match = token.exec(stream)) {
    const word = match[0];
    if (word === "(") {
      const [text, end] = literal(stream, token.lastIndex);
      operands.push(text);
      token.lastIndex = end;
    } else if (word.startsWith("<") && word !== "<<") {
      operands.push(hexText(word));
    } else if (/^[-+\d.]/.test(word)) {
      operands.push(Number(word));
    } else if (/^[A-Za-z'"]/.test(word)) {
      out += shown(word, operands);
      operands = [];
    }
  }
  return out.replace(/[ \t]+/g, " ").replace(/ ?\n[ \n]*/g, "\n").trim();
}

/** What an operator adds to the text. */
function shown(operator: string, operands: readonly (string | number)[]): string {
  switch (operator) {
    case "Tj":
      return strings(operands);
    case "'":
    case '"':
      return `\n${strings(operands)}`;
    case "TJ":
      return operands.map((o) => typeof o === "string" ? o : -o > WORD_GAP ? " " : "").join("");
    case "Td":
    case "TD":
      return operands[1] === 0 ? " " : "\n";
    case "T*":
    case "Tm":
    case "BT":
    case "ET":
      return "\n";
    default:
      return "";
  }
}

function strings(operands: readonly (string | number)[]): string {
  return operands.filter((o) => typeof o === "string").join("");
}

/** A string in parentheses from the character after the opening one; also returns where it ends. */
function literal(stream: string, start: number): [text: string, end: number] {
  let out = "";
  let depth = 1;
  let at = start;
  for (; at < stream.length; at++) {
    const character = stream[at] as string;
    if (character === "\\") {
      const octal = /^[0-7]{1,3}/.exec(stream.slice(at + 1, at + 4))?.[0];
      const next = stream[at + 1] ?? "";
      if (octal !== undefined) {
        out += String.fromCharCode(parseInt(octal, 8) & 0xff);
        at += octal.length;
      } else {
        // A backslash at the end of a line continues the string.
        out += ESCAPES[next] ?? (next === "\n" || next === "\r" ? "" : next);
        at++;
      }
      continue;
    }
    if (character === "(") depth++;
    if (character === ")" && --depth === 0) return [out, at + 1];
    out += character;
  }
  return [out, at];
}

function hexText(word: string): string {
  const digits = word.slice(1, -1).replace(/\s/g, "");
  let out = "";
  for (let i = 0; i < digits.length; i += 2) {
    out += String.fromCharCode(parseInt(digits.slice(i, i + 2).padEnd(2, "0"), 16));
  }
  return out;
}
