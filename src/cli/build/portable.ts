/** The portable file: a header in POSIX shell, then runtime and program as a compressed archive. */

import { gzipSync } from "node:zlib";
import { BuildError } from "./errors.ts";
import { elfMachine } from "./elf.ts";
import HEADER from "./header.sh" with { type: "text" };
import { OLDEST_GLIBC, type Platform } from "./platforms.ts";
import { sha256 } from "./runtime.ts";
import { tarOf } from "./tar.ts";

/** The header fills whole blocks, so that its own length does not depend on the offset it names. */
const HEADER_BLOCK = 8192;
/** Digits of the hash that tell one unpacked version from another. */
const ID_DIGITS = 12;
const BEST_COMPRESSION = 9;
/** Names that need no quoting in the list of the header. */
const SAFE_NAME = /^[\w.-]+$/;
const UNAME_OS: Readonly<Record<Platform["os"], string>> = { linux: "Linux", macos: "Darwin", windows: "Windows" };
const encoder = new TextEncoder();

/** What goes into a portable file. */
export interface PortableParts {
  readonly platform: Platform;
  readonly runtime: Uint8Array;
  /** Bundled program by file name; `main.js` starts it. */
  readonly program: ReadonlyMap<string, Uint8Array>;
  readonly version: string;
}

/**
 * The bytes of the file: a function of its parts and nothing else.
 *
 * @throws {BuildError} If the platform has no portable form or the runtime is of another machine.
 */
export function portableFile({ platform, runtime, program, version }: PortableParts): Uint8Array {
  const system = platform.portable;
  if (system === undefined) throw new BuildError(`there is no portable form for ${platform.name}`);
  const machine = elfMachine(runtime);
  if (machine !== system.elfMachine) {
    throw new BuildError(`the runtime is made for ELF machine ${machine}, ${platform.name} is ${system.elfMachine}`);
  }
  const names = [...program.keys()].sort();
  const odd = names.find((name) => !SAFE_NAME.test(name));
  if (odd !== undefined) throw new BuildError(`Cannot list ${odd} in the header: only plain file names are possible`);
  if (!program.has("main.js")) throw new BuildError("the bundle has no main.js");
  const files = [
    { name: "deno", bytes: runtime, program: true },
    ...names.map((name) => ({ name, bytes: program.get(name) ?? new Uint8Array() })),
  ];
  const sums = encoder.encode(files.map(({ name, bytes }) => `${sha256(bytes)}  ${name}\n`).join(""));
  const sumsHash = sha256(sums);
  const archive = tarOf([{ name: "SHA256SUMS", bytes: sums }, ...files]);
  const header = headerText({
    VERSION: version,
    OS: platform.os,
    ARCH: platform.arch,
    GLIBC: OLDEST_GLIBC,
    ID: `${version}-${sumsHash.slice(0, ID_DIGITS)}`,
    FILES: files.map(({ name }) => name).join(" "),
    UNAME_OS: UNAME_OS[platform.os],
    UNAME_ARCH: system.uname,
    LOADER: system.loader,
    SUMS_HASH: sumsHash,
  });
  const packed = gzipSync(archive, { level: BEST_COMPRESSION, memLevel: BEST_COMPRESSION });
  const file = new Uint8Array(header.length + packed.length);
  file.set(header);
  file.set(packed, header.length);
  return file;
}

function headerText(values: Readonly<Record<string, string>>): Uint8Array {
  const fill = (offset: number) =>
    HEADER.replaceAll(/@([A-Z_]+)@/g, (_, name: string) => {
      const value = name === "OFFSET" ? String(offset) : values[name];
      if (value === undefined) throw new BuildError(`the header asks for ${name}, which nobody gives`);
      return value;
    });
  const longest = encoder.encode(fill(Number.MAX_SAFE_INTEGER)).length + 1;
  const length = Math.ceil(longest / HEADER_BLOCK) * HEADER_BLOCK;
  const text = fill(length + 1);
  // Every path of the header ends in exec or exit, so the filling is never read as a command.
  return encoder.encode(text + "#".repeat(length - encoder.encode(text).length - 1) + "\n");
}
