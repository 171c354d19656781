import { assertEquals } from "@std/assert";
import { dirname } from "node:path";
import { belongsTo, groupMemory, statedMemory, type SystemPaths } from "./container_memory.ts";

async function withFiles(
  files: Readonly<Record<string, string>>,
  run: (paths: SystemPaths) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.mkdir(dirname(`${folder}/${name}`), { recursive: true });
      await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    await run({ proc: `${folder}/proc`, cgroup: `${folder}/cgroup` });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("memory of a group of version 2 is what is used without droppable file contents", async () => {
  const files = {
    "proc/7/cgroup": "0::/system.slice/docker-abc.scope\n",
    "cgroup/system.slice/docker-abc.scope/memory.current": "5000000\n",
    "cgroup/system.slice/docker-abc.scope/memory.stat": "anon 3000000\nfile 2000000\ninactive_file 1500000\n",
  };
  await withFiles(files, async (paths) => assertEquals(await groupMemory(7, paths), 3_500_000));
});

Deno.test("memory of a group of version 1 is found beside the other controllers", async () => {
  const files = {
    "proc/7/cgroup": "9:name=systemd:/\n4:memory:/libpod_parent/libpod-abc\n3:cpuset:/x\n0::/\n",
    "cgroup/memory/libpod_parent/libpod-abc/memory.usage_in_bytes": "4096000\n",
    "cgroup/memory/libpod_parent/libpod-abc/memory.stat": "inactive_file 1\ntotal_inactive_file 96000\n",
  };
  await withFiles(files, async (paths) => assertEquals(await groupMemory(7, paths), 4_000_000));
});

Deno.test("a process that is gone, and one outside of any group, have no memory of a group", async () => {
  await withFiles({ "proc/8/cgroup": "0::/\n" }, async (paths) => {
    assertEquals([await groupMemory(7, paths), await groupMemory(8, paths)], [undefined, undefined]);
  });
});

Deno.test("a process belongs to a container if its group is named after it", async () => {
  await withFiles({ "proc/7/cgroup": "4:memory:/libpod_parent/libpod-abc\n" }, async (paths) => {
    assertEquals(await belongsTo(7, "abc", paths), true);
    assertEquals([await belongsTo(7, "abd", paths), await belongsTo(8, "abc", paths)], [false, false]);
    assertEquals(await belongsTo(7, "", paths), false);
  });
});

Deno.test("statistics of docker and podman are read with their units", () => {
  assertEquals(statedMemory("12.5MiB / 7.7GiB"), 13_107_200);
  assertEquals(statedMemory("104.5MB / 25.1GB"), 104_500_000);
  assertEquals(statedMemory("1.5GB / 2GB"), 1_500_000_000);
  assertEquals(statedMemory("900kB / 2GB"), 900_000);
  assertEquals([statedMemory("0B / 0B"), statedMemory("-- / --"), statedMemory("")], [undefined, undefined, undefined]);
});
