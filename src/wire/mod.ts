/** The wire: networks (live and replayed), transcript, HTTP, SSE and WebSocket clients, the tester's own server and proxy. */

export * from "./clock.ts";
export * from "./http.ts";
export { encodeRequest } from "./http_exchange.ts";
export { MessageParser } from "./http_parser.ts";
export * from "./limits.ts";
export * from "./live_network.ts";
export * from "./network.ts";
export * from "./proxy.ts";
export * from "./proxy_transform.ts";
export * from "./replay_network.ts";
export * from "./request_reader.ts";
export * from "./server.ts";
export * from "./sse.ts";
export * from "./sse_parser.ts";
export * from "./transcript.ts";
export * from "./transcript_reader.ts";
export * from "./transcript_writer.ts";
export * from "./websocket.ts";
export * from "./websocket_frame.ts";
