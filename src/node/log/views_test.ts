import fc from "fast-check";
import { assert, assertEquals } from "@std/assert";
import type { Identity, JsonObject } from "../../protocol/mod.ts";
import { headsDocument } from "./sync.ts";
import { actor, admission, coSigned, eventBy, openTestLog, ROOT, TEST_TIME, type TestEvent } from "./testing.ts";

const MEMBERS = ["m1", "m2", "m3"].map(actor);
const TRUSTED = ["t1", "t2", "t3"].map(actor);
const PEOPLE = [...MEMBERS, ...TRUSTED];
const JOINED = [
  ...MEMBERS.flatMap((identity, i) => admission(identity, 10 + 2 * i)),
  ...TRUSTED.flatMap((identity, i) => admission(identity, 20 + 2 * i, "trusted")),
];
/** First Lamport value of generated events. */
const START = 40;

/** What can be said about a log from outside. */
function snapshot({ log, community, core }: ReturnType<typeof openTestLog>): unknown {
  const { market, chat } = log.views;
  const byId = (a: { event_id: string }, b: { event_id: string }) => a.event_id < b.event_id ? -1 : 1;
  const { signature: _, ...manifest } = community.manifest();
  return {
    manifest,
    heads: headsDocument(core),
    posts: market.live(TEST_TIME).sort(byId),
    all: market.all().sort(byId),
    messages: chat.messages().sort(byId),
  };
}

type Step = { readonly kind: number; readonly who: number; readonly target: number; readonly at: number };

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.nat(13),
  who: fc.nat(PEOPLE.length - 1),
  target: fc.nat(5),
  at: fc.nat(12),
});

const pick = <T>(list: readonly T[], index: number): T => list[index % list.length] as T;

/** Events of a scenario; targets are earlier ones of the fitting kind. */
function events(steps: readonly Step[], local: string): TestEvent[] {
  const posts: TestEvent[] = [];
  const messages: TestEvent[] = [];
  const made: TestEvent[] = [];
  for (const { kind, who, target, at } of steps) {
    const author: Identity = pick(PEOPLE, who);
    const other = pick(PEOPLE, target);
    const lamport = START + at;
    const post = posts.length === 0 ? "none" : pick(posts, target).event_id;
    const message = messages.length === 0 ? "none" : pick(messages, target).event_id;
    const by = (type: string, data: JsonObject, signer = author) => {
      const event = eventBy(signer, lamport, type, data);
      made.push(event);
      return event;
    };
    const decided = { target_node_id: other.id };
    switch (kind) {
      case 0:
      case 1:
        posts.push(by("market.post.created", { client_id: "c", category: "info", title: `t${at}`, body: "b" }));
        break;
      case 2:
        by("market.post.updated", { client_id: "c", target_event_id: post, fields: { body: `b${at}${target}` } });
        break;
      case 3:
        by("market.post.expired", {
          client_id: "c",
          target_event_id: post,
          reason: target % 2 === 0 ? "stale" : "user_request",
        });
        break;
      case 4:
        messages.push(by("chat.message.sent", { client_id: "c", recipient: local, body: `x${at}`, attachments: [] }));
        break;
      case 5:
        by("chat.message.read", { target_event_id: message, read_at: "2027-03-14T10:00:00Z" });
        break;
      case 6:
        by("auth.token.issued", { token_id: `tok${1 + target % 2}`, subject: other.id, scope: {}, expires_at: "x" });
        break;
      case 7:
        by("auth.token.revoked", { token_id: `tok${1 + target % 2}`, reason: "manual" });
        break;
      case 8:
        by("rag.document.ingested", {
          corpus: "k",
          doc_cid: `d${target % 2}`,
          title: `t${at}`,
          language: "en",
          chunks: 1,
        });
        break;
      case 9:
        by(target % 2 === 0 ? "file.cid.advertised" : "file.cid.unpinned", { cid: "blake3:00", sizes_bytes: at });
        break;
      case 10:
        by(
          "community.member.revoked",
          coSigned("revoked", { ...decided, reason: "other" }, TRUSTED),
          pick(TRUSTED, who),
        );
        break;
      case 11:
        by(
          "community.member.promoted",
          coSigned("promoted", { ...decided, new_level: "trusted" }, [pick(TRUSTED, at)]),
        );
        break;
      case 12:
        by(
          "community.member.demoted",
          coSigned("demoted", { ...decided, new_level: "member" }, TRUSTED),
          pick(TRUSTED, who),
        );
        break;
      case 13:
        by(
          "community.policy.updated",
          { policy: { capability_token_ttl_seconds: 100 + at } },
          who % 2 === 0 ? ROOT : author,
        );
        break;
    }
  }
  return made;
}

/** A sound log that takes whatever it is given, so that the order of arrival cannot decide what is stored. */
function openTolerant() {
  const test = openTestLog({ overrides: { rules: { mayWriteEvent: () => true, acknowledges: () => false } } });
  test.log.receive(JOINED);
  return test;
}

const scenario = fc.array(step, { minLength: 1, maxLength: 24 });

Deno.test("views are equal for every order of arrival of the same events", () => {
  fc.assert(
    fc.property(scenario, fc.infiniteStream(fc.nat()), (steps, numbers) => {
      const list = events(steps, actor("node").id);
      const straight = openTolerant();
      for (const event of list) straight.log.receive([event]);
      const kept = list.filter(({ event_id }) => straight.log.get(event_id) !== undefined);
      const shuffled = kept.map((event) => ({ event, key: numbers.next().value ?? 0 })).sort((a, b) => a.key - b.key);
      const other = openTolerant();
      for (const { event } of shuffled) other.log.receive([event]);
      // A revocation that came earlier this time may keep events out; only equal sets are compared.
      const whole = kept.every(({ event_id }) => other.log.get(event_id) !== undefined);
      if (whole) assertEquals(snapshot(other), snapshot(straight));
      straight.log.close();
      other.log.close();
    }),
    { numRuns: 150, seed: 0xc0ffee },
  );
});

Deno.test("repeated events change neither views nor counter", () => {
  fc.assert(
    fc.property(scenario, fc.array(fc.nat(), { maxLength: 20 }), (steps, again) => {
      const list = events(steps, actor("node").id);
      const test = openTolerant();
      test.log.receive(list);
      const before = snapshot(test);
      const repeats = again.map((index) => pick(list, index))
        .filter(({ event_id }) => test.log.get(event_id) !== undefined);
      const answer = test.log.receive(repeats);
      assertEquals([answer.accepted, answer.rejected], [0, 0]);
      assertEquals(snapshot(test), before);
      test.log.close();
    }),
    { numRuns: 60, seed: 0xc0ffee },
  );
});

Deno.test("a log read again from disk has the views it had", async () => {
  const dataDirectory = await Deno.makeTempDir();
  try {
    const list = events(fc.sample(step, { numRuns: 80, seed: 7 }), actor("node").id);
    const first = openTestLog({ dataDirectory });
    first.log.receive([...JOINED, ...list]);
    const before = snapshot(first);
    first.log.close();
    const second = openTestLog({ dataDirectory });
    assertEquals(snapshot(second), before);
    second.log.close();
  } finally {
    await Deno.remove(dataDirectory, { recursive: true });
  }
});

Deno.test("Lamport values of own events rise above everything stored, whatever arrives", () => {
  const action = fc.oneof(fc.constant("own" as const), fc.nat(500));
  fc.assert(
    fc.property(fc.array(action, { maxLength: 30 }), (actions) => {
      const { log } = openTolerant();
      for (const action of actions) {
        const head = log.head();
        if (action === "own") assert(log.append("file.cid.advertised", { cid: "blake3:00" }).lamport > head);
        else {
          const event = eventBy(pick(MEMBERS, action), action, "file.cid.advertised", { cid: "blake3:00" });
          assertEquals(log.receive([event]).accepted, 1);
          assertEquals(log.get(event.event_id)?.lamport, action);
          assertEquals(log.head(), Math.max(head, action));
        }
      }
      log.close();
    }),
    { numRuns: 60, seed: 0xc0ffee },
  );
});

Deno.test("an action of the same Lamport value as its author's revocation has no effect, whichever comes first", () => {
  for (const revocationFirst of [true, false]) {
    const test = openTolerant();
    const [mem] = MEMBERS as [Identity];
    const post = eventBy(mem, 50, "market.post.created", { client_id: "c", category: "info", title: "t", body: "b" });
    const data = coSigned("revoked", { target_node_id: mem.id, reason: "other" }, TRUSTED);
    const revocation = eventBy(pick(TRUSTED, 0), 50, "community.member.revoked", data);
    test.log.receive(revocationFirst ? [revocation, post] : [post, revocation]);
    assertEquals(test.log.views.market.live(TEST_TIME), []);
    test.log.close();
  }
});
