import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { parseCommandLine, UsageError } from "../src/cli/parse.ts";
import { bufferPrinter } from "../src/cli/printer.ts";
import { identityFromSeed, tryParseJson } from "../src/protocol/mod.ts";
import { selfCommand } from "../src/cli/self_command.ts";
import { EndpointTarget } from "../src/target/endpoint.ts";
import { LiveNetwork, nullSink, systemClock } from "../src/wire/mod.ts";
import { makeTarget, sideOptions } from "./contest.ts";
import { DIFF, diffCommand } from "./mod.ts";
import { SIDE_OPTIONS } from "./options.ts";

const PROGRAM = new URL("../main.ts", import.meta.url).href;
const clock = systemClock();

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-options-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

interface Served {
  readonly url: string;
  readonly port: number;
  readonly rootKey: string;
  readonly stop: () => Promise<void>;
}

async function serve(data: string): Promise<Served> {
  const self = selfCommand(PROGRAM, ["node", "--port", "0", "--tls", "--data", data, "--seed", "9"]);
  const process = new Deno.Command(self.program, {
    args: [...self.args],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const output = process.stdout.getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await output.read();
    if (done) throw new Error("the node did not start");
    text += new TextDecoder().decode(value);
  }
  const { url, root_key: rootKey } = tryParseJson(text.trim()) as { url: string; root_key: string };
  return {
    url,
    rootKey,
    port: Number(new URL(url).port),
    stop: async () => {
      await process.stdin.close();
      await output.cancel();
      await process.status;
    },
  };
}

async function pinOf({ port }: Served): Promise<string> {
  const network = new LiveNetwork({ scope: "pin", sink: nullSink, clock });
  const connection = await network.dial({ host: "127.0.0.1", port, tls: {} });
  connection.close();
  await network.close();
  const { certificate } = connection;
  assert(certificate !== undefined);
  return certificate.fingerprint;
}

Deno.test("every option of a target has a form for each side", () => {
  const names = new Set(DIFF.options.map(({ name }) => name));
  for (const { name } of SIDE_OPTIONS) for (const side of ["left", "right"]) assert(names.has(`${side}-${name}`), name);
});

Deno.test("each side gets its own keys, token, dialect and pin", async () => {
  await inFolder(async (folder) => {
    const keys = new Map<string, string>();
    for (const [index, name] of ["root", "admin", "sut"].entries()) {
      const path = join(folder, name);
      await Deno.writeFile(path, new Uint8Array(32).fill(index + 1));
      keys.set(name, path);
    }
    const argv = ["diff", "--left", "https://127.0.0.1:7901", "--right", "http://127.0.0.1:7902", "--allow-writes"];
    for (const [name, path] of keys) argv.push(`--left-${name}-key`, path);
    argv.push("--left-admin-token", "t", "--left-dialect", "body-routed", "--left-tls-pin", "AB:".repeat(31) + "AB");
    const { options } = parseCommandLine(argv, [DIFF]);
    const frame = { seed: 1, timeOrigin: 0, clock, scope: "diff" };
    const place = { program: PROGRAM, directory: folder };
    const of = (side: "left" | "right") => {
      const spec = options.text(side) ?? "";
      return makeTarget(sideOptions(options, side, spec), spec, frame, place);
    };
    const [left, right] = await Promise.all([of("left"), of("right")]);
    const id = (index: number) => identityFromSeed(new Uint8Array(32).fill(index)).id;
    const { root, admin, sut, adminToken, allowWrites } = left.access;
    assertEquals([root?.id, admin?.id, sut?.id, adminToken, allowWrites], [id(1), id(2), id(3), "t", true]);
    assertEquals([left.dialect.name, left.dialect.routing], ["body-routed", "body"]);
    assert(left instanceof EndpointTarget);
    assertEquals([right.access.root, right.access.adminToken, right.dialect.name], [undefined, undefined, "contract"]);
    const { options: bad } = parseCommandLine(["diff", "--left-tls-pin", "12"], [DIFF]);
    const spec = "https://127.0.0.1:7901";
    await assertRejects(
      () => makeTarget(sideOptions(bad, "left", spec), spec, frame, place),
      UsageError,
      "64 hexadecimal",
    );
  });
});

Deno.test("two https nodes are compared under their pins, and a wrong pin is refused", async () => {
  await inFolder(async (folder) => {
    const nodes = await Promise.all([serve(join(folder, "a")), serve(join(folder, "b"))]);
    try {
      const [a, b] = nodes;
      assert(a !== undefined && b !== undefined);
      const [pin, other] = await Promise.all([pinOf(a), pinOf(b)]);
      const run = async (leftPin: string) => {
        const printer = bufferPrinter();
        const { options } = parseCommandLine([
          ...["diff", "--left", a.url, "--left-root-key", a.rootKey, "--left-tls-pin", leftPin],
          ...["--right", b.url, "--right-root-key", b.rootKey, "--right-tls-pin", other],
          ...["--allow-writes", "--disposable", "--steps", "12", "--seed", "7", "--shrink-budget", "0s"],
          ...["--calibrate", "0", "--output-dir", join(folder, "out")],
        ], [DIFF]);
        const signal = new AbortController().signal;
        const code = await diffCommand(options, { printer, clock, signal, program: PROGRAM });
        return { code, text: printer.outLines.join("\n") };
      };
      const right = await run(pin);
      assertEquals(right.code, 0, right.text);
      await assertRejects(() => run("00".repeat(32)));
    } finally {
      await Promise.all(nodes.map(({ stop }) => stop()));
    }
  });
});
