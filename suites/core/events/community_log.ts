/** The community manifest as a view of the log: policy, founding, head, signature. CONTRACT §6.2, §7.2. */

import { differs, equals, holds, isInteger, member } from "../../../src/check/mod.ts";
import { isObject, type JsonObject, verifyDocument } from "../../../src/protocol/mod.ts";
import { type CaseContext, type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { given, judged, pushed } from "./helpers.ts";
import { community, communityWhen, invitation, joining, levelIn } from "./members.ts";

const TTL_MEMBER = "capability_token_ttl_seconds";
/** By how much each case shortens the lifetime of tokens, in seconds: different, as cases may run side by side. */
const SHORTER_SECONDS = { byRoot: 60, byOthers: 120, byFounding: 180 } as const;
/** Lifetime of tokens where the policy names none (onboarding default). */
const DEFAULT_TTL_SECONDS = 86_400;

/** The policy now, and one that differs in the lifetime of tokens. */
async function policies(
  context: CaseContext,
  shorter: keyof typeof SHORTER_SECONDS,
): Promise<{ readonly now: JsonObject; readonly changed: JsonObject }> {
  const { value } = await community(context);
  const now = isObject(value.policy) ? value.policy : {};
  const ttl = typeof now[TTL_MEMBER] === "number" ? now[TTL_MEMBER] : DEFAULT_TTL_SECONDS;
  return { now, changed: { ...now, [TTL_MEMBER]: ttl - SHORTER_SECONDS[shorter] } };
}

export const communityLogCases: readonly ConformanceCase[] = [
  defineCase({
    id: "core/events/root-changes-policy",
    requirement: "EVT-055",
    brokenBy: ["policy-of-founding-for-ever"],
    effects: "harm",
    async run(context) {
      const { actors, target } = context;
      const root = actors.root();
      const { now, changed } = await policies(context, "byRoot");
      await pushed(context, await target.event(root, "community.policy.updated", { policy: changed }));
      const shown = (manifest: JsonObject) => member(manifest, "policy", TTL_MEMBER) === changed[TTL_MEMBER];
      const { value, answer } = await communityWhen(context, shown);
      await target.push([await target.event(root, "community.policy.updated", { policy: now })]);
      judged(
        context,
        answer,
        equals(member(value, "policy", TTL_MEMBER), changed[TTL_MEMBER] ?? null, `policy.${TTL_MEMBER}`),
      );
    },
  }),
  defineCase({
    id: "core/events/others-cannot-change-policy",
    requirement: "EVT-056",
    brokenBy: ["policy-from-any-member"],
    effects: "harm",
    async run(context) {
      const { actors, target } = context;
      const authors = [await actors.member("alice")];
      if (target.profile.identities.trusted > 0) authors.push(await actors.trusted("theo"));
      const { changed } = await policies(context, "byOthers");
      for (const author of authors) {
        await target.push([await target.event(author, "community.policy.updated", { policy: changed })]);
        const { value, answer } = await community(context);
        const what = `policy.${TTL_MEMBER} after an update by a ${author.level} identity`;
        judged(context, answer, differs(member(value, "policy", TTL_MEMBER), changed[TTL_MEMBER], what));
      }
    },
  }),
  defineCase({
    id: "core/events/community-created-once",
    requirement: "EVT-061",
    brokenBy: ["community-created-again"],
    effects: "harm",
    async run(context) {
      const { actors, target } = context;
      const root = actors.root();
      const before = (await community(context)).value;
      const { changed } = await policies(context, "byFounding");
      const created = await target.event(root, "community.created", {
        name: `Renamed ${target.id()}`,
        founder_node_id: root.id,
        policy: changed,
      });
      await target.push([created]);
      const { value, answer } = await community(context);
      judged(
        context,
        answer,
        equals(value.name, before.name ?? null, "name after a second community.created"),
        differs(
          member(value, "policy", TTL_MEMBER),
          changed[TTL_MEMBER],
          `policy.${TTL_MEMBER} after a second community.created`,
        ),
        equals(value.root_key, before.root_key ?? null, "root_key after a second community.created"),
      );
    },
  }),
  defineCase({
    id: "core/events/community-manifest-follows-log",
    requirement: "EVT-062",
    brokenBy: ["community-edited-without-signing", "community-manifest-head-stale"],
    effects: "writes",
    async run(context) {
      const { actors } = context;
      const key = actors.fresh("newcomer");
      const before = await community(context);
      const invited = await invitation(context, actors.root(), key);
      const joined = await joining(context, key, invited.event_id);
      await given(context, "a membership", invited, joined);
      const { value, answer } = await communityWhen(context, (manifest) => levelIn(manifest, key.id) !== undefined);
      const anchors = (Array.isArray(value.members) ? value.members : [])
        .filter((entry) => member(entry, "level") === "anchor").map((entry) => member(entry, "node_id"));
      const signers = [value.root_key, ...anchors];
      judged(
        context,
        answer,
        holds(levelIn(value, key.id) !== undefined, `${key.id} in members`, "it is not"),
        isInteger(value.head_lamport, "head_lamport", joined.lamport),
        differs(value.signature, before.value.signature ?? null, "the signature of the new document"),
        holds(
          signers.some((id) => typeof id === "string" && verifyDocument(id, value)),
          "a signature by root_key or a listed anchor",
          `none of ${signers.length} keys fits`,
        ),
      );
    },
  }),
];
