/** Canonical JSON. wire-format.md section 2. */

import { canonicalize, parseJson } from "../../src/protocol/mod.ts";
import { concept } from "../concept.ts";

type Input = { text: string };
type Output = { canonical: string };

export const canonicalJson = concept<Input, Output>({
  name: "canonical-json",
  provenance: { document: "wire-format.md", section: "2" },
  cases: [
    {
      name: "worked example",
      input: { text: '{"b":[3,1.50,-0,1e2],"Z":"é\\n","a":{"y":null,"x":true},"10":1,"9":2}' },
      worked: { canonical: '{"10":1,"9":2,"Z":"é\\n","a":{"x":true,"y":null},"b":[3,1.5,0,100]}' },
    },
    { name: "numbers", input: { text: "[1.0,1.10,-0.0,1e21,1e-7,9007199254740991,0.001]" } },
    { name: "escapes", input: { text: '"\\/\\u007f\\u2028\\u0001\\b\\t\\n\\f\\r\\"\\\\"' } },
    { name: "no normalisation", input: { text: '{"e\\u0301":1,"\\u00e9":2}' } },
    { name: "empty containers", input: { text: ' { "b" : [ ] , "a" : { } } ' } },
    { name: "names beyond U+FFFF sort by code point", input: { text: '{"\\ud83d\\ude00":1,"\\uff5e":2}' } },
    { name: "a name that objects treat specially", input: { text: '{"constructor":1,"__proto__":2}' } },
  ],
  produce: ({ text }) => ({ canonical: canonicalize(parseJson(text)) }),
  parse: ({ canonical }) => canonicalize(parseJson(canonical)),
  meaning: ({ text }) => canonicalize(parseJson(text)),
});
