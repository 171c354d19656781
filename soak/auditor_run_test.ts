import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { identityFromSeed } from "../src/protocol/mod.ts";
import { UsageError } from "../src/cli/parse.ts";
import { NO_ADAPTER } from "../src/target/adapter.ts";
import { shippedDialect } from "../src/target/dialect.ts";
import { EndpointTarget } from "../src/target/endpoint.ts";
import { LiveNetwork, nullSink, systemClock } from "../src/wire/mod.ts";
import { NodeChild } from "./child.ts";
import { prepareTarget } from "./prepare.ts";
import { soakInProcess } from "./testing_run.ts";

const MAIN = new URL("../main.ts", import.meta.url).href;

/** A node of somebody else, on which somebody else has registered an auditor: the files and words an operator has. */
async function foreignNode(folder: string) {
  const clock = systemClock();
  const data = join(folder, "node");
  const child = await NodeChild.start({ main: MAIN, faults: [], clock, data, seed: 99 });
  const network = new LiveNetwork({ scope: "foreign", sink: nullSink, clock });
  try {
    const { root } = await child.keys();
    const dialect = shippedDialect("contract");
    assert(dialect !== undefined);
    const access = { root, allowWrites: true, disposable: true };
    const target = new EndpointTarget({ url: child.url, access, dialect, adapter: NO_ADAPTER });
    const options = { target, network, adapter: NO_ADAPTER, seed: 99, timeOrigin: clock.wall(), rate: 5 };
    const [auditor] = (await prepareTarget(options)).civilDefence.auditors;
    assert(auditor !== undefined);
    const key = join(folder, "auditor.key");
    await Deno.writeFile(key, auditor.actor.identity.seed);
    assertEquals(identityFromSeed(await Deno.readFile(key)).id, auditor.actor.id);
    return { child, rootKey: join(data, "root.key"), key, certificate: auditor.certificate };
  } finally {
    network.close();
  }
}

Deno.test("with an auditor's key the audit chain of somebody else's node is judged, without it the run says that it is not", async () => {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-auditor-" });
  const { child, rootKey, key, certificate } = await foreignNode(folder);
  try {
    const run = ["--target", child.url, "--root-key", rootKey, "--duration", "3s", "--rate", "20/s"];
    const auditor = ["--auditor-key", key, "--auditor-cert", certificate];
    const writing = await soakInProcess([...run, "--allow-writes", ...auditor]);
    const { audit_chain: chain, monitors } = writing.report;
    assertEquals([chain.judged, chain.breaks, chain.rewrites, chain.equivocations], [true, 0, 0, 0]);
    // Two auditors and the publishers of the foreign run, and those of this one, are in the chain; and what it published.
    assert(chain.entries > 5 && chain.verified === chain.entries, JSON.stringify(chain));
    assertEquals(monitors.filter(({ outcome }) => outcome === "violated"), []);
    assert((writing.report.load.operations["civdef.alert.publish"] ?? 0) > 0, "the load writes audit records");

    // Nothing is written: what others have left in the chain is judged all the same.
    const reading = await soakInProcess([...run, ...auditor]);
    assertEquals(reading.report.audit_chain.judged, true);
    assert(reading.report.audit_chain.entries >= chain.entries);
    assertStringIncludes(reading.err.replaceAll("\n", " "), "calls are made as the auditor");

    const wrong = join(folder, "wrong.key");
    await Deno.writeFile(wrong, new Uint8Array(32).fill(5));
    const strange = ["--allow-writes", "--auditor-key", wrong, "--auditor-cert", certificate];
    const without = await soakInProcess([...run, ...strange]);
    assertEquals([without.report.audit_chain.judged, without.report.audit_chain.entries], [false, 0]);
    const words = "not judged: an export was refused with";
    assertStringIncludes(without.err.replaceAll("\n", " "), `Note: the audit chain is ${words}`);
    assertStringIncludes(without.out.split(":", 1)[0] ?? "", "(audit chain not judged)");
    assertStringIncludes(without.out.replace(/\s+/g, " "), `audit-chain ${words}`);
    await assertRejects(() => soakInProcess([...run, "--auditor-key", key]), UsageError, "needs --auditor-cert CID");
  } finally {
    await child.stop();
    await Deno.remove(folder, { recursive: true });
  }
});
