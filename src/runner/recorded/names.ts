/**
 * What stands for what when a recording is sent to another node: the names of the recorded node and its answers, the
 * identities of the case, and the time.
 */

import {
  deriveBytes,
  type Identity,
  identityFromSeed,
  isObject,
  type Json,
  parseTimestamp,
  Random,
  timestamp,
  ulid,
  ulidTime,
} from "../../protocol/mod.ts";
import { formOf } from "../../protocol/forms.ts";

/** Times further than this from the recording belong to no clock and stay: a fixed date of a test. */
const NEAR_MS = 40 * 86_400_000;
/** Texts shorter than this are no names that could be learned. */
const LEAST_LEARNED = 8;
const LEARNED = /^[A-Za-z0-9_.:/+=~-]+$/;
const MS_PER_SECOND = 1000;
const ULID_TIME_CHARACTERS = 10;
const ULID_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/** Members that hold positions of the log. */
const LAMPORT_NAMES = /^(lamport|our_head|max_lamport|head|new_head|new_head_lamport|head_lamport|since_lamport)$/;
const TIME_NAMES = /^(iat|exp|nbf|ts|at)$|_at$|_unix$/;
/** Whole numbers above it are seconds since the epoch, above the other milliseconds. */
const EPOCH_SECONDS_FROM = 1_000_000_000;
const EPOCH_MS_FROM = 1_000_000_000_000;

const WITHIN =
  /hntoken:\/\/v1\/[A-Za-z0-9_.-]+|blake3:[0-9a-f]{64}|ed25519:[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])|(?<![0-9A-Za-z])[0-7][0-9A-HJKMNP-TV-Z]{25}(?![0-9A-Za-z])|\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z/g;

/** What names can be learned from. */
export interface Answered {
  readonly status: number;
  /** JSON of the body. */
  readonly value?: Json | undefined;
  /** Data of the frames of a stream. */
  readonly frames?: readonly { readonly data?: Json | undefined }[] | undefined;
}

/** What is known of both sides before the first exchange. */
export interface NameFrame {
  readonly seed: number;
  readonly scope: string;
  /** Start of the recorded case and of this replay, in milliseconds since the epoch. */
  readonly recordedAt: number;
  readonly replayedAt: number;
  /** Names the recorded node was given, with those of the other: node, community. */
  readonly known: ReadonlyMap<string, string>;
  /** Keys that stand for a recorded signer: root, the node itself, enrolled members. */
  readonly identities: ReadonlyMap<string, Identity>;
  /** Makes ids new on a node that was sent the same recording before. */
  readonly salt?: string;
}

/** See the module comment. */
export class Names {
  readonly #names: Map<string, string>;
  readonly #identities: Map<string, Identity>;
  #offset = 0;
  /** Replacements made so far, by kind. */
  readonly counts = new Map<string, number>();

  constructor(private readonly frame: NameFrame) {
    this.#names = new Map(frame.known);
    this.#identities = new Map(frame.identities);
    for (const [id, identity] of frame.identities) this.#names.set(id, identity.id);
  }

  /** Milliseconds by which the replay lies after the recording. */
  get shiftMs(): number {
    return this.frame.replayedAt - this.frame.recordedAt;
  }

  /** Declares that the tester held the key of a recorded id; the replay uses a key of its own for it. */
  signer(id: string): void {
    if (this.#identities.has(id)) return;
    const identity = identityFromSeed(deriveBytes(this.frame.seed, "replay", ...this.#labels(), id));
    this.#identities.set(id, identity);
    this.#names.set(id, identity.id);
  }

  /** Keys by the id they had in the recording. */
  get signers(): ReadonlyMap<string, Identity> {
    return this.#identities;
  }

  /** Says how much further on the other log is. */
  moveLog(positions: number): void {
    this.#offset = positions;
  }

  /** A whole text, or the names inside a longer one. */
  text(value: string): string {
    const known = this.#names.get(value);
    if (known !== undefined) return this.#counted(formOf(value) ?? "value", value, known);
    return value.replace(WITHIN, (name) => {
      const mapped = this.#names.get(name) ?? this.#shifted(name);
      return this.#counted(formOf(name) ?? "value", name, mapped);
    });
  }

  /** A number: positions of the log and times move, others stay. */
  number(name: string, value: number): number {
    if (LAMPORT_NAMES.test(name) && value > 0) return Math.max(0, value + this.#offset);
    if (!TIME_NAMES.test(name) || !Number.isInteger(value) || value < EPOCH_SECONDS_FROM) return value;
    const ms = value >= EPOCH_MS_FROM ? value : value * MS_PER_SECOND;
    if (!this.#near(ms)) return value;
    return value >= EPOCH_MS_FROM ? value + this.shiftMs : value + Math.round(this.shiftMs / MS_PER_SECOND);
  }

  /** Remembers what stands at the same places of both answers. */
  learn(recorded: Answered, replayed: Answered): void {
    if (recorded.status !== replayed.status) return;
    this.#pair(recorded.value, replayed.value, "");
    recorded.frames?.forEach(({ data }, index) => this.#pair(data, replayed.frames?.[index]?.data, ""));
  }

  #pair(left: Json | undefined, right: Json | undefined, name: string): void {
    if (typeof left === "string" && typeof right === "string") return this.#pairText(left, right);
    if (typeof left === "number" && typeof right === "number") {
      if (/^(head|new_head|max_lamport)$/.test(name)) this.#offset = right - left;
      return;
    }
    if (Array.isArray(left) && Array.isArray(right)) {
      if (left.length === right.length) left.forEach((item, index) => this.#pair(item, right[index], ""));
      return;
    }
    if (!isObject(left) || !isObject(right)) return;
    for (const [member, value] of Object.entries(left)) this.#pair(value, right[member], member);
  }

  #pairText(left: string, right: string): void {
    if (left === right || left.length < LEAST_LEARNED || !LEARNED.test(left) || this.#names.has(left)) return;
    const form = formOf(left);
    if (form === "time" || form === "signature" || form !== formOf(right)) return;
    this.#names.set(left, right);
  }

  #counted(kind: string, before: string, after: string): string {
    if (before !== after) this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    return after;
  }

  #near(ms: number): boolean {
    return Math.abs(ms - this.frame.recordedAt) < NEAR_MS;
  }

  /** Times and the times inside ULIDs move with the replay; the rest of a ULID stays, and so does their order. */
  #shifted(name: string): string {
    const ms = parseTimestamp(name);
    if (ms !== undefined) return this.#near(ms) ? timestamp(ms + this.shiftMs) : name;
    if (formOf(name) !== "ulid") return name;
    const at = ulidTime(name);
    if (!this.#near(at)) return name;
    let value = at + this.shiftMs;
    let head = "";
    for (let i = 0; i < ULID_TIME_CHARACTERS; i++) {
      head = ULID_ALPHABET[value % 32] + head;
      value = Math.floor(value / 32);
    }
    if (this.frame.salt === undefined) return head + name.slice(ULID_TIME_CHARACTERS);
    return head +
      ulid(0, new Random(this.frame.seed, "replayed id", ...this.#labels(), name)).slice(ULID_TIME_CHARACTERS);
  }

  #labels(): string[] {
    const { scope, salt } = this.frame;
    return salt === undefined ? [scope] : [scope, salt];
  }
}
