/** The Deno binary that goes into a portable file: the one that is running, or the same version from npm. */

import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import type { Clock } from "../../protocol/mod.ts";
import { BuildError, lastWords } from "./errors.ts";
import { type PortableSystem, RUNTIME_VERSION } from "./platforms.ts";
import { fileOfTar } from "./tar.ts";

/** Longest time the registry may take, in milliseconds; a package has 41 MB. */
const FETCH_DEADLINE_MS = 300_000;

/** SHA-256 in hex. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * The runtime of a system. Only bytes with the pinned hash are taken.
 *
 * @throws {BuildError} If it is neither here nor to be had from npm.
 */
export async function runtimeFor(system: PortableSystem, clock: Clock): Promise<Uint8Array> {
  const running = await Deno.readFile(Deno.execPath());
  if (sha256(running) === system.runtimeSha256) return running;
  const fetched = await fetchRuntime(system, clock);
  const found = sha256(fetched);
  if (found !== system.runtimeSha256) {
    throw new BuildError(
      `${system.runtimePackage}@${RUNTIME_VERSION} holds a runtime with SHA-256 ${found}, pinned is ` +
        `${system.runtimeSha256}; check the registry, or the pin in src/cli/build/platforms.ts`,
    );
  }
  return fetched;
}

async function fetchRuntime({ runtimePackage }: PortableSystem, clock: Clock): Promise<Uint8Array> {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-build-" });
  const wanted = `${runtimePackage}@${RUNTIME_VERSION}`;
  const over = new AbortController();
  const late = new AbortController();
  clock.sleep(FETCH_DEADLINE_MS, over.signal).then(() => late.abort(), () => {});
  try {
    // npm and not our own download: it knows the registry, proxies and certificates of this machine.
    const { success, stdout, stderr } = await new Deno.Command("npm", {
      args: ["pack", wanted, "--silent", "--ignore-scripts", "--pack-destination", folder],
      cwd: folder,
      signal: late.signal,
    }).output();
    if (!success) throw new BuildError(`npm cannot fetch ${wanted}: ${lastWords(stderr) || lastWords(stdout)}`);
    const name = [...Deno.readDirSync(folder)].map((entry) => entry.name).find((entry) => entry.endsWith(".tgz"));
    if (name === undefined) throw new BuildError(`npm wrote no package for ${wanted}`);
    return fileOfTar(gunzipSync(await Deno.readFile(`${folder}/${name}`)), "package/deno");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new BuildError(`Cannot fetch ${wanted}: npm is not installed; it comes with Node`);
    }
    throw error;
  } finally {
    over.abort();
    await Deno.remove(folder, { recursive: true });
  }
}
