/**
 * Canonical JSON seen through call signatures. Every case writes two texts by hand: the body that travels and the
 * canonical body that is signed. Strangers send them: a right signature gives another refusal than a wrong one.
 */

import { refusedWith, signatureAccepted } from "../../../src/check/mod.ts";
import type { FaultName } from "../../../src/node/faults/mod.ts";
import { type ConformanceCase, defineCase } from "../../../src/runner/case.ts";
import { bodyWith, callSignedOver, callWithBody, envelopeText } from "./helpers.ts";

/** A pair of texts and whether the signature has to be taken for right. */
interface Rendering {
  /** Text of `input.note` as transmitted, or the complete body. */
  readonly sent: string;
  readonly signed: string;
  readonly accepted: boolean;
}

/** A case that sends every rendering in turn. `wrap` puts a text into a body. */
function renderingCase(
  name: string,
  requirement: string,
  brokenBy: readonly [FaultName, ...FaultName[]],
  renderings: readonly Rendering[],
  wrap: (text: string) => string = bodyWith,
): ConformanceCase {
  return defineCase({
    id: `core/identity/${name}`,
    requirement,
    brokenBy,
    effects: "none",
    async run(context) {
      for (const { sent, signed, accepted } of renderings) {
        const answer = await callWithBody(context, wrap(sent), wrap(signed));
        context.must(accepted ? signatureAccepted(answer) : refusedWith(answer, "invalid_signature"));
      }
    },
  });
}

const whole = (text: string) => text;
const accepted = (sent: string, signed: string): Rendering => ({ sent, signed, accepted: true });
const refused = (sent: string, signed: string): Rendering => ({ sent, signed, accepted: false });

const DECOMPOSED = '"cafe\u0301"';
const COMPOSED = '"caf\u00e9"';

const NESTED_SENT = '[{"z":{"y":{"d":4,"c":3},"x":[2,1]},"a":0},{"b":{"2":true,"1":false},"A":"last is not first"}]';
const NESTED_SIGNED = '[{"a":0,"z":{"x":[2,1],"y":{"c":3,"d":4}}},{"A":"last is not first","b":{"1":false,"2":true}}]';

export const canonicalFormCases: readonly ConformanceCase[] = [
  renderingCase("canonical-text-is-not-ascii-escaped", "IDN-049", ["canonical-ascii-only"], [
    refused('"Gr\u00fc\u00dfe aus K\u00f6ln"', '"Gr\\u00fc\\u00dfe aus K\\u00f6ln"'),
    accepted('"Gr\u00fc\u00dfe aus K\u00f6ln"', '"Gr\u00fc\u00dfe aus K\u00f6ln"'),
  ]),
  defineCase({
    id: "core/identity/one-rendering-is-signed",
    requirement: "IDN-050",
    brokenBy: ["canonical-any-rendering"],
    effects: "none",
    async run(context) {
      const body = bodyWith('"one rendering"');
      const unsorted = await callSignedOver(
        context,
        body,
        ({ capability, version, request_id, from, community, timestamp }) =>
          JSON.stringify({ capability, version, request_id, from, community, timestamp }).replace(
            /}$/,
            `,"body":${body}}`,
          ),
      );
      context.must(refusedWith(unsorted, "invalid_signature"));
      const spaced = await callSignedOver(
        context,
        body,
        (envelope) =>
          envelopeText(envelope, '{"input": {"note": "one rendering"},"params": {}}', { colon: ": ", comma: "," }),
      );
      context.must(refusedWith(spaced, "invalid_signature"));
    },
  }),
  renderingCase("member-order-is-free", "IDN-051", ["canonical-body-as-received"], [
    accepted(
      '{"params":{},"input":{"limit":5,"category":"info"}}',
      '{"input":{"category":"info","limit":5},"params":{}}',
    ),
    accepted(
      '{"input":{"limit":5,"category":"info"},"params":{}}',
      '{"input":{"category":"info","limit":5},"params":{}}',
    ),
  ], whole),
  renderingCase("white-space-is-free", "IDN-052", ["canonical-body-as-received"], [
    accepted(
      '{\n  "input": {\n    "limit": 5\n  },\n\t"params" : { }\n}\n',
      '{"input":{"limit":5},"params":{}}',
    ),
  ], whole),
  renderingCase("numbers-without-trailing-zeros", "IDN-053", ["canonical-numbers-as-written"], [
    accepted('{"a":1.0,"b":1.10,"c":1.00}', '{"a":1,"b":1.1,"c":1}'),
  ]),
  renderingCase("escaped-and-literal-text-are-one", "IDN-054", ["canonical-escapes-as-written"], [
    accepted('"Br\\u00fccke"', '"Br\u00fccke"'),
  ]),
  renderingCase("surrogate-pairs-become-characters", "IDN-055", [
    "canonical-surrogates-apart",
    "canonical-surrogates-fail",
  ], [
    accepted('"lift-off \\ud83d\\ude80"', '"lift-off \u{1f680}"'),
  ]),
  renderingCase("sorted-at-every-level", "IDN-056", ["canonical-sorts-top-level-only", "canonical-sorts-arrays"], [
    accepted(NESTED_SENT, NESTED_SIGNED),
  ]),
  renderingCase("names-in-code-point-order", "IDN-057", [
    "canonical-names-without-case",
    "canonical-names-by-number",
    "canonical-names-by-locale",
  ], [
    accepted('{"10":1,"9":2,"Z":3,"a":4,"\u00e4":5}', '{"10":1,"9":2,"Z":3,"a":4,"\u00e4":5}'),
  ]),
  renderingCase("short-escapes", "IDN-058", ["canonical-escapes-solidus", "canonical-escapes-newline-as-code"], [
    accepted('"a \\" quote, a \\\\, a\\nline, a\\ttab, a /"', '"a \\" quote, a \\\\, a\\nline, a\\ttab, a /"'),
  ]),
  renderingCase("no-unicode-normalisation", "IDN-059", ["canonical-normalises-unicode"], [
    accepted(DECOMPOSED, DECOMPOSED),
    refused(DECOMPOSED, COMPOSED),
  ]),
  renderingCase("null-is-part-of-the-text", "IDN-060", ["canonical-drops-nulls"], [
    accepted('{"input":{"limit":5,"note":null},"params":{}}', '{"input":{"limit":5,"note":null},"params":{}}'),
    refused('{"input":{"limit":5,"note":null},"params":{}}', '{"input":{"limit":5},"params":{}}'),
  ], whole),
  renderingCase("large-integers-as-digits", "IDN-061", ["canonical-large-integers-as-exponent"], [
    accepted("9007199254740991", "9007199254740991"),
  ]),
  renderingCase("booleans-stay-booleans", "IDN-062", ["canonical-booleans-as-numbers"], [
    accepted('{"no":false,"yes":true}', '{"no":false,"yes":true}'),
  ]),
];
