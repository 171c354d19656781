/** The systems a file can be built for. */

/** Version of the runtime: the one that runs everything here, because the file must behave as the source does. */
export const RUNTIME_VERSION = "2.9.5";
/** The oldest glibc this runtime loads with (highest GLIBC_ version among its symbols). */
export const OLDEST_GLIBC = "2.27";

/** What a portable file needs to know of a system. */
export interface PortableSystem {
  /** npm package that holds the runtime. */
  readonly runtimePackage: string;
  /** SHA-256 of the runtime in it, so that every build of one commit is the same. */
  readonly runtimeSha256: string;
  /** Machine number in an ELF header (System V ABI, "e_machine"). */
  readonly elfMachine: number;
  /** What `uname -m` may say, as a pattern of the shell. */
  readonly uname: string;
  /** Where glibc puts its loader. */
  readonly loader: string;
}

/** One system. */
export interface Platform {
  /** As in `dist/hearthproof-NAME`. */
  readonly name: string;
  readonly os: "linux" | "macos" | "windows";
  readonly arch: "x64" | "arm64";
  /** As `deno compile --target` names it. */
  readonly triple: string;
  /** Undefined where only a compiled file is possible. */
  readonly portable?: PortableSystem;
}

export const PLATFORMS: readonly Platform[] = [
  {
    name: "linux-x64",
    os: "linux",
    arch: "x64",
    triple: "x86_64-unknown-linux-gnu",
    portable: {
      runtimePackage: "@deno/linux-x64-glibc",
      runtimeSha256: "dc480c462c8c3582524f3e75c160613d0a975e1f66b5465995d58bae236da7d3",
      elfMachine: 62,
      uname: "x86_64 | amd64",
      loader: "/lib64/ld-linux-x86-64.so.2",
    },
  },
  {
    name: "linux-arm64",
    os: "linux",
    arch: "arm64",
    triple: "aarch64-unknown-linux-gnu",
    portable: {
      runtimePackage: "@deno/linux-arm64-glibc",
      runtimeSha256: "e1a70c5eb03b0ebaf761077029ef86b9ba22d50e2b54ca45ce5437457f701b63",
      elfMachine: 183,
      uname: "aarch64 | arm64",
      loader: "/lib/ld-linux-aarch64.so.1",
    },
  },
  { name: "macos-x64", os: "macos", arch: "x64", triple: "x86_64-apple-darwin" },
  { name: "macos-arm64", os: "macos", arch: "arm64", triple: "aarch64-apple-darwin" },
  { name: "windows-x64", os: "windows", arch: "x64", triple: "x86_64-pc-windows-msvc" },
];

/** The platform of a short name or a triple. */
export function platformNamed(name: string): Platform | undefined {
  return PLATFORMS.find((platform) => platform.name === name || platform.triple === name);
}

/** File name of a build. */
export function fileNameOf({ name, os }: Platform): string {
  return `hearthproof-${name}${os === "windows" ? ".exe" : ""}`;
}
