import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { parseCommandLine, UsageError } from "../src/cli/parse.ts";
import { cookieHeader, isLetIn, isOurName, readDashboard, sameToken } from "./dashboard_access.ts";
import { SOAK } from "./soak_spec.ts";

const TOKEN = "correct-horse-battery";
const read = (...args: string[]) => readDashboard(parseCommandLine(["soak", ...args], [SOAK]).options);
const refused = (says: RegExp, ...args: string[]) => {
  const error = assertThrows(() => read(...args), UsageError);
  assertMatch(error.message, says);
  assert(!error.message.includes("\n"));
};

Deno.test("without --dashboard there is none, and a token alone is a mistake", () => {
  assertEquals(read(), undefined);
  refused(/--dashboard-token is of --dashboard/, "--dashboard-token", TOKEN);
});

Deno.test("addresses of this machine need no token, others do", () => {
  assertEquals(read("--dashboard", "127.0.0.1:7980"), { hostname: "127.0.0.1", port: 7980, token: undefined });
  assertEquals(read("--dashboard", "[::1]:0"), { hostname: "::1", port: 0, token: undefined });
  assertEquals(read("--dashboard", "LOCALHOST:1")?.hostname, "localhost");
  for (
    const address of ["0.0.0.0:7980", "[::]:7980", "192.0.2.1:7980", "127.0.0.1.example.org:7980", "soak.local:80"]
  ) {
    refused(/can be reached from other machines; give --dashboard-token/, "--dashboard", address);
    assertEquals(read("--dashboard", address, "--dashboard-token", TOKEN)?.token, TOKEN);
  }
});

Deno.test("what is no address or no token is named in one line", () => {
  for (const address of ["7980", ":7980", "127.0.0.1", "127.0.0.1:99999", "http://127.0.0.1:7980", "a b:1"]) {
    refused(/--dashboard must be an address with a port/, "--dashboard", address);
  }
  refused(/16 to 1000 printable characters/, "--dashboard", "127.0.0.1:1", "--dashboard-token", "short");
});

Deno.test("a name that was made to point here is not ours, whatever the port", () => {
  const spec = { hostname: "127.0.0.1", port: 7980, token: undefined };
  for (const host of ["127.0.0.1:7980", "localhost:8080", "[::1]:7980", "127.0.0.1"]) {
    assert(isOurName(host, spec), host);
  }
  for (const host of ["evil.example:7980", "127.0.0.1.evil.example", "192.0.2.1:7980", "", null]) {
    assert(!isOurName(host, spec), String(host));
  }
  assert(isOurName("soak.example:7980", { ...spec, token: TOKEN }));
});

Deno.test("the token opens as bearer and as the cookie, and nothing else does", () => {
  const spec = { hostname: "0.0.0.0", port: 1, token: TOKEN };
  const cookie = cookieHeader(TOKEN).split(";")[0] ?? "";
  const lets = (headers: Record<string, string>) => isLetIn(new Headers(headers), spec);
  assert(lets({ authorization: `Bearer ${TOKEN}` }));
  assert(lets({ cookie: `a=b; ${cookie}` }));
  assert(!cookie.includes(TOKEN));
  for (const wrong of [{}, { authorization: "Bearer x" }, { cookie: cookieHeader("x").split(";")[0] ?? "" }]) {
    assert(!lets(wrong as Record<string, string>));
  }
  assert(!lets({ cookie: `hearthproof_dashboard=${TOKEN}` }));
  assert(sameToken("a", "a") && !sameToken("a", "aa"));
});
