/** Bad input costs one clear line and exit code 2, through the program itself. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ReferenceNode } from "../node/node.ts";
import { defaultNodeOptions } from "../node/node.ts";
import { LiveNetwork, nullSink, serve, systemClock } from "../wire/mod.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function hearthproof(...args: string[]): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", MAIN, ...args],
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

/** Exit code 2, nothing on stdout, and the words in the last line of stderr, which is the only complaint. */
async function refuses(args: readonly string[], ...words: string[]): Promise<void> {
  const { code, out, err } = await hearthproof(...args);
  const lines = err.trim().split("\n").filter((line) => line.startsWith("hearthproof:"));
  assertEquals({ code, out, lines: lines.length }, { code: 2, out: "", lines: 1 }, `${args.join(" ")}\n${err}`);
  for (const word of words) assertStringIncludes(lines[0] ?? "", word);
  assert(!err.includes("    at "), `a stack trace: ${err}`);
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-bad-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("an unknown command is refused with the nearest one", () => refuses(["rnu"], '"rnu"', "run"));

Deno.test("an unknown option is refused with the nearest one", () =>
  refuses(["run", "--paralel", "3"], "--paralel", "--parallel"));

Deno.test("a filter that matches nothing is refused", () =>
  refuses(["run", "--suite-filter", "core/nothing/*"], "core/nothing/*", "requirements"));

Deno.test("an unknown fault is refused with the nearest one", () =>
  refuses(["run", "--target", "embedded:manifest-ttl-30"], "manifest-ttl-300"));

Deno.test("a target that nobody serves is refused", () =>
  refuses(["run", "--target", "http://127.0.0.1:9", "--output-dir", "/tmp/hearthproof-bad"], "127.0.0.1:9", "reached"));

Deno.test("a server that is no HearthNet node is refused", async () => {
  const network = new LiveNetwork({ scope: "test", sink: nullSink, clock: systemClock() });
  const server = await serve(network, {}, () => Promise.resolve({ status: 200, body: "<h1>hello</h1>" }));
  try {
    await inFolder((folder) =>
      refuses(
        ["run", "--target", `http://127.0.0.1:${server.port}`, "--output-dir", folder],
        "not a HearthNet node",
      )
    );
  } finally {
    await server.close();
    await network.close();
  }
});

Deno.test("a certificate other than the pinned one is refused", async () => {
  const node = await ReferenceNode.start({ ...defaultNodeOptions({ clock: systemClock() }), tls: true });
  try {
    await inFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/adapter.yaml`, `fingerprint: "${"ab".repeat(32)}"\n`);
      const args = ["run", "--target", node.url, "--adapter", `${folder}/adapter.yaml`, "--output-dir", folder];
      await refuses(args, "TLS", "does not match");
    });
  } finally {
    await node.stop();
  }
});

Deno.test("a baseline that cannot be read is refused", async () => {
  await refuses(["run", "--baseline", "/nonexistent.yaml"], "--baseline", "/nonexistent.yaml", "no such file");
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/known.yaml`, "- {case: x}\n");
    await refuses(["run", "--baseline", `${folder}/known.yaml`], "known.yaml", "reason");
  });
});

Deno.test("a wrong key file is refused", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/short.key`, "short");
    const args = ["run", "--target", "http://127.0.0.1:9", "--root-key", `${folder}/short.key`];
    await refuses(args, "--root-key", "32-byte", "5 bytes");
  });
  const node = await ReferenceNode.start(defaultNodeOptions({ clock: systemClock() }));
  try {
    await inFolder(async (folder) => {
      await Deno.writeFile(`${folder}/other.key`, new Uint8Array(32).fill(9));
      const args = ["run", "--target", node.url, "--root-key", `${folder}/other.key`, "--output-dir", folder];
      await refuses([...args, "--allow-writes"], "root key", "community");
    });
  } finally {
    await node.stop();
  }
});

Deno.test("an output directory that cannot be written is refused", () =>
  refuses(["run", "--suite-filter", "IDN-001", "--output-dir", "/proc/hearthproof"], "/proc/hearthproof"));

Deno.test("a folder without a report is refused", () =>
  refuses(["report", "recheck", "/nonexistent"], "/nonexistent", "no such file"));

Deno.test("nothing to judge is exit code 3", async () => {
  const { code } = await hearthproof(
    "run",
    "--suite-filter",
    "PRO-035",
    "--output-dir",
    await Deno.makeTempDir({ prefix: "hearthproof-bad-" }),
  );
  assertEquals(code, 3);
});
