import { assertEquals } from "@std/assert";
import { VirtualClock } from "../../wire/clock.ts";
import { soundRules } from "../rules.ts";
import { FileLogger, LOG_PATHS } from "./logger.ts";

const WALL_MS = 1_790_000_000_123;

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-log-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a line is one JSON object with its time in UTC and milliseconds", async () => {
  await inFolder(async (folder) => {
    const logger = new FileLogger(folder, new VirtualClock({ wallMs: WALL_MS }), soundRules);
    logger.log("info", "bus", "a call\nended", { trace_id: "T", result: "ok" });
    logger.close();
    const text = await Deno.readTextFile(`${folder}/${LOG_PATHS[0]}`);
    assertEquals(text.split("\n").length, 2);
    assertEquals(JSON.parse(text), {
      ts: new Date(WALL_MS).toISOString(),
      level: "info",
      logger: "bus",
      msg: "a call\nended",
      trace_id: "T",
      result: "ok",
    });
  });
});

Deno.test("a restarted node appends, and a full file becomes the one before", async () => {
  await inFolder(async (folder) => {
    const lines = async (path: string) => (await Deno.readTextFile(`${folder}/${path}`)).trim().split("\n").length;
    for (const _ of [1, 2]) {
      const logger = new FileLogger(folder, new VirtualClock({ wallMs: WALL_MS }), soundRules);
      logger.log("info", "node", "started");
      logger.close();
      logger.log("info", "node", "said after the end");
    }
    assertEquals(await lines(LOG_PATHS[0]), 2);
    const small = new FileLogger(folder, new VirtualClock({ wallMs: WALL_MS }), soundRules, 1);
    small.log("warning", "node", "fills the file");
    small.log("warning", "node", "fills the next");
    small.close();
    assertEquals([await lines(LOG_PATHS[1]), await Deno.readTextFile(`${folder}/${LOG_PATHS[0]}`)], [1, ""]);
  });
});
