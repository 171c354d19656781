/** Child process of the crash test: appends to the log in a directory and tells each event once it is acknowledged. */

import { openTestLog } from "./testing.ts";

const [dataDirectory] = Deno.args;
if (dataDirectory === undefined) throw new TypeError("Cannot run: no data directory is given");

const { log } = openTestLog({ dataDirectory });
const encoder = new TextEncoder();
const say = (line: string) => Deno.stdout.writeSync(encoder.encode(`${line}\n`));
say(`head ${log.head()}`);
for (;;) {
  const event = log.append("file.cid.advertised", { cid: "blake3:00", sizes_bytes: 1 });
  say(`${event.event_id} ${event.lamport}`);
}
