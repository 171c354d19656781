/** A session with an embedded node, for tests. */

import { LiveNetwork, nullSink, steadyClock } from "../wire/mod.ts";
import { EmbeddedTarget } from "./embedded.ts";
import { type OpenedSession, openSession } from "./open.ts";
import { preflight } from "./preflight.ts";
import type { TargetProfile } from "./profile.ts";

const SEED = 11;
const TIME_ORIGIN = Date.UTC(2027, 0, 1);

/** Runs a test with a fresh node; `changed` overrides what the pre-flight found. */
export async function withSession(
  run: (opened: OpenedSession) => Promise<void>,
  changed: Partial<TargetProfile> = {},
): Promise<void> {
  const target = new EmbeddedTarget({ seed: SEED, timeOrigin: TIME_ORIGIN, faults: [] });
  const network = new LiveNetwork({ scope: "test", clock: steadyClock(TIME_ORIGIN), sink: nullSink });
  const options = { network, seed: SEED, timeOrigin: TIME_ORIGIN, needs: {} };
  const { profile } = await preflight(target, network, options);
  const opened = await openSession(target, { ...options, profile: { ...profile, ...changed }, scope: "provisioning" });
  try {
    await run(opened);
  } finally {
    await opened.session.close();
    await target.stop();
  }
}
