/** A program that plays a container engine, for tests: its containers are child processes, its volumes are folders. */

import { join } from "node:path";
import { systemClock } from "../wire/mod.ts";
import { foundedIdentities } from "./access.ts";
import { ContainerEngine } from "./container_engine.ts";

/** What the image name makes a container do: `sound`, `ends`, `silent` or `stubborn` (SIGTERM is ignored). */
const PROGRAM = String.raw`
const [home, ...args] = Deno.args;
Deno.writeTextFileSync(home + "/calls.jsonl", JSON.stringify(args) + "\n", { append: true });
const folder = (name) => home + "/containers/" + name;
const say = (text) => Deno.stdout.writeSync(new TextEncoder().encode(text + "\n"));
const complain = (text, code) => {
  Deno.stderr.writeSync(new TextEncoder().encode(text + "\n"));
  Deno.exit(code);
};
const local = (path) => {
  const [name, inside] = path.split(":");
  return inside === undefined ? path : folder(name) + inside;
};
const pidOf = (name) => {
  try {
    return Number(Deno.readTextFileSync(folder(name) + "/pid"));
  } catch {
    return 0;
  }
};
const copy = (from, to) => {
  if (!Deno.statSync(from).isDirectory) return Deno.copyFileSync(from, to);
  const inside = to + "/" + from.split("/").at(-1);
  Deno.mkdirSync(inside);
  for (const { name } of Deno.readDirSync(from)) Deno.copyFileSync(from + "/" + name, inside + "/" + name);
};
const [command, ...rest] = args;
const name = rest.at(-1);
switch (command) {
  case "create": {
    const image = rest.find((word) => ["sound", "ends", "silent", "stubborn"].includes(word));
    if (image === undefined) complain("Error: no such image", 125);
    const made = rest[rest.indexOf("--name") + 1];
    const port = rest.indexOf("--publish") < 0 ? "0" : rest[rest.indexOf("--publish") + 1].split(":")[1];
    Deno.mkdirSync(folder(made) + "/data", { recursive: true });
    Deno.writeTextFileSync(folder(made) + "/made.json", JSON.stringify({ image, port: Number(port) }));
    say("0123456789ab");
    break;
  }
  case "cp":
    copy(local(rest.at(-2)), local(name).replace(/\/$/, ""));
    break;
  case "start": {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-prompt", home + "/engine.js", home, "serve", name],
      stdin: "null",
    }).spawn();
    Deno.writeTextFileSync(folder(name) + "/pid", String(child.pid));
    const { code } = await child.status;
    Deno.writeTextFileSync(folder(name) + "/pid", "0");
    Deno.exit(code);
    break;
  }
  case "serve": {
    const { image, port } = JSON.parse(Deno.readTextFileSync(folder(name) + "/made.json"));
    if (image === "ends") complain("Cannot read the configuration", 3);
    if (image === "stubborn") Deno.addSignalListener("SIGTERM", () => {});
    else Deno.addSignalListener("SIGTERM", () => Deno.exit(0));
    Deno.writeTextFileSync(folder(name) + "/data/node/starts", "started\n", { append: true });
    if (image === "silent") await new Promise((resolve) => setInterval(resolve, 1e9));
    const manifest = Deno.readTextFileSync(home + "/manifest.json");
    const headers = { "content-type": "application/json" };
    Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, () => new Response(manifest, { headers }));
    break;
  }
  case "kill": {
    const pid = pidOf(name);
    if (pid === 0) complain("Error: not running", 1);
    Deno.kill(pid, rest[rest.indexOf("--signal") + 1]);
    break;
  }
  case "inspect":
    say(pidOf(name) + " 0123456789ab");
    break;
  case "stats":
    say("12.5MiB / 1GiB");
    break;
  case "rm":
    if (Deno.readDirSync(home).some((entry) => entry.name === "stuck")) complain("device or resource busy", 1);
    if (pidOf(name) > 0) Deno.kill(pidOf(name), "SIGKILL");
    // In one step: whoever ends with the container still writes into its folder.
    Deno.renameSync(folder(name), home + "/removed-" + name);
    break;
  default:
    complain("unknown command " + command, 64);
}
`;

/** See the module comment. */
export class FakeEngine {
  private constructor(readonly home: string, readonly engine: ContainerEngine) {}

  /** An engine whose nodes have the identities of a seed. */
  static async make(seed: number): Promise<FakeEngine> {
    const home = await Deno.makeTempDir({ prefix: "hearthproof-engine-" });
    const { root, node } = foundedIdentities(seed);
    await Deno.writeTextFile(join(home, "engine.js"), PROGRAM);
    await Deno.writeTextFile(join(home, "manifest.json"), JSON.stringify({ node_id: node.id, community_id: root.id }));
    await Deno.mkdir(join(home, "containers"));
    const program = join(home, "docker");
    const script = `#!/bin/sh\nexec "${Deno.execPath()}" run -A --no-prompt "${home}/engine.js" "${home}" "$@"\n`;
    await Deno.writeTextFile(program, script, { mode: 0o755 });
    return new FakeEngine(home, new ContainerEngine([program], systemClock()));
  }

  /** Names of the containers that are there. */
  containers(): string[] {
    return [...Deno.readDirSync(join(this.home, "containers"))].map(({ name }) => name);
  }

  /** Arguments of the calls of one command so far. */
  async calls(command: string): Promise<string[][]> {
    const lines = (await Deno.readTextFile(join(this.home, "calls.jsonl"))).trim().split("\n");
    return lines.map((line): string[] => JSON.parse(line)).filter(([first]) => first === command);
  }

  /** A file of a container. */
  async file(container: string, path: string): Promise<Uint8Array> {
    return await Deno.readFile(`${this.home}/containers/${container}${path}`);
  }

  /** From now on nothing can be removed. */
  async stick(): Promise<void> {
    await Deno.writeTextFile(join(this.home, "stuck"), "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.home, { recursive: true });
  }
}
