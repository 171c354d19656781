/** Who may see the dashboard: its address, its token, and the names it answers to. */

import { createHash, timingSafeEqual } from "node:crypto";
import { type Options, UsageError } from "../src/cli/parse.ts";
import { visible } from "../src/report/escape.ts";

/** Where the dashboard listens, and what it asks for. */
export interface DashboardSpec {
  /** IP address or name, without brackets. */
  readonly hostname: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly token: string | undefined;
}

const MAX_PORT = 65_535;
/** A token that is shorter could be guessed over the network. */
const MIN_TOKEN = 16;
const MAX_TOKEN = 1000;
const COOKIE = "hearthproof_dashboard";
const ADDRESS = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+)):(\d{1,5})$/i;
const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;

/**
 * Reads `--dashboard` and `--dashboard-token`; undefined without the first.
 *
 * @throws {UsageError} If the address is none, or others than this machine could look without a token.
 */
export function readDashboard(options: Options): DashboardSpec | undefined {
  const text = options.text("dashboard");
  const token = options.text("dashboard-token");
  if (text === undefined) {
    if (token === undefined) return undefined;
    throw new UsageError("soak: --dashboard-token is of --dashboard ADDRESS, which is not given");
  }
  const [, ipv6, name, digits = ""] = ADDRESS.exec(text) ?? [];
  const hostname = (ipv6 ?? name ?? "").toLowerCase();
  const port = Number(digits);
  if (hostname === "" || digits === "" || port > MAX_PORT) {
    throw new UsageError(
      `soak: --dashboard must be an address with a port like 127.0.0.1:7980, current value is "${visible(text)}"`,
    );
  }
  if (token !== undefined && (token.length < MIN_TOKEN || token.length > MAX_TOKEN || !/^[!-~]+$/.test(token))) {
    throw new UsageError(
      `soak: --dashboard-token must have ${MIN_TOKEN} to ${MAX_TOKEN} printable characters without spaces, ` +
        `current value has ${token.length} characters`,
    );
  }
  if (token === undefined && !isLoopback(hostname)) {
    throw new UsageError(
      `soak: --dashboard ${hostname}:${port} can be reached from other machines; give --dashboard-token, ` +
        "or listen on 127.0.0.1",
    );
  }
  return { hostname, port, token };
}

/** Only this machine reaches it. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" || (IPV4.test(hostname) && hostname.startsWith("127."));
}

/**
 * Whether a request asks for us by a name that is ours. A page of elsewhere whose name was made to point here (DNS
 * rebinding) sends its own name; where a token is asked for, such a page does not have it.
 */
export function isOurName(host: string | null, { hostname, token }: DashboardSpec): boolean {
  if (token !== undefined) return true;
  const asked = (host ?? "").toLowerCase().replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  return asked === hostname || isLoopback(asked);
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(`hearthproof dashboard\0${text}`).digest();
}

/** Equal or not, in a time that depends on neither (digests first, since lengths tell as well). */
export function sameToken(given: string, token: string): boolean {
  return timingSafeEqual(digest(given), digest(token));
}

/** What the cookie holds: not the token itself. */
function cookieOf(token: string): string {
  return createHash("sha256").update(digest(token)).digest("hex");
}

/** The header that lets a browser in. */
export function cookieHeader(token: string): string {
  return `${COOKIE}=${cookieOf(token)}; HttpOnly; SameSite=Strict; Path=/`;
}

/** Whether a request carries the token: as `Authorization: Bearer`, or as the cookie that the form sets. */
export function isLetIn(headers: Headers, { token }: DashboardSpec): boolean {
  if (token === undefined) return true;
  const bearer = /^Bearer (\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  if (bearer !== undefined && sameToken(bearer, token)) return true;
  const cookies = (headers.get("cookie") ?? "").split(/; */).map((one) => one.split("=", 2));
  return cookies.some(([name, value = ""]) => name === COOKIE && sameToken(value, cookieOf(token)));
}
