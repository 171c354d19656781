import { assert, assertEquals, assertNotMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "../src/cli/parse.ts";
import { systemClock } from "../src/wire/clock.ts";
import { Dashboard } from "./dashboard.ts";
import type { DashboardSpec } from "./dashboard_access.ts";
import { MAX_WRONG } from "./dashboard_guard.ts";
import { watchedInTest } from "./testing_standing.ts";

const SPEC: DashboardSpec = { hostname: "127.0.0.1", port: 0, token: undefined };
const TOKEN = "correct-horse-battery";

async function opened(spec: Partial<DashboardSpec>, work: (dashboard: Dashboard) => Promise<void>): Promise<void> {
  const clock = systemClock();
  await using dashboard = new Dashboard({ ...SPEC, ...spec }, clock);
  await work(dashboard);
}

const get = async (url: string, init?: RequestInit) => {
  const answer = await fetch(url, { redirect: "manual", ...init });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
};

Deno.test("the page brings all it needs from the same server, and runs nothing else", async () => {
  await opened({}, async ({ url }) => {
    const { status, headers, text } = await get(url);
    assertEquals(status, 200);
    assertStringIncludes(headers.get("content-security-policy") ?? "", "default-src 'none'; script-src 'self'");
    const parts = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? "");
    assert(parts.length >= 4);
    for (const part of parts) {
      assert(part.startsWith("/"), part);
      assertEquals((await get(new URL(part, url).href)).status, 200, part);
    }
    assertNotMatch(text, /<script>|\sstyle=|\son\w+=/);
    assertStringIncludes((await get(`${url}uplot.js`)).text, "uPlot");
  });
});

Deno.test("a run is shown to who comes late, and its end ends the page's stream and the server", async () => {
  const { state, standing } = watchedInTest(40, 0);
  await opened({}, async (dashboard) => {
    dashboard.show(standing, state);
    const answer = await fetch(`${dashboard.url}events`);
    assertEquals(answer.headers.get("content-type"), "text/event-stream; charset=utf-8");
    const events = answer.text();
    dashboard.show({ ...standing, elapsed_s: 41 }, state);
    const metrics = await get(`${dashboard.url}metrics`);
    assertEquals(metrics.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assertStringIncludes(metrics.text, "hearthproof_soak_elapsed_seconds 41\n");
    await dashboard.end({ verdict: "stable", reason: "all \u202ewell" });
    const names = [...(await events).matchAll(/^event: (\w+)$/gm)].map((match) => match[1]);
    assertEquals([names[0], names[1], names.at(-1)], ["points", "standing", "end"]);
    assertStringIncludes(await events, '{"verdict":"stable","reason":"all \\\\u{202E}well"}');
    const refused = await fetch(dashboard.url).then((late) => late.text(), () => "refused");
    assertEquals(refused, "refused");
  });
});

Deno.test("a run of several workers is shown by what they tell, once a second", async () => {
  const { standing } = watchedInTest(40, 0);
  await opened({}, async (dashboard) => {
    for (const elapsed_s of [41, 41.2, 41.4, 42]) dashboard.show({ ...standing, elapsed_s });
    const answer = await fetch(`${dashboard.url}events`);
    const events = answer.text();
    const { text } = await get(`${dashboard.url}metrics`);
    assertStringIncludes(text, "hearthproof_soak_elapsed_seconds 42\n");
    assertNotMatch(text, /latency_seconds_bucket/);
    await dashboard.end({ verdict: "stable", reason: "" });
    const points = /^data: (\{"memory.rss".*)$/m.exec(await events)?.[1] ?? "";
    assertEquals(JSON.parse(points)["memory.rss"].t, [41, 42]);
  });
});

Deno.test("before there is anything to show, metrics are empty and the page waits", async () => {
  await opened({}, async ({ url }) => {
    const { status, text } = await get(`${url}metrics`);
    assertEquals([status, text], [200, ""]);
  });
});

Deno.test("a request by another name is refused", async () => {
  await opened({}, async (dashboard) => {
    const { hostname, port } = new URL(dashboard.url);
    using connection = await Deno.connect({ hostname, port: Number(port) });
    const request = "GET /metrics HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    await connection.write(new TextEncoder().encode(request));
    const text = await new Response(connection.readable).text();
    assertStringIncludes(text, "HTTP/1.1 421 ");
  });
});

Deno.test("with a token nothing is shown without it; the form gives a browser its cookie", async () => {
  await opened({ token: TOKEN }, async ({ url }) => {
    const asked = await get(url);
    assertEquals(asked.status, 401);
    assertStringIncludes(asked.text, 'action="/token"');
    for (const path of ["metrics", "events", "page.js", "nothing"]) assertEquals((await get(url + path)).status, 401);
    assertEquals((await get(`${url}metrics`, { headers: { authorization: `Bearer ${TOKEN}` } })).status, 200);
    const give = (token: string) =>
      get(`${url}token`, { method: "POST", body: new URLSearchParams({ token }).toString() });
    assertEquals((await give("wrong")).status, 401);
    assertEquals((await give("x".repeat(100_000))).status, 401);
    const { status, headers } = await give(TOKEN);
    assertEquals([status, headers.get("location")], [303, "/"]);
    const cookie = (headers.get("set-cookie") ?? "").split(";")[0] ?? "";
    assertEquals((await get(url, { headers: { cookie } })).status, 200);
  });
});

Deno.test("who guesses at the token is kept waiting, by the form and by the header; a browser that is in stays in", async () => {
  await opened({ token: TOKEN }, async ({ url }) => {
    const give = (token: string) =>
      get(`${url}token`, { method: "POST", body: new URLSearchParams({ token }).toString() });
    const bearer = (token: string) => get(`${url}metrics`, { headers: { authorization: `Bearer ${token}` } });
    const cookie = ((await give(TOKEN)).headers.get("set-cookie") ?? "").split(";")[0] ?? "";
    const codes: number[] = [];
    for (let n = 0; n < MAX_WRONG; n++) {
      codes.push((n % 2 === 0 ? await give(`wrong ${n}`) : await bearer(`wrong-${n}`)).status);
    }
    assertEquals(codes, codes.map(() => 401));
    const answers = [await give(TOKEN), await bearer(TOKEN)];
    assertEquals(answers.map(({ status }) => status), [429, 429]);
    assert(Number(answers[0]?.headers.get("retry-after")) > 0);
    assertEquals((await get(url, { headers: { cookie } })).status, 200);
    assertEquals((await get(url)).status, 401);
  });
});

Deno.test("an address that is taken is said in one line", async () => {
  await opened({}, (dashboard) => {
    const port = Number(new URL(dashboard.url).port);
    const error = assertThrows(() => new Dashboard({ ...SPEC, port }, systemClock()), UsageError);
    assertStringIncludes(error.message, `cannot listen on 127.0.0.1:${port}: the address is in use`);
    return Promise.resolve();
  });
});

Deno.test("a watcher that never reads does not hold up the end", async () => {
  const { state, standing } = watchedInTest(10, 0);
  await opened({}, async (dashboard) => {
    dashboard.show(standing, state);
    const { hostname, port } = new URL(dashboard.url);
    using connection = await Deno.connect({ hostname, port: Number(port) });
    const request = "GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    await connection.write(new TextEncoder().encode(request));
    await connection.read(new Uint8Array(1));
    for (let n = 0; n < 200; n++) dashboard.show({ ...standing, reason: "x".repeat(400) }, state);
    await dashboard.end({ verdict: "stable", reason: "" });
  });
});
