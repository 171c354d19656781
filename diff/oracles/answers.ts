/** What holds for every answer: status line, headers, error bodies, `meta` (wire-format.md sections 5 to 8). */

import { BASE_STATUS, isObject } from "../../src/protocol/mod.ts";
import { isFullNodeId, isListOf, isSignatureText, isText, isUtcTime } from "./forms.ts";
import { codeOf, type Exchange, header, isDone, type Oracle, sentHeader } from "./oracle.ts";

/** Codes of the later contracts, whose statuses are fixed in their own sections. */
const LATER_CODE =
  /^(token_\w+|not_federated|federation_\w+|experimental_disabled|conformance_failed|protocol_\w+|civdef_\w+|moe_\w+|fedlearn_\w+|evidence_\w+|policy_\w+|claim_\w+|\w+_unavailable|relay_\w+)$/;
const MUTATING = /\.(post|invite|revoke|ingest|expire)$|^chat\.send$/;
const FIRST_ERROR = 400;
/** Statuses of an accepted call other than 200. */
const OTHER_SUCCESS = [201, 202, 203, 204, 206];
/** Milliseconds no call of the traffic takes: a meta.ms beyond it is no duration. */
const LONGEST_MS = 3_600_000;

/** Its output may be the list itself. */
const LISTING = "protocol.registry.list";
const EVERYWHERE = /^(status|error|body|stream|headers\.content-type)$/;
const isCall = ({ step: { step } }: Exchange) => step.do === "call";
const isErrorOfCall = (e: Exchange) => isCall(e) && e.answer.status >= FIRST_ERROR;
const isStream = ({ answer }: Exchange) => answer.frames !== undefined;
const answered = (e: Exchange) => isCall(e) && e.answer.status > 0;
const within = (e: Exchange) => isObject(e.answer.value) ? e.answer.value : {};

export const answerOracles: readonly Oracle[] = [
  {
    requirement: "TRN-001",
    place: /^(status|outcomes)$/,
    holds: (e) => answered(e) ? !OTHER_SUCCESS.includes(e.answer.status) : undefined,
  },
  {
    requirement: "TRN-001",
    place: /^headers\.content-type$/,
    holds: (e) =>
      isDone(e) && isCall(e) && !isStream(e) && (e.input.stream === false || !e.address.startsWith("llm."))
        ? (header(e, "content-type") ?? "").startsWith("application/json")
        : undefined,
  },
  {
    requirement: "TRN-059",
    place: EVERYWHERE,
    holds: (e) => isCall(e) && e.answer.status === 429 ? codeOf(e) !== undefined : undefined,
  },
  {
    requirement: "TRN-036",
    place: /^(status|error|body|stream|headers\.content-type|detail)$/,
    holds: (e) =>
      isErrorOfCall(e) && !("transmit_base64" in e.step.step) && !e.step.origin.startsWith("headers/media")
        ? codeOf(e) !== undefined && (header(e, "content-type") ?? "").startsWith("application/json")
        : undefined,
  },
  {
    requirement: "TRN-037",
    place: /^(status|error)$/,
    holds: (e) => {
      const code = isErrorOfCall(e) ? codeOf(e) : undefined;
      return code === undefined ? undefined : Object.hasOwn(BASE_STATUS, code) || LATER_CODE.test(code);
    },
  },
  {
    requirement: "TRN-038",
    place: /^status$/,
    holds: (e) => {
      const due = isErrorOfCall(e) ? BASE_STATUS[codeOf(e) ?? ""] : undefined;
      return due === undefined ? undefined : due === e.answer.status;
    },
  },
  {
    requirement: "TRN-046",
    place: /^headers\.x-hearthnet-(request-id|from)$/,
    holds: (e) =>
      isCall(e) && isStream(e) && e.answer.status === 200
        ? header(e, "x-hearthnet-request-id") === sentHeader(e, "x-hearthnet-request-id") &&
          isFullNodeId(header(e, "x-hearthnet-from"))
        : undefined,
  },
  {
    requirement: "TRN-039",
    place: /^headers\.x-hearthnet-request-id$/,
    holds: (e) => {
      const id = isErrorOfCall(e) ? sentHeader(e, "x-hearthnet-request-id") : undefined;
      return id === undefined ? undefined : header(e, "x-hearthnet-request-id") === id;
    },
  },
  {
    requirement: "TRN-002",
    place: /^headers\.x-hearthnet-request-id$/,
    holds: (e) => {
      const id = answered(e) ? sentHeader(e, "x-hearthnet-request-id") : undefined;
      return id === undefined ? undefined : header(e, "x-hearthnet-request-id") === id;
    },
  },
  {
    requirement: "TRN-003",
    place: /^(headers\.x-hearthnet-from|signature\.header)$/,
    holds: (e) => answered(e) && e.answer.status === 200 ? isFullNodeId(header(e, "x-hearthnet-from")) : undefined,
  },
  {
    requirement: "TRN-003",
    place: /^headers\.x-hearthnet-from$/,
    // An answer of the node is not by its caller, nor by another node than the answers before.
    holds: (e) => {
      const from = answered(e) && e.answer.status === 200 ? header(e, "x-hearthnet-from") : undefined;
      const as = e.step.step.do === "call" ? e.cast[e.step.step.as] : undefined;
      return from === undefined || as === "self" ? undefined : from !== sentHeader(e, "x-hearthnet-from");
    },
  },
  {
    requirement: "TRN-004",
    place: /^headers\.x-hearthnet-timestamp$/,
    holds: (e) => isDone(e) && isCall(e) && !isStream(e) ? isUtcTime(header(e, "x-hearthnet-timestamp")) : undefined,
  },
  {
    requirement: "TRN-006",
    place: /^headers\.x-hearthnet-signature$/,
    holds: (e) =>
      isDone(e) && isCall(e) && MUTATING.test(e.address)
        ? isSignatureText(header(e, "x-hearthnet-signature"))
        : undefined,
  },
  {
    requirement: "TRN-005",
    place: /^headers\.x-hearthnet-signature$/,
    holds: (e) => isDone(e) && isCall(e) && !isStream(e) ? header(e, "x-hearthnet-signature") !== undefined : undefined,
  },
  {
    requirement: "TRN-007",
    place: /^signature\.header$/,
    holds: (e) => {
      const verdict = e.address !== LISTING && isDone(e) && isCall(e) && !isStream(e)
        ? e.answer.signatures.get("header")
        : undefined;
      return verdict === undefined || verdict === "absent" ? undefined : verdict !== "invalid";
    },
  },
  { requirement: "TRN-008", place: /^version$/, holds: ({ answer }) => version(answer.version) },
  {
    requirement: "BUS-029",
    place: /^(output|meta|result)$|^output\./,
    holds: (e) =>
      isDone(e) && isCall(e) && !isStream(e) && !e.address.startsWith("llm.tools") && e.address !== LISTING
        ? isObject(within(e).output) && (within(e).meta === undefined || isObject(within(e).meta))
        : undefined,
  },
  {
    requirement: "BUS-030",
    place: /^meta\.ms$/,
    holds: (e) => {
      const { meta } = within(e);
      if (!isDone(e) || !isObject(meta) || meta.ms === undefined) return undefined;
      return typeof meta.ms === "number" && meta.ms >= 0 && meta.ms <= LONGEST_MS;
    },
  },
  ...errorMembers(),
];

function version(text: string): boolean | undefined {
  return text === "" ? undefined : text === "HTTP/1.1";
}

function errorMembers(): Oracle[] {
  const member = (
    requirement: string,
    place: RegExp,
    name: string,
    test: (value: Exchange["body"][string], e: Exchange) => boolean,
    when: (e: Exchange) => boolean = () => true,
  ): Oracle => ({
    requirement,
    place,
    holds: (e) => {
      const value = isErrorOfCall(e) ? within(e)[name] : undefined;
      return value === undefined || !when(e) ? undefined : test(value, e);
    },
  });
  const positive = (value: unknown) => Number.isInteger(value) && Number(value) > 0;
  const says = (code: string) => (e: Exchange) => codeOf(e) === code;
  const counted = (value: unknown) => Number.isInteger(value) && Number(value) >= 0;
  const needed = (requirement: string, code: string, test: typeof positive, address?: RegExp): Oracle => ({
    requirement,
    ...(address === undefined ? {} : { address }),
    place: /^retry_after_ms$/,
    holds: (e) => isErrorOfCall(e) && says(code)(e) ? test(within(e).retry_after_ms) : undefined,
  });
  return [
    needed("TRN-060", "rate_limited", positive),
    // A place that is free again at once is told as 0 by some.
    needed("LLM-035", "capacity_exceeded", counted, /^llm\./),
    needed("BUS-037", "capacity_exceeded", counted),
    member("TRN-040", /^message$/, "message", isText),
    member("TRN-040", /^retry_after_ms$/, "retry_after_ms", (value) => Number.isInteger(value) && Number(value) >= 0),
    member("TRN-040", /^alt_capabilities/, "alt_capabilities", (value) => isListOf(value, isText)),
    member("TRN-040", /^alt_nodes/, "alt_nodes", (value) => isListOf(value, (one) => isFullNodeId(one))),
    member(
      "TRN-040",
      /^schema_hash_expected$/,
      "schema_hash_expected",
      (value, e) => isText(value) && /^blake3:[0-9a-f]{64}$/.test(value) && codeOf(e) === "schema_mismatch",
    ),
  ];
}
