/**
 * What a sequence learns on its way, in the words of a shell: names the node gave are caught in variables, and what was
 * signed over them is signed anew by openssl, with keys that only the seed of the comparison makes.
 */

import {
  CALL_HEADERS,
  canonicalize,
  fromUtf8Lossy,
  type Identity,
  isNodeId,
  isObject,
  type Json,
  tryParseJson,
  verifyDocument,
  verifyText,
} from "../src/protocol/mod.ts";
import { NAMES_WITHIN } from "../src/protocol/forms.ts";
import { envelopeIn, headerIn, partsOf } from "../src/runner/recorded/rewrite.ts";

const TOKENS = /hntoken:\/\/v1\/[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+/g;
const TIME = /^\d{4}-\d{2}-\d{2}T/;
const SIGNATURE = /^ed25519:[A-Za-z0-9_-]{86}$/;
/** Members that name who signed an object, the likeliest first. */
const SIGNERS = ["author", "inviter_node_id", "node_id", "issuer"] as const;
/** In front of the 32 bytes of a key (RFC 8410), so that openssl reads it. */
const PKCS8_HEADER = Uint8Array.fromHex("302e020100300506032b657004220420");

/** The shell function that the lines of {@linkcode Learning} call: `sign KEY TEXT`. */
export const SIGN_FUNCTION: readonly string[] = [
  "sign() { k=$(mktemp); t=$(mktemp)",
  `printf -- '-----BEGIN PRIVATE KEY-----\\n%s\\n-----END PRIVATE KEY-----\\n' "$1" >"$k"; printf %s "$2" >"$t"`,
  `printf 'ed25519:%s' "$(openssl pkeyutl -sign -rawin -inkey "$k" -in "$t" | openssl base64 -A | tr '+/' '-_' | tr -d =)"`,
  'rm -f "$k" "$t"; }',
];

/** Lines before a request, and the texts in it that are variables. */
export interface Prepared {
  readonly lines: readonly string[];
  /** Text of the request -> name of the variable that holds it. */
  readonly variables: ReadonlyMap<string, string>;
}

/** Quotes a text for a shell; what a variable holds stands outside the quotes. */
export function quoteWith(text: string, variables: ReadonlyMap<string, string>): string {
  const names = [...variables.keys()].filter((name) => text.includes(name)).sort((a, b) => b.length - a.length);
  if (names.length === 0) return quote(text);
  const [name = ""] = names;
  return text.split(name).map((piece) => piece === "" ? "" : quoteWith(piece, variables))
    .join(`"$${variables.get(name)}"`);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** See the module comment. Requests and answers are given in their order. */
export class Learning {
  readonly #keys: ReadonlyMap<string, Identity>;
  readonly #known = new Set<string>();
  /** Names the node gave, with the answer that told first. */
  readonly #given = new Map<string, { readonly answer: number; readonly member: string; readonly nth: number }>();
  readonly #caught = new Map<string, string>();
  #answers = 0;
  #signatures = 0;

  constructor(keys: ReadonlyMap<string, Identity>) {
    this.#keys = keys;
  }

  /** Names that hold from the start: of the node and its community. */
  know(text: string): void {
    for (const name of namesIn(text)) this.#known.add(name);
  }

  /** What must be caught and signed before a request; undefined if it cannot be said in a shell. */
  prepare(sent: Uint8Array): Prepared | undefined {
    const text = fromUtf8Lossy(sent);
    const lines: string[] = [];
    const variables = new Map<string, string>();
    for (const name of namesIn(text)) {
      const place = this.#given.get(name);
      if (place !== undefined) variables.set(name, this.#catch(name, place, lines));
    }
    const parts = partsOf(sent);
    const value = parts === undefined ? undefined : tryParseJson(parts.body);
    if (variables.size > 0 && parts !== undefined) {
      if (!this.#signDocuments(value, variables, lines)) return undefined;
      const signature = headerIn(parts, CALL_HEADERS.signature);
      const envelope = canonicalize(envelopeIn(parts, value));
      if (signature !== undefined && mentions(envelope, variables)) {
        const from = headerIn(parts, CALL_HEADERS.from) ?? "";
        // What did not hold is sent as it is.
        if (verifyText(from, new TextEncoder().encode(envelope), signature)) {
          if (!this.#sign(from, envelope, signature, variables, lines)) return undefined;
        }
      }
    }
    for (const name of namesIn(text)) this.#known.add(name);
    return { lines, variables };
  }

  /** Notes an answer; returns the variable its text must be caught in. */
  answered(body: Uint8Array): string {
    const answer = ++this.#answers;
    const text = fromUtf8Lossy(body);
    const seen = new Map<string, number>();
    for (const [, member = "", value = ""] of text.matchAll(/"([A-Za-z_]+)" *: *"([^"\\]*)"/g)) {
      const nth = (seen.get(member) ?? 0) + 1;
      seen.set(member, nth);
      const [name] = namesIn(value);
      if (name !== value || this.#known.has(name) || this.#given.has(name)) continue;
      this.#given.set(name, { answer, member, nth });
    }
    return `A${answer}`;
  }

  #catch(
    name: string,
    { answer, member, nth }: { readonly answer: number; readonly member: string; readonly nth: number },
    lines: string[],
  ): string {
    const before = this.#caught.get(name);
    if (before !== undefined) return before;
    const variable = `L${this.#caught.size + 1}`;
    this.#caught.set(name, variable);
    const pick = `grep -o '"${member}" *: *"[^"]*"' | sed -n ${nth}p | cut -d'"' -f4`;
    lines.push(`${variable}=$(printf %s "$A${answer}" | ${pick})`);
    return variable;
  }

  /** Documents inside a body, the innermost first. */
  #signDocuments(value: Json | undefined, variables: Map<string, string>, lines: string[]): boolean {
    if (Array.isArray(value)) return value.every((item) => this.#signDocuments(item, variables, lines));
    if (!isObject(value)) return true;
    if (!Object.values(value).every((item) => this.#signDocuments(item, variables, lines))) return false;
    const { signature, ...rest } = value;
    if (typeof signature !== "string" || !SIGNATURE.test(signature)) return true;
    const document = canonicalize(rest);
    if (!mentions(document, variables)) return true;
    const signer = SIGNERS.map((name) => value[name]).find((id) => isNodeId(id) && verifyDocument(id, value));
    return typeof signer !== "string" || this.#sign(signer, document, signature, variables, lines);
  }

  #sign(
    signer: string,
    text: string,
    signature: string,
    variables: Map<string, string>,
    lines: string[],
  ): boolean {
    const identity = this.#keys.get(signer);
    if (identity === undefined) return false;
    const variable = `S${++this.#signatures}`;
    const key = new Uint8Array([...PKCS8_HEADER, ...identity.seed]).toBase64();
    lines.push(`${variable}=$(sign ${key} ${quoteWith(text, variables)})`);
    variables.set(signature, variable);
    return true;
  }
}

function mentions(text: string, variables: ReadonlyMap<string, string>): boolean {
  return [...variables.keys()].some((name) => text.includes(name));
}

function namesIn(text: string): string[] {
  const found = [...text.matchAll(TOKENS), ...text.matchAll(NAMES_WITHIN)].map(([name]) => name);
  return [...new Set(found)].filter((name) => !TIME.test(name) && !SIGNATURE.test(name));
}
