/** The examples hold what the program and its neighbours understand: options that exist, YAML that parses. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parse } from "@std/yaml";
import { withCommonOptions } from "../../src/cli/common_options.ts";
import { configWords } from "../../src/cli/config.ts";
import { shellWords } from "../../src/cli/help/command_lines.ts";
import { type Invocation, parseCommandLine } from "../../src/cli/parse.ts";
import { hearthproof, startNode } from "../../src/cli/testing_program.ts";
import { SOAK } from "../mod.ts";

const ALL = withCommonOptions([SOAK]);
const [SOAK_HERE = SOAK] = ALL;
const read = (name: string) => Deno.readTextFile(new URL(name, import.meta.url));

/** What is read of a Kubernetes object. */
interface KubernetesObject {
  readonly kind: string;
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: {
    readonly completions?: number;
    readonly template?: {
      readonly spec: {
        readonly containers: readonly {
          readonly command: readonly string[];
          readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
        }[];
        readonly volumes: readonly { readonly name: string }[];
      };
    };
  };
}

async function kubernetes(name: string): Promise<KubernetesObject[]> {
  return (await read(name)).split(/^---$/m).map((text) => parse(text) as KubernetesObject);
}

function jobOf(objects: readonly KubernetesObject[]) {
  const job = objects.find(({ kind }) => kind === "Job");
  const pod = job?.spec?.template?.spec;
  const [container] = pod?.containers ?? [];
  assert(job !== undefined && pod !== undefined && container !== undefined);
  return { job, pod, container };
}

/** A command line of an example, understood by the program. */
function understood(words: readonly string[]): Invocation {
  assertStringIncludes(words[0] ?? "", "hearthproof");
  const own = words.slice(1).filter((word, at, all) => word !== "--config" && all[at - 1] !== "--config");
  return parseCommandLine(own, ALL);
}

Deno.test("the configuration of the nightly soak is understood", async () => {
  const entries = configWords(await read("hearthproof.yaml"), "hearthproof.yaml", SOAK_HERE, ALL);
  assert(entries.some(({ option }) => option === "duration"));
});

Deno.test("the unit starts a soak with options that exist, and the timer starts the unit every night", async () => {
  const unit = await read("hearthproof-soak.service");
  const start = /^ExecStart=(.*)$/m.exec(unit)?.[1] ?? "";
  const { command, options } = understood(shellWords(start) ?? []);
  assertEquals(command.name, "soak");
  assertStringIncludes(options.text("root-key") ?? "", "%d/root.key");
  // Only what lies below the state and the cache directory can be written.
  assertStringIncludes(options.text("output-dir") ?? "", "/var/lib/hearthproof/");
  assertStringIncludes(unit, "HEARTHPROOF_CACHE=/var/cache/hearthproof");
  assertStringIncludes(await read("hearthproof-soak.timer"), "OnCalendar=*-*-* 01:00:00");
});

Deno.test("the job of one soak is understood, with the configuration it mounts", async () => {
  const objects = await kubernetes("kubernetes-job.yaml");
  const { container } = jobOf(objects);
  assertEquals(understood(container.command).command.name, "soak");
  const text = objects.find(({ kind }) => kind === "ConfigMap")?.data?.["hearthproof.yaml"] ?? "";
  assert(configWords(text, "hearthproof.yaml", SOAK_HERE, ALL).length > 0);
});

Deno.test("as many shards are started as one run is split into, and all of them are merged", async () => {
  const { job, container } = jobOf(await kubernetes("kubernetes-sharded-job.yaml"));
  const shards = job.spec?.completions ?? 0;
  const script = container.command[2] ?? "";
  assertStringIncludes(script, `$((JOB_COMPLETION_INDEX + 1))/${shards}`);
  const line = script.slice(0, script.indexOf(";")).replaceAll(/\$\(\([^)]*\)\)/g, "1").replaceAll(/\$\w+/g, "0");
  const { options } = understood(shellWords(line) ?? []);
  assertEquals(options.text("shard"), `1/${shards}`);
  assert(options.given("seed") && options.given("time-origin"));
  const merge = understood(jobOf(await kubernetes("kubernetes-merge-job.yaml")).container.command);
  assertEquals(merge.positionals, ["merge", ...Array.from({ length: shards }, (_, index) => `/out/shard-${index}`)]);
});

Deno.test("every volume that is mounted is declared", async () => {
  for (const name of ["kubernetes-job.yaml", "kubernetes-sharded-job.yaml", "kubernetes-merge-job.yaml"]) {
    const { pod, container } = jobOf(await kubernetes(name));
    const declared = pod.volumes.map((volume) => volume.name);
    for (const mount of container.volumeMounts) assert(declared.includes(mount.name), `${name}: ${mount.name}`);
  }
});

Deno.test("the alerts ask for metrics that a node serves, and name the unit as it is called", async () => {
  const alerts = await read("prometheus-alerts.yaml");
  assert(parse(alerts) !== null && parse(await read("prometheus.yaml")) !== null);
  const names = new Set(alerts.match(/hearthnet_\w+/g));
  assert(names.size > 1);
  const folder = await Deno.makeTempDir();
  try {
    await using node = await startNode(folder);
    // Counters of calls are there once there were calls.
    assertEquals((await hearthproof(["doctor", "--target", node.url])).code, 0);
    const served = await (await fetch(`${node.url}/metrics`)).text();
    for (const name of names) assertStringIncludes(served, `# TYPE ${name} `);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  for (const [, unit = ""] of alerts.matchAll(/name="([^"]+)"/g)) assert((await read(unit)).includes("[Unit]"));
});
