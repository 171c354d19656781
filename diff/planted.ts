/** Differences planted into the answers to one kind of call: what a deviating implementation would plausibly do. */

import { isObject, type Json, type JsonObject, type Random } from "../src/protocol/mod.ts";
import type { OutboundAnswer, Overrides } from "../src/node/fault.ts";

/** A planted difference with what it is called. */
export interface Planted {
  readonly name: string;
  readonly overrides: Overrides;
}

/** Capabilities whose successful answers are changed. */
const CALLED = [
  "market.post",
  "market.list",
  "market.expire",
  "market.search",
  "chat.send",
  "file.read",
  "file.list",
  "file.advertise",
  "rag.query",
  "rag.list_corpora",
  "embed.text",
  "auth.token.issue",
  "community.invite",
  "protocol.version.list",
  "protocol.registry.announce",
] as const;
const OK = 200;
const BAD_REQUEST = 400;

type Change = (output: JsonObject, answer: OutboundAnswer) => void;

/** Plants a change into the answers of a drawn capability with a status. */
function planted(what: string, status: number, change: Change): (random: Random) => Planted {
  return (random) => {
    const capability = CALLED[random.below(CALLED.length)] ?? CALLED[0];
    return {
      name: `${what} ${capability}`,
      overrides: {
        outbound: (answer) => {
          const { body } = answer;
          if (answer.capability !== capability || answer.status !== status || !isPlain(body)) return answer;
          const copy = structuredClone(body);
          const changed = { ...answer, body: copy };
          change(isObject(copy.output) ? copy.output : copy, changed);
          return changed;
        },
      },
    };
  };
}

function isPlain(body: OutboundAnswer["body"]): body is JsonObject {
  return typeof body === "object" && !(body instanceof Uint8Array);
}

function without(output: JsonObject): void {
  const [name] = Object.keys(output);
  if (name !== undefined) Reflect.deleteProperty(output, name);
}

function set(output: JsonObject, name: string, value: Json): void {
  Object.assign(output, { [name]: value });
}

/** Kinds of planted differences; each draws where it shows. */
export const PLANTED: readonly ((random: Random) => Planted)[] = [
  planted("a member more in", OK, (output) => set(output, "surplus", true)),
  planted("a member less in", OK, without),
  planted("a null more in", OK, (output) => set(output, "note", null)),
  planted("another status of", OK, (_, answer) => answer.status = OK + 1),
  planted("another refusal of", BAD_REQUEST, (_, answer) => answer.status = BAD_REQUEST + 22),
  planted("another code in refusals of", BAD_REQUEST, (output) => set(output, "error", "odd_request")),
  planted("a header more on", OK, (_, answer) => answer.headers.push(["X-Planted", "1"])),
  planted("a closed connection after", OK, (_, answer) => answer.connection = "close"),
];
