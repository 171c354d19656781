/** core/bus: dispatch and, in protocol/, self-description and conformance reporting. */

import type { Suite } from "../../../src/runner/case.ts";
import { dispatchCases } from "./dispatch_cases.ts";
import { protocolCases } from "./protocol/mod.ts";

export const busSuite: Suite = { section: "core/bus", cases: [...dispatchCases, ...protocolCases] };
