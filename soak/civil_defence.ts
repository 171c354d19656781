/** Access to the audit chain: role certificates for publishers and auditors, made with the root key or handed over. */

import { canonicalBytes, type Identity, signDocument, timestamp } from "../src/protocol/mod.ts";
import type { Actor } from "../src/target/actors.ts";
import { NoSuchActor } from "../src/target/actors.ts";
import type { OpenedSession } from "../src/target/open.ts";
import { advertised } from "../src/target/profile.ts";
import { placeBlob } from "../src/target/provisioning.ts";
import { AUDITOR_ROLE } from "./audit_role.ts";
import { type Auditor, AuditReader, EXPORT } from "./audit_reader.ts";

/** A role that may publish on common nodes; one of CONTRACT3 §4.17. */
const PUBLISHER_ROLE = "feuerwehr";
/** Where the certificates are for; the embedded node's authority is `DE`. */
const REGION = "DE.NRW.Kleve";
const PUBLISHER_SCOPES: readonly string[] = ["alert.publish", "alert.cancel", "alert.ack"];
const AUDITOR_SCOPES: readonly string[] = ["audit.export"];
/** Two, so that what one is shown can be compared with what the other is shown. */
const AUDITORS = 2;
/** Alerts per second and publisher: half of the soft limit of one capability (wire-format.md section 15). */
const PER_PUBLISHER = 5;
const MAX_PUBLISHERS = 20;
/** Certificates placed and registered by one pair of identities: few enough to stay below the limits of either. */
const PER_REGISTRAR = 3;
/** Longer than any soak. */
const CERTIFICATE_LIFE_MS = 14 * 86_400_000;

/** The operator's auditor: key, role and the CID of its registered certificate. */
export interface GivenAuditor {
  readonly identity: Identity;
  readonly role: string;
  readonly certificate: string;
}

/** Who may publish, with what it needs for that. */
export interface Publisher {
  readonly actor: Actor;
  readonly role: string;
  readonly certificate: string;
  readonly region: string;
}

/** See the module comment. */
export interface CivilDefence {
  readonly auditors: readonly Auditor[];
  readonly publishers: readonly Publisher[];
  /** Why the chain cannot be judged; undefined where it can. */
  readonly unreadable?: string;
}

export interface CivilDefenceOptions {
  readonly opened: OpenedSession;
  readonly root: Identity | undefined;
  /** Whether the tester may write to the target. */
  readonly writes: boolean;
  readonly given: GivenAuditor | undefined;
  /** Highest calls per second of the run. */
  readonly rate: number;
}

/** Makes or takes the auditors and publishers, and tries an export. Never raises for what the target refuses. */
export async function openCivilDefence(options: CivilDefenceOptions): Promise<CivilDefence> {
  const { opened: { session }, root, writes, given } = options;
  const none = (unreadable: string): CivilDefence => ({ auditors: [], publishers: [], unreadable });
  if (advertised(session.profile, EXPORT) === undefined) return none(`the target does not offer ${EXPORT}`);
  if (given !== undefined) {
    const actor: Actor = { name: "auditor", identity: given.identity, id: given.identity.id, level: "member" };
    const auditors = [{ ...given, actor }];
    const publishers = root === undefined || !writes
      ? []
      : await unlessRefused([], () => issuePublishers(options, certifier(options, root)));
    return { auditors, publishers, ...await refused(options, auditors) };
  }
  if (root === undefined || !writes) {
    return none("no auditor key is at hand (--auditor-key, or --root-key with --allow-writes)");
  }
  return await unlessRefused(none, async () => {
    const auditors: Auditor[] = [];
    const certify = certifier(options, root);
    for (let i = 0; i < AUDITORS; i++) {
      const holder = await options.opened.actors.member(`soak-auditor-${i}`);
      auditors.push(await certify(holder, AUDITOR_ROLE, AUDITOR_SCOPES));
    }
    return { auditors, publishers: await issuePublishers(options, certify), ...await refused(options, auditors) };
  });
}

/** What was made, or what stands for it where the target refuses certificates. */
async function unlessRefused<T>(instead: T | ((why: string) => T), make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    if (!(error instanceof NoSuchActor) && !(error instanceof RefusedCertificate)) throw error;
    return instead instanceof Function ? instead(error.message) : instead;
  }
}

/** A certificate could not be registered; the audit chain stays unjudged. */
class RefusedCertificate extends Error {
  override readonly name = "RefusedCertificate";
}

async function refused({ opened }: CivilDefenceOptions, auditors: readonly Auditor[]) {
  const { session } = opened;
  const { clock } = session.network;
  const reached = () => ({ first: undefined, last: undefined, entries: 0 });
  const reader = new AuditReader({ clock, session, auditors, observe: () => {}, knows: () => false, reached });
  const code = await reader.refusal();
  return code === undefined ? {} : { unreadable: `an export was refused with ${code}` };
}

type Certify = (
  actor: Actor,
  role: string,
  scopes: readonly string[],
) => Promise<{ readonly actor: Actor; readonly role: string; readonly certificate: string }>;

/** Makes certificates with the root key, places them as blobs and registers them. */
function certifier({ opened: { session, actors } }: CivilDefenceOptions, root: Identity): Certify {
  let certified = 0;
  return async (actor, role, scopes) => {
    const pair = Math.floor(certified++ / PER_REGISTRAR);
    const placer = await actors.trusted(`soak-certificates-${pair}`);
    const registrar = await actors.anchor(`soak-registrar-${pair}`);
    const now = session.wall();
    const document = signDocument(root, {
      cert_id: session.id(),
      holder: actor.id,
      role,
      region: REGION,
      issuer: root.id,
      issuer_chain: [root.id],
      issued_at: timestamp(now),
      expires_at: timestamp(now + CERTIFICATE_LIFE_MS),
      scopes: [...scopes],
      revocation_url: null,
    });
    const { cid } = await placeBlob(session, placer, canonicalBytes(document));
    const { expires_at } = document;
    const answer = await session.call(registrar, "civdef.role.register", {
      subject: actor.id,
      role,
      role_certificate_cid: cid,
      expires_at,
    });
    if (answer.status !== 200) {
      const said = new TextDecoder().decode(answer.body.subarray(0, 200));
      throw new RefusedCertificate(`a role certificate was refused: ${said || answer.failure?.message}`);
    }
    return { actor, role, certificate: cid };
  };
}

async function issuePublishers(
  { opened: { session, actors }, rate }: CivilDefenceOptions,
  certify: Certify,
): Promise<readonly Publisher[]> {
  const publishers: Publisher[] = [];
  if (advertised(session.profile, "civdef.alert.publish") === undefined) return publishers;
  const wanted = Math.min(MAX_PUBLISHERS, Math.max(1, Math.ceil(rate / PER_PUBLISHER)));
  for (let i = 0; i < wanted; i++) {
    const holder = await actors.member(`soak-publisher-${i}`);
    publishers.push({ ...await certify(holder, PUBLISHER_ROLE, PUBLISHER_SCOPES), region: REGION });
  }
  return publishers;
}
