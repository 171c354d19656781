import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { parseCommandLine } from "../src/cli/parse.ts";
import { bufferPrinter } from "../src/cli/printer.ts";
import { selfCommand } from "../src/cli/self_command.ts";
import { isObject, parseJson, tryParseJson, utf8 } from "../src/protocol/mod.ts";
import { systemClock } from "../src/wire/mod.ts";
import { curlLine, curlScript } from "./curl.ts";
import { DIFF, diffCommand } from "./mod.ts";
import { shellTools } from "./testing_shell.ts";

const PROGRAM = new URL("../main.ts", import.meta.url).href;
const clock = systemClock();

Deno.test("a request becomes a curl line that survives quotes", () => {
  const sent = utf8("POST /bus/v1/call HTTP/1.1\r\nHost: x\r\nX-A: it's\r\nX-B:\r\nContent-Length: 2\r\n\r\n{}");
  assertEquals(
    curlLine(sent),
    `curl -sigw '\\n' --path-as-is -X POST -H 'X-A: it'\\''s' -H 'X-B;' --data-binary '{}' "$TARGET"'/bus/v1/call'`,
  );
});

Deno.test("what curl cannot say is left to a replay", () => {
  assertEquals(curlLine(utf8("garbage\r\n\r\n")), undefined);
  assertEquals(curlLine(utf8("GET /x HTTP/1.1\r\nUpgrade: websocket\r\n\r\n")), undefined);
  const [, , , line = ""] = curlScript([{ origin: "raw/\n", requests: [utf8("garbage")] }], {
    seed: 1,
    timeOrigin: 5,
    embedded: undefined,
    keys: new Map(),
    known: [],
  });
  assertStringIncludes(line, "hearthproof diff --replay does");
});

/** What lines print in a shell, both outputs in their order. */
async function paste(lines: readonly string[], target: string, folder: string): Promise<string> {
  await shellTools(folder);
  const script = join(folder, "lines.sh");
  await Deno.writeTextFile(script, ["exec 2>&1", ...lines, ""].join("\n"));
  const env = { TARGET: target, PATH: `${Deno.env.get("PATH") ?? ""}:${folder}` };
  const { stdout } = await new Deno.Command("bash", { args: [script], env }).output();
  return new TextDecoder().decode(stdout);
}

interface StartedNode {
  readonly url: string;
  readonly id: string;
  stop(): Promise<void>;
}

/** Starts what a comment of the lines says. */
async function startAsSaid(line: string, data: string): Promise<StartedNode> {
  const command = /hearthproof (node .*)$/.exec(line)?.[1]?.replace(/--port \d+/, "--port 0").split(" ") ?? [];
  const self = selfCommand(PROGRAM, [...command, "--data", data]);
  const process = new Deno.Command(self.program, {
    args: [...self.args],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const output = process.stdout.getReader();
  let text = "";
  while (!text.includes("\n")) text += new TextDecoder().decode((await output.read()).value);
  const ready = tryParseJson(text.trim());
  assert(isObject(ready));
  return {
    url: String(ready.url),
    id: String(ready.node_id),
    async stop() {
      await process.stdin.close();
      await output.cancel();
      await process.status;
    },
  };
}

/** Compares, and pastes the lines of one difference to both sides, started as the lines say. */
async function pasteBoth(path: string, args: readonly string[]): Promise<{ readonly texts: string[]; ids: string[] }> {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-curl-" });
  const nodes: StartedNode[] = [];
  try {
    const { options } = parseCommandLine(["diff", ...args, "--calibrate", "0", "--output-dir", folder], [DIFF]);
    const signal = new AbortController().signal;
    assertEquals(await diffCommand(options, { printer: bufferPrinter(), clock, signal, program: PROGRAM }), 1);
    const report = parseJson(await Deno.readFile(join(folder, "diff-report.json")));
    assert(isObject(report) && Array.isArray(report.differences));
    const found = report.differences.find((one) => isObject(one) && one.path === path);
    assert(isObject(found) && isObject(found.minimal) && Array.isArray(found.minimal.curl));
    const lines = found.minimal.curl.map(String);
    const [right = "", left = ""] = lines;
    const texts: string[] = [];
    for (const [index, line] of [left, right].entries()) {
      const node = await startAsSaid(line, join(folder, `node${index}`));
      nodes.push(node);
      texts.push(await paste(lines, node.url, folder));
    }
    return { texts, ids: nodes.map(({ id }) => id) };
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("pasted lines show the difference between nodes started as they say", async () => {
  const args = ["--right", "embedded:answer-from-caller", "--steps", "12", "--seed", "7"];
  const { texts: [left = "", right = ""], ids: [id = "none"] } = await pasteBoth("* headers.x-hearthnet-from", args);
  const from = (text: string) => text.split("\n").findLast((line) => /^x-hearthnet-from:/i.test(line))?.trim() ?? "";
  assertStringIncludes(from(left), id);
  assert(/ed25519:/.test(from(right)) && !from(right).includes(id), "the fault names the caller in place of the node");
});

Deno.test("pasted lines catch the id that a node gave and sign it anew, and show who may expire a post", async () => {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-curl-" });
  try {
    const vector = join(folder, "expire.json");
    const post = { client_id: "01M7Y3RGJH97HE9BC7WCDDE6XA", title: "it's", body: "x", category: "offer" };
    await Deno.writeTextFile(
      vector,
      JSON.stringify({
        schema: "hearthproof.vector/1",
        name: "expire-by-another",
        requirement: "MKT-034",
        seed: 3,
        actors: { alice: "member", bob: "member" },
        steps: [
          {
            do: "call",
            as: "alice",
            capability: "market.post",
            input: { ...post, ttl_seconds: 3600 },
            learn: { post: "output.event_id" },
          },
          {
            do: "call",
            as: "bob",
            capability: "market.expire",
            input: { client_id: "01M7Y3RGJH97HE9BC7WCDDE6XB", event_id: "${post}", reason: "fulfilled" },
          },
        ],
        expect: [{ step: 1, status: [401] }],
      }),
    );
    const args = ["--replay", vector, "--right", "embedded:expire-by-any-member"];
    const { texts } = await pasteBoth("market.expire status", args);
    const last = texts.map((text) => [...text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].at(-1)?.[1]);
    assertEquals(last, ["401", "200"], texts.join("\n"));
    assertStringIncludes(texts[0] ?? "", "the post belongs to someone else");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
