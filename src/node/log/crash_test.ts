import { assert, assertEquals, assertGreater } from "@std/assert";
import { Random } from "../../protocol/mod.ts";
import { openTestLog } from "./testing.ts";

const KILLS = 200;
/** Children that run at once; their starts take most of the time and there are two cores. */
const LANES = 2;
/** A child is killed after it acknowledged a random number of events below this. */
const MOST_ACKNOWLEDGED = 40;
const CHILD = new URL("./testing_crash_child.ts", import.meta.url).pathname;

interface Acknowledged {
  readonly id: string;
  readonly lamport: number;
}

/** Starts a child, kills it with SIGKILL somewhere after `most` acknowledgements, and returns what it acknowledged. */
async function killed(directory: string, most: number): Promise<{ head: number; events: Acknowledged[] }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--cached-only", CHILD, directory],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let text = "";
  let lines = 0;
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (const character of chunk) if (character === "\n") lines++;
    if (lines > most) {
      child.kill("SIGKILL");
      break;
    }
  }
  await child.status;
  const complete = text.split("\n").slice(0, -1);
  const head = Number(complete[0]?.replace("head ", ""));
  const events = complete.slice(1).map((line) => line.split(" "))
    .map(([id = "", lamport]) => ({ id, lamport: Number(lamport) }));
  return { head, events };
}

Deno.test(`no acknowledged event is lost in ${KILLS} kills, and Lamport values go on above all of them`, async () => {
  const lanes = Array.from({ length: LANES }, async (_, lane) => {
    const dataDirectory = await Deno.makeTempDir();
    const random = new Random("crash", lane);
    try {
      const acknowledged: Acknowledged[] = [];
      for (let kill = 0; kill < KILLS / LANES; kill++) {
        const { head, events } = await killed(dataDirectory, random.below(MOST_ACKNOWLEDGED));
        const before = acknowledged.at(-1)?.lamport ?? 0;
        assert(head >= before, `head after a kill is ${head}, ${before} was acknowledged`);
        acknowledged.push(...events);
      }
      const { log } = openTestLog({ dataDirectory });
      for (const { id, lamport } of acknowledged) assertEquals(log.get(id)?.lamport, lamport);
      const lamports = acknowledged.map(({ lamport }) => lamport);
      for (const [i, lamport] of lamports.entries()) if (i > 0) assertGreater(lamport, lamports[i - 1] ?? 0);
      assertGreater(acknowledged.length, KILLS / LANES);
      log.close();
    } finally {
      await Deno.remove(dataDirectory, { recursive: true });
    }
  });
  await Promise.all(lanes);
});
