/** The bytes of a JSON text without its values: order of names, spaces, spelling of numbers and strings. */

const TOKEN = /"(?:[^"\\]|\\.)*"(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[\s]+|[^"\s\d-]+|-/g;

/** What of a text is form. */
export interface Layout {
  /** Member names in their order. */
  readonly keys: string;
  /** Everything else: spaces as they are, numbers and strings by whether they are spelled the usual way. */
  readonly shape: string;
}

/** Reads the form; values and names leave no trace but their spelling. */
export function layoutOf(text: string): Layout {
  const keys: string[] = [];
  const shape: string[] = [];
  for (const [token, colon] of text.matchAll(TOKEN)) {
    const first = token.charCodeAt(0);
    if (first === QUOTE) {
      if (colon !== undefined) {
        keys.push(token.slice(1, token.lastIndexOf('"')));
        shape.push(colon);
      } else shape.push(usualString(token) ? "s" : "S");
    } else if (/[\d-]/.test(token[0] ?? "")) shape.push(String(Number(token)) === token ? "n" : "N");
    else shape.push(token);
  }
  return { keys: keys.join(","), shape: shape.join("") };
}

const QUOTE = 0x22;

function usualString(token: string): boolean {
  if (!token.includes("\\")) return true;
  try {
    return JSON.stringify(JSON.parse(token)) === token;
  } catch {
    return false;
  }
}
