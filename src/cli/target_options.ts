/** Options of a command line -> a target, its adapter and its access. */

import { type Identity, identityFromSeed } from "../protocol/mod.ts";
import { FAULTS } from "../node/faults/mod.ts";
import type { Access } from "../target/access.ts";
import { type Adapter, NO_ADAPTER, parseAdapter } from "../target/adapter.ts";
import { ContainerTarget } from "../target/container.ts";
import { type Dialect, DIALECT_NAMES, parseDialect, shippedDialect } from "../target/dialect.ts";
import { EmbeddedTarget, faultNames } from "../target/embedded.ts";
import { EndpointTarget } from "../target/endpoint.ts";
import { READY_DEADLINE_MS, splitCommand } from "../target/managed_node.ts";
import { ProcessTarget } from "../target/process.ts";
import type { Target } from "../target/target.ts";
import { systemClock } from "../wire/clock.ts";
import { type Options, UsageError } from "./parse.ts";
import { nearest } from "./suggest.ts";

/** Bytes of a key file. */
const SEED_BYTES = 32;
/** Largest file an option may name, in bytes. */
const MAX_OPTION_FILE_BYTES = 4_194_304;

/** A target and what came with it. */
export interface ChosenTarget {
  readonly target: Target;
  readonly adapter: Adapter;
  /** Secret texts that must never be written anywhere. */
  readonly secrets: readonly string[];
}

/**
 * Reads a small text file named by an option.
 *
 * @throws {UsageError} If it cannot be read or is larger than 4 MiB.
 */
export async function readOptionFile(option: string, path: string): Promise<Uint8Array> {
  try {
    const { size, isFile } = await Deno.stat(path);
    if (!isFile) throw new UsageError(`--${option} ${path}: not a file; name the file itself`);
    if (size > MAX_OPTION_FILE_BYTES) {
      throw new UsageError(`--${option} ${path}: larger than ${MAX_OPTION_FILE_BYTES} bytes`);
    }
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const why = error instanceof Deno.errors.NotFound
      ? "no such file, check the path"
      : error instanceof Error
      ? error.message
      : error;
    throw new UsageError(`--${option} ${path}: cannot be read: ${why}`);
  }
}

async function readKey(options: Options, option: string): Promise<Identity | undefined> {
  const path = options.text(option);
  return path === undefined ? undefined : await readKeyFile(option, path);
}

async function readKeyFile(option: string, path: string): Promise<Identity> {
  const bytes = await readOptionFile(option, path);
  if (bytes.length !== SEED_BYTES) {
    throw new UsageError(
      `--${option} ${path}: a key file holds the raw ${SEED_BYTES}-byte Ed25519 seed, this one has ${bytes.length} bytes`,
    );
  }
  return identityFromSeed(bytes);
}

async function readDialect(options: Options): Promise<Dialect> {
  const name = options.text("dialect") ?? "contract";
  const shipped = shippedDialect(name);
  if (shipped !== undefined) return shipped;
  if (!/[./]/.test(name)) {
    throw new UsageError(`--dialect ${name}: unknown; ${DIALECT_NAMES.join(" and ")} ship, anything else is a file`);
  }
  const text = new TextDecoder().decode(await readOptionFile("dialect", name));
  return asUsage(() => parseDialect(text, name));
}

/** A fingerprint as tools print it: hexadecimal digits, with or without colons. */
function readPin(options: Options): string | undefined {
  const given = options.text("tls-pin");
  if (given === undefined) return undefined;
  const plain = given.replaceAll(":", "").toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(plain)) {
    throw new UsageError(
      `--tls-pin ${given}: a SHA-256 fingerprint has 64 hexadecimal digits; hearthproof doctor shows that of the node`,
    );
  }
  return plain;
}

async function readAdapter(options: Options): Promise<Adapter> {
  const path = options.text("adapter");
  if (path === undefined) return NO_ADAPTER;
  const text = new TextDecoder().decode(await readOptionFile("adapter", path));
  const adapter = asUsage(() => parseAdapter(text, path));
  if (adapter.auditorKey === undefined) return adapter;
  return { ...adapter, auditor: await readKeyFile("adapter auditor_key", adapter.auditorKey) };
}

function asUsage<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** `--target` with its long forms (X09 §7) as one specification. */
export function targetSpec(options: Options): string {
  const target = options.text("target") ?? "embedded";
  if (target === "local") {
    const url = options.text("target-url");
    if (url === undefined) throw new UsageError("--target=local needs --target-url http://HOST:PORT");
    return url;
  }
  if (target === "docker") {
    const image = options.text("docker-image");
    if (image === undefined) throw new UsageError("--target=docker needs --docker-image IMAGE");
    return `docker:${image}`;
  }
  if (!options.given("target") && options.text("target-url") !== undefined) return options.text("target-url") ?? "";
  return target;
}

/** Checks fault names of an embedded target. */
export function checkFaults(names: readonly string[]): void {
  for (const name of names) {
    if (name in FAULTS) continue;
    const near = nearest(name, Object.keys(FAULTS));
    const hint = near === undefined ? "" : `, did you mean ${near}?`;
    throw new UsageError(`--target embedded: unknown fault "${name}"${hint} (hearthproof node --help lists them)`);
  }
}

/**
 * Makes the target a command line names.
 *
 * @throws {UsageError} If the specification, a key file, the dialect or the adapter is wrong.
 */
export async function chooseTarget(
  options: Options,
  run: {
    readonly seed: number;
    readonly timeOrigin: number;
    readonly captureWire?: boolean;
    /** Aborted by Ctrl-C: a node that is being started is given up. */
    readonly signal?: AbortSignal;
    /** Where a process that is started keeps its data, beyond its end; signals go to its whole group then. */
    readonly directory?: string;
  },
): Promise<ChosenTarget> {
  const spec = targetSpec(options);
  const [dialect, adapter] = await Promise.all([readDialect(options), readAdapter(options)]);
  const [root, admin, sut] = await Promise.all([
    readKey(options, "root-key"),
    readKey(options, "admin-key"),
    readKey(options, "sut-key"),
  ]);
  const adminToken = options.text("admin-token");
  const secrets = [root, admin, sut, adapter.auditor].flatMap((key) =>
    key === undefined ? [] : [key.seed.toHex(), key.seed.toBase64()]
  );
  if (adminToken !== undefined) secrets.push(adminToken);
  const chosen = (target: Target): ChosenTarget => ({ target, adapter, secrets });
  if (spec === "embedded" || spec.startsWith("embedded:")) {
    const faults = faultNames(spec);
    checkFaults(faults);
    return chosen(new EmbeddedTarget({ ...run, faults, dialect }));
  }
  const starting = {
    seed: run.seed,
    dialect,
    clock: systemClock(),
    readyMs: options.number("start-deadline") ?? READY_DEADLINE_MS,
    logFiles: adapter.logFiles,
    ...(run.signal === undefined ? {} : { signal: run.signal }),
  };
  if (spec.startsWith("exec:")) {
    const command = spec.slice("exec:".length).trim();
    if (command === "") {
      throw new UsageError('--target exec: needs a command, as in exec:"mynode --port {port} --data {data}"');
    }
    if (!command.includes("{port}")) {
      throw new UsageError(
        '--target exec: the command must contain {port}, as in exec:"mynode --port {port} --data {data}"',
      );
    }
    const kept = run.directory === undefined ? {} : { directory: run.directory, wholeGroup: true };
    return chosen(new ProcessTarget({ ...starting, ...kept, command, adapter }));
  }
  if (spec.startsWith("docker:")) {
    const [image, ...command] = splitCommand(spec.slice("docker:".length));
    if (image === undefined || image.startsWith("-")) {
      throw new UsageError("--target docker: needs an image, as in docker:mynode:latest");
    }
    const engine = options.text("container-engine");
    const args = options.list("container-arg");
    return chosen(
      new ContainerTarget({ ...starting, image, command, args, ...(engine === undefined ? {} : { engine }) }),
    );
  }
  if (!/^https?:\/\//.test(spec)) {
    throw new UsageError(
      `--target ${spec}: unknown; write embedded[:FAULT], http(s)://HOST:PORT, exec:"COMMAND {port} {data}" or docker:IMAGE`,
    );
  }
  const access: Access = {
    allowWrites: options.flag("allow-writes"),
    // Commands that never leave harm behind do not have it.
    disposable: options.knows("disposable") && options.flag("disposable"),
    ...(root === undefined ? {} : { root }),
    ...(admin === undefined ? {} : { admin }),
    ...(adminToken === undefined ? {} : { adminToken }),
    ...(sut === undefined ? {} : { sut }),
  };
  const fingerprint = readPin(options) ?? adapter.fingerprint;
  return chosen(asUsage(() =>
    new EndpointTarget({
      url: spec,
      access,
      dialect,
      adapter,
      ...(fingerprint === undefined ? {} : { fingerprint }),
    })
  ));
}
