/** More than two targets: who agrees with whom, per capability. */

import { join } from "node:path";
import type { Options } from "../src/cli/parse.ts";
import { UsageError } from "../src/cli/parse.ts";
import { splitCommand } from "../src/target/process.ts";
import { visible } from "../src/report/escape.ts";
import { escapeHtml } from "../src/report/escape.ts";
import { prepareFolder, writeAtomic } from "../src/report/atomic.ts";
import { calibrate } from "./calibrate.ts";
import { commonOffer, makeTarget, sideOptions } from "./contest.ts";
import { type DiffContext, frameOf } from "./diff_command.ts";
import { keyOf } from "./finding.ts";
import { freshRun } from "./investigate.ts";
import { Mask, type MaskEntry, STANDING_MASK } from "./mask.ts";
import { addressOf } from "./plan.ts";
import { planFor } from "./plan_source.ts";
import { type Contestant, meet } from "./side.ts";

const LEAST_TARGETS = 3;
const MOST_TARGETS = 8;

/** One pair of the matrix: causes by capability or endpoint. */
interface Cell {
  readonly left: string;
  readonly right: string;
  readonly differences: Readonly<Record<string, number>>;
}

/** Runs every pair once; exit code 0 if all agree, 1 if not, 3 if a pair could not be compared to its end. */
export async function matrixCommand(options: Options, context: DiffContext): Promise<number> {
  const { printer, signal } = context;
  const specs = splitCommand(options.text("target") ?? "");
  if (specs.length < LEAST_TARGETS || specs.length > MOST_TARGETS) {
    throw new UsageError(
      `diff: --target takes ${LEAST_TARGETS} to ${MOST_TARGETS} targets, current value has ${specs.length}`,
    );
  }
  const directory = options.text("output-dir") ?? "";
  await prepareFolder(directory);
  const frame = frameOf(options, context);
  const place = { program: context.program, directory: join(directory, "nodes") };
  const contestants: Contestant[] = [];
  try {
    for (const [index, spec] of specs.entries()) {
      const own = { ...place, directory: join(place.directory, String(index)) };
      const target = await makeTarget(sideOptions(options, undefined, spec), spec, frame, own);
      contestants.push(await meet(`${letter(index)} ${target.url}`, target, frame));
    }
    const plan = await planFor(options, frame, contestants);
    const entries: MaskEntry[] = [];
    for (const one of contestants) {
      const runs = options.number("calibrate") ?? 0;
      entries.push(...(await calibrate(one, plan, { runs, frame, signal, standing: STANDING_MASK })).entries);
    }
    const cells: Cell[] = [];
    let stopped = false;
    for (const [i, left] of contestants.entries()) {
      for (const right of contestants.slice(i + 1)) {
        printer.progress(`comparing ${left.name} with ${right.name}`);
        const run = await freshRun({ left, right, frame, signal }, plan, "diff");
        const mask = new Mask([...STANDING_MASK, ...entries]);
        const causes = new Map<string, Set<string>>();
        for (const finding of run.findings.filter((one) => !mask.hides(one))) {
          const step = plan.steps[finding.step];
          const address = step === undefined ? "" : addressOf(step.step);
          causes.set(address, (causes.get(address) ?? new Set()).add(keyOf(finding)));
        }
        stopped ||= run.stop?.who === "both";
        const differences = Object.fromEntries([...causes].map(([address, keys]) => [address, keys.size]));
        cells.push({ left: left.name, right: right.name, differences });
      }
    }
    printer.progress("");
    const addresses = [...new Set(plan.steps.map(({ step }) => addressOf(step)))].sort();
    const { oneSided } = commonOffer(contestants);
    const different = cells.some(({ differences }) => Object.keys(differences).length > 0) || oneSided.length > 0;
    const verdict = stopped ? "inconclusive" : different ? "different" : "equal";
    const report = {
      schema: "hearthproof.diff-matrix/1",
      verdict,
      seed: frame.seed,
      steps: plan.steps.length,
      targets: contestants.map(({ name }) => name),
      pairs: cells,
      one_sided: oneSided,
    };
    await writeAtomic(join(directory, "diff-matrix.json"), JSON.stringify(report, null, 2) + "\n");
    await writeAtomic(join(directory, "diff-matrix.html"), page(verdict, cells, addresses, oneSided));
    if (options.flag("json")) printer.out(JSON.stringify(report));
    else {
      printer.out(
        `${verdict.toUpperCase()}  ${contestants.length} targets, ${plan.steps.length} steps, seed ${frame.seed}`,
      );
      for (const { left, right, differences } of cells) {
        const where = Object.entries(differences).map(([address, count]) => `${address} (${count})`).join(", ");
        printer.out(`  ${visible(left)} | ${visible(right)}: ${where === "" ? "agree" : visible(where)}`);
      }
      for (const { capability, who } of oneSided) printer.out(`  only ${who.join(", ")}: ${visible(capability)}`);
      printer.out(`reports: ${join(directory, "diff-matrix.html")}, diff-matrix.json`);
    }
    return { equal: 0, different: 1, inconclusive: 3 }[verdict];
  } finally {
    await Promise.all(contestants.map(({ target }) => target.stop()));
    await Deno.remove(place.directory, { recursive: true }).catch(() => {});
  }
}

function letter(index: number): string {
  return String.fromCharCode("A".charCodeAt(0) + index);
}

function page(
  verdict: string,
  cells: readonly Cell[],
  addresses: readonly string[],
  oneSided: readonly { readonly capability: string; readonly who: readonly string[] }[],
): string {
  const head = cells.map(({ left, right }) => `<th>${escapeHtml(left)}<br>${escapeHtml(right)}</th>`).join("");
  const rows = addresses.map((address) => {
    const columns = cells.map(({ differences }) => {
      const count = differences[address] ?? 0;
      return count === 0 ? "<td>agree</td>" : `<td><b>${count} different</b></td>`;
    });
    return `<tr><th scope="row">${escapeHtml(address)}</th>${columns.join("")}</tr>`;
  });
  const alone = oneSided.map(({ capability, who }) =>
    `<li>${escapeHtml(capability)}: only ${escapeHtml(who.join(", "))}</li>`
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'">
<title>${verdict} - comparison matrix</title></head>
<body><h1>${verdict}</h1><table border="1" cellpadding="4"><thead><tr><th></th>${head}</tr></thead>
<tbody>${rows.join("\n")}</tbody></table><ul>${alone.join("")}</ul></body></html>
`;
}
