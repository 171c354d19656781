/** Exchanges for tests of oracles: what was sent, what came back, and whether the rule of a name is kept. */

import { assertEquals } from "@std/assert";
import { type Json, type JsonObject, utf8 } from "../../src/protocol/mod.ts";
import type { VectorStep } from "../../src/runner/vector_steps.ts";
import { type Observation, unsent } from "../observation.ts";
import type { Cast, PlannedStep, StepLaw } from "../plan.ts";
import { type Exchange, exchangesOf, oraclesFor } from "./mod.ts";

/** One exchange of a test. */
export interface Told {
  readonly origin?: string;
  readonly step?: { readonly [name: string]: unknown };
  readonly law?: StepLaw;
  readonly capability?: string;
  readonly as?: string;
  readonly input?: JsonObject;
  readonly params?: JsonObject;
  readonly body?: Json;
  readonly status?: number;
  readonly value?: Json;
  readonly frames?: readonly (readonly [event: string, data: Json])[];
  readonly headers?: readonly (readonly [string, string])[];
  readonly sentHeaders?: readonly string[];
  readonly more?: Partial<Observation>;
}

const CAST: Cast = { m1: "member", m2: "member", t1: "trusted", s1: "stranger", self: "self", b1: "member" };

/** The last of several exchanges of one side. */
export function exchange(...told: readonly Told[]): Exchange {
  const steps = told.map((one): PlannedStep => ({
    origin: one.origin ?? "test",
    ...(one.law === undefined ? {} : { law: one.law }),
    step:
      (one.step?.do === undefined
        ? { do: "call", as: one.as ?? "m1", capability: one.capability ?? "market.list", ...one.step }
        : one.step) as VectorStep,
  }));
  const all = exchangesOf({ seed: 1, actors: CAST, steps }, told.map(answerOf));
  const last = all.at(-1);
  if (last === undefined) throw new Error("Cannot make an exchange: nothing was told");
  return last;
}

function answerOf(one: Told): Observation {
  const { unsent: _, ...nothing } = unsent("");
  const body = one.body ?? { input: one.input ?? {}, params: one.params ?? {} };
  const sent = ["POST /bus/v1/call HTTP/1.1", ...one.sentHeaders ?? []].join("\r\n") + "\r\n\r\n" +
    JSON.stringify(body);
  return {
    ...nothing,
    status: one.status ?? 200,
    version: "HTTP/1.1",
    headers: one.headers ?? [["Content-Type", "application/json"]],
    value: one.value,
    frames: one.frames?.map(([event, data]) => ({ event, data, text: JSON.stringify(data) })),
    sent: utf8(sent),
    ...one.more,
  };
}

/** What every oracle of a requirement says of an exchange: false if one fails, undefined if none speaks. */
export function verdictOf(requirement: string, of: Exchange): boolean | undefined {
  const all = oraclesFor(of).filter((oracle) => oracle.requirement === requirement)
    .map((oracle) => oracle.holds(of)).filter((verdict) => verdict !== undefined);
  return all.length === 0 ? undefined : all.every((verdict) => verdict);
}

/** A legal answer keeps the rule, a broken one does not. */
export function assertDecides(requirement: string, legal: Exchange, broken: Exchange): void {
  assertEquals(verdictOf(requirement, legal), true, `${requirement} fails a legal answer`);
  assertEquals(verdictOf(requirement, broken), false, `${requirement} passes a broken answer`);
}

/** A row of a table: the requirement, what keeps it, what breaks it; several exchanges where a history is needed. */
export type Row = readonly [requirement: string, legal: Told | readonly Told[], broken: Told | readonly Told[]];

/** Every row decides, and every oracle of the list has a row. */
export function assertTable(oracles: readonly { readonly requirement: string }[], rows: readonly Row[]): void {
  const list = (one: Told | readonly Told[]) => Array.isArray(one) ? one as readonly Told[] : [one as Told];
  for (const [requirement, legal, broken] of rows) {
    assertDecides(requirement, exchange(...list(legal)), exchange(...list(broken)));
  }
  const tried = new Set(rows.map(([requirement]) => requirement));
  const left = [...new Set(oracles.map(({ requirement }) => requirement))].filter((one) => !tried.has(one));
  assertEquals(left, [], "oracles without a row");
}
