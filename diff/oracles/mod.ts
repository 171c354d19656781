/** All oracles. Adding one is one line in the table of its section. */

import { answerOracles } from "./answers.ts";
import { canonicalOracles } from "./canonical.ts";
import { chatOracles } from "./chat.ts";
import { documentOracles } from "./documents.ts";
import { busDues } from "./due_bus.ts";
import { serviceDues } from "./due_services.ts";
import { tokenDues } from "./due_tokens.ts";
import { eventOracles } from "./events.ts";
import { marketOracles } from "./market.ts";
import { modelOracles } from "./models.ts";
import { protocolOracles, restOracles } from "./protocol.ts";
import { repeatOracles } from "./repeats.ts";
import { storeOracles } from "./stores.ts";
import { tokenOracles } from "./tokens.ts";
import { type Exchange, type Oracle, speaksOf } from "./oracle.ts";

export { type Exchange, exchangesOf, type Oracle, speaksOf } from "./oracle.ts";

/** The particular ones first: where several speak of one place, the first counts. */
export const ORACLES: readonly Oracle[] = [
  ...documentOracles,
  ...eventOracles,
  ...tokenOracles,
  ...repeatOracles,
  ...chatOracles,
  ...marketOracles,
  ...storeOracles,
  ...modelOracles,
  ...protocolOracles,
  ...restOracles,
  ...answerOracles,
  ...canonicalOracles,
  ...busDues,
  ...tokenDues,
  ...serviceDues,
];

/** Oracles that speak of an exchange. */
export function oraclesFor({ address }: Pick<Exchange, "address">): Oracle[] {
  return ORACLES.filter((oracle) => speaksOf(oracle, address));
}
