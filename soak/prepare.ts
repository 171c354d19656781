/** Before the load: look at the target, make the callers, place what is read, choose the operations. */

import { Random } from "../src/protocol/mod.ts";
import type { Network } from "../src/wire/mod.ts";
import type { Adapter } from "../src/target/adapter.ts";
import { type Actor, NoSuchActor } from "../src/target/actors.ts";
import { type OpenedSession, openSession } from "../src/target/open.ts";
import { preflight } from "../src/target/preflight.ts";
import { advertised } from "../src/target/profile.ts";
import { blobBytes, placeBlob, someCorpus, uploadPath } from "../src/target/provisioning.ts";
import type { Session } from "../src/target/session.ts";
import type { Target } from "../src/target/target.ts";
import { type CivilDefence, type GivenAuditor, openCivilDefence } from "./civil_defence.ts";
import type { Shard } from "./run_state.ts";
import { chooseOperations } from "./workload.ts";
import type { Caller, Material, Operation } from "./workload_calls.ts";

/** Calls per second and caller; half of the documented soft limit of one capability (wire-format.md section 15). */
const PER_CALLER = 5;
const MIN_CALLERS = 2;
/** Enrolling one takes two events; more than these spread a load no better. */
const MAX_CALLERS = 500;
/** Members that upload; the share of the load that may be uploads without reaching the limit of one. */
const MAX_UPLOADERS = 20;
const UPLOAD_SHARE = 0.2;
/** A blob of two chunks. */
const BLOB_BYTES = 300_000;

export interface PrepareOptions {
  readonly target: Target;
  readonly network: Network;
  readonly adapter: Adapter;
  readonly seed: number;
  readonly timeOrigin: number;
  /** Highest calls per second. */
  readonly rate: number;
  readonly weights?: Readonly<Record<string, number>>;
  /** Which of the identities are ours; all without it. */
  readonly shard?: Shard;
  /** Few callers, so that the documented rate limits are reached. */
  readonly exceedRateLimits?: boolean;
  /** The operator's access to the audit chain. */
  readonly auditor?: GivenAuditor;
}

/** A target made ready. */
export interface Prepared {
  readonly session: Session;
  readonly callers: readonly Caller[];
  readonly material: Material;
  readonly operations: readonly Operation[];
  readonly civilDefence: CivilDefence;
  readonly readable: boolean;
  readonly head: number;
  /** What the operator should know: what is left out, and why. */
  readonly remarks: readonly string[];
}

/**
 * See the module comment.
 *
 * @throws {PreflightError} If the target cannot be reached or is none.
 */
export async function prepareTarget(options: PrepareOptions): Promise<Prepared> {
  const { target, network, adapter, seed, timeOrigin } = options;
  const found = await preflight(target, network, { seed, timeOrigin, adapter });
  const { profile } = found;
  const opened = await openSession(target, { network, profile, seed, timeOrigin, scope: "soak", needs: {} });
  const remarks = [...found.remarks];
  const members = Math.floor(profile.identities.member / (options.shard?.count ?? 1));
  const made = await makeCallers(opened, options, members, remarks);
  const callers = made.length > 0 || options.auditor === undefined ? made : asAuditor(options.auditor, remarks);
  const writes = target.access.allowWrites && made.length > 0;
  const civilDefence = await openCivilDefence({
    opened,
    root: target.access.root,
    writes: target.access.allowWrites,
    given: options.auditor,
    rate: options.rate,
  });
  const { publishers } = civilDefence;
  const placed = writes ? await placeMaterial(opened, options.rate, remarks) : {};
  const material = publishers.length === 0 ? placed : { ...placed, publishers };
  const { session } = opened;
  const operations = callers.length === 0 ? [] : chooseOperations(session, {
    writes,
    sync: profile.sync,
    material,
    ...(options.weights === undefined ? {} : { weights: options.weights }),
  });
  if (!target.access.allowWrites) remarks.push("nothing is written: --allow-writes was not given");
  if (civilDefence.unreadable !== undefined) remarks.push(`the audit chain is not judged: ${civilDefence.unreadable}`);
  if (!profile.observe) remarks.push("the target's log cannot be read: lost events cannot be seen");
  return {
    session,
    callers,
    material,
    operations,
    civilDefence,
    readable: profile.observe,
    head: await session.head() ?? 0,
    remarks,
  };
}

/** Nobody else is a member that we can be: the auditor is one, and reads. */
function asAuditor({ identity }: GivenAuditor, remarks: string[]): readonly Caller[] {
  remarks.push("no other identity is a member: calls are made as the auditor");
  return [{ index: 0, actor: { name: "auditor", identity, id: identity.id, level: "member" } }];
}

async function makeCallers(
  { actors }: OpenedSession,
  { rate, shard, target, exceedRateLimits = false }: PrepareOptions,
  members: number,
  remarks: string[],
): Promise<readonly Caller[]> {
  const spread = exceedRateLimits ? MIN_CALLERS : Math.ceil(rate / PER_CALLER);
  const wanted = Math.min(MAX_CALLERS, Math.max(MIN_CALLERS, spread));
  const count = Math.min(wanted, members);
  if (count < wanted) remarks.push(`${count} of ${wanted} callers are at hand: the target may limit their rate`);
  const callers: Caller[] = [];
  for (let place = 0; callers.length < count; place++) {
    const ours = shard === undefined || place % shard.count === shard.index - 1;
    // Identities of a fixed pool are given out in their order, so those of other shards are taken and left alone.
    if (!ours && target.access.root !== undefined) continue;
    try {
      const actor = await actors.member(`soak-${place}`);
      if (ours) callers.push({ index: callers.length, actor });
    } catch (error) {
      if (!(error instanceof NoSuchActor)) throw error;
      break;
    }
  }
  return callers;
}

/** A blob and a corpus, as far as the target takes them. */
async function placeMaterial({ session, actors }: OpenedSession, rate: number, remarks: string[]): Promise<Material> {
  const attempt = async <T>(what: string, make: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await make();
    } catch (error) {
      remarks.push(`${what} is left out: ${error instanceof Error ? error.message : error}`);
      return undefined;
    }
  };
  const offers = (...names: readonly string[]) =>
    names.every((name) => advertised(session.profile, name) !== undefined);
  const blob = offers("file.read", "file.put")
    ? await attempt("file.read", async () => {
      const placer = await actors.trusted("soak-placer");
      return (await placeBlob(session, placer, blobBytes(session, "soak", BLOB_BYTES))).cid;
    })
    : undefined;
  const corpus = offers("rag.query", "rag.ingest")
    ? await attempt("rag.query", () => someCorpus(session, actors))
    : undefined;
  const uploads = blob === undefined ? undefined : await attempt("file.put", async () => {
    const count = Math.min(MAX_UPLOADERS, Math.max(1, Math.ceil(rate * UPLOAD_SHARE / PER_CALLER)));
    const uploaders: Actor[] = [];
    for (let i = 0; i < count; i++) uploaders.push(await actors.trusted(i === 0 ? "soak-placer" : `soak-placer-${i}`));
    return { actors: uploaders, path: await uploadPath(session, await actors.trusted("soak-placer")) };
  });
  return {
    ...(uploads === undefined ? {} : { uploads }),
    ...(blob === undefined ? {} : { blob }),
    ...(corpus === undefined ? {} : { corpus: { name: corpus.name, query: corpus.query } }),
  };
}

/** Random numbers of the load, a function of seed and run. */
export function loadRandom(seed: number, purpose: string): Random {
  return new Random(seed, "soak", purpose);
}
