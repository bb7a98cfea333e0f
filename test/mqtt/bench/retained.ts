// What many retained messages cost: memory, the start, a subscription to all of them. On a real disk:
//   bun test/mqtt/bench/retained.ts [topics]

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../../src/base/logger.ts";
import { Broker } from "../../../src/broker/broker.ts";
import { SystemClock } from "../../../src/io/bun/clock.ts";
import { PlainDisk } from "../../../src/io/bun/plain-disk.ts";
import { SystemRandom } from "../../../src/io/bun/random.ts";
import { LogStore } from "../../../src/log/log-store.ts";
import { IN_THE_LOG } from "../../../src/mqtt/joined-batch.ts";
import { DEFAULT_MQTT_LIMITS } from "../../../src/mqtt/limits.ts";
import { RetainedTopic } from "../../../src/mqtt/retained/storage.ts";
import { RetainedStore } from "../../../src/mqtt/retained/store.ts";
import type { RetainedNode } from "../../../src/mqtt/retained/trie.ts";
import { RefusedTopic } from "../../../src/mqtt/settled-batches.ts";
import { newStats } from "../../../src/mqtt/stats.ts";
import { TopicEntry } from "../../../src/mqtt/topic-table.ts";

const TOPICS = Number(process.argv[2] ?? 100_000);
const PAYLOAD = Buffer.from(JSON.stringify({ state: "online", since: 1_790_000_000, battery: 87 }));
const REFUSED = new RefusedTopic(0, "");

async function open(folder: string): Promise<{ store: RetainedStore; log: LogStore; openMs: number }> {
  const clock = new SystemClock();
  const random = new SystemRandom();
  const startMs = clock.monotonicMs();
  const log = await LogStore.open({ disk: new PlainDisk(), clock, random, folder });
  const broker = new Broker({
    store: log,
    ...{ clock, random, logger: silentLogger, nodeId: 1, clusterId: "bench", topicDefaults: new Map() },
    ...{ autoCreateTopics: true, defaultPartitions: 1, maxPartitions: 100 },
  });
  const openMs = clock.monotonicMs() - startMs;
  const limits = DEFAULT_MQTT_LIMITS;
  const store = new RetainedStore({ storage: new RetainedTopic(broker), clock, stats: newStats(), limits });
  return { store, log, openMs };
}

function memoryMb(): string {
  Bun.gc(true);
  const { rss, heapUsed } = process.memoryUsage();
  return `RSS ${(rss / 1e6).toFixed(0)} MB, heap ${(heapUsed / 1e6).toFixed(1)} MB`;
}

async function fill(folder: string): Promise<void> {
  const { store, log } = await open(folder);
  store.load();
  const startMs = performance.now();
  for (let n = 0; n < TOPICS; n++) {
    const text = `site/area-${n % 40}/device-${n >> 2}/${["state", "availability", "config", "battery"][n & 3]}`;
    const topic = Buffer.from(text);
    const message = { topic, payload: PAYLOAD, properties: null, qos: 1, retain: true } as const;
    const live = { ...message, expiresAtMs: Number.POSITIVE_INFINITY, sizeBytes: 0 };
    const from = { clientId: `device-${n >> 2}`, userName: null };
    store.keep(new TopicEntry(topic, text, null, REFUSED), live, from, Date.now(), IN_THE_LOG);
    if (n % 1_000 === 999) await Bun.sleep(1);
  }
  while (store.count < TOPICS) await Bun.sleep(5);
  console.log(`${TOPICS} kept in ${(performance.now() - startMs).toFixed(0)} ms; ${memoryMb()}`);
  await log.close();
}

async function start(folder: string): Promise<void> {
  const { store, log, openMs } = await open(folder);
  const before = memoryMb();
  const startMs = performance.now();
  store.load();
  const loadMs = performance.now() - startMs;
  console.log(
    `start: log ${openMs.toFixed(0)} ms (${before}), ${store.count} loaded in ${loadMs.toFixed(0)} ms; ${memoryMb()}`,
  );
  for (const filter of ["site/area-7/device-1/state", "site/area-7/#", "site/+/device-77/+", "#"]) {
    const readMs = performance.now();
    const walk = store.walk(filter);
    const found: RetainedNode[] = [];
    let count = 0;
    for (let more = true; more; found.length = 0) {
      more = walk.collect(found, 128, 4_096);
      found.sort((one, other) => one.offset - other.offset);
      found.forEach((node, at) => {
        if (store.read(node, at > 0) !== null) count++;
      });
    }
    const took = (performance.now() - readMs).toFixed(1);
    console.log(`${filter}: ${count} found and read in ${took} ms, ${walk.visited} visited`);
  }
  console.log(memoryMb());
  await log.close();
}

if (process.argv[3] === "start") await start(process.argv[4] ?? "");
else {
  const folder = mkdtempSync(join(tmpdir(), "retained-"));
  try {
    await fill(folder);
    const child = Bun.spawnSync([process.execPath, import.meta.path, String(TOPICS), "start", folder]);
    console.log(child.stdout.toString() + child.stderr.toString());
  } finally {
    rmSync(folder, { recursive: true });
  }
}
