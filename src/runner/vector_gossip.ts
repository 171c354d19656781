/** What a vector may do to the requests that two nodes exchange: rules of the proxy between them. */

import { isObject, type Json, parseTimestamp, timestamp, tryParseJson, utf8 } from "../protocol/mod.ts";
import type { ProxyRule, ServedRequest } from "../wire/mod.ts";

/** See the module comment; what is absent does not happen. */
export interface GossipRules {
  readonly delay_ms?: number;
  /** Send every request so many times more. */
  readonly duplicate?: number;
  /** Hold every push until another request has passed, at most so many milliseconds. */
  readonly reorder_ms?: number;
  /** Every push is cut off. */
  readonly drop?: "close" | "reset";
  /** Shift the wall clocks of all events in passing; their signatures no longer hold then. */
  readonly shift_seconds?: number;
  /** Events of every push in the opposite order. */
  readonly backwards?: boolean;
}

const MS_PER_SECOND = 1000;
const EVENTS_PATH = "/sync/v1/events";

const isPush = ({ method, path }: Pick<ServedRequest, "method" | "path">) =>
  method === "POST" && path.startsWith(EVENTS_PATH);

/** The rules as the proxy takes them. */
export function proxyRules(rules: GossipRules): ProxyRule[] {
  const { delay_ms: delayMs, duplicate, reorder_ms: reorderMs, drop, shift_seconds: shift, backwards } = rules;
  return [
    ...(delayMs === undefined ? [] : [{ name: "delay", delayMs }]),
    ...(duplicate === undefined ? [] : [{ name: "duplicate", duplicate }]),
    ...(reorderMs === undefined ? [] : [{ name: "reorder", applies: isPush, reorderMs }]),
    ...(drop === undefined ? [] : [{ name: "drop", applies: isPush, drop }]),
    ...(shift === undefined ? [] : [rewriting("shift", (events) => events.map((event) => shifted(event, shift)))]),
    ...(backwards === true ? [rewriting("backwards", (events) => [...events].reverse())] : []),
  ];
}

function rewriting(name: string, change: (events: readonly Json[]) => Json[]): ProxyRule {
  return {
    name,
    applies: isPush,
    transform: (request) => {
      const value = tryParseJson(request.body);
      if (!isObject(value) || !Array.isArray(value.events)) return request;
      return { ...request, body: utf8(JSON.stringify({ ...value, events: change(value.events) })) };
    },
  };
}

function shifted(event: Json, seconds: number): Json {
  const ms = isObject(event) ? parseTimestamp(event.wall_clock) : undefined;
  return isObject(event) && ms !== undefined
    ? { ...event, wall_clock: timestamp(ms + seconds * MS_PER_SECOND) }
    : event;
}
