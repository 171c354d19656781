/**
 * What the lines for a shell need, for machines that lack it: a little of `curl` and of `openssl`, as a program.
 *
 *     deno run -A diff/testing_shell.ts curl|openssl ARGS…
 */

import { createPrivateKey, sign } from "node:crypto";
import { connect } from "node:net";

const WITH_VALUE: readonly string[] = ["-X", "-H", "--data-binary", "-sigw"];

/** One request over a connection of its own; the answer with its head. */
async function curl(args: readonly string[]): Promise<string> {
  const headers: string[] = [];
  let [method, body, address] = ["GET", "", ""];
  for (let i = 0; i < args.length; i++) {
    const word = args[i] ?? "";
    const value = WITH_VALUE.includes(word) ? args[++i] ?? "" : "";
    if (word === "-X") method = value;
    else if (word === "-H") headers.push(value.replace(/;$/, ":"));
    else if (word === "--data-binary") body = value;
    else if (!word.startsWith("-")) address = value === "" ? word : address;
  }
  const [, host = "", port = "", path = ""] = /^http:\/\/([^:/]+):(\d+)(\/.*)$/.exec(address) ?? [];
  const bytes = new TextEncoder().encode(body);
  const head = [`${method} ${path} HTTP/1.1`, `Host: ${host}:${port}`, "Connection: close", ...headers];
  if (bytes.length > 0) head.push(`Content-Length: ${bytes.length}`);
  const socket = connect(Number(port), host);
  socket.write(head.join("\r\n") + "\r\n\r\n");
  socket.write(bytes);
  let text = "";
  for await (const chunk of socket) text += new TextDecoder().decode(chunk);
  return text + "\n";
}

/** `pkeyutl -sign -rawin -inkey FILE -in FILE` and `base64 -A`. */
async function openssl(args: readonly string[]): Promise<Uint8Array> {
  const after = (flag: string) => args[args.indexOf(flag) + 1] ?? "";
  if (args[0] === "base64") {
    return new TextEncoder().encode(new Uint8Array(await new Response(Deno.stdin.readable).arrayBuffer()).toBase64());
  }
  const key = createPrivateKey(await Deno.readTextFile(after("-inkey")));
  return new Uint8Array(sign(null, await Deno.readFile(after("-in")), key));
}

/** A folder for the end of PATH in which both are programs. */
export async function shellTools(folder: string): Promise<void> {
  const self = new URL(import.meta.url).pathname;
  for (const name of ["curl", "openssl"]) {
    const path = `${folder}/${name}`;
    await Deno.writeTextFile(path, `#!/bin/sh\nexec '${Deno.execPath()}' run -A --no-check '${self}' ${name} "$@"\n`);
    await Deno.chmod(path, 0o755);
  }
}

if (import.meta.main) {
  const [tool, ...args] = Deno.args;
  const out = tool === "curl" ? new TextEncoder().encode(await curl(args)) : await openssl(args);
  await Deno.stdout.write(out);
}
