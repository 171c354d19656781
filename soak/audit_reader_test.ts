import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { NO_ADAPTER } from "../src/target/adapter.ts";
import { shippedDialect } from "../src/target/dialect.ts";
import { EndpointTarget } from "../src/target/endpoint.ts";
import { defaultNodeOptions, ReferenceNode } from "../src/node/node.ts";
import { nodeWith } from "../src/node/with.ts";
import { systemClock } from "../src/wire/clock.ts";
import { LiveNetwork, nullSink } from "../src/wire/mod.ts";
import { type AuditRead, AuditReader } from "./audit_reader.ts";
import { ConnectionPool } from "./connections.ts";
import { EventText } from "./event_text.ts";
import { AuditMonitor } from "./monitors/audit.ts";
import { loadRandom, type Prepared, prepareTarget } from "./prepare.ts";
import type { Hands, Outcome } from "./workload_calls.ts";

const clock = systemClock();

interface Bench {
  readonly prepared: Prepared;
  readonly monitor: AuditMonitor;
  readonly reads: AuditRead[];
  readonly reader: AuditReader;
  call(operation: string, times?: number): Promise<Outcome[]>;
}

/** A node with the profile, made ready as a soak does it. */
async function withTarget(
  use: (bench: Bench) => Promise<void>,
  choice: { readonly faults?: readonly string[]; readonly root?: boolean; readonly civilDefence?: boolean } = {},
) {
  const { faults = [], root = true, civilDefence = true } = choice;
  const options = defaultNodeOptions({ clock, name: "audited" });
  const node = await ReferenceNode.start({ ...options, ...nodeWith(faults), civilDefence });
  const network = new LiveNetwork({ scope: "test", sink: nullSink, clock });
  const dialect = shippedDialect("contract");
  assert(dialect !== undefined);
  const access = { ...(root ? { root: options.root } : {}), allowWrites: true, disposable: true };
  const target = new EndpointTarget({ url: node.url, access, dialect, adapter: NO_ADAPTER });
  try {
    const timeOrigin = clock.wall();
    const prepared = await prepareTarget({ target, network, adapter: NO_ADAPTER, seed: 1, timeOrigin, rate: 5 });
    const { session, callers, operations, material } = prepared;
    const pool = new ConnectionPool(network, () => session.endpoint, {});
    const sequences = new Map<number, number>();
    const hands: Hands = {
      session,
      callers,
      material,
      takeLeft: () => [],
      text: new EventText("t"),
      random: loadRandom(1, "test"),
      exchange: (request) => pool.exchange(request),
      acknowledged: () => 0,
      nextSequence: (caller) => {
        sequences.set(caller, (sequences.get(caller) ?? -1) + 1);
        return sequences.get(caller) ?? 0;
      },
    };
    const monitor = new AuditMonitor(0, prepared.civilDefence.unreadable);
    const reads: AuditRead[] = [];
    const reader = new AuditReader({
      clock,
      session,
      auditors: prepared.civilDefence.auditors,
      observe: (read) => {
        reads.push(read);
        monitor.observe(read);
      },
      knows: (seq, digest) => monitor.knows(seq, digest),
      reached: () => monitor.reached,
    });
    const call = async (name: string, times = 1) => {
      const operation = operations.find((one) => one.name === name);
      const outcomes: Outcome[] = [];
      for (let i = 0; i < times; i++) {
        const caller = callers[i % callers.length];
        assert(operation !== undefined && caller !== undefined, `${name} is not among the operations`);
        const outcome = await operation.run(hands, caller);
        outcomes.push(outcome);
        monitor.observe({ kind: "call", due: 0, started: 0, ended: clock.mono(), ...outcome });
      }
      return outcomes;
    };
    await use({ prepared, monitor, reads, reader, call });
    pool.close();
  } finally {
    network.close();
    await node.stop();
  }
}

Deno.test("alerts of the load are audited, and two readers find the same whole chain", () =>
  withTarget(async ({ monitor, reader, call }) => {
    const published = await call("civdef.alert.publish", 6);
    assertEquals(published.map(({ code }) => code), Array(6).fill("ok"));
    assert(published.every(({ audited, written }) => audited !== undefined && written !== undefined));
    const [acked] = await call("civdef.alert.ack");
    assertEquals([acked?.code, acked?.named !== undefined], ["ok", true]);
    await call("civdef.alert.cancel", 2);
    await reader.readNew();
    for (const one of [0, 1]) await reader.readAll(one);
    assertEquals(monitor.verdict().outcome, "sound", monitor.verdict().reason);
    // Two auditors, one publisher, and nine calls.
    assertEquals([monitor.counts.entries, monitor.counts.verified], [12, 12]);
  }));

Deno.test("a chain that is another for the second reader is an equivocation at the record where it parts", () =>
  withTarget(async ({ monitor, reader, call }) => {
    await call("civdef.alert.publish", 9);
    await call("civdef.alert.cancel", 9);
    await reader.readNew();
    for (const one of [0, 1]) await reader.readAll(one);
    assertStringIncludes(monitor.verdict().reason, "equivocation: record 20 is another for a second reader");
  }, { faults: ["forks-audit-chain"] }));

Deno.test("what is new is read from where the last reading ended", () =>
  withTarget(async ({ reads, reader, call, monitor }) => {
    await call("civdef.alert.publish", 3);
    await reader.readNew();
    await call("civdef.alert.publish", 2);
    await reader.readNew();
    const [first, second] = reads;
    assertEquals([first?.records.length, second?.last], [6, true]);
    assertEquals(monitor.counts.entries, 8);
    assertEquals(monitor.counts.breaks, 0);
  }));

Deno.test("without a key, or without the profile, the audit chain is not judged, and the operator is told why", async () => {
  await withTarget(({ prepared, monitor }) => {
    assertStringIncludes(prepared.remarks.join(), "the audit chain is not judged: the target does not offer");
    assertEquals(monitor.counts.judged, false);
    return Promise.resolve();
  }, { civilDefence: false });
  await withTarget(({ prepared }) => {
    assertStringIncludes(prepared.remarks.join(), "the audit chain is not judged: no auditor key is at hand");
    return Promise.resolve();
  }, { root: false });
});
