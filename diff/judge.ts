/** Which requirement a difference touches, and which side the contract supports. */

import { headerOf } from "../src/wire/mod.ts";
import { fromUtf8Lossy, isObject, parseTimestamp } from "../src/protocol/mod.ts";
import type { Finding } from "./finding.ts";
import type { Observation } from "./observation.ts";
import type { PlannedStep, StepLaw } from "./plan.ts";

/** Whom the documents are with. */
export type Supported = "left" | "right" | "neither" | "both" | "undecided";

export interface Judgement {
  readonly requirement?: string;
  readonly supports: Supported;
}

interface PlaceLaw {
  readonly place: RegExp;
  readonly requirement: string;
  /** Whether an answer keeps it; left out where only the requirement is known. */
  readonly holds?: (answer: Observation) => boolean;
}

/** Life of a manifest in milliseconds (wire-format.md section 9). */
const MANIFEST_LIFE_MS = 30_000;

const header = (answer: Observation, name: string) => headerOf({ head: { ...answer } }, name);
const sentHeader = ({ sent }: Observation, name: string) =>
  new RegExp(`^${name}: (.*)\r$`, "im").exec(fromUtf8Lossy(sent))?.[1];
const isTime = (text: unknown) => typeof text === "string" && /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(text);

/** Places of answers by `ADDRESS PATH`; the first that fits counts. */
const PLACES: readonly PlaceLaw[] = [
  {
    place: / headers\.x-hearthnet-request-id$/,
    requirement: "TRN-002",
    holds: (a) => header(a, "x-hearthnet-request-id") === sentHeader(a, "x-hearthnet-request-id"),
  },
  {
    place: / headers\.x-hearthnet-from$/,
    requirement: "TRN-003",
    holds: (a) =>
      /^ed25519:[\w-]{43}$/.test(header(a, "x-hearthnet-from") ?? "") && a.signatures.get("header") !== "invalid",
  },
  {
    place: / headers\.x-hearthnet-timestamp$/,
    requirement: "TRN-004",
    holds: (a) => isTime(header(a, "x-hearthnet-timestamp")),
  },
  {
    place: / headers\.x-hearthnet-signature$/,
    requirement: "TRN-005",
    holds: (a) => a.signatures.get("header") !== "absent",
  },
  { place: / signature\.header$/, requirement: "TRN-007", holds: (a) => sound(a, "header") },
  { place: / headers\.content-type$/, requirement: "TRN-001" },
  { place: / version$/, requirement: "TRN-008", holds: (a) => a.version === "HTTP/1.1" },
  {
    place: /^GET \/manifest expires_at$/,
    requirement: "IDN-016",
    holds: ({ value }) =>
      isObject(value) &&
      (parseTimestamp(value.expires_at) ?? 0) - (parseTimestamp(value.issued_at) ?? 0) === MANIFEST_LIFE_MS,
  },
  {
    place: /^GET \/manifest issued_at$/,
    requirement: "IDN-014",
    holds: ({ value }) => isObject(value) && isTime(value.issued_at),
  },
  { place: /^GET \/manifest signature\.$/, requirement: "IDN-017", holds: (a) => sound(a, "") },
  { place: /^GET \/manifest version$/, requirement: "IDN-003" },
  { place: /^GET \/manifest contract_version$/, requirement: "IDN-004" },
  { place: /^GET \/manifest node_id$/, requirement: "IDN-005" },
  { place: /^GET \/manifest profile$/, requirement: "IDN-007" },
  { place: /^GET \/manifest endpoints/, requirement: "IDN-008" },
  { place: /^GET \/manifest hardware/, requirement: "IDN-010" },
  { place: /^GET \/manifest capabilities/, requirement: "IDN-011" },
  { place: /^GET \/manifest load/, requirement: "IDN-013" },
  { place: /^GET \/manifest /, requirement: "IDN-002" },
  { place: /^GET \/community\/manifest signature\.$/, requirement: "IDN-028", holds: (a) => sound(a, "") },
  { place: /^GET \/community\/manifest policy/, requirement: "IDN-029" },
  { place: /^GET \/community\/manifest members/, requirement: "IDN-030" },
  { place: /^GET \/community\/manifest /, requirement: "IDN-025" },
  { place: /^GET \/sync\/v1\/heads/, requirement: "EVT-001" },
  { place: /^POST \/sync\/v1\/events rejected/, requirement: "EVT-010" },
  { place: /^POST \/sync\/v1\/events new_head/, requirement: "EVT-005" },
  { place: /^POST \/sync\/v1\/events events.*lamport$/, requirement: "EVT-040" },
  { place: /^POST \/sync\/v1\/events /, requirement: "EVT-004" },
  { place: /^market\.list /, requirement: "MKT-017" },
  { place: /^market\.search /, requirement: "MKT-044" },
  { place: / error$/, requirement: "TRN-037" },
  { place: / (message|retry_after_ms|alt_\w+|schema_hash_expected)/, requirement: "TRN-040" },
  { place: / meta/, requirement: "BUS-029" },
];

function sound(answer: Observation, path: string): boolean {
  const verdict = answer.signatures.get(path);
  return verdict !== undefined && verdict !== "invalid" && verdict !== "absent";
}

/** Names requirement and side for a finding. */
export function judge(finding: Finding, step: PlannedStep, left: Observation, right: Observation): Judgement {
  const { law } = step;
  const atAnswer = ["status", "error", "stream", "outcomes", "connection"].includes(finding.path);
  if (law !== undefined && atAnswer) {
    const [a, b] = [keeps(law, left), keeps(law, right)];
    if (a !== undefined && b !== undefined) return { requirement: law.requirement, supports: between(a, b) };
  }
  const where = `${finding.address} ${finding.path}`;
  const place = PLACES.find((entry) => entry.place.test(where));
  if (place !== undefined) {
    if (place.holds === undefined) return { requirement: place.requirement, supports: "undecided" };
    return { requirement: place.requirement, supports: between(place.holds(left), place.holds(right)) };
  }
  return law === undefined ? { supports: "undecided" } : { requirement: law.requirement, supports: "undecided" };
}

/** Whether an answer keeps a law; undefined where the law says nothing of it. */
export function keeps({ status, error }: StepLaw, answer: Observation): boolean | undefined {
  if (status === undefined && error === undefined) return undefined;
  if (status !== undefined && !status.includes(answer.status)) return false;
  const code = isObject(answer.value) ? answer.value.error : undefined;
  return error === undefined || (typeof code === "string" && error.includes(code));
}

function between(left: boolean, right: boolean): Supported {
  return left ? right ? "both" : "left" : right ? "right" : "neither";
}
