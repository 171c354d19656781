/** `hearthproof node`: serve the reference node until it is told to stop. */

import type { Clock } from "../protocol/mod.ts";
import { FAULTS, FAULTS_BY_AREA } from "../node/faults/mod.ts";
import { serveNode } from "../node/serve.ts";
import { VARIANTS, VARIANTS_BY_AREA } from "../node/variants/mod.ts";
import { wrap } from "../report/text.ts";
import { foundedIdentities } from "../target/access.ts";
import { systemClock } from "../wire/mod.ts";
import { DEFAULT_PORT } from "./commands.ts";
import { type Options, UsageError } from "./parse.ts";
import type { Printer } from "./printer.ts";
import { processEnd, signalOf } from "./process_end.ts";
import { followInput } from "./node_input.ts";
import { nearest } from "./suggest.ts";

/** What main hands over. */
export interface NodeContext {
  readonly printer: Printer;
  readonly clock: Clock;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  /** Standard input, where somebody holds the other end; its end ends the node. */
  readonly input: ReadableStream<Uint8Array> | undefined;
  /** URL of the main module. */
  readonly program: string;
}

function known(option: string, names: readonly string[], table: Readonly<Record<string, unknown>>): readonly string[] {
  for (const name of names) {
    if (Object.hasOwn(table, name)) continue;
    const near = nearest(name, Object.keys(table));
    throw new UsageError(
      `node: --${option} ${name}: unknown${
        near === undefined ? "" : `, did you mean ${near}?`
      } (hearthproof node --help lists them)`,
    );
  }
  return names;
}

/** Faults and variants by area, for the help of the command. */
export function nodeHelpLines(width: number): string[] {
  const block = (title: string, areas: Readonly<Record<string, object>>) =>
    Object.entries(areas).flatMap(([area, table]) => {
      const names = Object.keys(table);
      return names.length === 0
        ? []
        : ["", `${title}, ${area}:`, ...wrap(names.join(", "), width - 2).map((l) => `  ${l}`)];
    });
  return [...block("Faults", FAULTS_BY_AREA), ...block("Variants", VARIANTS_BY_AREA)];
}

/** Runs the command; returns the exit code. */
export async function nodeCommand(options: Options, context: NodeContext): Promise<number> {
  const { printer, signal, input } = context;
  const origin = options.number("time-origin");
  const clock = origin === undefined ? context.clock : systemClock({ wallMs: origin });
  const faults = known("fault", options.list("fault"), FAULTS);
  const variants = known("variant", options.list("variant"), VARIANTS);
  const temporary = options.text("data") === undefined;
  const data = options.text("data") ?? await Deno.makeTempDir({ prefix: "hearthproof-node-" });
  const seed = options.given("seed") ? options.number("seed") : undefined;
  const host = options.text("host");
  // The community a tester founds for the seed, so that what it signed for an embedded node holds here too.
  const founded = seed === undefined ? undefined : foundedIdentities(seed);
  const start = async (directory: string) =>
    await serveNode({
      clock,
      port: options.number("port") ?? DEFAULT_PORT,
      data: directory,
      tls: options.flag("tls"),
      faults,
      variants,
      peers: options.list("peer"),
      ...(host === undefined ? {} : { host }),
      ...(seed === undefined ? {} : { seed }),
      ...(founded === undefined ? {} : { keys: { root: founded.root.seed, node: founded.node.seed } }),
      civilDefence: options.text("profile") === "civil-defence",
    });
  let served: Awaited<ReturnType<typeof start>>;
  try {
    served = await start(data);
  } catch (error) {
    if (temporary) await Deno.remove(data, { recursive: true });
    const why = error instanceof Error ? error.message : String(error);
    const next = /address already in use|EADDRINUSE/i.test(why) ? "; choose another --port, 0 takes a free one" : "";
    throw new UsageError(`node: cannot start: ${why}${next}`);
  }
  printer.out(JSON.stringify(served.ready));
  const by = await new Promise<"signal" | "input">((resolve) => {
    const asked = () => {
      if (served.node.core.rules.endsOn(signalOf(signal) ?? "")) resolve("signal");
    };
    signal.addEventListener("abort", asked, { once: true });
    if (signal.aborted) asked();
    if (input === undefined) return;
    followInput(input, async (directory) => {
      await served.node.stop();
      served = await start(directory);
      printer.out(JSON.stringify(served.ready));
    }, {
      add: async (url) => {
        const met = await served.node.addPeer(url);
        printer.out(JSON.stringify({ peer: url, met }));
      },
      gossip: async () => {
        await served.node.core.peers.gossip();
        printer.out(JSON.stringify({ gossip: "done" }));
      },
    }).then(() => resolve("input"), () => resolve("input"));
  });
  // A parent that has let go waits for nothing; whoever sends a signal gets a clean end.
  if (by === "signal") await served.node.shutdown();
  else await served.node.stop();
  if (temporary) await Deno.remove(data, { recursive: true });
  const { hostname, port } = new URL(served.ready.url);
  return await served.node.core.rules.exitCode(processEnd(context.program, hostname, Number(port), clock));
}
