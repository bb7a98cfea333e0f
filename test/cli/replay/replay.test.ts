import { expect, test } from "bun:test";
import { startHeadwater } from "../../support/headwater.ts";
import { run } from "../support.ts";
import { CentreWriter } from "./centre-writer.ts";
import { replayContract } from "./replay-contract.ts";
import { verifyContract } from "./verify-contract.ts";

test("a gateway's view of a device has all its partitions", async () => {
  const headwater = await startHeadwater();
  const writer = new CentreWriter(headwater.kafka);
  await writer.createTopic("odd", 3);
  for (const partition of [2, 0, 1])
    await writer.write("odd", [{ key: "pump-1", value: `in ${partition}`, timeMs: Date.now() }], partition);
  const { out } = await run(["replay", "-b", headwater.kafka, "-t", "odd", "-d", "pump-1", "-o", "json"]);
  const records = out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const found = records.map(({ topic, partition, value }) => [topic, partition, value]).sort();
  expect(found).toEqual([0, 1, 2].map((partition) => ["odd", partition, `in ${partition}`]));
  writer.close();
  await headwater.dispose();
}, 30_000);

const NAME = "another Headwater";

async function start(): Promise<{ bootstrap: string; stop(): Promise<void> }> {
  const headwater = await startHeadwater();
  return { bootstrap: headwater.kafka, stop: () => headwater.dispose() };
}

replayContract(NAME, start);
verifyContract(NAME, start);
