/** What need not be written down twice. */

import type { Observation } from "./observation.ts";

/** Keeps of a reading of counters those that are not as they were: most of a target's hundreds never move. */
export class MetricsThinner {
  #last: Readonly<Record<string, number>> = {};

  thinned(observation: Observation): Observation {
    if (observation.kind !== "metrics") return observation;
    const before = this.#last;
    this.#last = observation.counters;
    const changed = Object.entries(observation.counters).filter(([name, value]) => before[name] !== value);
    return { ...observation, counters: Object.fromEntries(changed) };
  }
}
