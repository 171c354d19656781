/** The program as a few plain JavaScript files with nothing outside them. */

import { isObject, tryParseJson } from "../../protocol/mod.ts";
import { UNBUILT_COMMIT } from "../version.ts";
import { BuildError, lastWords } from "./errors.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Files by name; `main.js` starts the program. */
export type Bundle = ReadonlyMap<string, Uint8Array>;

/**
 * Bundles the program, in parts so that a command loads only what it needs, with the commit written into it.
 *
 * @param root Folder of main.ts and deno.json.
 * @throws {BuildError} If it cannot be bundled or would load something from outside.
 */
export async function bundleProgram(root: string, commit: string): Promise<Bundle> {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-bundle-" });
  try {
    const options = ["--quiet", "--frozen", "--minify", "--keep-names", "--code-splitting"];
    await deno(["bundle", ...options, "--outdir", folder, "main.ts"], root);
    const files = new Map<string, Uint8Array>();
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    for (const name of names) files.set(name, await Deno.readFile(`${folder}/${name}`));
    const outside = await importsFromOutside(folder);
    if (outside.length > 0) throw new BuildError(`the bundle would load from outside: ${outside.join(", ")}`);
    return withCommit(files, commit);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Writes the commit over the mark that `version.ts` holds for it. */
function withCommit(files: Bundle, commit: string): Bundle {
  const marked = [...files].filter(([, bytes]) => decoder.decode(bytes).includes(UNBUILT_COMMIT));
  if (marked.length !== 1) throw new BuildError(`the mark of the commit is in ${marked.length} files, not in one`);
  return new Map(
    [...files].map(([name, bytes]) => {
      const text = decoder.decode(bytes);
      return [name, text.includes(UNBUILT_COMMIT) ? encoder.encode(text.replaceAll(UNBUILT_COMMIT, commit)) : bytes];
    }),
  );
}

/** What `main.js` of a folder imports, directly or not, from outside the folder and the runtime. */
export async function importsFromOutside(folder: string): Promise<string[]> {
  const graph = tryParseJson(await deno(["info", "--json", "--no-config", "--no-lock", "main.js"], folder));
  if (!isObject(graph) || !Array.isArray(graph.modules)) throw new BuildError("deno info told no graph of modules");
  const own = `file://${await Deno.realPath(folder)}/`;
  return graph.modules.flatMap((module) => {
    if (!isObject(module)) return [];
    const specifier = String(module.specifier);
    return specifier.startsWith("node:") || (specifier.startsWith(own) && !("error" in module)) ? [] : [specifier];
  });
}

async function deno(args: readonly string[], cwd: string): Promise<Uint8Array> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    env: { NO_COLOR: "1" },
  }).output();
  if (!success) throw new BuildError(`deno ${args[0]} failed: ${lastWords(stderr)}`);
  return stdout;
}
