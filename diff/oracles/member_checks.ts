/** Short forms for oracles that look at one document or output. */

import { isObject, type JsonObject } from "../../src/protocol/mod.ts";
import { type Exchange, isDone, objectOf, type Oracle } from "./oracle.ts";

/** A test of the JSON document an endpoint answers with. */
export function ofDocument(
  address: string,
  requirement: string,
  place: RegExp,
  test: (document: JsonObject, exchange: Exchange) => boolean | undefined,
): Oracle {
  return {
    requirement,
    address,
    place,
    holds: (e) => {
      const { value, status } = e.answer;
      return isObject(value) && status === 200 && e.answer.partial !== true && e.step.step.do !== "call"
        ? test(value, e)
        : undefined;
    },
  };
}

/** A test of `output` of an accepted call that was answered whole. */
export function ofOutput(
  address: string | RegExp,
  requirement: string,
  place: RegExp,
  test: (output: JsonObject, exchange: Exchange) => boolean | undefined,
): Oracle {
  return {
    requirement,
    address,
    place,
    holds: (e) =>
      isDone(e) && e.answer.frames === undefined && isObject(e.answer.value) ? test(e.output, e) : undefined,
  };
}

/** `meta` of an answer. */
export function metaOf({ answer }: Exchange): JsonObject {
  return objectOf(objectOf(answer.value).meta);
}
