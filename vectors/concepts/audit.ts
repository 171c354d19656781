/** The civil-defence audit chain. wire-format-experimental.md section 6. */

import {
  auditBodySha,
  auditBreak,
  auditPayloadSha,
  type AuditRecord,
  canonicalize,
  type JsonObject,
  nextAuditRecord,
  parseJson,
} from "../../src/protocol/mod.ts";
import { concept, equalBytesSeed, identity } from "../concept.ts";

/** Each entry names the audited document; the rest of the record follows from it and from the record before. */
type Entry = { actor: string; alert_id: string; at: string; event: string; document: JsonObject };
type Input = { seed: string; entries: Entry[] };
type Output = { keeper: string; lines: string[]; body_sha: string[] };

const KEEPER = "ed25519:0EqyMnQrtKs6E2i9RhXk5tAiSrcaAWuvhSCjMsl3hzc";
const PUBLISHER = "ed25519:oJql9HpnWYAv-VX43C0qFKXJnSO-l_hkEn_5ODRVpPA";
const ALERT = "01J9Z3K4M5N6P7Q8R9S0T1V2W3";

export const auditChain = concept<Input, Output>({
  name: "audit-chain",
  provenance: { document: "wire-format-experimental.md", section: "6" },
  cases: [{
    name: "published and acknowledged",
    input: {
      seed: equalBytesSeed("11"),
      entries: [
        {
          actor: PUBLISHER,
          alert_id: ALERT,
          at: "2026-07-02T06:30:00Z",
          event: "published",
          document: { alert_id: ALERT, severity: "warning", title: "Trinkwasser abkochen" },
        },
        {
          actor: KEEPER,
          alert_id: ALERT,
          at: "2026-07-02T06:31:12Z",
          event: "acked",
          document: { alert_id: ALERT, note: "unterwegs", status: "acting" },
        },
      ],
    },
    worked: {
      keeper: KEEPER,
      lines: [
        '{"actor":"ed25519:oJql9HpnWYAv-VX43C0qFKXJnSO-l_hkEn_5ODRVpPA","alert_id":"01J9Z3K4M5N6P7Q8R9S0T1V2W3","at":"2026-07-02T06:30:00Z","event":"published","payload_sha":"a5c3789b9ddac6e0fc4d9ff762bad82da9335b2d0965f5062d60a51c31322141","prev_sha":"0000000000000000000000000000000000000000000000000000000000000000","seq":0,"signature":"ed25519:ngmmmYlueR9tQVWCo0KV9KhNNSwHXuJQAUQfcWvw_eFGYZ0IDikaOSCad6TAID-ltGSdey2xsf1YuhHJK413BA"}',
        '{"actor":"ed25519:0EqyMnQrtKs6E2i9RhXk5tAiSrcaAWuvhSCjMsl3hzc","alert_id":"01J9Z3K4M5N6P7Q8R9S0T1V2W3","at":"2026-07-02T06:31:12Z","event":"acked","payload_sha":"f9382add8edc6cea005899dcdebdfc908562623122592b3f06f40ff899b31629","prev_sha":"577968ef41feb9c5adb8bba0adb3ec92a5538ba459de46e686074bf7bf7ff956","seq":1,"signature":"ed25519:KiUYJXA3WMmpImrJgIm5j-9l148fKnWeLcIIB5wS9AS7ZOQ2QxPL4kkdvNEUf90K1nN6Mb3faXpftZcUxeMtDg"}',
      ],
      body_sha: [
        "577968ef41feb9c5adb8bba0adb3ec92a5538ba459de46e686074bf7bf7ff956",
        "8a7d8742d9f5cf47194b210167574e01e9da9ea3c56fe729fb3f81a5de5cccc1",
      ],
    },
  }],
  produce({ seed, entries }) {
    const keeper = identity(seed);
    const records: AuditRecord[] = [];
    for (const { document, ...entry } of entries) {
      records.push(nextAuditRecord(keeper, records.at(-1), { ...entry, payload_sha: auditPayloadSha(document) }));
    }
    return {
      keeper: keeper.id,
      lines: records.map((record) => canonicalize({ ...record })),
      body_sha: records.map(auditBodySha),
    };
  },
  parse({ keeper, lines, body_sha }) {
    const records = lines.map((line) => parseJson(line) as unknown as AuditRecord);
    const problem = auditBreak(records, keeper);
    if (problem !== undefined) throw new Error(`Cannot verify the chain: ${problem.why} at ${problem.seq}`);
    if (records.some((record, i) => auditBodySha(record) !== body_sha[i])) throw new Error("Cannot match the hashes");
    return records.map(({ actor, alert_id, at, event, payload_sha }) =>
      canonicalize({ actor, alert_id, at, event, payload_sha })
    );
  },
  meaning: ({ entries }) =>
    entries.map(({ document, ...entry }) => canonicalize({ ...entry, payload_sha: auditPayloadSha(document) })),
});
