/** A node for tests that goes wrong on its way: `PORT DATA live|die|hang|garbage AFTER`, counted in answers. */

import type { OutboundAnswer, Overrides } from "../src/node/fault.ts";
import { startTestNode } from "./testing_start.ts";

const [port = "0", data = "", how = "live", after = "0"] = Deno.args;
let answers = 0;

const outbound: NonNullable<Overrides["outbound"]> = (answer: OutboundAnswer) => {
  if (answers++ < Number(after)) return answer;
  switch (how) {
    case "die":
      return Deno.exit(7);
    case "hang":
      return { ...answer, connection: "hang" };
    case "garbage":
      return { ...answer, version: "\u0001\u0002" };
    default:
      return answer;
  }
};

await startTestNode(port, data, { outbound });
