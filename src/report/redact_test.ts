import { assertEquals } from "@std/assert";
import { redact, withoutCredentials, withoutSecretOptions } from "./redact.ts";

Deno.test("redact replaces secrets at every depth, longest first", () => {
  const value = { a: ["Bearer abcdefgh1", { "abcdefgh": "x abcdefgh y" }], n: 1, z: null, t: true };
  assertEquals(redact(value, ["abcdefgh", "abcdefgh1"]), {
    a: ["Bearer (secret)", { "(secret)": "x (secret) y" }],
    n: 1,
    z: null,
    t: true,
  });
});

Deno.test("redact leaves text alone when the secret is too short to be one", () => {
  assertEquals(redact("a key", ["", "a"]), "a key");
});

Deno.test("withoutSecretOptions only tells that a secret was given", () => {
  assertEquals(withoutSecretOptions({ "root-key": "/home/a/key", seed: 1 }, ["root-key", "admin-token"]), {
    "root-key": "(given)",
    seed: 1,
  });
});

Deno.test("withoutCredentials takes user name and password out of a URL", () => {
  assertEquals(withoutCredentials("https://ann:pw@127.0.0.1:1/x"), "https://127.0.0.1:1/x");
  assertEquals(withoutCredentials("http://127.0.0.1:7900"), "http://127.0.0.1:7900");
  assertEquals(withoutCredentials("embedded"), "embedded");
});
