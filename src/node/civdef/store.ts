/** Certificates, alerts and the audit chain on disk: SQLite, every commit durable, or in memory. */

import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { type AuditRecord, isObject, type JsonObject } from "../../protocol/mod.ts";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS audit (seq INTEGER PRIMARY KEY, at TEXT NOT NULL, json TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS audit_at ON audit (at, seq);
CREATE TABLE IF NOT EXISTS certificates (cid TEXT PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS alerts (
  alert_id TEXT PRIMARY KEY, caller TEXT NOT NULL, client_id TEXT NOT NULL, audit_seq INTEGER NOT NULL,
  cancelled_at TEXT, json TEXT NOT NULL, UNIQUE (caller, client_id)
);`;
/** An acknowledged alert survives the process and the machine, like an event of the log. */
const DURABLE = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;";
/** File inside a node's data directory. */
export const CIVDEF_FILE = "civdef.sqlite";

/** An alert as it is kept; `document` is the signed one. */
export interface StoredAlert {
  readonly alertId: string;
  readonly auditSeq: number;
  readonly cancelledAt: string | undefined;
  readonly document: JsonObject;
}

/** See the module comment. */
export class CivdefStore {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(directory?: string) {
    this.#db = new DatabaseSync(directory === undefined ? ":memory:" : `${directory}/${CIVDEF_FILE}`);
    if (directory !== undefined) this.#db.exec(DURABLE);
    this.#db.exec(SCHEMA);
  }

  /** One write to the disk, all or nothing. */
  transaction<T>(work: () => T): T {
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

  addRecord(record: AuditRecord): void {
    this.#run("INSERT INTO audit (seq, at, json) VALUES (?, ?, ?)", record.seq, record.at, JSON.stringify(record));
  }

  /** Records above a number, written between two times (inclusive), in order. */
  records(above: number, from: string, to: string, limit: number): AuditRecord[] {
    return this.#all(
      "SELECT json FROM audit WHERE seq > ? AND at >= ? AND at <= ? ORDER BY seq LIMIT ?",
      above,
      from,
      to,
      limit,
    ).map((row) => JSON.parse(String(row["json"])) as AuditRecord);
  }

  lastRecord(): AuditRecord | undefined {
    const [row] = this.#all("SELECT json FROM audit ORDER BY seq DESC LIMIT 1");
    return row === undefined ? undefined : JSON.parse(String(row["json"])) as AuditRecord;
  }

  certificate(cid: string): JsonObject | undefined {
    const [row] = this.#all("SELECT json FROM certificates WHERE cid = ?", cid);
    const value: unknown = row === undefined ? undefined : JSON.parse(String(row["json"]));
    return isObject(value) ? value : undefined;
  }

  addCertificate(cid: string, document: JsonObject): void {
    this.#run("INSERT OR IGNORE INTO certificates (cid, json) VALUES (?, ?)", cid, JSON.stringify(document));
  }

  addAlert(alert: { alertId: string; caller: string; clientId: string; auditSeq: number; document: JsonObject }): void {
    const { alertId, caller, clientId, auditSeq, document } = alert;
    this.#run(
      "INSERT INTO alerts (alert_id, caller, client_id, audit_seq, json) VALUES (?, ?, ?, ?, ?)",
      alertId,
      caller,
      clientId,
      auditSeq,
      JSON.stringify(document),
    );
  }

  alert(alertId: string): StoredAlert | undefined {
    return this.#alert("alert_id = ?", alertId);
  }

  alertByRequest(caller: string, clientId: string): StoredAlert | undefined {
    return this.#alert("caller = ? AND client_id = ?", caller, clientId);
  }

  cancelAlert(alertId: string, at: string): void {
    this.#run("UPDATE alerts SET cancelled_at = ? WHERE alert_id = ?", at, alertId);
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  #alert(where: string, ...values: SQLInputValue[]): StoredAlert | undefined {
    const [row] = this.#all(`SELECT alert_id, audit_seq, cancelled_at, json FROM alerts WHERE ${where}`, ...values);
    if (row === undefined) return undefined;
    return {
      alertId: String(row["alert_id"]),
      auditSeq: Number(row["audit_seq"]),
      cancelledAt: row["cancelled_at"] === null ? undefined : String(row["cancelled_at"]),
      document: JSON.parse(String(row["json"])) as JsonObject,
    };
  }

  #run(sql: string, ...values: SQLInputValue[]): void {
    this.#prepare(sql).run(...values);
  }

  #all(sql: string, ...values: SQLInputValue[]) {
    return this.#prepare(sql).all(...values);
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}
