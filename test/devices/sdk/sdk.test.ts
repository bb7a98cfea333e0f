import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "../../../devices/sdk/decode.ts";
import { deviceStream } from "../../../devices/sdk/device-stream.ts";
import { PartitionReader } from "../../../devices/sdk/partition-reader.ts";
import { partitionForKey } from "../../../src/records/murmur2.ts";
import { CentreWriter } from "../../cli/replay/centre-writer.ts";
import { type Headwater, startHeadwater } from "../../support/headwater.ts";
import { sdkContract } from "./sdk-contract.ts";

const TOP = resolve(import.meta.dirname, "../../..");
const SDK = join(TOP, "devices/sdk");

sdkContract("a gateway", async () => {
  const headwater = await startHeadwater();
  return { bootstrap: headwater.kafka, stop: () => headwater.dispose() };
});

test("a stream goes on where it was when its gateway comes back", async () => {
  const headwater = await startHeadwater();
  const writer = new CentreWriter(headwater.kafka);
  await writer.createTopic("telemetry", 1);
  const reading = (value: string) => ({ key: "pump-1", value, timeMs: Date.now() });
  await writer.write("telemetry", [reading("1"), reading("2")]);
  const stream = deviceStream({
    ...{ bootstrap: headwater.kafka, topic: "telemetry", device: "pump-1", follow: true, maxWaitMs: 100 },
    decode: text,
  });
  const taken = [(await stream.next()).value?.value, (await stream.next()).value?.value];
  const next = stream.next();
  await headwater.kill();
  await Bun.sleep(300);
  await headwater.restart();
  await writer.write("telemetry", [reading("3")]);
  taken.push((await next).value?.value);
  expect(taken).toEqual(["1", "2", "3"]);
  await stream.return();
  writer.close();
  await headwater.dispose();
}, 40_000);

test("a device is read from where its records are; of several partitions one has to be named", async () => {
  const headwater = await startHeadwater();
  const writer = new CentreWriter(headwater.kafka);
  await writer.createTopic("odd", 3);
  const write = (value: string, partition: number) =>
    writer.write("odd", [{ key: "pump-1", value, timeMs: Date.now() }], partition);
  const read = async (partition?: number) => {
    const place = partition === undefined ? {} : { partition };
    const stream = deviceStream({
      ...{ bootstrap: headwater.kafka, topic: "odd", device: "pump-1" },
      ...place,
      decode: text,
    });
    return (await Array.fromAsync(stream)).map(({ value }) => value);
  };
  const usual = partitionForKey(Buffer.from("pump-1"), 3);
  const [one = 0, other = 0] = [0, 1, 2].filter((partition) => partition !== usual);
  await write("one", one);
  expect(await read()).toEqual(["one"]);
  await write("other", other);
  await expect(read()).rejects.toThrow(`in partitions ${one}, ${other} of odd`);
  expect(await read(other)).toEqual(["other"]);
  await expect(read(3)).rejects.toThrow("no partition 3");
  writer.close();
  await headwater.dispose();
}, 30_000);

test("an answer may have more records than a call takes arguments", async () => {
  const record = { timestampDelta: 0n, key: null, value: null, headers: [] };
  const records = Array.from({ length: 700_000 }, (_, offsetDelta) => ({ ...record, offsetDelta }));
  const base = { firstOffset: 0n, firstTimestamp: 0n, attributes: 0, producerId: -1n };
  const batch = { ...base, lastOffsetDelta: records.length - 1, records };
  // As the client underneath gives it; a broker would take seconds to.
  const consumer = {
    topics: { track: () => {} },
    metadata: async () => ({ topics: new Map([["many", { id: "x", partitions: { 0: { leader: 1 } } }]]) }),
    fetch: async () => ({ responses: [{ partitions: [{ abortedTransactions: [], records: [batch] }] }] }),
  } as never;
  const limits = { maxBytes: 1, maxWaitMs: 1, onGap: null };
  const reader = new PartitionReader(consumer, { topic: "many", partition: 0 }, limits);
  expect(await reader.next()).toHaveLength(records.length);
  expect(reader.offset).toBe(records.length);
});

describe("the package", () => {
  let headwater: Headwater;
  const folder = mkdtempSync(join(tmpdir(), "headwater-sdk-"));
  const installed = join(folder, "node_modules/headwater-sdk");

  beforeAll(async () => {
    headwater = await startHeadwater();
    const writer = new CentreWriter(headwater.kafka);
    await writer.createTopic("telemetry", 2);
    const reading = (value: string) => ({ key: "pump-1", value, timeMs: Date.now() - 1_000 });
    await writer.write("telemetry", [reading('{"bar": 4.2}'), reading('{"bar": 4.3}')]);
    writer.close();
    // As it is published: built, beside its dependencies.
    mkdirSync(installed, { recursive: true });
    const tsc = join(TOP, "node_modules/.bin/tsc");
    const build = spawnSync(tsc, ["-p", SDK, "--outDir", join(installed, "dist")], { encoding: "utf8" });
    if (build.status !== 0) throw new Error(build.stdout + build.stderr);
    writeFileSync(join(installed, "package.json"), readFileSync(join(SDK, "package.json")));
    for (const name of ["@platformatic", "cbor-x"]) {
      symlinkSync(join(TOP, "node_modules", name), join(folder, "node_modules", name));
    }
  }, 60_000);

  afterAll(async () => {
    await headwater?.dispose();
    rmSync(folder, { recursive: true, force: true });
  }, 30_000);

  /** The README's example, with this gateway's address. */
  function example(): string {
    const [, code = ""] = /```ts\n(.*?)```/s.exec(readFileSync(join(SDK, "README.md"), "utf8")) ?? [];
    expect(code).toContain("deviceStream");
    return code.replace("127.0.0.1:9092", headwater.kafka);
  }

  // Node.js, where there is one that the client underneath runs on, runs what a compiler makes of it.
  const node = process.env.NODE ?? "node";
  const isRecent = spawnSync(node, ["-e", "Promise.withResolvers()"]).status === 0;
  const runtimes = [process.execPath, ...(isRecent ? [node] : [])];
  for (const runtime of runtimes) {
    test(`its example runs on ${runtime === node ? "Node.js" : "Bun"}`, async () => {
      const script = join(folder, `example-${runtimes.indexOf(runtime)}.mjs`);
      writeFileSync(script, new Bun.Transpiler({ loader: "ts" }).transformSync(example()));
      const run = Bun.spawn([runtime, script], { cwd: folder, stdout: "pipe", stderr: "pipe" });
      const [out, err] = await Promise.all([
        new Response(run.stdout).text(),
        new Response(run.stderr).text(),
      ]);
      expect({ code: await run.exited, err }).toEqual({ code: 0, err: "" });
      const lines = out.trimEnd().split("\n");
      expect(lines.map((line) => line.split(" ").slice(1).join(" "))).toEqual([
        "4.2 this gateway",
        "4.3 this gateway",
      ]);
    }, 30_000);
  }
});
