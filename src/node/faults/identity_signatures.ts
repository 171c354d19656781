/** Faults of the reference node: how call signatures are checked, and what they are taken to cover. */

import {
  base64url,
  canonicalBytes,
  canonicalize,
  compareCodePoints,
  fromBase64Tolerant,
  fromUtf8,
  isNodeId,
  isObject,
  type Json,
  parseJson,
  shortId,
  SIGNATURE_PATTERN,
  utf8,
  verifyCall,
  verifyText,
} from "../../protocol/mod.ts";
import { faults } from "../fault.ts";
import type { SignedRequest } from "../rules/transport.ts";

const PREFIX = "ed25519:";
const SIGNATURE_BYTES = 64;
const SCALAR_AT = 32;
/** Order of the base point (RFC 8032 §5.1). */
const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

type Check = (request: SignedRequest) => boolean;

/** The bytes behind a signature in whatever spelling, prefix included or not. */
function lenientBytes(signature: string): Uint8Array {
  return fromBase64Tolerant(signature.slice(signature.indexOf(":") + 1));
}

const checked = (request: SignedRequest, signature: string): boolean => verifyCall(request.envelope, signature);

/** The scalar half brought back below the group order. */
function reduced(bytes: Uint8Array): Uint8Array {
  let scalar = bytes.slice(SCALAR_AT).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n) % GROUP_ORDER;
  const out = bytes.slice();
  for (let i = SCALAR_AT; i < out.length; i++, scalar >>= 8n) out[i] = Number(scalar & 0xffn);
  return out;
}

function overText(text: (request: SignedRequest) => string): Check {
  return (request) => verifyText(request.envelope.from, utf8(text(request)), request.signature);
}

/** What a canonicaliser may get wrong. Numbers and strings come with the text they were written as. */
interface Quirks {
  readonly number?: (value: number, written: string) => string;
  readonly string?: (value: string, written: string) => string;
  readonly boolean?: (value: boolean) => string;
  readonly order?: (a: string, b: string) => number;
  /** Levels of the body, from the outside, whose members are sorted. */
  readonly sortedLevels?: number;
  readonly sortArrays?: boolean;
  readonly dropNulls?: boolean;
}

/** A leaf of a JSON text with its spelling. */
class Leaf {
  constructor(readonly value: Json, readonly written: string) {}
}

type Spelled = Leaf | Spelled[] | { readonly [member: string]: Spelled };
type Reviver = (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown;
const parseSpelled = JSON.parse as (text: string, reviver: Reviver) => Spelled;

function spelled(text: string): Spelled {
  return parseSpelled(
    text,
    (_key, value, { source }) => source === undefined ? value : new Leaf(value as Json, source),
  );
}

function leafText({ value, written }: Leaf, quirks: Quirks): string {
  if (typeof value === "number" && quirks.number !== undefined) return quirks.number(value, written);
  if (typeof value === "boolean" && quirks.boolean !== undefined) return quirks.boolean(value);
  if (typeof value === "string" && quirks.string !== undefined) return quirks.string(value, written);
  return canonicalize(value);
}

function quirkyText(node: Spelled, quirks: Quirks, level = 0): string {
  if (node instanceof Leaf) return leafText(node, quirks);
  if (Array.isArray(node)) {
    const items = node.map((item) => quirkyText(item, quirks, level + 1));
    return `[${(quirks.sortArrays === true ? items.sort() : items).join(",")}]`;
  }
  const names = Object.keys(node).filter((name) => {
    const item = node[name];
    return !(quirks.dropNulls === true && item instanceof Leaf && item.value === null);
  });
  if (level < (quirks.sortedLevels ?? Infinity)) names.sort(quirks.order ?? compareCodePoints);
  const name = (text: string) => quirks.string?.(text, JSON.stringify(text)) ?? canonicalize(text);
  return `{${names.map((n) => `${name(n)}:${quirkyText(node[n] as Spelled, quirks, level + 1)}`).join(",")}}`;
}

/** The body as it was sent; the upgrade for a subscription has none and is signed over an empty one. */
function sentBody({ raw }: SignedRequest): string {
  return raw.length === 0 ? "{}" : fromUtf8(raw);
}

/** The canonical envelope around another text of its body. */
function around({ envelope }: SignedRequest, body: string): string {
  const text = canonicalize({ ...envelope, body: null });
  return text.replace('{"body":null', () => `{"body":${body}`);
}

/** Signatures over an envelope whose body went through the quirky canonicaliser. */
function quirky(quirks: Quirks): { readonly verifySignature: Check } {
  return {
    verifySignature: overText((request) => around(request, quirkyText(spelled(sentBody(request)), quirks))),
  };
}

/** Every character that `which` finds, as `\u` escapes of its UTF-16 units. */
function escaped(text: string, which: RegExp): string {
  return text.replace(
    which,
    (found) =>
      Array.from({ length: found.length }, (_, i) => `\\u${found.charCodeAt(i).toString(16).padStart(4, "0")}`).join(
        "",
      ),
  );
}

/** Sorted, with a space after each colon. */
function spacedText(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(spacedText).join(",")}]`;
  if (!isObject(value)) return canonicalize(value);
  const names = Object.keys(value).sort(compareCodePoints);
  return `{${names.map((name) => `${canonicalize(name)}: ${spacedText(value[name] as Json)}`).join(",")}}`;
}

const NON_ASCII = /[\u0080-\uffff]/g;
const BEYOND_BASIC_PLANE = /[\u{10000}-\u{10ffff}]/gu;
const LARGE_INTEGER = 1e15;

export const identitySignatureFaults = faults({
  "signature-form-only": {
    breaks: [
      "IDN-042",
      "IDN-043",
      "IDN-047",
      "IDN-048",
      "IDN-049",
      "IDN-050",
      "IDN-059",
      "IDN-060",
      "TRN-018",
      "TRN-019",
      "TRN-020",
      "TRN-021",
      "TRN-022",
      "TRN-023",
      "TRN-041",
      "TRN-044",
      "TRN-053",
      "TRN-043",
      "TOK-049",
    ],
    rules: { verifySignature: ({ signature }) => SIGNATURE_PATTERN.test(signature ?? "") },
  },
  "signature-of-any-member": {
    breaks: ["IDN-043"],
    rules: {
      verifySignature: ({ core, envelope, signature }) => {
        const bytes = canonicalBytes({ ...envelope });
        return [envelope.from, ...core.community.members().map(({ node_id }) => node_id)]
          .some((id) => verifyText(id, bytes, signature));
      },
    },
  },
  "signature-prefix-optional": {
    breaks: ["IDN-044"],
    rules: { verifySignature: (request) => checked(request, PREFIX + request.signature?.split(":").at(-1)) },
  },
  "signature-length-fails": {
    breaks: ["IDN-045"],
    rules: {
      verifySignature: (request) => {
        const { signature = "" } = request;
        // What a crypto library raises when the bytes do not have the length it wants.
        if (signature.startsWith(PREFIX) && lenientBytes(signature).length !== SIGNATURE_BYTES) {
          throw new RangeError("Cannot verify: a signature has 64 bytes");
        }
        return checked(request, signature);
      },
    },
  },
  "signature-lenient-base64": {
    breaks: ["IDN-046"],
    rules: {
      verifySignature: (request) => {
        const { signature = "" } = request;
        if (!/^ed25519:[A-Za-z0-9+/_-]+={0,2}$/.test(signature)) return false;
        return checked(request, PREFIX + base64url(lenientBytes(signature)));
      },
    },
  },
  "signature-malleable": {
    breaks: ["IDN-047"],
    rules: {
      verifySignature: (request) => {
        const { signature = "" } = request;
        if (!SIGNATURE_PATTERN.test(signature)) return false;
        return checked(request, PREFIX + base64url(reduced(lenientBytes(signature))));
      },
    },
  },
  "signature-over-body-alone": {
    breaks: ["IDN-048"],
    rules: {
      verifySignature: (request) =>
        verifyCall(request.envelope, request.signature) ||
        overText(({ envelope }) => canonicalize(envelope.body))(request),
    },
  },
  "from-short-id-resolved": {
    breaks: ["IDN-040"],
    rules: {
      resolveFrom: (text, core) =>
        isNodeId(text) ? text : core.community.members().find(({ node_id }) => shortId(node_id) === text)?.node_id,
      verifySignature: (request) =>
        verifyCall(request.envelope, request.signature) ||
        overText(({ envelope }) => canonicalize({ ...envelope, from: shortId(envelope.from) }))(request),
    },
  },
  "from-malformed-fails": {
    breaks: ["IDN-040", "IDN-041"],
    rules: {
      resolveFrom: (text) => {
        if (!isNodeId(text)) throw new TypeError("Cannot decode a key: its length is wrong");
        return text;
      },
    },
  },
  "from-prefix-optional": {
    breaks: ["IDN-041"],
    rules: {
      resolveFrom: (text) => {
        const full = text.startsWith(PREFIX) ? text : PREFIX + text;
        return isNodeId(full) ? full : undefined;
      },
      verifySignature: (request) =>
        verifyCall(request.envelope, request.signature) ||
        overText(({ envelope }) => canonicalize({ ...envelope, from: envelope.from.slice(PREFIX.length) }))(request),
    },
  },
  "canonical-ascii-only": {
    breaks: [
      "IDN-049",
      "IDN-054",
      "IDN-055",
      "IDN-057",
      "IDN-059",
      "IDN-056",
      "IDN-051",
      "MKT-013",
      "CHT-017",
      "CHT-018",
    ],
    rules: quirky({ string: (value) => escaped(JSON.stringify(value), NON_ASCII) }),
  },
  "canonical-any-rendering": {
    breaks: ["IDN-050"],
    rules: {
      verifySignature: (request) =>
        verifyCall(request.envelope, request.signature) ||
        overText(({ envelope }) => JSON.stringify(envelope))(request) ||
        overText(({ envelope }) => spacedText({ ...envelope }))(request),
    },
  },
  "canonical-body-as-received": {
    breaks: ["IDN-051", "IDN-052", "IDN-053", "IDN-054", "IDN-055", "IDN-056"],
    rules: { verifySignature: overText((request) => around(request, sentBody(request))) },
  },
  "canonical-numbers-as-written": {
    breaks: ["IDN-053", "IDN-056"],
    rules: quirky({ number: (_value, written) => written }),
  },
  "canonical-escapes-as-written": {
    breaks: ["IDN-054", "IDN-055", "IDN-056"],
    rules: quirky({ string: (_value, written) => written }),
  },
  "canonical-surrogates-apart": {
    breaks: ["IDN-055", "MKT-013", "CHT-018"],
    rules: quirky({ string: (value) => escaped(JSON.stringify(value), BEYOND_BASIC_PLANE) }),
  },
  "canonical-surrogates-fail": {
    breaks: ["IDN-055", "TRN-030"],
    rules: {
      parseBody: (bytes) => {
        const text = fromUtf8(bytes);
        if (/\\ud[89ab]/i.test(text)) throw new TypeError("Cannot encode a surrogate");
        return parseJson(text);
      },
    },
  },
  "canonical-sorts-top-level-only": {
    breaks: ["IDN-051", "IDN-056", "IDN-057"],
    rules: quirky({ sortedLevels: 1 }),
  },
  "canonical-sorts-arrays": {
    breaks: [
      "IDN-056",
      "IDN-073",
      "IDN-074",
      "IDN-075",
      "IDN-076",
      "IDN-077",
      "BUS-044",
      "TOK-014",
      "FIL-029",
      "LLM-015",
      "LLM-016",
      "LLM-017",
      "LLM-049",
      "LLM-050",
      "LLM-052",
      "LLM-053",
      "LLM-055",
      "EMB-001",
      "EMB-002",
      "EMB-003",
      "EMB-004",
      "EMB-005",
      "EMB-006",
      "EMB-007",
      "EMB-008",
      "EMB-009",
      "EMB-010",
      "EMB-012",
    ],
    rules: quirky({ sortArrays: true }),
  },
  "canonical-names-without-case": {
    breaks: ["IDN-057", "IDN-056"],
    rules: quirky({ order: (a, b) => compareCodePoints(a.toLowerCase(), b.toLowerCase()) }),
  },
  "canonical-names-by-number": {
    breaks: ["IDN-057", "IDN-056"],
    rules: quirky({
      order: (a, b) => /^\d+$/.test(a) && /^\d+$/.test(b) ? Number(a) - Number(b) : compareCodePoints(a, b),
    }),
  },
  "canonical-names-by-locale": {
    breaks: ["IDN-057", "IDN-056"],
    rules: quirky({ order: (a, b) => a.localeCompare(b, "en") }),
  },
  "canonical-escapes-solidus": {
    breaks: ["IDN-058", "IDN-056", "TOK-062", "TOK-066", "FIL-020", "KBS-044", "CHT-018"],
    rules: quirky({ string: (value) => canonicalize(value).replaceAll("/", "\\/") }),
  },
  "canonical-escapes-newline-as-code": {
    breaks: [
      "IDN-058",
      "IDN-056",
      "KBS-013",
      "KBS-044",
      "LLM-050",
      "LLM-052",
      "MKT-013",
      "CHT-013",
      "CHT-016",
      "CHT-018",
    ],
    rules: quirky({
      string: (value) =>
        value.split("\n").map((line) => JSON.stringify(line).slice(1, -1)).join("\\u000a").replace(/^|$/g, '"'),
    }),
  },
  "canonical-normalises-unicode": {
    breaks: ["IDN-059", "IDN-056", "CHT-018"],
    rules: quirky({ string: (value) => canonicalize(value.normalize("NFC")) }),
  },
  "canonical-drops-nulls": {
    breaks: ["IDN-060", "IDN-056", "PRO-022", "PRO-023", "PRO-024", "PRO-025", "PRO-026", "LLM-040", "LLM-045"],
    rules: quirky({ dropNulls: true }),
  },
  "canonical-large-integers-as-exponent": {
    breaks: ["IDN-061"],
    rules: quirky({
      number: (value) => Math.abs(value) >= LARGE_INTEGER ? value.toExponential() : canonicalize(value),
    }),
  },
  "canonical-booleans-as-numbers": {
    breaks: ["IDN-056", "IDN-062", "*"],
    rules: quirky({ boolean: (value) => value ? "1" : "0" }),
  },
});
