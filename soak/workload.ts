/** What the load consists of: operations chosen from what the target advertises, and their weights. */

import { isObject, type JsonObject, type Random } from "../src/protocol/mod.ts";
import { minimalBody } from "../src/target/minimal_body.ts";
import { advertised } from "../src/target/profile.ts";
import type { Session } from "../src/target/session.ts";
import { type Hands, type Material, type Operation, streamed, unary, write } from "./workload_calls.ts";
import { civilDefenceOperations } from "./workload_civil_defence.ts";
import { marketOperations } from "./workload_market.ts";
import { storageOperations } from "./workload_storage.ts";

const LIST_LIMIT = 20;

function operationTable(): readonly Operation[] {
  const reading = (
    capability: string,
    weight: number,
    body: (hands: Hands) => JsonObject,
    needs?: keyof Material,
  ): Operation => ({
    name: capability,
    capability,
    weight,
    writes: false,
    ...(needs === undefined ? {} : { needs }),
    run: async (hands, caller) => (await unary(hands, caller, capability, body(hands))).outcome,
  });
  const plain = (input: JsonObject) => () => ({ params: {}, input });
  return [
    ...marketOperations(),
    {
      name: "chat.send",
      capability: "chat.send",
      weight: 2,
      writes: true,
      run: async (hands, caller) => {
        const { output: _, ...outcome } = await write(hands, caller, "chat.send", (clientId) => ({
          client_id: clientId,
          recipient: (hands.callers[(caller.index + 1) % hands.callers.length] ?? caller).actor.id,
          body: hands.text.words(clientId),
        }));
        return outcome;
      },
    },
    reading("market.list", 4, plain({ limit: LIST_LIMIT })),
    reading("market.search", 1, plain({ query: "soak", k: 5 })),
    reading("embed.text", 2, ({ session }) => minimalBody(session.profile, "embed.text")),
    {
      name: "llm.chat",
      capability: "llm.chat",
      weight: 1,
      writes: false,
      run: (hands, caller) => {
        const body = minimalBody(hands.session.profile, "llm.chat");
        const input = isObject(body.input) ? body.input : {};
        return streamed(hands, caller, "llm.chat", { ...body, input: { ...input, stream: true } });
      },
    },
    reading("rag.query", 1, ({ material }) => ({
      params: { corpus: material.corpus?.name ?? "" },
      input: { query: material.corpus?.query ?? "", k: 3 },
    }), "corpus"),
    {
      name: "file.read",
      capability: "file.read",
      weight: 1,
      writes: false,
      needs: "blob",
      run: (hands, caller) =>
        streamed(hands, caller, "file.read", { params: {}, input: { cid: hands.material.blob ?? "" } }),
    },
    ...storageOperations(),
    ...civilDefenceOperations(),
  ];
}

/** What decides the choice of operations. */
export interface Choice {
  readonly writes: boolean;
  /** Events can be pushed. */
  readonly sync: boolean;
  readonly material: Material;
  /** Weights that replace the default mix, by operation name; what is not named is left out. */
  readonly weights?: Readonly<Record<string, number>>;
}

/** The operations the target can take, with their weights. */
export function chooseOperations(session: Session, choice: Choice): readonly Operation[] {
  const { profile } = session;
  return operationTable().flatMap((operation) => {
    const weight = choice.weights === undefined ? operation.weight : choice.weights[operation.name] ?? 0;
    const offered = advertised(profile, operation.capability) !== undefined ||
      advertised(profile, operation.capability, "2.0") !== undefined;
    const { needs } = operation;
    const possible = offered && (choice.writes || !operation.writes) &&
      (needs === undefined || choice.material[needs] !== undefined) &&
      (operation.name !== "sync.push" || choice.sync);
    return weight > 0 && possible ? [{ ...operation, weight }] : [];
  });
}

/** Names of all operations a workload may name. */
export const OPERATION_NAMES: readonly string[] = operationTable().map(({ name }) => name);

/** Draws operations by weight. */
export function drawOperation(operations: readonly Operation[], random: Random): Operation {
  const [only] = operations;
  if (operations.length === 1 && only !== undefined) return only;
  const total = operations.reduce((sum, { weight }) => sum + weight, 0);
  let at = random.unit() * total;
  for (const operation of operations) {
    at -= operation.weight;
    if (at < 0) return operation;
  }
  return operations[operations.length - 1] as Operation;
}
