import { expect, test } from "bun:test";
import { Kafka, logLevel } from "kafkajs";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import { runWell } from "../interop/clients/run.ts";
import { goTransactMissing } from "../interop/clients/transacting.ts";
import { programsMissing, required } from "../interop/tools.ts";
import { type Headwater, startHeadwater } from "../support/headwater.ts";
import { chaosSeed } from "./support/chaos.ts";
import { WorkerPool } from "./support/worker-pool.ts";

const WORKERS = 4;
const KILLS = 30;
/** Kills of a worker after which the broker is killed as well. */
const BROKER_EVERY = 10;
const INPUTS_A_KILL = 100;
const PARTITIONS = 8;
const SETTLE_MS = 60_000;
const TIMEOUT_MS = 5 * 60_000;

const missing = required(goTransactMissing()) ?? required(programsMissing("kcat"));
if (missing !== null) console.log(`skipped: a pipeline of transactions (${missing})`);

test.skipIf(missing !== null)(
  "a pipeline whose workers and broker are killed puts out each input once",
  async () => {
    const seed = chaosSeed();
    const random = new SeededRandom(seed);
    await using stack = new AsyncDisposableStack();
    const headwater = await startHeadwater({
      settings: { "group.min.session.timeout.ms": "500", "group.initial.rebalance.delay.ms": "0" },
    });
    let failed = true;
    stack.defer(() => headwater.dispose(failed));
    await makeTopics(headwater, "in", "out");
    const workers = new WorkerPool({
      bootstrap: headwater.kafka,
      input: "in",
      output: "out",
      group: "pipeline",
      workers: WORKERS,
      sessionMs: 1500,
      pauseMs: 30,
    });
    stack.defer(() => workers.stop());
    let inputs = 0;
    for (let kill = 1; kill <= KILLS; kill += 1) {
      await feed(headwater, inputs, INPUTS_A_KILL);
      inputs += INPUTS_A_KILL;
      await Bun.sleep(random.below(1000));
      workers.kill(random.below(WORKERS));
      if (kill % BROKER_EVERY === 0) {
        await Bun.sleep(random.below(500));
        await headwater.kill();
        await headwater.restart();
      }
    }
    const wanted = Array.from({ length: inputs }, (_, input) => `out:${input}`).sort();
    const deadline = Date.now() + SETTLE_MS;
    let output = await read(headwater, "read_committed");
    while (output.length < inputs && Date.now() < deadline) {
      await Bun.sleep(1000);
      output = await read(headwater, "read_committed");
    }
    const all = await read(headwater, "read_uncommitted");
    console.log(
      `seed ${seed}: ${inputs} inputs, ${output.length} committed of ${all.length} written, ` +
        `${workers.errors.length} workers ended by themselves`,
    );
    expect(output.sort()).toEqual(wanted);
    // Transactions were cut off, or the kills came to nothing.
    expect(all.length).toBeGreaterThan(inputs);
    failed = false;
  },
  TIMEOUT_MS,
);

async function makeTopics(headwater: Headwater, ...topics: readonly string[]): Promise<void> {
  const admin = new Kafka({ brokers: [headwater.kafka], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createTopics({
    topics: topics.map((topic) => ({ topic, numPartitions: PARTITIONS, replicationFactor: 1 })),
  });
  await admin.disconnect();
}

async function feed(headwater: Headwater, first: number, count: number): Promise<void> {
  const lines = Array.from({ length: count }, (_, index) => `${first + index}:${first + index}\n`);
  const command = ["kcat", "-P", "-q", "-b", headwater.kafka, "-t", "in", "-K", ":"];
  await runWell([...command, "-X", "enable.idempotence=true"], lines.join(""));
}

async function read(headwater: Headwater, isolation: string): Promise<string[]> {
  const command = ["kcat", "-C", "-q", "-e", "-b", headwater.kafka, "-t", "out", "-o", "beginning"];
  const output = await runWell([...command, "-X", `isolation.level=${isolation}`, "-f", "%s\n"]);
  return output.split("\n").filter((line) => line !== "");
}
