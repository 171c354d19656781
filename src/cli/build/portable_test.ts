import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { BuildError } from "./errors.ts";
import { type Platform, platformNamed } from "./platforms.ts";
import { portableFile } from "./portable.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);

/** The platform of this machine; the tests start what they build. */
function here(): Platform {
  const platform = platformNamed(Deno.build.arch === "aarch64" ? "linux-arm64" : "linux-x64");
  assert(platform !== undefined);
  return platform;
}

/** Stands for the runtime: prints the command line it was started with. */
const ECHO = "/bin/echo";
const PROGRAM = new Map([["main.js", bytes("console.log('x');")], ["chunk-A.js", bytes("export {};")]]);

async function echoFile(): Promise<Uint8Array> {
  return portableFile({ platform: here(), runtime: await Deno.readFile(ECHO), program: PROGRAM, version: "9.9.9" });
}

interface Started {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

class Place {
  private constructor(readonly folder: string) {}

  static async make(): Promise<Place> {
    const place = new Place(await Deno.makeTempDir());
    await Deno.mkdir(`${place.folder}/tmp`);
    return place;
  }

  async install(file: Uint8Array): Promise<void> {
    await Deno.writeFile(`${this.folder}/hearthproof`, file, { mode: 0o755 });
  }

  async start(args: readonly string[], env: Record<string, string> = {}): Promise<Started> {
    const { code, stdout, stderr } = await new Deno.Command(`${this.folder}/hearthproof`, {
      args: [...args],
      cwd: this.folder,
      clearEnv: true,
      env: { PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin", TMPDIR: `${this.folder}/tmp`, ...env },
      stdin: "null",
    }).output();
    return { code, out: text(stdout), err: text(stderr) };
  }

  names(folder: string): string[] {
    return [...Deno.readDirSync(`${this.folder}/${folder}`)].map(({ name }) => name).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("the first start unpacks into the cache, and the next one finds everything there", async () => {
  await using place = await Place.make();
  await place.install(await echoFile());
  const env = { HEARTHPROOF_CACHE: `${place.folder}/cache` };
  const first = await place.start(["run", "--json", "two words"], env);
  assertEquals(first.code, 0, first.err);
  const [id = ""] = place.names("cache");
  assertMatch(id, /^9\.9\.9-[0-9a-f]{12}$/);
  assertEquals(
    first.out,
    `run -A --no-prompt --no-config --no-lock --no-remote --no-npm ${place.folder}/cache/${id}/main.js ` +
      "run --json two words\n",
  );
  assertEquals(place.names(`cache/${id}`), ["SHA256SUMS", "cache", "chunk-A.js", "deno", "main.js"]);
  const before = await Deno.stat(`${place.folder}/cache/${id}`);
  assertEquals((await place.start(["version"], env)).code, 0);
  assertEquals((await Deno.stat(`${place.folder}/cache/${id}`)).ino, before.ino);
});

Deno.test("HOME and XDG_CACHE_HOME hold the cache, and without both a private temporary directory does", async () => {
  await using place = await Place.make();
  await place.install(await echoFile());
  assertStringIncludes(
    (await place.start([], { HOME: `${place.folder}/home` })).out,
    "/home/.cache/hearthproof/9.9.9-",
  );
  assertStringIncludes((await place.start([], { XDG_CACHE_HOME: `${place.folder}/x` })).out, "/x/hearthproof/9.9.9-");
  const { out, err } = await place.start([]);
  assertStringIncludes(out, `${place.folder}/tmp/hearthproof-${Deno.uid()}/9.9.9-`, err);
  assertEquals(((await Deno.stat(`${place.folder}/tmp/hearthproof-${Deno.uid()}`)).mode ?? 0) & 0o777, 0o700);
});

Deno.test("a cache that cannot be written is no obstacle", async () => {
  await using place = await Place.make();
  await place.install(await echoFile());
  const { code, out, err } = await place.start([], { HEARTHPROOF_CACHE: "/proc/nothing", HOME: "/proc/nobody" });
  assertEquals(code, 0, err);
  assertStringIncludes(out, "/tmp/hearthproof-");
});

Deno.test("without any directory the error names HEARTHPROOF_CACHE and what was tried", async () => {
  await using place = await Place.make();
  await place.install(await echoFile());
  const { code, out, err } = await place.start([], { HOME: "/proc/nobody", TMPDIR: "/proc/none" });
  assertEquals(code, 2);
  assertEquals(out, "");
  assertStringIncludes(err, "set HEARTHPROOF_CACHE");
  assertStringIncludes(err, "/proc/nobody/.cache/hearthproof: it cannot be made");
});

Deno.test("a temporary directory that others may write is not trusted", async () => {
  await using place = await Place.make();
  await place.install(await echoFile());
  const shared = `${place.folder}/tmp/hearthproof-${Deno.uid()}`;
  await Deno.mkdir(shared);
  await Deno.chmod(shared, 0o777);
  const { code, err } = await place.start([]);
  assertEquals(code, 2);
  assertStringIncludes(err, "others may write to it");
  assertEquals(place.names(`tmp/hearthproof-${Deno.uid()}`), []);
});

Deno.test("starts at the same time all work and leave one copy", async () => {
  await using place = await Place.make();
  await place.install(await echoFile());
  const env = { HEARTHPROOF_CACHE: `${place.folder}/cache` };
  const all = await Promise.all(Array.from({ length: 8 }, () => place.start(["version"], env)));
  assertEquals(all.map(({ code }) => code), all.map(() => 0), all.map(({ err }) => err).join(""));
  const names = place.names("cache");
  assertEquals(names.length, 1, names.join(" "));
  assertEquals(place.names(`cache/${names[0]}`), ["SHA256SUMS", "cache", "chunk-A.js", "deno", "main.js"]);
});

Deno.test("a damaged file is refused, and nothing of it stays", async () => {
  await using place = await Place.make();
  const file = await echoFile();
  const at = file.length - Math.floor(file.length / 3);
  file[at] = (file[at] ?? 0) ^ 0xff;
  await place.install(file);
  const { code, err } = await place.start(["version"], { HEARTHPROOF_CACHE: `${place.folder}/cache` });
  assertEquals(code, 2);
  assertStringIncludes(err, "does not have the right SHA-256");
  assertEquals(place.names("cache"), []);
});

Deno.test("a cache that lost a file is made whole again", async () => {
  await using place = await Place.make();
  await place.install(await echoFile());
  const env = { HEARTHPROOF_CACHE: `${place.folder}/cache` };
  assertEquals((await place.start([], env)).code, 0);
  const [id = ""] = place.names("cache");
  await Deno.remove(`${place.folder}/cache/${id}/chunk-A.js`);
  assertEquals((await place.start([], env)).code, 0);
  assertEquals(place.names("cache"), [id]);
  assertEquals(place.names(`cache/${id}`), ["SHA256SUMS", "cache", "chunk-A.js", "deno", "main.js"]);
});

Deno.test("a file for another machine says so", async () => {
  await using place = await Place.make();
  const other = platformNamed(here().name === "linux-x64" ? "linux-arm64" : "linux-x64");
  assert(other?.portable !== undefined);
  const runtime = await Deno.readFile(ECHO);
  new DataView(runtime.buffer).setUint16(18, other.portable.elfMachine, true);
  await place.install(portableFile({ platform: other, runtime, program: PROGRAM, version: "9.9.9" }));
  const { code, err } = await place.start(["version"]);
  assertEquals(code, 2);
  assertStringIncludes(err, `this file is for ${other.arch}`);
});

Deno.test("equal parts give equal files", async () => {
  assertEquals(await echoFile(), await echoFile());
});

Deno.test("a runtime of the wrong machine and a platform without a portable form are refused", async () => {
  const runtime = await Deno.readFile(ECHO);
  const platform = platformNamed("macos-x64");
  assert(platform !== undefined);
  const parts = { platform: here(), runtime: bytes("no ELF file at all, but long enough"), program: PROGRAM };
  assertThrows(() => portableFile({ ...parts, version: "1.0.0" }), BuildError, "ELF machine undefined");
  assertThrows(() => portableFile({ ...parts, runtime, platform, version: "1.0.0" }), BuildError, "no portable form");
  const odd = new Map([["main.js", bytes("")], ["a b.js", bytes("")]]);
  assertThrows(() => portableFile({ ...parts, runtime, program: odd, version: "1.0.0" }), BuildError, "a b.js");
});
