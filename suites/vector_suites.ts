/**
 * Byte vectors judged against the target (X09 §4.4): known inputs must be understood, known outputs must come back byte
 * for byte. main.ts hands the vectors over as data.
 */

import { describe, holds, of, signatureAccepted } from "../src/check/mod.ts";
import { isObject, type Json, type JsonObject, MANIFEST_FORMS, tryParseJson, utf8 } from "../src/protocol/mod.ts";
import { type ConformanceCase, defineCase, type Suite } from "../src/runner/case.ts";
import { CannotProvide, placeBlob } from "../src/target/provisioning.ts";
import { bodyWith, callWithBody } from "./core/identity/helpers.ts";
import { eventCase, tokenCase } from "./rebound_vectors.ts";

/** One vector file, as `vectors/` reads it. */
export interface VectorData {
  readonly name: string;
  readonly vectors: readonly { readonly name: string; readonly input: JsonObject; readonly output: JsonObject }[];
}

/** Numbers on whose text all documents agree (wire-format.md section 2). */
const SMALLEST = 0.001;
const LARGEST = 1e15;

/** Whether a value stays where the documents leave no choice: no names beyond U+FFFF, no extreme numbers. */
export function undisputed(value: Json): boolean {
  if (typeof value === "number") {
    const size = Math.abs(value);
    return Number.isSafeInteger(value) || (size >= SMALLEST && size <= LARGEST);
  }
  if (Array.isArray(value)) return value.every(undisputed);
  if (!isObject(value)) return true;
  return Object.entries(value).every(([name, item]) => !/[\ud800-\udfff]/.test(name) && undisputed(item));
}

function texts(
  file: VectorData | undefined,
): { readonly name: string; readonly sent: string; readonly signed: string }[] {
  return (file?.vectors ?? []).flatMap(({ name, input, output }) => {
    const { text } = input;
    const { canonical } = output;
    if (typeof text !== "string" || typeof canonical !== "string") return [];
    const value = tryParseJson(canonical);
    return value !== undefined && undisputed(value) ? [{ name, sent: text, signed: canonical }] : [];
  });
}

function canonicalJsonCase(file: VectorData | undefined): ConformanceCase {
  return defineCase({
    id: "core/identity/vectors-of-canonical-json",
    requirement: "IDN-056",
    brokenBy: ["canonical-sorts-top-level-only", "canonical-body-as-received"],
    effects: "none",
    async run(context) {
      for (const { name, sent, signed } of texts(file)) {
        const answer = await callWithBody(context, bodyWith(sent), bodyWith(signed));
        const wrong = signatureAccepted(answer);
        if (wrong !== undefined) context.must({ ...wrong, expected: `vector "${name}": ${wrong.expected}` });
      }
    },
  });
}

function callEnvelopeCase(file: VectorData | undefined): ConformanceCase {
  return defineCase({
    id: "core/identity/vectors-of-call-envelopes",
    requirement: "IDN-051",
    brokenBy: ["canonical-body-as-received"],
    effects: "none",
    async run({ target, must }) {
      for (const { name, input, output } of file?.vectors ?? []) {
        const { envelope } = input;
        if (!isObject(envelope) || typeof output.signature !== "string" || !isObject(envelope.body)) continue;
        const text = (member: string) => String(envelope[member]);
        // Another order of members than the signed one, and a space after each colon: the value is the same.
        const members = Object.entries(envelope.body).reverse();
        const body = `{${
          members.map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`).join(" , ")
        }}`;
        const answer = await target.httpPost("/bus/v1/call", utf8(body), [
          ["Content-Type", "application/json"],
          ["Accept", "application/json, text/event-stream"],
          ["X-HearthNet-Capability", text("capability")],
          ["X-HearthNet-Capability-Version", text("version")],
          ["X-HearthNet-Request-Id", text("request_id")],
          ["X-HearthNet-From", text("from")],
          ["X-HearthNet-Community", text("community")],
          ["X-HearthNet-Timestamp", text("timestamp")],
          ["X-HearthNet-Signature", output.signature],
        ]);
        const wrong = signatureAccepted(answer);
        if (wrong !== undefined) must({ ...wrong, expected: `vector "${name}": ${wrong.expected}` });
      }
    },
  });
}

/** Bytes of a blob vector: its text, or bytes that count up modulo 251. */
function blobOf(input: JsonObject): Uint8Array | undefined {
  if (typeof input.text === "string") return utf8(input.text);
  if (typeof input.size_bytes !== "number") return undefined;
  return new Uint8Array(input.size_bytes).map((_, i) => i % 251);
}

function blobCase(file: VectorData | undefined): ConformanceCase {
  return defineCase({
    id: "core/files/vectors-of-blobs",
    requirement: "FIL-016",
    brokenBy: ["blob-filed-under-its-own-hash"],
    effects: "writes",
    async run({ target, actors, must, skip }) {
      const trusted = await actors.trusted();
      for (const { name, input, output } of file?.vectors ?? []) {
        const bytes = blobOf(input);
        const forms = output.manifest_cid;
        if (bytes === undefined || !isObject(forms)) continue;
        let cid: string;
        try {
          cid = (await placeBlob(target, trusted, bytes)).cid;
        } catch (error) {
          if (error instanceof CannotProvide) skip(error.message);
          throw error;
        }
        const known = MANIFEST_FORMS.map((form) => forms[form]);
        must(holds(known.includes(cid), `vector "${name}": one of the documented manifest CIDs`, cid));
        const { answer, sse } = await target.stream(trusted, "file.read", { cid });
        const manifest = sse?.frames.find(({ event }) => event === "manifest")?.json;
        const listed = isObject(manifest) && Array.isArray(manifest.chunks)
          ? manifest.chunks.map((chunk) => isObject(chunk) ? chunk.cid ?? null : null)
          : describe(answer);
        const expected = (Array.isArray(output.chunks) ? output.chunks : []).map((c) =>
          isObject(c) ? c.cid ?? null : null
        );
        must(of(
          answer,
          holds(
            JSON.stringify(listed) === JSON.stringify(expected),
            `vector "${name}": chunks ${JSON.stringify(expected)}`,
            listed,
          ),
        ));
      }
    },
  });
}

/** Suites with the cases that judge vectors added to their sections. */
export function withVectors(suites: readonly Suite[], files: readonly VectorData[]): readonly Suite[] {
  const file = (name: string) => files.find((f) => f.name === name);
  const added: Readonly<Record<string, readonly ConformanceCase[]>> = {
    "core/identity": [canonicalJsonCase(file("canonical-json")), callEnvelopeCase(file("call-envelope"))],
    "core/files": [blobCase(file("blob"))],
    "core/tokens": [tokenCase(file("token"))],
    "core/events": [eventCase(file("event"))],
  };
  return suites.map((suite) => ({ ...suite, cases: [...suite.cases, ...added[suite.section] ?? []] }));
}
