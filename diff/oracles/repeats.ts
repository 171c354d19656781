/** Repeated calls, and the growth of the log between two readings of its head (BUS-041, core/events). */

import type { Json } from "../../src/protocol/mod.ts";
import { isCount } from "./forms.ts";
import { codeOf, type Exchange, isDone, objectOf, type Oracle } from "./oracle.ts";
import { metaOf } from "./member_checks.ts";

/** The same call with the same client id by the same caller. */
function firstOf(e: Exchange): Exchange | undefined {
  const { step } = e.step;
  const { client_id: id } = e.input;
  if (step.do !== "call" || id === undefined) return undefined;
  return e.before.find((one) =>
    one.address === e.address && one.input.client_id === id && one.answer.status === 200 &&
    one.step.step.do === "call" && one.step.step.as === step.as
  );
}

function repeat(
  requirement: string,
  address: string,
  names: readonly string[],
  when: (first: Exchange, e: Exchange) => boolean = () => true,
): Oracle {
  return {
    requirement,
    address,
    place: /^output/,
    holds: (e) => {
      const first = isDone(e) ? firstOf(e) : undefined;
      if (first === undefined || !when(first, e)) return undefined;
      return names.every((name) => first.output[name] === e.output[name]);
    },
  };
}

const EVENT = ["event_id", "lamport"];
const same = (name: string) => (first: Exchange, e: Exchange) => first.input[name] === e.input[name];
const other = (name: string) => (first: Exchange, e: Exchange) => first.input[name] !== e.input[name];

/** The position of the log that an answer tells. */
function reading({ answer, output, address }: Exchange): number | undefined {
  const value = objectOf(answer.value);
  const head: Json | undefined = address.startsWith("POST /sync")
    ? value.new_head_lamport ?? value.new_head
    : output.lamport;
  return answer.status === 200 && isCount(head) ? head : undefined;
}

const actorsOf = ({ step }: Exchange) =>
  JSON.stringify(step.step).match(/"(as|author)":"\w+"|\$\{(id|short|bare)\.\w+\}/g) ?? [];
const nameOf = (text: string) => /(\w+)["}]$/.exec(text)?.[1] ?? text;

/** Steps that must leave the log as it is, with the rule that says so. */
function mustNotGrow(e: Exchange): string | undefined {
  const { origin } = e.step;
  const { status } = e.answer;
  if (origin.startsWith("push/")) {
    const { accepted, rejected } = objectOf(e.answer.value);
    if (status === 200 && accepted === 0 && Number(rejected) > 0) return "EVT-046";
    return origin === "push/again" ? "EVT-045" : undefined;
  }
  if (status === 401) return "TRN-044";
  if (status >= 400) return "BUS-028";
  if (firstOf(e) !== undefined) return RETRIES[e.address];
  if (e.address === "file.advertise") return origin.endsWith("/repeated") ? "FIL-030" : undefined;
  return READS.test(e.address) ? "MKT-026" : undefined;
}

const READS =
  /^(market\.(list|search)|GET \/.*|llm\..*|embed\.text|rag\.(query|list_corpora)|file\.(read|list)|chat\.history)$/;
const RETRIES: Readonly<Record<string, string>> = { "market.post": "MKT-004", "chat.send": "CHT-009" };

interface Growth {
  /** What the log may have grown by at most, and did. */
  readonly most: number;
  readonly real: number;
  /** Rules of the steps in between that must not have made it grow. */
  readonly blamed: readonly string[];
}

/** The growth since the reading before; undefined where something in between may append what is not known. */
function growthOf(e: Exchange): Growth | undefined {
  const now = reading(e);
  const from = e.before.findLastIndex((one) => reading(one) !== undefined);
  const start = e.before[from];
  const before = start === undefined ? undefined : reading(start);
  if (now === undefined || start === undefined || before === undefined || firstOf(e) !== undefined) return undefined;
  // Every reception moves the counter of the node on, which no head shows; only its own events do.
  if (start.address.startsWith("POST /sync") && !e.address.startsWith("POST /sync")) return undefined;
  // A push may bring any position; an answer to a refused push tells the head as it was.
  const isPush = e.address.startsWith("POST /sync");
  if (isPush && Number(objectOf(e.answer.value).accepted) > 0) return undefined;
  const between = e.before.slice(from + 1);
  const known = new Set(e.before.slice(0, from + 1).flatMap(actorsOf).map(nameOf));
  let most = isPush ? 0 : 1;
  const blamed: string[] = [];
  for (const one of [...between, e]) {
    // Whoever comes for the first time joins, which appends events; so may a call that wakes a poll.
    if ("meanwhile" in one.step.step || actorsOf(one).map(nameOf).some((name) => !known.has(name))) return undefined;
    if (one === e && !isPush) continue;
    const rule = mustNotGrow(one);
    if (rule !== undefined) blamed.push(rule);
    else if (one.step.origin === "market.post/race") {
      most++;
      blamed.push("BUS-041");
    } else return undefined;
  }
  return { most, real: now - before, blamed };
}

const RULES = ["EVT-046", "EVT-045", "BUS-041", "MKT-004", "CHT-009", "FIL-030", "TRN-044", "BUS-028", "MKT-026"];

function growth(requirement: string): Oracle {
  return {
    requirement,
    place: /^(output\.lamport|meta\.lamport|new_head|new_head_lamport)$/,
    holds: (e) => {
      const found = growthOf(e);
      if (found === undefined || !found.blamed.includes(requirement)) return undefined;
      return found.real <= found.most;
    },
  };
}

export const repeatOracles: readonly Oracle[] = [
  repeat("MKT-003", "market.post", EVENT, same("title")),
  repeat("MKT-004", "market.post", EVENT, other("title")),
  repeat("CHT-008", "chat.send", EVENT, same("body")),
  repeat("CHT-009", "chat.send", EVENT, other("body")),
  repeat("MKT-036", "market.expire", EVENT),
  repeat("TOK-015", "auth.token.issue", ["token_id"]),
  {
    requirement: "IDN-070",
    address: "community.invite",
    place: /^meta\.(event_id|lamport)$/,
    holds: (e) => {
      const { step } = e.step;
      const first = e.before.find((one) =>
        one.address === e.address && isDone(one) && one.input.invitee_node_id === e.input.invitee_node_id &&
        one.step.step.do === "call" && step.do === "call" && one.step.step.as === step.as
      );
      return first === undefined || !isDone(e) ? undefined : metaOf(first).event_id === metaOf(e).event_id;
    },
  },
  ...["chat.send", "market.post"].map((address): Oracle => ({
    requirement: address === "chat.send" ? "CHT-007" : "EVT-040",
    address,
    place: /^output\.lamport$/,
    holds: (e) => {
      if (!isDone(e) || firstOf(e) !== undefined || codeOf(e) !== undefined) return undefined;
      const before = e.before.filter((one) => one.output !== undefined && !one.address.startsWith("POST /sync"))
        .map((one) => reading(one) ?? 0);
      return before.length === 0 ? undefined : Number(e.output.lamport) > Math.max(...before);
    },
  })),
  ...RULES.map(growth),
];
