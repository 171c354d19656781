/** Events in portions that fit into a body. */

import type { EventEnvelope } from "../../protocol/mod.ts";

/** Largest portion, in characters of JSON: a quarter of what the other side reads (wire-format.md section 4). */
const MAX_PAGE_CHARACTERS = 4 << 20;

/** Portions of at most so many events, each small enough for one request; a single large event is a portion alone. */
export function inPages(events: readonly EventEnvelope[], mostEvents: number): EventEnvelope[][] {
  const pages: EventEnvelope[][] = [];
  let size = 0;
  for (const event of events) {
    const length = JSON.stringify(event).length;
    const page = pages.at(-1);
    if (page === undefined || page.length >= mostEvents || size + length > MAX_PAGE_CHARACTERS) {
      pages.push([event]);
      size = length;
    } else {
      page.push(event);
      size += length;
    }
  }
  return pages;
}

/** The first portion, ended where a Lamport value is complete, so that the reader can go on above its last one. */
export function firstPage(events: readonly EventEnvelope[]): readonly EventEnvelope[] {
  let size = 0;
  for (const [index, event] of events.entries()) {
    size += JSON.stringify(event).length;
    const fresh = index > 0 && event.lamport !== events[index - 1]?.lamport;
    if (fresh && size > MAX_PAGE_CHARACTERS) return events.slice(0, index);
  }
  return events;
}
