/** The manual pages that the program carries with it. */

import ADAPTER from "./adapter.md" with { type: "text" };
import CONTAINERS from "./containers.md" with { type: "text" };
import IMPLEMENTERS from "./implementers.md" with { type: "text" };
import MAINTAINERS from "./maintainers.md" with { type: "text" };
import OPERATORS from "./operators.md" with { type: "text" };
import SOAKS from "./soaks.md" with { type: "text" };

/** Pages in Markdown, by topic. */
export const TOPICS: Readonly<Record<string, string>> = {
  operators: OPERATORS,
  implementers: IMPLEMENTERS,
  maintainers: MAINTAINERS,
  adapter: ADAPTER,
  containers: CONTAINERS,
  soaks: SOAKS,
};

/** Prints the JSON Schema of `--config` instead of a page. */
export const SCHEMA_TOPIC = "config-schema";

/** All that `help` takes besides the names of commands. */
export const TOPIC_NAMES: readonly string[] = [...Object.keys(TOPICS), SCHEMA_TOPIC];
