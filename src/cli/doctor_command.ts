/** `hearthproof doctor`: says what stands between a target and a verdict, and what to do about it. */

import { bounded, visible } from "../report/escape.ts";
import { pad, wrap } from "../report/text.ts";
import { plan } from "../runner/select.ts";
import { PreflightError } from "../target/preflight.ts";
import type { Target } from "../target/target.ts";
import { DEFAULT_SEED } from "./commands.ts";
import { certainOffset, examine, type Findings, findingsJson, MANIFEST_LIFETIME_MS } from "./doctor.ts";
import { EXIT } from "./exit_code.ts";
import type { Options } from "./parse.ts";
import type { Printer } from "./printer.ts";
import { type CommandContext, selectCases } from "./run_command.ts";
import { chooseTarget } from "./target_options.ts";

const LABEL_WIDTH = 15;
const SECTION_WIDTH = 32;
const NUMBER_WIDTH = 9;
const MAX_SHOWN_NAME = 60;
const MS_PER_SECOND = 1000;

/** Runs the command; exit code 0 if something can be judged, 2 if the target cannot be used, 3 if nothing is left. */
export async function doctorCommand(options: Options, context: CommandContext): Promise<number> {
  const { printer, clock } = context;
  const seed = options.number("seed") ?? DEFAULT_SEED;
  const timeOrigin = clock.wall();
  const { target, adapter } = await chooseTarget(options, { seed, timeOrigin });
  const cases = selectCases(plan(context.suites, context.requirementOf), options).selected;
  const json = options.flag("json");
  const pinned = options.given("tls-pin") || adapter.fingerprint !== undefined;
  let findings: Findings;
  try {
    findings = await examine({ target, adapter, cases, clock, seed, timeOrigin, pinned });
  } catch (error) {
    if (!(error instanceof PreflightError) || !json) throw error;
    const { code, message } = error;
    printer.out(JSON.stringify({
      schema: "hearthproof.doctor/1",
      target: { kind: target.kind, url: target.url, dialect: target.dialect.name },
      reachable: code !== "unreachable" && code !== "tls_mismatch",
      error: { code, message },
    }));
    return EXIT.harness;
  } finally {
    await target.stop();
  }
  if (json) printer.out(JSON.stringify(findingsJson(target, findings)));
  else printFindings(printer, target, findings);
  return findings.sections.some(({ judged }) => judged > 0) ? EXIT.clean : EXIT.inconclusive;
}

/** Prints the findings, each with what to do where something can be done. */
export function printFindings(printer: Printer, target: Target, findings: Findings): void {
  const { profile, implementation } = findings;
  const say = (label: string, text: string) => {
    const [first = "", ...rest] = wrap(text, printer.width - LABEL_WIDTH);
    printer.out(pad(label, LABEL_WIDTH) + first);
    for (const line of rest) printer.out(" ".repeat(LABEL_WIDTH) + line);
  };
  const shown = (text: string) => bounded(text, MAX_SHOWN_NAME);
  say("target", `${visible(target.url)} (${target.kind}, dialect ${target.dialect.name})`);
  say("reachable", `yes, GET /manifest was answered in ${findings.answerMs} ms`);
  say("tls", tlsText(findings));
  say("clock", clockText(findings));
  say("node", `${shown(profile.nodeId)} of community ${shown(profile.communityId)}`);
  say("implementation", `${shown(implementation.name)} ${shown(implementation.version)}`);
  say("contract", `${shown(profile.contractVersion)}, ${profile.capabilities.length} capabilities advertised`);
  say("membership", membershipText(findings, target));
  say("means", meansText(findings));
  for (const remark of findings.remarks) say("note", remark);
  printer.out("");
  printOutlook(printer, findings);
}

function tlsText({ certificate, profile }: Findings): string {
  if (certificate === undefined) {
    return profile.scheme === "https" ? "https, no certificate was shown" : "plain HTTP, nothing to pin";
  }
  const { fingerprint, pinned } = certificate;
  return pinned
    ? `certificate is the pinned one, SHA-256 ${fingerprint}`
    : `not pinned; to refuse any other: --tls-pin ${fingerprint}`;
}

function clockText({ clock }: Findings): string {
  if (clock === undefined) return "unknown: neither a Date header nor issued_at could be read";
  const seconds = (ms: number) => (ms / MS_PER_SECOND).toFixed(1);
  const off = certainOffset(clock);
  const range = `between ${seconds(clock.low_ms)} s and ${seconds(clock.high_ms)} s ahead of ours (${clock.source})`;
  if (off === 0) return `agrees with ours as far as can be seen: ${range}`;
  const much = `${seconds(Math.abs(off))} s ${off > 0 ? "ahead of" : "behind"} ours at least: ${range}`;
  return Math.abs(off) < MANIFEST_LIFETIME_MS
    ? much
    : `${much}. Manifests live ${MANIFEST_LIFETIME_MS / MS_PER_SECOND} s: set one of the clocks right before judging`;
}

function membershipText({ profile }: Findings, target: Target): string {
  const { member, trusted, anchor } = profile.identities;
  const self = profile.self ? ", and the node's own key is at hand" : "";
  if (profile.root) return `the root key makes every identity that is needed${self}`;
  const held = target.access.root !== undefined
    ? "the root key is at hand, but a live community is written to with --allow-writes only; "
    : target.access.admin !== undefined && !Number.isFinite(member)
    ? "the admin key invites the members that are needed; "
    : "";
  if (member + trusted + anchor === 0) {
    return `${held}none: hearthproof identity prints identities to enrol; or give --root-key FILE with --allow-writes${self}`;
  }
  const count = (n: number) => Number.isFinite(n) ? String(n) : "any number of";
  return `${held}acts as ${count(member)} member, ${count(trusted)} trusted, ${count(anchor)} anchor identities${self}`;
}

function meansText({ profile }: Findings): string {
  const means: readonly [string, boolean][] = [
    ["push events", profile.sync],
    ["see logged events", profile.observe],
    ["subscribe to topics", profile.pubsub],
    ["WebSocket", profile.websocket],
    ["own tokens", profile.ownToken],
  ];
  const names = (open: boolean) => means.filter(([, is]) => is === open).map(([name]) => name).join(", ");
  return `${names(true) === "" ? "none" : names(true)}${names(false) === "" ? "" : `; not possible: ${names(false)}`}`;
}

function printOutlook(printer: Printer, { sections, reasons }: Findings): void {
  const row = (name: string, numbers: readonly (number | string)[]) =>
    printer.out(
      pad(name, SECTION_WIDTH) + numbers.map((n) => pad(n === 0 ? "-" : String(n), NUMBER_WIDTH, "left")).join(""),
    );
  row("SECTION", ["CASES", "JUDGED", "SLOW", "SKIPPED"]);
  for (const { section, cases, judged, slow, skipped } of sections) row(section, [cases, judged, slow, skipped]);
  const sum = (name: "cases" | "judged" | "slow" | "skipped") => sections.reduce((total, one) => total + one[name], 0);
  row("all", [sum("cases"), sum("judged"), sum("slow"), sum("skipped")]);
  printer.out("");
  if (reasons.length > 0) {
    printer.out("NOT JUDGED");
    for (const { reason, count } of reasons) {
      const [first = "", ...rest] = wrap(visible(reason), printer.width - NUMBER_WIDTH - 2);
      printer.out(`${pad(String(count), NUMBER_WIDTH, "left")}  ${first}`);
      for (const line of rest) printer.out(" ".repeat(NUMBER_WIDTH + 2) + line);
    }
    printer.out("");
  }
  const judged = sum("judged");
  printer.out(
    judged === 0
      ? "Nothing can be judged: give access as said above."
      : `${judged} of ${sum("cases")} cases can be judged: hearthproof run with the same options does it.`,
  );
}
