/** Cases of core-transport.yaml, collected from the files beside this one. */

import type { ConformanceCase } from "../../../src/runner/case.ts";
import { bodyCases } from "./bodies.ts";
import { callHeaderCases } from "./call_headers.ts";
import { certificateCases } from "./certificates.ts";
import { errorCases } from "./errors.ts";
import { outboundCases } from "./outbound.ts";
import { rateCases } from "./rates.ts";
import { streamWorkCases } from "./stream_work.ts";
import { streamCases } from "./streams.ts";
import { topicCases } from "./topics.ts";
import { unaryAnswerCases } from "./unary_answers.ts";

export const httpCases: readonly ConformanceCase[] = [
  ...unaryAnswerCases,
  ...certificateCases,
  ...callHeaderCases,
  ...bodyCases,
  ...errorCases,
  ...streamCases,
  ...streamWorkCases,
  ...rateCases,
  ...topicCases,
  ...outboundCases,
];
