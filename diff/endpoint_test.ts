import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { selfCommand } from "../src/cli/self_command.ts";
import { bufferPrinter } from "../src/cli/printer.ts";
import { parseCommandLine } from "../src/cli/parse.ts";
import { isObject, type Json, parseJson } from "../src/protocol/mod.ts";
import { systemClock } from "../src/wire/mod.ts";
import { DIFF, diffCommand } from "./mod.ts";

const MAIN = new URL("../main.ts", import.meta.url).href;

interface RunningNode {
  readonly url: string;
  readonly rootKey: string;
  stop(): Promise<void>;
}

async function start(folder: string, name: string, ...more: string[]): Promise<RunningNode> {
  const data = join(folder, name);
  const { program, args } = selfCommand(MAIN, ["node", "--port", "0", "--data", data, ...more]);
  const command = new Deno.Command(program, { args: [...args], stdin: "piped", stdout: "piped", stderr: "null" });
  const child = command.spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`Cannot start a node: its output is ${text}`);
    text += value;
  }
  const { url, root_key: rootKey } = JSON.parse(text.slice(0, text.indexOf("\n")));
  return {
    url,
    rootKey,
    async stop() {
      await child.stdin.close();
      await reader.cancel();
      await child.status;
    },
  };
}

async function compare(folder: string, left: RunningNode, right: RunningNode, ...more: string[]) {
  const printer = bufferPrinter();
  const argv = ["diff", "--output-dir", join(folder, "out"), "--steps", "80", "--seed", "11", "--shrink-budget", "0s"];
  const access = ["--left", left.url, "--right", right.url, "--left-root-key", left.rootKey, "--right-root-key"];
  const { options } = parseCommandLine([...argv, ...access, right.rootKey, ...more], [DIFF]);
  const signal = new AbortController().signal;
  const code = await diffCommand(options, { printer, clock: systemClock(), signal, program: MAIN });
  const report = parseJson(await Deno.readFile(join(folder, "out", "diff-report.json")));
  assert(isObject(report) && Array.isArray(report.differences));
  const paths = report.differences.map((one) => isObject(one) ? String(one.path) : "");
  return { code, report: report as { readonly [member: string]: Json }, paths, text: printer.outLines.join("\n") };
}

async function withNodes(faults: readonly string[], work: (folder: string, nodes: RunningNode[]) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-endpoints-" });
  const nodes: RunningNode[] = [];
  try {
    nodes.push(await start(folder, "left"));
    nodes.push(await start(folder, "right", ...faults));
    await work(folder, nodes);
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("nodes that run elsewhere are calibrated and compared again and again, whatever they held before", async () => {
  await withNodes([], async (folder, [left, right]) => {
    assert(left !== undefined && right !== undefined);
    const writes = ["--allow-writes"];
    const first = await compare(folder, left, right, ...writes, "--time-origin", "1805000000000");
    assertEquals([first.code, first.paths], [0, []], first.text);
    // Only one of them gets more, so their logs stand at different places from here on.
    const alone = await compare(folder, left, left, ...writes, "--time-origin", "1805000100000", "--calibrate", "0");
    assertEquals(alone.report.verdict === "inconclusive", false);
    const again = await compare(folder, left, right, ...writes, "--time-origin", "1805000200000");
    assertEquals([again.code, again.paths], [0, []], again.text);
    const { calibration } = again.report;
    assert(isObject(calibration));
    assertEquals(calibration.runs, 4);
  });
});

Deno.test("a fault of a running node is found beside what it held before", async () => {
  await withNodes(["--fault", "manifest-ttl-300"], async (folder, [left, right]) => {
    assert(left !== undefined && right !== undefined);
    const { code, paths } = await compare(folder, left, right, "--allow-writes");
    assertEquals([code, paths], [1, ["GET /manifest expires_at"]]);
  });
});

Deno.test("without leave to write only reading steps are sent to running nodes", async () => {
  await withNodes([], async (folder, [left, right]) => {
    assert(left !== undefined && right !== undefined);
    const head = async () => {
      const answer = await fetch(`${left.url}/sync/v1/heads`);
      return await answer.text();
    };
    const before = await head();
    const { code, text } = await compare(folder, left, right);
    assertEquals(code, 0, text);
    assertEquals(await head(), before);
  });
});

Deno.test("of three running nodes every pair is compared as if it were the first", async () => {
  await withNodes([], async (folder, nodes) => {
    nodes.push(await start(folder, "third", "--fault", "manifest-ttl-300"));
    const entries = nodes.map(({ url, rootKey }, index) => ({
      name: ["one", "two", "odd"][index],
      target: url,
      root_key: rootKey,
      allow_writes: true,
    }));
    const file = join(folder, "targets.yaml");
    await Deno.writeTextFile(file, JSON.stringify({ targets: entries }));
    const out = join(folder, "matrix");
    const argv = ["diff", "--targets", file, "--steps", "60", "--seed", "11", "--output-dir", out];
    const { options } = parseCommandLine(argv, [DIFF]);
    const printer = bufferPrinter();
    const signal = new AbortController().signal;
    const code = await diffCommand(options, { printer, clock: systemClock(), signal, program: MAIN });
    const text = printer.outLines.join("\n");
    assertEquals(code, 1, text);
    const report = parseJson(await Deno.readFile(join(out, "diff-matrix.json")));
    assert(isObject(report) && Array.isArray(report.pairs));
    const found = report.pairs.filter(isObject).map(({ left, right, differences }) => [
      left,
      right,
      Array.isArray(differences) ? differences.map((one) => isObject(one) ? `${one.capability} ${one.path}` : "") : [],
    ]);
    const ttl = ["GET /manifest expires_at"];
    assertEquals(found, [["one", "two", []], ["one", "odd", ttl], ["two", "odd", ttl]], text);
  });
});
