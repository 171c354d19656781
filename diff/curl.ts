/** A sequence as lines for a shell. Every signature is part of them, so they hold for the community and time they name. */

import { fromUtf8Lossy } from "../src/protocol/mod.ts";
import type { StepRequests } from "./laboratory.ts";

/** What the lines say about where they hold. */
export interface CurlAbout {
  readonly seed: number;
  readonly timeOrigin: number;
  /** `--fault` and `--variant` names of an embedded side; undefined for other targets. */
  readonly embedded: readonly string[] | undefined;
}

/** Lines that can be pasted: how to come by a node, then one request each. */
export function curlScript(steps: readonly StepRequests[], about: CurlAbout): string[] {
  return [...opening(about), ...steps.flatMap(({ origin, requests }, index) => stepLines(origin, requests, index))];
}

function opening({ seed, timeOrigin, embedded }: CurlAbout): string[] {
  if (embedded === undefined) {
    return [
      "# The signatures hold for this community, and for five minutes from the start of the comparison.",
      "TARGET=${TARGET:-http://127.0.0.1:7900}",
    ];
  }
  const names = embedded.length === 0 ? "" : ` --fault ${embedded.join(",")}`;
  return [
    `# in another terminal: hearthproof node --port 7900 --seed ${seed} --time-origin ${timeOrigin}${names}`,
    "TARGET=${TARGET:-http://127.0.0.1:7900}",
  ];
}

function stepLines(origin: string, requests: readonly Uint8Array[], index: number): string[] {
  const name = origin.replace(/[^\x20-\x7e]/g, "?");
  const prepared = requests.slice(0, -1).flatMap((sent) => isRead(sent) ? [] : [curlLine(sent)]);
  const last = requests.at(-1);
  const own = last === undefined ? undefined : curlLine(last);
  return [
    ...(prepared.length === 0 ? [] : [`# what step ${index + 1} needs`]),
    ...prepared.map((line) => line ?? "# a request that curl cannot make: hearthproof diff --replay does"),
    `# step ${index + 1}: ${name}`,
    own ?? "# curl cannot make this request: hearthproof diff --replay does",
  ];
}

/** Looking at the head tells the tester where to begin and changes nothing. */
function isRead(sent: Uint8Array): boolean {
  return fromUtf8Lossy(sent.subarray(0, "GET ".length)) === "GET ";
}

/** One request as curl makes it; undefined for bytes that are no plain HTTP/1.1, and for upgrades. */
export function curlLine(sent: Uint8Array): string | undefined {
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
    "-sig",
    "--path-as-is",
    "-X",
    method,
    ...kept.flatMap((line) => ["-H", quote(headerArgument(line))]),
  ];
  if (body !== "") parts.push("--data-binary", quote(body));
  return [...parts, `"$TARGET"${quote(path)}`].join(" ");
}

/** curl leaves out a header without a value unless it ends with a semicolon. */
function headerArgument(line: string): string {
  const colon = line.indexOf(":");
  return line.slice(colon + 1).trim() === "" ? `${line.slice(0, colon)};` : line;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
