/**
 * Compiles the requirement YAML of this folder to catalogue.json: `deno run -A suites/catalogue/compile.ts`.
 * The program reads the JSON only, because parsing the YAML takes longer than the rest of its start.
 */

import { parse } from "@std/yaml";
import type { Catalogue, NotJudged, Requirement, RequirementLevel } from "./types.ts";

/** One YAML file. */
export interface SourceFile {
  readonly name: string;
  readonly text: string;
}

/** Name of the list of requirements that are not judged; every other YAML file holds requirements. */
export const NOT_JUDGED_FILE = "not_judged.yaml";

const ID = /^[A-Z]{3}-\d{3}$/;
const SECTION = /^(core|services|experimental|operability)\/[a-z_]+$|^federation$|^operability$/;
const LEVELS: readonly unknown[] = ["MUST", "SHOULD", "MAY"] satisfies RequirementLevel[];
const MEMBERS = ["id", "section", "ref", "level", "needs", "says", "observe", "fault", "control"];

type Fields = Readonly<Record<string, unknown>>;

/**
 * The catalogue of the given files.
 *
 * @throws {TypeError} If a file is not of the expected shape, an id occurs twice, or the list of requirements that are
 * not judged names an unknown one; the message says where.
 */
export function compileCatalogue(files: readonly SourceFile[]): Catalogue {
  const requirements: Requirement[] = [];
  let notJudged: readonly NotJudged[] = [];
  for (const { name, text } of [...files].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const document = fields(parse(text), name);
    if (name === NOT_JUDGED_FILE) {
      notJudged = list(document.not_judged, name).map((entry) => readNotJudged(entry, name));
    } else requirements.push(...readRequirements(document, name));
  }
  const known = new Set<string>();
  for (const { id } of requirements) {
    if (known.has(id)) throw new TypeError(`Cannot compile the catalogue: ${id} occurs twice`);
    known.add(id);
  }
  const listed = new Set<string>();
  for (const { id } of notJudged) {
    if (!known.has(id)) throw new TypeError(`Cannot compile ${NOT_JUDGED_FILE}: ${id} is no requirement`);
    if (listed.has(id)) throw new TypeError(`Cannot compile ${NOT_JUDGED_FILE}: ${id} occurs twice`);
    listed.add(id);
  }
  return { requirements, not_judged: notJudged };
}

/** Text of catalogue.json, in the form `deno fmt` leaves alone. */
export function catalogueText(catalogue: Catalogue): string {
  return JSON.stringify(catalogue, null, 2) + "\n";
}

/** Reads the YAML files of a folder. */
export function readSources(folder: URL): SourceFile[] {
  return [...Deno.readDirSync(folder)]
    .filter(({ name }) => name.endsWith(".yaml"))
    .map(({ name }) => ({ name, text: Deno.readTextFileSync(new URL(name, folder)) }));
}

function readRequirements(document: Fields, file: string): Requirement[] {
  const section = text(document.section, `section of ${file}`);
  return list(document.requirements, file).map((entry) => {
    const item = fields(entry, file);
    const id = text(item.id, `id in ${file}`);
    if (!ID.test(id)) throw new TypeError(`Cannot compile ${file}: current id is ${id}`);
    const own = item.section === undefined ? section : text(item.section, `section of ${id}`);
    if (!SECTION.test(own)) throw new TypeError(`Cannot compile ${id}: current section is ${own}`);
    if (!LEVELS.includes(item.level)) throw new TypeError(`Cannot compile ${id}: current level is ${item.level}`);
    const foreign = Object.keys(item).find((member) => !MEMBERS.includes(member));
    if (foreign !== undefined) throw new TypeError(`Cannot compile ${id}: unknown member ${foreign}`);
    return {
      id,
      section: own,
      ref: text(item.ref, `ref of ${id}`),
      level: item.level as RequirementLevel,
      needs: list(item.needs, id).map((need) => text(need, `need of ${id}`)),
      says: text(item.says, `says of ${id}`),
      observe: text(item.observe, `observe of ${id}`),
      fault: text(item.fault, `fault of ${id}`),
      ...(item.control === undefined ? {} : { control: text(item.control, `control of ${id}`) }),
    };
  });
}

function readNotJudged(entry: unknown, file: string): NotJudged {
  const item = fields(entry, file);
  const id = text(item.id, `id in ${file}`);
  return { id, reason: text(item.reason, `reason of ${id}`) };
}

function fields(value: unknown, where: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(`Cannot compile ${where}: current value is no mapping`);
  }
  return value as Fields;
}

function list(value: unknown, where: string): unknown[] {
  if (!Array.isArray(value)) throw new TypeError(`Cannot compile ${where}: current value is no list`);
  return value;
}

function text(value: unknown, where: string): string {
  if (typeof value !== "string" || value.trim() === "") {
    throw new TypeError(`Cannot compile the ${where}: current value is no text`);
  }
  return value.trim();
}

if (import.meta.main) {
  const folder = new URL("./", import.meta.url);
  Deno.writeTextFileSync(new URL("catalogue.json", folder), catalogueText(compileCatalogue(readSources(folder))));
}
