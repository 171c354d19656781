/** Servers for the benches of the load: one as fast as there is (nginx), one that answers late and keeps a log. */

import { createServer, type Socket } from "node:net";
import { freePort } from "../src/target/managed_node.ts";
import { alarm, systemClock } from "../src/wire/clock.ts";

const BODY = '{"output":{"posts":[],"max_lamport":0},"meta":{"ms":0}}';
/** One for each core of the machine the figures are from. */
const WORKERS = 2;
const clock = systemClock();
const HEAD_END = "\r\n\r\n";

/** A running server. */
export interface Sink {
  readonly port: number;
  readonly pid: number;
  /** Seconds of processor time it has used so far. */
  busySeconds(): number;
  stop(): Promise<void>;
}

const NS_PER_SECOND = 1e9;

/** Processor seconds of a process and its children, which must be alive. */
function busySecondsOf(pid: number): number {
  const children = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).trim().split(" ").filter(Boolean);
  return [pid, ...children.map(Number)].reduce((sum, one) => {
    const [ns] = Deno.readTextFileSync(`/proc/${one}/schedstat`).split(" ");
    return sum + Number(ns) / NS_PER_SECOND;
  }, 0);
}

/**
 * nginx that answers every request alike.
 *
 * @param more Further response headers.
 * @param workers 0: one process alone, which a signal reaches as a whole.
 */
export async function startNginx(more: readonly (readonly [string, string])[] = [], workers = WORKERS): Promise<Sink> {
  const port = freePort(Deno.pid);
  const folder = await Deno.makeTempDir({ prefix: "hearthproof-sink-" });
  const headers = more.map(([name, value]) => `add_header ${name} "${value}";`).join(" ");
  await Deno.writeTextFile(
    `${folder}/nginx.conf`,
    `worker_processes ${Math.max(1, workers)}; daemon off; master_process ${
      workers > 0 ? "on" : "off"
    }; pid ${folder}/pid; error_log ${folder}/error;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 1000000000; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p;
fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
server { listen 127.0.0.1:${port}; location / { default_type application/json; ${headers} return 200 '${BODY}'; } } }
`,
  );
  const child = new Deno.Command("nginx", {
    args: ["-c", `${folder}/nginx.conf`, "-e", `${folder}/error`],
    stdout: "null",
    stderr: "null",
  }).spawn();
  await untilOpen(port);
  return {
    port,
    pid: child.pid,
    busySeconds: () => busySecondsOf(child.pid),
    stop: async () => {
      child.kill("SIGTERM");
      await child.status;
      // Workers may still be taking their files away.
      await Deno.remove(folder, { recursive: true }).catch(() => {});
    },
  };
}

const LOOK_EVERY_MS = 20;
const LOOKS = 250;

async function untilOpen(port: number): Promise<void> {
  for (let look = 0; look < LOOKS; look++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch {
      await clock.sleep(LOOK_EVERY_MS);
    }
  }
  throw new Error(`Cannot use the sink: nothing listens on port ${port}`);
}

/** Answers each request after a delay and notes how long that took, in milliseconds. */
export function startLate(delayMs: number): Promise<{ readonly port: number; readonly log: number[]; stop(): void }> {
  const log: number[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    let text = "";
    socket.on("data", (bytes: Uint8Array) => {
      text += new TextDecoder().decode(bytes);
      for (let end = text.indexOf(HEAD_END); end >= 0; end = text.indexOf(HEAD_END)) {
        text = text.slice(end + HEAD_END.length);
        const asked = clock.mono();
        alarm(delayMs, () => {
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}${HEAD_END}${BODY}`);
          log.push(clock.mono() - asked);
        });
      }
    });
  });
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      resolve({
        port,
        log,
        stop: () => {
          server.close();
          for (const socket of sockets) socket.destroy();
        },
      });
    })
  );
}
