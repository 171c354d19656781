/**
 * Makes strings of a hostile target harmless and visible. Every writer of the reports escapes here and nowhere else.
 *
 * Control characters, bidirectional overrides, zero-width and unassigned characters become `\n`, `\t`, `\r` or
 * `\u{HEX}`, so that what is shown is what was sent, in the order it was sent.
 */

const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;
const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "`": "&#96;",
};

/** One line of text for a terminal: no character that moves the cursor, colours, reorders or hides. */
export function visible(text: string): string {
  return text.replace(INVISIBLE, (character) => SHORT[character] ?? codePoint(character));
}

/** {@linkcode visible} that keeps line feeds as ends of lines. */
export function visibleLines(text: string): string[] {
  return text.split("\n").map(visible);
}

/** Text for HTML content and quoted attribute values. */
export function escapeHtml(text: string): string {
  return entities(visible(text));
}

/** {@linkcode escapeHtml} that keeps line feeds; for `<pre>`. */
export function escapeHtmlLines(text: string): string {
  return entities(visibleLines(text).join("\n"));
}

/** Text for XML 1.0 content and attribute values; line feeds are kept. */
export function escapeXml(text: string): string {
  return entities(visibleLines(text).join("\n"));
}

/** Cuts a text at `limit` UTF-16 units, never inside a surrogate pair, and says how much is left out. */
export function bounded(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const kept = text.slice(0, limit).replace(/[\ud800-\udbff]$/, "");
  return `${kept}… (${text.length - kept.length} more characters)`;
}

function entities(text: string): string {
  return text.replace(/[&<>"'`]/g, (character) => ENTITIES[character] ?? character);
}

function codePoint(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`;
}
