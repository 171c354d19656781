/** The table of events: SQLite, on disk with full durability or in memory. */

import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { EventEnvelope } from "../../protocol/mod.ts";
import { type LoggedEvent, subjectOf } from "./logged_event.ts";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS events (
  arrival INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, lamport INTEGER NOT NULL, dedup TEXT, subject TEXT,
  json TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS events_order ON events (lamport, event_id);
CREATE INDEX IF NOT EXISTS events_dedup ON events (dedup) WHERE dedup IS NOT NULL;
CREATE INDEX IF NOT EXISTS events_subject ON events (subject) WHERE subject IS NOT NULL;`;

/** An acknowledged event survives the process and the machine: every commit reaches the disk. */
const DURABLE = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;";
/** File of the log inside a node's data directory. */
export const LOG_FILE = "events.sqlite";

/** Whether a directory holds the log of an earlier start. */
export function hasLog(directory: string): boolean {
  try {
    return Deno.statSync(`${directory}/${LOG_FILE}`).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Rows of one node's log. Statements are prepared when first used: most nodes of a test run need two of them. */
export class EventStore {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #arrival = 0;

  /** Opens the log in a directory, or in memory if there is none; `at-close` commits nothing before the end. */
  constructor(directory?: string, private readonly commits: "each" | "at-close" = "each") {
    this.#db = new DatabaseSync(directory === undefined ? ":memory:" : `${directory}/${LOG_FILE}`);
    if (directory !== undefined) this.#db.exec(DURABLE);
    this.#db.exec(SCHEMA);
    if (commits === "at-close") this.#db.exec("BEGIN IMMEDIATE");
  }

  /** All events in order of arrival; called once, after opening. */
  *load(): Generator<LoggedEvent> {
    for (const row of this.#prepare("SELECT arrival, json FROM events ORDER BY arrival").iterate()) {
      this.#arrival = Number(row["arrival"]);
      yield { event: parse(row["json"]), arrival: this.#arrival };
    }
  }

  /** Stores an event under a new arrival number; `dedup` makes it findable by what a caller asked for. */
  insert(event: EventEnvelope, dedup: string | undefined): LoggedEvent {
    const arrival = this.#arrival + 1;
    const { event_id: id, lamport } = event;
    this.#prepare("INSERT INTO events (arrival, event_id, lamport, dedup, subject, json) VALUES (?, ?, ?, ?, ?, ?)")
      .run(arrival, id, lamport, dedup ?? null, subjectOf(event) ?? null, JSON.stringify(event));
    this.#arrival = arrival;
    return { event, arrival };
  }

  /** Removes the events that arrived last; only faulty rules ask for it. */
  dropLatest(count: number): void {
    if (count === 0) return;
    this.#prepare("DELETE FROM events WHERE arrival IN (SELECT arrival FROM events ORDER BY arrival DESC LIMIT ?)")
      .run(count);
  }

  /** Puts another event into the place of one, or nothing. */
  revise(arrival: number, event: EventEnvelope | null): void {
    if (event === null) {
      this.#prepare("DELETE FROM events WHERE arrival = ?").run(arrival);
      return;
    }
    const { event_id: id, lamport } = event;
    this.#prepare("UPDATE events SET event_id = ?, lamport = ?, subject = ?, json = ? WHERE arrival = ?")
      .run(id, lamport, subjectOf(event) ?? null, JSON.stringify(event), arrival);
  }

  /** Makes stored events unfindable by what callers asked for, or by their ids; only faulty rules ask for it. */
  forget(what: "requests" | "ids"): void {
    this.#prepare(
      what === "requests"
        ? "UPDATE events SET dedup = NULL"
        : "UPDATE events SET event_id = 'forgotten ' || arrival || ' ' || event_id",
    ).run();
  }

  delete(eventId: string): void {
    this.#prepare("DELETE FROM events WHERE event_id = ?").run(eventId);
  }

  get(eventId: string): EventEnvelope | undefined {
    const row = this.#prepare("SELECT json FROM events WHERE event_id = ?").get(eventId);
    return row === undefined ? undefined : parse(row["json"]);
  }

  has(eventId: string): boolean {
    return this.#prepare("SELECT 1 FROM events WHERE event_id = ?").get(eventId) !== undefined;
  }

  /** The first event stored for a request, in order of arrival. */
  byRequest(dedup: string): EventEnvelope | undefined {
    const row = this.#prepare("SELECT json FROM events WHERE dedup = ? ORDER BY arrival LIMIT 1").get(dedup);
    return row === undefined ? undefined : parse(row["json"]);
  }

  /** Events about a post, in order of arrival. */
  about(subject: string): LoggedEvent[] {
    return this.#prepare("SELECT arrival, json FROM events WHERE subject = ? ORDER BY arrival").all(subject)
      .map((row) => ({ event: parse(row["json"]), arrival: Number(row["arrival"]) }));
  }

  /** Events above a Lamport value in log order; a limit never cuts through one Lamport value. */
  since(after: number, limit: number | undefined): EventEnvelope[] {
    const all = "SELECT json FROM events WHERE lamport > ? ORDER BY lamport, event_id";
    if (limit === undefined) return this.#prepare(all).all(after).map((row) => parse(row["json"]));
    const edge = this.#prepare("SELECT lamport FROM events WHERE lamport > ? ORDER BY lamport LIMIT 1 OFFSET ?")
      .get(after, Math.max(limit - 1, 0));
    if (edge === undefined) return this.since(after, undefined);
    return this.#prepare("SELECT json FROM events WHERE lamport > ? AND lamport <= ? ORDER BY lamport, event_id")
      .all(after, edge["lamport"] ?? 0).map((row) => parse(row["json"]));
  }

  /** Runs the work as one transaction: one write to the disk, all or nothing. */
  transaction<T>(work: () => T): T {
    if (this.#db.isTransaction) return work();
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#db.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  /** Whether changes wait for the end of a {@linkcode transaction}. */
  get inTransaction(): boolean {
    return this.commits === "each" && this.#db.isTransaction;
  }

  close(): void {
    if (!this.#db.isOpen) return;
    if (this.#db.isTransaction) this.#db.exec("COMMIT");
    this.#db.close();
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

function parse(json: unknown): EventEnvelope {
  return JSON.parse(String(json)) as EventEnvelope;
}
