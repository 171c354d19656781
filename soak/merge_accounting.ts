/** Accounting of several processes as one: interval sets are united, so the order of merging changes nothing. */

import type { Json } from "../src/protocol/mod.ts";
import { type Interval, IntervalSet } from "../src/stats/interval_set.ts";
import type { AccountingState, AuthorState } from "./monitors/accounting.ts";
import type { Offence } from "./observation.ts";

/** Callers of one shard have numbers below this: 1,000 for each of a million resumes. */
const AUTHORS_PER_SHARD = 1_000_000_000;

/** The same accounting with callers that no other shard has. */
export function ofShard(state: AccountingState, index: number): AccountingState {
  return {
    ...state,
    authors: state.authors.map((author) => ({ ...author, author: author.author + index * AUTHORS_PER_SHARD })),
  };
}

/** Both accountings as one. What both know of an author is counted once. */
export function mergeAccounting(a: AccountingState, b: AccountingState): AccountingState {
  const authors = new Map(a.authors.map((author) => [author.author, author]));
  for (const author of b.authors) {
    const known = authors.get(author.author);
    authors.set(author.author, known === undefined ? author : mergeAuthors(known, author));
  }
  return {
    authors: [...authors.values()].toSorted((x, y) => x.author - y.author),
    duplicated: a.duplicated + b.duplicated,
    reordered: a.reordered + b.reordered,
    changed: a.changed + b.changed,
    late: a.late + b.late,
    found: a.found + b.found,
    resumed_at: Math.max(a.resumed_at, b.resumed_at),
    away: a.away || b.away,
    offences: mergeOffences(a.offences, b.offences),
  };
}

function mergeAuthors(a: AuthorState, b: AuthorState): AuthorState {
  const union = (x: readonly Interval[], y: readonly Interval[]) =>
    IntervalSet.fromJSON(x).union(IntervalSet.fromJSON(y)).toJSON();
  const observed = union(a.observed, b.observed);
  const seen = IntervalSet.fromJSON(observed);
  const acknowledged = union(a.acknowledged, b.acknowledged);
  const told = IntervalSet.fromJSON(acknowledged);
  const bySequence = <T extends readonly [number, ...unknown[]]>(list: readonly T[]): readonly T[] =>
    [...new Map(list.map((one) => [one[0], one])).values()].toSorted((x, y) => x[0] - y[0]);
  return {
    author: a.author,
    sent: union(a.sent, b.sent),
    acknowledged,
    observed,
    lost: union(a.lost, b.lost),
    expected: bySequence([...a.expected, ...b.expected]).filter(([sequence]) => !seen.has(sequence)),
    early: bySequence([...a.early, ...b.early]).filter(([sequence]) => !told.has(sequence)),
  };
}

function mergeOffences(a: Json, b: Json): Json {
  const [one, other] = [a, b] as unknown as readonly { readonly count: number; readonly first: Offence | null }[];
  const first = earliest(one?.first ?? undefined, other?.first ?? undefined);
  return {
    count: (one?.count ?? 0) + (other?.count ?? 0),
    first: first === undefined ? null : { at_s: first.at_s, what: first.what },
  };
}

/** The offence that came first; the text decides between two of the same moment, so that order does not. */
export function earliest(a: Offence | undefined, b: Offence | undefined): Offence | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.at_s !== b.at_s) return a.at_s < b.at_s ? a : b;
  return a.what <= b.what ? a : b;
}
