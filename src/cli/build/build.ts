/** `deno task build`: one file per system under dist/, compiled where that is possible, portable where it is not. */

import { chmod } from "node:fs/promises";
import type { Clock } from "../../protocol/mod.ts";
import { prepareFolder, writeAtomic } from "../../report/atomic.ts";
import { systemClock } from "../../wire/clock.ts";
import type { CommandSpec } from "../options.ts";
import { type Options, parseCommandLine, UsageError } from "../parse.ts";
import { type Printer, terminalPrinter } from "../printer.ts";
import { commitToBuild, PROGRAM_VERSION } from "../version.ts";
import { type Bundle, bundleProgram } from "./bundle.ts";
import { compileBundle } from "./compile.ts";
import { BuildError } from "./errors.ts";
import { fileNameOf, OLDEST_GLIBC, type Platform, platformNamed, PLATFORMS } from "./platforms.ts";
import { portableFile } from "./portable.ts";
import { runtimeFor, sha256 } from "./runtime.ts";

const PROGRAM_MODE = 0o755;
const BYTES_PER_MB = 1_000_000;
const SUMS_FILE = "SHA256SUMS";

export const BUILD: CommandSpec = {
  name: "build",
  summary: "make one file that holds the whole program",
  positionals: [],
  options: [
    {
      name: "target",
      kind: "list",
      value: "NAME",
      help: `system to build for, else this one; ${PLATFORMS.map(({ name }) => name).join(", ")} or all`,
    },
    { name: "portable", kind: "flag", help: "make the portable file at once, without trying deno compile" },
    { name: "output-dir", kind: "path", value: "DIR", standard: "dist", help: "where the files go" },
  ],
  more: [
    "deno compile needs denort, from Deno's own site or as DENORT_BIN=FILE. Where it is not to be had, the portable " +
    `file is made from the runtime that npm delivers: Linux with glibc ${OLDEST_GLIBC} or newer, x64 and arm64.`,
  ],
};

/** What a build needs of its surroundings. */
export interface BuildContext {
  readonly printer: Printer;
  readonly clock: Clock;
  /** Folder of main.ts and deno.json. */
  readonly root: string;
}

function hostPlatform(): Platform | undefined {
  const { os, arch } = Deno.build;
  const name = { linux: "linux", darwin: "macos", windows: "windows" }[os as string];
  return platformNamed(`${name}-${arch === "aarch64" ? "arm64" : "x64"}`);
}

/** @throws {UsageError} If a name is unknown. */
export function platformsOf(names: readonly string[]): readonly Platform[] {
  if (names.includes("all")) return PLATFORMS;
  if (names.length === 0) {
    const host = hostPlatform();
    if (host === undefined) throw new UsageError("build: this system is not among the targets; name one with --target");
    return [host];
  }
  return names.map((name) => {
    const platform = platformNamed(name);
    if (platform !== undefined) return platform;
    throw new UsageError(
      `build: unknown --target "${name}"; there are ${PLATFORMS.map((known) => known.name).join(", ")} and all`,
    );
  });
}

/** Whether a compiled file for this machine starts; others cannot be tried here. */
async function starts(path: string, platform: Platform): Promise<boolean> {
  if (platform !== hostPlatform()) return true;
  try {
    const { stdout } = await new Deno.Command(path, { args: ["version", "--json"], stdin: "null" }).output();
    return JSON.parse(new TextDecoder().decode(stdout)).program === PROGRAM_VERSION;
  } catch {
    return false;
  }
}

async function compiled(bundle: Bundle, platform: Platform, path: string, context: BuildContext): Promise<void> {
  const denort = Deno.env.get("DENORT_BIN");
  const temporary = `${path}.compiling`;
  try {
    const { embedded } = await compileBundle(bundle, platform, temporary, {
      clock: context.clock,
      ...(denort === undefined ? {} : { denort }),
    });
    const missing = [...bundle.keys()].filter((name) => !embedded.includes(name));
    if (missing.length > 0) throw new BuildError(`deno compile left out ${missing.join(", ")}`);
    if (!await starts(temporary, platform)) throw new BuildError("the compiled file does not start: is denort right?");
    await Deno.rename(temporary, path);
  } finally {
    await Deno.remove(temporary).catch(() => {});
  }
}

async function portable(bundle: Bundle, platform: Platform, path: string, { clock }: BuildContext): Promise<void> {
  if (platform.portable === undefined) {
    throw new BuildError("portable files are made for linux-x64 and linux-arm64 only; this one needs denort");
  }
  const runtime = await runtimeFor(platform.portable, clock);
  await writeAtomic(path, portableFile({ platform, runtime, program: bundle, version: PROGRAM_VERSION }));
  await chmod(path, PROGRAM_MODE);
}

/** Builds the files; exit code 0 if all were made, 1 if one was not. */
export async function build(options: Options, context: BuildContext): Promise<number> {
  const { printer, root } = context;
  const platforms = platformsOf(options.list("target"));
  const folder = options.text("output-dir") ?? "dist";
  await prepareFolder(folder);
  const commit = await commitToBuild(root);
  const bundle = await bundleProgram(root, commit);
  printer.out(`program: ${bundle.size} files, commit ${commit}`);
  const made: string[] = [];
  for (const platform of platforms) {
    const name = fileNameOf(platform);
    const kind = await make(bundle, platform, `${folder}/${name}`, options.flag("portable"), context);
    if (kind === undefined) continue;
    const bytes = await Deno.readFile(`${folder}/${name}`);
    made.push(`${sha256(bytes)}  ${name}\n`);
    printer.out(`${folder}/${name}: ${kind}, ${(bytes.length / BYTES_PER_MB).toFixed(1)} MB`);
  }
  if (made.length > 0) {
    await writeAtomic(`${folder}/${SUMS_FILE}`, made.join(""));
    printer.out(`${folder}/${SUMS_FILE}: SHA-256 of ${made.length === 1 ? "the file" : `${made.length} files`}`);
  }
  return made.length === platforms.length ? 0 : 1;
}

/** Compiled if possible, else portable; undefined, and the reasons told, if neither. */
async function make(
  bundle: Bundle,
  platform: Platform,
  path: string,
  portableOnly: boolean,
  context: BuildContext,
): Promise<"compiled" | "portable" | undefined> {
  const { printer } = context;
  try {
    if (!portableOnly) {
      try {
        await compiled(bundle, platform, path, context);
        return "compiled";
      } catch (error) {
        if (!(error instanceof BuildError)) throw error;
        printer.out(`${platform.name}: deno compile is not possible here (${error.message})`);
        printer.out("  it needs denort: reach dl.deno.land, or name the file with DENORT_BIN=FILE");
      }
    }
    await portable(bundle, platform, path, context);
    return "portable";
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    printer.out(`${platform.name}: not built: ${error.message}`);
    return undefined;
  }
}

async function main(): Promise<number> {
  const encoder = new TextEncoder();
  const printer = terminalPrinter({
    writeOut: (text) => void Deno.stdout.writeSync(encoder.encode(text)),
    writeErr: (text) => void Deno.stderr.writeSync(encoder.encode(text)),
    outIsTerminal: false,
    errIsTerminal: false,
  });
  try {
    const { options, help } = parseCommandLine(["build", ...Deno.args], [BUILD]);
    if (help) {
      const { commandHelp } = await import("../help.ts");
      for (const line of commandHelp(BUILD, printer.width)) printer.out(line);
      return 0;
    }
    const root = new URL("../../../", import.meta.url).pathname;
    return await build(options, { printer, clock: systemClock(), root });
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof BuildError)) throw error;
    printer.err(`build: ${error.message.replace(/^build: /, "")}`);
    return 2;
  }
}

if (import.meta.main) Deno.exitCode = await main();
