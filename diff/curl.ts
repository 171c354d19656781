/**
 * A sequence as lines for a shell. Signatures are part of them, so they hold for the community and time they name; what
 * is learned on the way is caught and signed anew.
 */

import { fromUtf8Lossy, type Identity } from "../src/protocol/mod.ts";
import { Learning, quoteWith, SIGN_FUNCTION } from "./curl_learned.ts";
import type { StepRequests } from "./laboratory.ts";

/** What the lines say about where they hold. */
export interface CurlAbout {
  readonly seed: number;
  readonly timeOrigin: number;
  /** The two sides, if both are built-in nodes; undefined for other targets. */
  readonly embedded: { readonly left: EmbeddedSide; readonly right: EmbeddedSide } | undefined;
  /** Keys that the seed of the comparison makes, by their id. */
  readonly keys: ReadonlyMap<string, Identity>;
  /** Texts whose names hold from the start. */
  readonly known: readonly string[];
}

/** `--fault` and `--variant` names of a built-in node. */
export interface EmbeddedSide {
  readonly faults: readonly string[];
  readonly variants: readonly string[];
}

/** Lines that can be pasted: how to come by the nodes, then one request each. */
export function curlScript(steps: readonly StepRequests[], about: CurlAbout): string[] {
  const learning = new Learning(about.keys);
  for (const text of about.known) learning.know(text);
  const lines = steps.flatMap((step, index) => stepLines(step, index, learning));
  const signs = lines.some((line) => line.includes("$(sign "));
  return [...opening(about), ...(signs ? SIGN_FUNCTION : []), ...unusedCatches(lines)];
}

function opening({ seed, timeOrigin, embedded }: CurlAbout): string[] {
  if (embedded === undefined) {
    return [
      "# The signatures hold for this community, and for five minutes from the start of the comparison.",
      "TARGET=${TARGET:-http://127.0.0.1:7900}",
    ];
  }
  const start = (port: number, { faults, variants }: EmbeddedSide) =>
    `hearthproof node --port ${port} --seed ${seed} --time-origin ${timeOrigin}` +
    (faults.length === 0 ? "" : ` --fault ${faults.join(",")}`) +
    (variants.length === 0 ? "" : ` --variant ${variants.join(",")}`);
  return [
    `# in another terminal: ${start(7900, embedded.right)}`,
    `# the other side: ${start(7901, embedded.left)}`,
    "# Each line has five minutes from the start of its node; TARGET=http://127.0.0.1:7901 shows the other side.",
    "TARGET=${TARGET:-http://127.0.0.1:7900}",
  ];
}

function stepLines({ origin, requests, answers }: StepRequests, index: number, learning: Learning): string[] {
  const name = origin.replace(/[^\x20-\x7e]/g, "?");
  const all = requests.map((sent, at) => ({ sent, lines: requestLines(sent, answers?.[at], learning) }));
  const own = all.pop();
  const prepared = all.flatMap(({ sent, lines }) => isRead(sent) ? [] : lines);
  return [
    ...(prepared.length === 0 ? [] : [`# what step ${index + 1} needs`]),
    ...prepared,
    `# step ${index + 1}: ${name}`,
    ...own?.lines ?? ["# curl cannot make this request: hearthproof diff --replay does"],
  ];
}

function requestLines(sent: Uint8Array, answer: Uint8Array | undefined, learning: Learning): string[] {
  const prepared = learning.prepare(sent);
  const caught = learning.answered(answer ?? new Uint8Array(0));
  if (prepared === undefined) {
    return [
      "# this request is signed over what is learned, with a key that is not written down: diff --replay does it",
    ];
  }
  const line = curlLine(sent, prepared.variables);
  if (line === undefined) return ["# curl cannot make this request: hearthproof diff --replay does"];
  return [...prepared.lines, `${caught}=$(${line} | tee /dev/stderr)`];
}

/** Answers that nothing is learned from are only shown. */
function unusedCatches(lines: readonly string[]): string[] {
  const used = new Set(lines.flatMap((line) => /^L\d+=\$\(printf %s "\$(A\d+)"/.exec(line)?.[1] ?? []));
  return lines.map((line) => {
    const [, variable = "", own] = /^(A\d+)=\$\((curl .*) \| tee \/dev\/stderr\)$/s.exec(line) ?? [];
    return own === undefined || used.has(variable) ? line : own;
  });
}

/** Looking at the head tells the tester where to begin and changes nothing. */
function isRead(sent: Uint8Array): boolean {
  return fromUtf8Lossy(sent.subarray(0, "GET ".length)) === "GET ";
}

/** One request as curl makes it; undefined for bytes that are no plain HTTP/1.1, and for upgrades. */
export function curlLine(sent: Uint8Array, variables: ReadonlyMap<string, string> = new Map()): string | undefined {
  const text = fromUtf8Lossy(sent);
  const end = text.indexOf("\r\n\r\n");
  if (end < 0 || text.includes("\u0000") || text.includes("\ufffd")) return undefined;
  const [first = "", ...headers] = text.slice(0, end).split("\r\n");
  const [, method, path] = /^([A-Z]+) (\/\S*) HTTP\/1\.1$/.exec(first) ?? [];
  if (method === undefined || path === undefined) return undefined;
  if (headers.some((line) => /^(upgrade|transfer-encoding):/i.test(line))) return undefined;
  const kept = headers.filter((line) => !/^(host|content-length|connection):/i.test(line));
  const body = text.slice(end + 4);
  const parts = [
    "curl",
    // Answers end without a line break.
    "-sigw",
    "'\\n'",
    "--path-as-is",
    "-X",
    method,
    ...kept.flatMap((line) => ["-H", quoteWith(headerArgument(line), variables)]),
  ];
  if (body !== "") parts.push("--data-binary", quoteWith(body, variables));
  return [...parts, `"$TARGET"${quoteWith(path, variables)}`].join(" ");
}

/** curl leaves out a header without a value unless it ends with a semicolon. */
function headerArgument(line: string): string {
  const colon = line.indexOf(":");
  return line.slice(colon + 1).trim() === "" ? `${line.slice(0, colon)};` : line;
}
