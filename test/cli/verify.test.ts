import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PlainDisk } from "../../src/io/bun/plain-disk.ts";
import { batchOf, createLog, mustAppend, openStore } from "../log/support.ts";
import { run } from "./support.ts";

const roots: string[] = [];
afterAll(() => {
  for (const root of roots) rmSync(root, { recursive: true, force: true });
});

function newFolder(): string {
  const root = mkdtempSync(join(tmpdir(), "headwater-verify-"));
  roots.push(root);
  return join(root, "data");
}

async function filledStore(folder: string) {
  const opened = await openStore({ disk: new PlainDisk(), folder });
  const log = createLog(opened.store, "telemetry");
  for (let i = 0; i < 20; i++) mustAppend(log, batchOf([`reading ${i}`], { key: `pump-${i % 2}` }));
  await opened.clock.settleAll();
  return opened.store;
}

test("a whole folder is whole, also while somebody has it, and exits 0", async () => {
  const folder = newFolder();
  const store = await filledStore(folder);
  const running = await run(["verify", "--data", folder]);
  expect(running).toMatchObject({ code: 0, err: "" });
  expect(running.out).toContain("in use");
  await store.close();
  const stopped = await run(["verify", "--data", folder]);
  expect(stopped).toMatchObject({ code: 0, err: "" });
  expect(stopped.out).toContain("(shut down cleanly): 1 partition, 1 segment, 20 batches");
  expect(stopped.out).toEndWith("whole\n");
});

test("damage is named with its place, what it means and what to do, and exits 1", async () => {
  const folder = newFolder();
  await (await filledStore(folder)).close();
  const name = readdirSync(join(folder, "telemetry-0")).find((file) => file.endsWith(".log")) ?? "";
  const path = join(folder, "telemetry-0", name);
  const bytes = readFileSync(path);
  bytes[70] = (bytes[70] ?? 0) ^ 4;
  writeFileSync(path, bytes);
  const { code, out } = await run(["verify", "--data", folder]);
  expect(code).toBe(1);
  expect(out).toContain("DAMAGE  segment telemetry-0, offsets 0 to 0");
  expect(out).toContain(`${path}, bytes 0 to `);
  expect(out).toContain("-> stop the gateway and run headwater repair");
  const json = await run(["verify", "--data", folder, "-o", "json"]);
  expect(json.code).toBe(1);
  expect(JSON.parse(json.out)).toMatchObject({
    ok: false,
    condition: "clean",
    damages: [{ part: "segment", path, topic: "telemetry", partition: 0, fromOffset: 0, toOffset: 1 }],
  });
  expect((await run(["verify", "--data", folder, "--topic", "other"])).code).toBe(0);
});

test("where there is no data folder the command line is wrong", async () => {
  const { code, err } = await run(["verify", "--data", newFolder()]);
  expect(code).toBe(2);
  expect(err).toContain("is no data folder of headwater");
});

test("a repair says first what it would do, does it when it is told to, and never while somebody has the folder", async () => {
  const folder = newFolder();
  const store = await filledStore(folder);
  const busy = await run(["repair", "--data", folder, "--apply"]);
  expect(busy).toMatchObject({ code: 4, out: "" });
  expect(busy.err).toContain("is in use by process");
  await store.close();
  expect((await run(["repair", "--data", folder])).code).toBe(0);
  const name = readdirSync(join(folder, "telemetry-0")).find((file) => file.endsWith(".log")) ?? "";
  const path = join(folder, "telemetry-0", name);
  const bytes = readFileSync(path);
  // Within the value: the key can still be read.
  bytes[76] = (bytes[76] ?? 0) ^ 4;
  writeFileSync(path, bytes);
  const dry = await run(["repair", "--data", folder]);
  expect(dry.code).toBe(1);
  expect(dry.out).toContain("lost    telemetry-0 offsets 0 to 0: pump-0\nnothing was changed");
  expect(readFileSync(path)).toEqual(bytes);
  const applied = await run(["repair", "--data", folder, "--apply"]);
  expect(applied.code).toBe(0);
  expect(applied.out).toContain(`kept    ${join(folder, "quarantine", `telemetry-0.${name}`)}`);
  expect(applied.out).toEndWith("mended, and checked again: whole\n");
  expect((await run(["verify", "--data", folder])).code).toBe(0);
  expect((await run(["repair", "--data", folder, "--apply"])).out).toEndWith("there is nothing to mend\n");
});
