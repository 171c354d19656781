/** What is due to calls that are spoiled in themselves: signatures, headers, versions, names, bodies, budgets. */

import { codeOf, type Exchange, isDone, type Oracle } from "./oracle.ts";
import {
  accepted,
  badInput,
  badSignature,
  clientError,
  due,
  noCrash,
  notFound,
  refusedWith,
  unauthorized,
} from "./due.ts";

/** The 401 of everyone who is no member, by what was called. */
const OUTSIDERS: readonly (readonly [RegExp, string])[] = [
  [/^market\.(post|expire)$/, "MKT-015"],
  [/^market\./, "MKT-027"],
  [/^chat\.send$/, "CHT-019"],
  [/^file\.read$/, "FIL-021"],
  [/^rag\.(query|list_corpora)$/, "KBS-021"],
  [/^llm\.(chat|complete)$/, "LLM-032"],
  [/^embed\.text$/, "EMB-017"],
  [/^auth\.token\.issue$/, "TOK-018"],
];
const SIGNED_MEMBERS: Readonly<Record<string, string>> = {
  capability: "TRN-018",
  version: "TRN-019",
  request_id: "TRN-020",
  community: "TRN-021",
  timestamp: "TRN-022",
};
/** Calls a member may make at once before a budget of ten a second says no, less what a pace may be off. */
const SURELY_WITHIN = 8;
/** Calls within one second that are surely beyond it. */
const SURELY_BEYOND = 22;
const MS_PER_SECOND = 1000;
/** Milliseconds a flood of 300 calls may take for half of it to be surely beyond the budget. */
const FLOOD_WITHIN_MS = 5_000;

const levelOf = (e: Exchange) => e.step.step.do === "call" ? e.cast[e.step.step.as] : undefined;
/** Plainly signed by a member, with nothing else spoiled. */
const isPlain = ({ step: { step } }: Exchange) =>
  step.do === "call" &&
  ![
    "signature",
    "from",
    "community",
    "timestamp",
    "omit",
    "token",
    "mint",
    "transmit",
    "transmit_base64",
    "rendering",
    "wrap",
    "signed_as",
  ]
    .some((name) => name in step);
const isStranger = (e: Exchange) => levelOf(e) === "stranger" && isPlain(e);
const fromMember = (e: Exchange) => levelOf(e) !== "stranger";
const CLOSED = /^[a-z]+(_[a-z]+)*$/;
const NEEDS_INPUT = /^(market\.post|embed\.text|chat\.send|rag\.query)$/;

export const busDues: readonly Oracle[] = [
  ...OUTSIDERS.map(([address, id]) => due(id, /./, unauthorized, { address, when: isStranger })),
  due("TRN-042", /^order\/unknown-body$/, unauthorized, { when: isStranger }),
  due("IDN-038", /(^levels\/stranger|\/stranger)$/, unauthorized, {
    address: /^(?!protocol\.|chat\.forward|federation\.|community\.join)/,
    when: isStranger,
  }),
  due("IDN-039", /^revoked caller$/, refusedWith([403], "revoked")),
  due("BUS-033", /^order\/level-body$/, unauthorized, { when: (e) => levelOf(e) === "member" }),
  due("KBS-027", /^levels\/member$/, unauthorized, { address: "rag.ingest" }),
  due("FIL-034", /^(levels|file\.put)\/member$/, unauthorized, { address: "file.put" }),
  due("FIL-050", /^levels\/member$/, unauthorized, { address: "file.put.resume" }),
  due("IDN-042", /^signature\/broken$/, badSignature),
  due("TRN-014", /^(signature\/none|order\/unknown-unsigned)$/, refusedWith([401])),
  due("IDN-044", /^signature\/no-prefix$/, badSignature),
  due("IDN-045", /^signature\/(short|empty)$/, badSignature),
  due("IDN-046", /^signature\/padded$/, badSignature),
  due("IDN-047", /^signature\/malleable$/, badSignature),
  due("IDN-048", /^signature\/body-alone$/, badSignature),
  due("IDN-050", /^signature\/(pretty|insertion)$/, badSignature),
  due("IDN-043", /^from\/other$/, badSignature),
  due("IDN-040", /^from\/(own-short-form|short-form)$/, clientError),
  due("IDN-041", /^from\/(own-bare|not-base64|no-tag)$/, clientError),
  due("TRN-016", /^headers\/without-(capability|version)$/, clientError),
  due("TRN-015", /^headers\/without-from(-unsigned)?$/, clientError),
  due("TRN-017", /^headers\/without-(request_id|community|timestamp)$/, clientError),
  ...Object.entries(SIGNED_MEMBERS).map(([member, id]) =>
    due(id, new RegExp(`^headers/other-${member}-signed$`), badSignature)
  ),
  due("IDN-043", /^headers\/other-from-signed$/, badSignature),
  due("TRN-021", /^headers\/foreign-community-sent$/, (e) => e.answer.status !== 200),
  due("TRN-022", /^headers\/next-timestamp-signed$/, badSignature),
  due("TRN-023", /^headers\/(less|lower)-body-signed$/, badSignature),
  due("TRN-026", /^headers\/(lower-case|unknown|unknown-plain)$/, accepted),
  due("TRN-033", /^headers\/media-(charset|text)$/, (e) => e.answer.status === 200 || CLOSED.test(codeOf(e) ?? "")),
  due("TRN-025", /^headers\/timestamp(-offset)?$/, refusedWith([400], "bad_request")),
  due("TRN-024", /^headers\/foreign-community$/, (e) => e.answer.status >= 400),
  due("TRN-041", /^order\/unknown-broken$/, refusedWith([401])),
  due("BUS-013", /^version\/1\.0$/, accepted),
  due("IDN-037", /^canonical\//, (e) => codeOf(e) !== "unauthorized"),
  due("BUS-013", /^canonical\//, accepted, { when: (e) => e.answer.status !== 401 }),
  due("BUS-014", /^version\/1\.9$/, clientError),
  due("BUS-015", /^version\/2\.0$/, clientError),
  due("BUS-016", /^version\/0\.9$/, clientError),
  due("BUS-019", /^version\/(1|1\.0\.0|one|1\.0-beta|1\.0\.3)$/, clientError),
  due("BUS-022", /^unknown capability$/, notFound, { address: /^(Market\.List|market|market\.list\.|market\.lis)$/ }),
  due("BUS-021", /^unknown capability$/, notFound, { address: "market.fly" }),
  due("BUS-021", /^unknown capability$/, refusedWith([404, 501]), { address: "experimental.nothing" }),
  due("TRN-027", /^body\/(not-json|leading-zero|plus|trailing-comma)$/, refusedWith([400], "bad_request")),
  due("TRN-028", /^body\/empty$/, refusedWith([400], "bad_request")),
  due("TRN-029", /^body\/(array|text)$/, refusedWith([400])),
  due("BUS-026", /^body\/(no-input|input-list)$/, badInput, { address: NEEDS_INPUT }),
  due("BUS-026", /^body\/(no-params|invalid-type)$/, badInput, { address: /^(embed\.text|rag\.query)$/ }),
  due("TRN-032", /^body\/repeated-name$/, noCrash),
  due("TRN-031", /^body\/(nan|overflow)$/, refusedWith([400])),
  due("TRN-031", /^body\/huge$/, noCrash),
  due("TRN-030", /^body\/not-utf-8$/, clientError),
  due("TRN-035", /^body\/very-deep$/, clientError),
  due("TRN-035", /^body\/deep$/, noCrash),
  due("TRN-034", /^oversized$/, noCrash),
  ...budgets(),
];

function budgets(): Oracle[] {
  const burst = (
    requirement: string,
    origin: RegExp,
    verdict: (outcomes: readonly number[], spanMs: number, e: Exchange) => boolean | undefined,
  ): Oracle => ({
    requirement,
    place: /^outcomes$/,
    holds: (e) => {
      const { outcomes, spanMs } = e.answer;
      if (!origin.test(e.step.origin) || outcomes === undefined || spanMs === undefined) return undefined;
      return verdict(outcomes, spanMs, e);
    },
  });
  const granted = (outcomes: readonly number[]) => outcomes.filter((status) => status > 0 && status !== 429).length;
  const first = /first$/;
  return [
    burst("TRN-043", /^burst\/refused$/, (outcomes) => !outcomes.includes(429)),
    burst(
      "TRN-062",
      /^burst\/two names$/,
      (all, _, { address }) => first.test(address) ? !all.includes(429) : undefined,
    ),
    burst(
      "TRN-064",
      /^burst\/two names$/,
      (all, _, { address }) => first.test(address) ? undefined : !all.includes(429),
    ),
    burst("LLM-034", /^llm\.chat\/crowd$/, (outcomes) => outcomes.every((status) => [0, 200, 429].includes(status))),
    burst("TRN-066", /^burst\/flood$/, (outcomes) => !outcomes.some((status) => status >= 500)),
    burst(
      "TRN-059",
      /^burst\/flood$/,
      (outcomes, spanMs) => spanMs > FLOOD_WITHIN_MS ? undefined : granted(outcomes) < outcomes.length / 2,
    ),
    burst(
      "TRN-062",
      /^burst$/,
      (outcomes) =>
        outcomes.every((status) => status === 200 || status === 429) ? granted(outcomes) >= SURELY_WITHIN : undefined,
    ),
    burst(
      "TRN-059",
      /^burst$/,
      (outcomes, spanMs) => spanMs > MS_PER_SECOND ? undefined : granted(outcomes) < SURELY_BEYOND,
    ),
    {
      requirement: "TRN-061",
      place: /^status$/,
      general: true,
      holds: (e) => e.step.origin === "after a burst" && e.answer.status > 0 ? e.answer.status === 200 : undefined,
    },
    slots("TRN-058", (e) => "cancel_after" in e.step.step),
    slots("BUS-039", (e) => e.answer.status >= 400),
    slots("BUS-038", isDone),
  ];
}

/** A single caller that waits for its answers never finds a capability full; `user` are calls that took the slots. */
function slots(requirement: string, user: (e: Exchange) => boolean): Oracle {
  return {
    requirement,
    place: /^(status|error|frames)$/,
    holds: (e) => {
      const { step } = e.step;
      if (step.do !== "call" || "parallel" in step || e.answer.status === 0) return undefined;
      const same = e.before.filter(({ address }) => address === e.address);
      if (codeOf(e) !== "capacity_exceeded") return same.some(user) ? true : undefined;
      const last = same.at(-1);
      // The place of what was broken off a moment ago may still be taken.
      if (last === undefined || ["cancel_after", "parallel"].some((name) => name in last.step.step)) return undefined;
      if (last.index === e.index - 1 && last.step.step.do === "ws") return undefined;
      return same.some(user) ? false : undefined;
    },
  };
}

/** Whether a member called. */
export const byMember = fromMember;
