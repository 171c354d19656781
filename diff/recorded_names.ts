/** What recorded steps are addressed to, and which names they make and need: ids, hashes, tokens. */

import { fromUtf8Lossy, isObject, tryParseJson } from "../src/protocol/mod.ts";
import { NAMES_WITHIN } from "../src/protocol/forms.ts";
import { headerIn, partsOf } from "../src/runner/recorded/rewrite.ts";
import { type RecordedStep, requestBytes } from "../src/runner/recorded/step.ts";

const TOKENS = /hntoken:\/\/v1\/[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+/g;
/** Ids of requests and signatures stand for one exchange and nothing that a later one could need. */
const PASSING = /^x-hearthnet-(request-id|timestamp|signature):/i;
const SIGNATURE_LENGTH = 94;

/** The capability of a call, or the method and path. */
export function recordedAddress({ requests }: RecordedStep): string {
  const [first] = requests;
  const parts = first === undefined ? undefined : partsOf(requestBytes(first));
  const [method = "", path = ""] = parts?.lines[0]?.split(" ") ?? [];
  if (parts === undefined || method === "") return "raw bytes";
  const capability = headerIn(parts, "x-hearthnet-capability");
  if (capability !== undefined) return capability;
  const value = tryParseJson(parts.body);
  if (method === "POST" && isObject(value) && typeof value.capability === "string") return value.capability;
  return `${method} ${path.split("?")[0]}`;
}

/** Names that later steps may need: those of the answers, and those of the bodies sent. */
export function namesMade(step: RecordedStep): string[] {
  const bodies = step.requests.flatMap((one) => {
    const parts = partsOf(requestBytes(one));
    return parts === undefined ? [] : [fromUtf8Lossy(parts.body)];
  });
  const answers = step.requests.map(({ answer }) => JSON.stringify([answer.value ?? null, answer.frames ?? []]));
  return own(step, [...bodies, ...answers]);
}

/** Names that stand anywhere in what is sent. */
export function namesSent(step: RecordedStep): string[] {
  const texts = step.requests.map((one) => {
    const bytes = requestBytes(one);
    const parts = partsOf(bytes);
    if (parts === undefined) return fromUtf8Lossy(bytes);
    const lines = parts.lines.filter((line) => !PASSING.test(line)).map(decodedColons);
    return [...lines, fromUtf8Lossy(parts.body)].join("\n");
  });
  return own(step, [...texts, ...step.talk?.said.map(({ text }) => text) ?? []]);
}

function decodedColons(line: string): string {
  return line.replace(/(ed25519|blake3)%3A/gi, "$1:");
}

/** All but the names that hold from the start, and values that name nothing. */
function own({ recording }: RecordedStep, texts: readonly string[]): string[] {
  const standing = new Set([recording.node_id, recording.community_id, ...Object.keys(recording.members)]);
  const found = texts.flatMap((text) =>
    [...text.matchAll(TOKENS), ...text.matchAll(NAMES_WITHIN)].map(([name]) => name)
  );
  return [...new Set(found)].filter((name) =>
    !standing.has(name) && name.length !== SIGNATURE_LENGTH && !/^\d{4}-\d{2}-\d{2}T/.test(name)
  );
}
