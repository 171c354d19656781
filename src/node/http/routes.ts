/** Routes of wire-format.md section 4. Hono finds the route; the answer travels beside it, since it is written by us. */

import { Hono } from "hono";
import { CALL_HEADERS, type Json, type JsonObject } from "../../protocol/mod.ts";
import { NodeError } from "../core.ts";
import { type Answer, jsonAnswer, textAnswer } from "./answer.ts";
import { type Client, errorAnswer, handleCall, type Transport } from "./call.ts";
import type { HttpRequest } from "./request_reader.ts";
import { subscribe } from "./subscribe.ts";
import { headsDocument } from "../log/sync.ts";
import { handleSync } from "./sync.ts";
import { isUpgrade, upgrade } from "./ws_upgrade.ts";

/** What a route gets, and where it leaves its answer. */
interface Exchange {
  readonly transport: Transport;
  readonly request: HttpRequest;
  readonly client: Client;
  answer?: Answer;
}

/** Stands in for the response that Hono wants; nobody reads it. */
const UNREAD = new Response(null);
const PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";
const MAX_TRACES = 10_000;

type Route = (exchange: Exchange) => Answer | Promise<Answer>;

const GET_ROUTES: Readonly<Record<string, Route>> = {
  "/manifest": ({ transport: { core } }) => jsonAnswer(200, core.manifest.current() as unknown as JsonObject),
  "/community/manifest": ({ transport: { core } }) =>
    jsonAnswer(200, core.community.manifest() as unknown as JsonObject),
  "/sync/v1/heads": ({ transport: { core } }) => jsonAnswer(200, headsDocument(core)),
  "/pubsub/v1/subscribe": ({ transport: { core }, request, client }) => subscribe(core, request, client),
  "/health": () => jsonAnswer(200, { status: "ok" }),
  "/ready": ({ transport: { core } }) => {
    const ready = core.rules.isReady(core);
    const capabilities = core.bus.entries().length;
    return jsonAnswer(ready ? 200 : core.rules.notReadyStatus, { ready, capabilities, peers: core.peers.count() });
  },
  "/metrics": ({ transport: { core } }) => textAnswer(200, core.metrics.render(), PROMETHEUS),
  "/trace/recent": ({ transport: { core }, request }) => {
    const asked = Number(request.query.get("n") ?? core.rules.traceDefault);
    const n = Number.isInteger(asked) && asked > 0 ? Math.min(asked, MAX_TRACES) : core.rules.traceDefault;
    return jsonAnswer(200, { traces: [...core.traces.recent(n)] as Json[] });
  },
};

const POST_ROUTES: Readonly<Record<string, Route>> = {
  "/bus/v1/call": ({ transport, request, client }) => handleCall(transport, request, client),
  "/sync/v1/events": ({ transport: { core }, request }) => handleSync(core, request),
};

/** One router for all nodes of the process: it knows no node, the exchange brings it along. */
const app = new Hono<{ Bindings: { exchange: Exchange } }>();
for (const [path, route] of Object.entries(GET_ROUTES)) {
  app.get(path, async ({ env: { exchange } }) => {
    exchange.answer = await route(exchange);
    return UNREAD;
  });
}
for (const [path, route] of Object.entries(POST_ROUTES)) {
  app.post(path, async ({ env: { exchange } }) => {
    exchange.answer = await route(exchange);
    return UNREAD;
  });
}
app.notFound(() => UNREAD);
app.onError((error) => {
  throw error;
});

/** The answer to a request; never raises. */
export async function route(transport: Transport, request: HttpRequest, client: Client): Promise<Answer> {
  const exchange: Exchange = { transport, request, client };
  try {
    if (isUpgrade(request) && transport.core.rules.upgradableRoutes.includes(request.path)) {
      return await upgrade(transport, request);
    }
    // Hono reads only method and URL, and a Request would refuse methods and targets that hostile clients send.
    const shape = { method: request.method, url: `http://node${request.target}` };
    await app.fetch(shape as unknown as Request, { exchange });
    return exchange.answer ?? textAnswer(404, "404 Not Found\n");
  } catch (error) {
    const refusal = error instanceof NodeError ? error : new NodeError("internal_error", "Cannot answer the request");
    return errorAnswer(transport.core, refusal, request.headers.map.get(CALL_HEADERS.request_id.toLowerCase()));
  }
}
