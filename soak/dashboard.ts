/** `--dashboard`: a page that shows a run while it goes on, and /metrics. Ends with the run. */

import { type Context, Hono } from "hono";
import { UsageError } from "../src/cli/parse.ts";
import type { Clock } from "../src/protocol/mod.ts";
import type { LatencyHistogram } from "../src/stats/latency_histogram.ts";
import { cookieHeader, type DashboardSpec, isLetIn, isOurName, sameToken } from "./dashboard_access.ts";
import { Feed } from "./dashboard_feed.ts";
import { TokenGuard } from "./dashboard_guard.ts";
import { ASSETS, PAGE, POLICY, tokenPage } from "./dashboard_page.ts";
import { PointSource } from "./dashboard_points.ts";
import { shownText, viewOf } from "./dashboard_view.ts";
import { PROMETHEUS_TYPE, prometheusText } from "./prometheus.ts";
import type { RunState } from "./run_state.ts";
import { SeriesStore } from "./series.ts";
import type { SoakReport } from "./soak_report.ts";
import type { Standing } from "./standing.ts";

/** Milliseconds that open answers have to end, of the second in which the dashboard must be gone. */
const GRACE_MS = 500;
/** A token form is short; more is not read. */
const MAX_FORM_BYTES = 4096;
const FORM_DEADLINE_MS = 5000;
/** Seconds between two standings of workers that are shown. */
const WORKERS_SHOWN_EVERY_S = 0.9;
const HTML = "text/html; charset=utf-8";
const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};

/** Who asks: the address of the other end. */
type Env = { Bindings: { readonly remote: string } };

/** See the module comment. */
export class Dashboard {
  readonly #feed = new Feed();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #stop = new AbortController();
  readonly #guard: TokenGuard;
  /** Series of a run that is not of this process. */
  readonly #told = new SeriesStore();
  #latency: LatencyHistogram | undefined;
  #points: PointSource | undefined;
  #standing: Standing | undefined;
  #closed: Promise<void> | undefined;

  /** @throws {UsageError} If nothing can listen there. */
  constructor(private readonly spec: DashboardSpec, private readonly clock: Clock) {
    const { hostname, port } = spec;
    this.#guard = new TokenGuard(clock);
    const app = this.#routes();
    try {
      this.#server = Deno.serve({
        hostname: hostname === "localhost" ? "127.0.0.1" : hostname,
        port,
        signal: this.#stop.signal,
        onListen: () => {},
        onError: () => new Response("error\n", { status: 500 }),
      }, (request, { remoteAddr }) => app.fetch(request, { remote: remoteAddr.hostname }));
    } catch (error) {
      const why = error instanceof Deno.errors.AddrInUse
        ? "the address is in use; choose another port"
        : error instanceof Error
        ? error.message
        : String(error);
      throw new UsageError(`soak: --dashboard cannot listen on ${hostname}:${port}: ${why}`);
    }
  }

  /** Where the page is. */
  get url(): string {
    const { hostname } = this.spec;
    return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${this.#server.addr.port}/`;
  }

  /**
   * Shows where the run stands, and what is new in its series.
   *
   * @param latency Of all calls of the run.
   * @param state The run; without it, where workers make one, a series is what the standings told of it.
   */
  show(standing: Standing, state?: RunState, latency: LatencyHistogram | undefined = state?.latency.total): void {
    // Every worker tells where it stands; once a second is enough.
    const since = standing.elapsed_s - (this.#standing?.elapsed_s ?? -Infinity);
    if (state === undefined && since < WORKERS_SHOWN_EVERY_S) return;
    const told = this.#told;
    for (const { name, last } of state === undefined ? standing.series : []) told.add(name, standing.elapsed_s, last);
    const points = this.#points ??= new PointSource(state?.series ?? told);
    this.#latency = latency;
    this.#standing = standing;
    this.#feed.tell("points", () => points.fresh());
    this.#feed.tell("standing", () => viewOf(standing));
  }

  /** Tells the verdict and goes. */
  async end({ verdict, reason }: Pick<SoakReport, "verdict" | "reason">): Promise<void> {
    this.#feed.tell("end", () => ({ verdict, reason: shownText(reason) }));
    await this.close();
  }

  /** Ends everything within a second; may be called again. */
  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#feed.end();
    const waited = new AbortController();
    const late = this.clock.sleep(GRACE_MS, waited.signal).then(() => true, () => false);
    const graceful = this.#server.shutdown().then(() => false, () => false);
    const cut = await Promise.race([graceful, late]);
    waited.abort();
    // A server that has ended takes an abort for an error.
    if (cut) this.#stop.abort();
    await this.#server.finished.catch(() => {});
  }

  #routes(): Hono<Env> {
    const app = new Hono<Env>();
    app.use(async (context, next) => {
      for (const [name, value] of Object.entries(HEADERS)) context.header(name, value);
      if (!isOurName(context.req.header("host") ?? null, this.spec)) {
        return context.text("This is not the name of this dashboard.\n", 421);
      }
      const { remote } = context.env;
      const form = context.req.path === "/token";
      const bearer = context.req.header("authorization") !== undefined;
      const seconds = form || bearer ? this.#guard.waits(remote) : 0;
      if (seconds > 0) {
        context.header("retry-after", String(seconds));
        return context.text(`Too many wrong tokens; wait ${seconds} s.\n`, 429);
      }
      if (form || context.req.path === "/page.css") return await next();
      if (isLetIn(context.req.raw.headers, this.spec)) {
        if (bearer) this.#guard.right(remote);
        return await next();
      }
      if (bearer) this.#guard.wrong(remote);
      if (context.req.path === "/") return context.html(tokenPage(false), 401);
      context.header("www-authenticate", 'Bearer realm="hearthproof"');
      return context.text("A token is asked for: Authorization: Bearer TOKEN\n", 401);
    });
    app.get("/", (context) => context.body(PAGE, 200, { "content-type": HTML }));
    for (const [path, { type, text }] of Object.entries(ASSETS)) {
      app.get(path, (context) => context.body(text, 200, { "content-type": type }));
    }
    app.get("/favicon.ico", (context) => context.body(null, 204));
    app.post("/token", (context) => this.#letIn(context));
    app.get("/events", (context) => this.#watch(context));
    app.get("/metrics", (context) => this.#metrics(context));
    app.notFound((context) => context.text("not found\n", 404));
    return app;
  }

  async #letIn(context: Context<Env>): Promise<Response> {
    const { token } = this.spec;
    if (token === undefined) return context.redirect("/", 303);
    const body = await this.#readForm(context.req.raw);
    const given = body === undefined ? null : new URLSearchParams(body).get("token");
    const { remote } = context.env;
    if (given === null || !sameToken(given, token)) {
      this.#guard.wrong(remote);
      return context.html(tokenPage(true), 401);
    }
    this.#guard.right(remote);
    context.header("set-cookie", cookieHeader(token));
    return context.redirect("/", 303);
  }

  /** A short body that comes in time; undefined else. */
  async #readForm(request: Request): Promise<string | undefined> {
    const reader = request.body?.getReader();
    if (reader === undefined) return undefined;
    const late = new AbortController();
    this.clock.sleep(FORM_DEADLINE_MS, late.signal).then(() => reader.cancel()).catch(() => {});
    let text = "";
    const decoder = new TextDecoder();
    try {
      for (let read = await reader.read(); !read.done; read = await reader.read()) {
        text += decoder.decode(read.value, { stream: true });
        if (text.length > MAX_FORM_BYTES) return undefined;
      }
      return text;
    } catch {
      return undefined;
    } finally {
      late.abort();
      reader.cancel().catch(() => {});
    }
  }

  #watch(context: Context): Response {
    if (this.#feed.full) return context.text("Too many watch already.\n", 503);
    const standing = this.#standing;
    const points = this.#points;
    const first: [string, unknown][] = [
      ...(points === undefined ? [] : [["points", points.all()] as [string, unknown]]),
      ...(standing === undefined ? [] : [["standing", viewOf(standing)] as [string, unknown]]),
    ];
    return context.body(this.#feed.watch(first), 200, { "content-type": "text/event-stream; charset=utf-8" });
  }

  #metrics(context: Context): Response {
    const standing = this.#standing;
    // Before the load begins there is nothing to tell; an empty answer is a good one.
    const text = standing === undefined ? "" : prometheusText(standing, this.#latency);
    return context.body(text, 200, { "content-type": PROMETHEUS_TYPE });
  }
}
