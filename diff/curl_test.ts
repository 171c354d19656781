import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { parseCommandLine } from "../src/cli/parse.ts";
import { bufferPrinter } from "../src/cli/printer.ts";
import { selfCommand } from "../src/cli/self_command.ts";
import { isObject, parseJson, tryParseJson, utf8 } from "../src/protocol/mod.ts";
import { parseEndpoint } from "../src/target/endpoint.ts";
import { type HttpAnswer, LiveNetwork, nullSink, request, systemClock } from "../src/wire/mod.ts";
import { curlLine, curlScript } from "./curl.ts";
import { DIFF, diffCommand } from "./mod.ts";

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

/** Words of a line as a shell reads them; only the quoting that the lines use. */
function words(line: string, target: string): string[] {
  const out: string[] = [];
  let word = "";
  for (let i = 0; i < line.length; i++) {
    const one = line[i];
    if (one === "'") {
      const end = line.indexOf("'", i + 1);
      word += line.slice(i + 1, end);
      i = end;
    } else if (one === "\\") word += line[++i];
    else if (line.startsWith('"$TARGET"', i)) {
      word += target;
      i += '"$TARGET"'.length - 1;
    } else if (one === " ") {
      out.push(word);
      word = "";
    } else word += one;
  }
  return [...out, word];
}

/** Makes the request of a line; the tests must not need curl itself. */
async function make(line: string, target: string, network: LiveNetwork): Promise<HttpAnswer> {
  const list = words(line, target);
  const after = (flag: string) => list.flatMap((word, index) => word === flag ? [list[index + 1] ?? ""] : []);
  const url = list.at(-1) ?? "";
  const headers = after("-H").map((one): [string, string] => {
    const colon = one.indexOf(":");
    return [one.slice(0, colon), one.slice(colon + 1).trim()];
  });
  const [body] = after("--data-binary");
  return await request(network, parseEndpoint(target), {
    method: after("-X")[0] ?? "",
    path: url.slice(target.length),
    headers,
    ...(body === undefined ? {} : { body: utf8(body) }),
  });
}

Deno.test("pasted lines show the difference on a node started as they say", async () => {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-curl-" });
  try {
    const argv = ["diff", "--right", "embedded:answer-from-caller", "--steps", "12", "--seed", "7", "--calibrate", "0"];
    const { options } = parseCommandLine([...argv, "--output-dir", folder], [DIFF]);
    const signal = new AbortController().signal;
    const code = await diffCommand(options, { printer: bufferPrinter(), clock, signal, program: PROGRAM });
    assertEquals(code, 1);
    const report = parseJson(await Deno.readFile(join(folder, "diff-report.json")));
    assert(isObject(report) && Array.isArray(report.differences));
    const found = report.differences.find((one) => isObject(one) && one.path === "* headers.x-hearthnet-from");
    assert(isObject(found) && isObject(found.minimal) && Array.isArray(found.minimal.curl));
    const [how = "", ...lines] = found.minimal.curl.map(String);
    const command = /hearthproof (node .*)$/.exec(how)?.[1]?.replace("--port 7900", "--port 0").split(" ") ?? [];
    const self = selfCommand(PROGRAM, [...command, "--data", join(folder, "data")]);
    const process = new Deno.Command(self.program, {
      args: [...self.args],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const network = new LiveNetwork({ scope: "curl", sink: nullSink, clock });
    const output = process.stdout.getReader();
    try {
      let text = "";
      while (!text.includes("\n")) text += new TextDecoder().decode((await output.read()).value);
      const ready = tryParseJson(text.trim());
      assert(isObject(ready));
      let last: HttpAnswer | undefined;
      for (const line of lines.filter((one) => one.startsWith("curl "))) {
        last = await make(line, String(ready.url), network);
        assertEquals(last.status, 200, `${line}\n${new TextDecoder().decode(last.body)}`);
      }
      const from = last?.head?.headers.find(([name]) => name.toLowerCase() === "x-hearthnet-from")?.[1];
      assert(from !== undefined && from !== ready.node_id, "the fault names the caller in place of the node");
    } finally {
      await network.close();
      await process.stdin.close();
      await output.cancel();
      await process.status;
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
