/**
 * What the door itself costs per message: parsing, session, route, acknowledgement, on a log that only copies and
 * a network that only counts. Run with `bun test/mqtt/bench/ingest.ts`.
 */
import { silentLogger } from "../../../src/base/logger.ts";
import type { Ingest, IngestRecord, PendingBatch } from "../../../src/broker/ingest.ts";
import { SystemClock } from "../../../src/io/bun/clock.ts";
import { SystemRandom } from "../../../src/io/bun/random.ts";
import type { Connection, ConnectionHandler, ListenOptions, Network } from "../../../src/io/network.ts";
import { startMqttDoor } from "../../../src/mqtt/listener.ts";
import { DEFAULT_ROUTES } from "../../../src/mqtt/routes.ts";
import { SecurityRig } from "../../security/support.ts";
import { FakeRetained } from "../support/fake-retained.ts";
import { connectPacket, publishPacket, subscribePacket } from "../support/rig.ts";

const PUBLISHERS = 20;
const WINDOW = 100;
const PAYLOAD = new Uint8Array(100).fill(0x78);
const ROUNDS = 2_000;

class CopyingIngest implements Ingest {
  #batch = { state: "waiting" as PendingBatch["state"], error: 0, sizeBytes: 0 };
  readonly #buffer = new Uint8Array(1 << 20);
  #length = 0;
  #listener: (() => void) | null = null;

  append(record: IngestRecord): PendingBatch {
    const { key, value, headers } = record;
    if (this.#length + 1_024 > this.#buffer.length) this.#length = 0;
    for (const part of [key, value, headers]) {
      if (part === null) continue;
      this.#buffer.set(part, this.#length);
      this.#length += part.length;
    }
    return this.#batch;
  }

  appendTogether(records: readonly IngestRecord[]): PendingBatch {
    for (const record of records) this.append(record);
    return this.#batch;
  }

  flush(): void {}

  onSettled(listener: () => void): void {
    this.#listener = listener;
  }

  settle(): void {
    this.#batch.state = "durable";
    this.#batch = { state: "waiting", error: 0, sizeBytes: 0 };
    this.#listener?.();
  }
}

class CountingConnection implements Connection {
  readonly remoteAddress = "127.0.0.1";
  readonly remotePort = 1;
  readonly localPort = 1_883;
  readonly peerCertificate = null;
  readonly queuedBytes = 0;
  readonly closed = false;
  sentBytes = 0;
  handler: ConnectionHandler | null = null;

  send(bytes: Uint8Array): void {
    this.sentBytes += bytes.length;
  }
  flush(): void {}
  pause(): void {}
  resume(): void {}
  close(): void {}
  abort(): void {}
}

class CountingNetwork implements Network {
  #options: ListenOptions | null = null;

  listen(options: ListenOptions) {
    this.#options = options;
    return { host: options.host, port: options.port, renew() {}, close() {} };
  }
  connect(): Promise<Connection> {
    throw new Error("nothing here connects");
  }
  dial(): CountingConnection {
    const connection = new CountingConnection();
    connection.handler = this.#options?.accept(connection) ?? null;
    return connection;
  }
}

interface Case {
  readonly name: string;
  readonly version: 4 | 5;
  readonly qos: 0 | 1 | 2;
  readonly subscribers: number;
  readonly topicsEach: number;
  readonly properties?: string;
  /** Whether there are rules, twenty of them, that every message is held to. */
  readonly rules?: boolean;
  /** Whether all publish to the same topics. */
  readonly shared?: boolean;
}

const USER_PROPERTY = "26 0003 756e69 0007 63656c73697573";

const CASES: readonly Case[] = [
  { name: "3.1.1 QoS 0", version: 4, qos: 0, subscribers: 0, topicsEach: 1 },
  { name: "3.1.1 QoS 1", version: 4, qos: 1, subscribers: 0, topicsEach: 1 },
  { name: "3.1.1 QoS 1, 8 topics each", version: 4, qos: 1, subscribers: 0, topicsEach: 8 },
  { name: "5 QoS 1", version: 5, qos: 1, subscribers: 0, topicsEach: 1 },
  {
    name: "5 QoS 1, a user property",
    version: 5,
    qos: 1,
    subscribers: 0,
    topicsEach: 1,
    properties: USER_PROPERTY,
  },
  { name: "3.1.1 QoS 0, rules", version: 4, qos: 0, subscribers: 0, topicsEach: 1, rules: true },
  { name: "3.1.1 QoS 1, rules", version: 4, qos: 1, subscribers: 0, topicsEach: 1, rules: true },
  {
    name: "3.1.1 QoS 1, 8 topics each, rules",
    version: 4,
    qos: 1,
    subscribers: 0,
    topicsEach: 8,
    rules: true,
  },
  { name: "3.1.1 QoS 1, topic of all", version: 4, qos: 1, subscribers: 0, topicsEach: 1, shared: true },
  {
    name: "3.1.1 QoS 1, topic of all, rules",
    version: 4,
    qos: 1,
    subscribers: 0,
    topicsEach: 1,
    shared: true,
    rules: true,
  },
  { name: "3.1.1 QoS 0, one subscriber", version: 4, qos: 0, subscribers: 1, topicsEach: 1 },
  { name: "3.1.1 QoS 0, 10 subscribers", version: 4, qos: 0, subscribers: 10, topicsEach: 1 },
];

const OTHERS = Array.from(
  { length: 19 },
  (_, index) => `[[rule]]\nwho = "anyone"\ndeny = "publish"\ntopics = "devices/+/secret-${index}/#"\n`,
);
const RULES = `${OTHERS.join("")}[[rule]]\nwho = "anyone"\nallow = "all"\ntopics = "devices/#"\n`;

async function run(one: Case): Promise<void> {
  const network = new CountingNetwork();
  const ingest = new CopyingIngest();
  const door = startMqttDoor({
    network,
    clock: new SystemClock(),
    random: new SystemRandom(),
    ingest,
    retained: new FakeRetained(),
    host: "127.0.0.1",
    port: 1_883,
    routes: DEFAULT_ROUTES,
    limits: { maxUnsettledBytes: 1 << 30, maxTotalUnsettledBytes: 1 << 30 },
    ...(one.rules === true ? { security: new SecurityRig({ "acl.toml": RULES }).security } : {}),
    log: silentLogger,
  });
  for (let n = 0; n < one.subscribers; n++) {
    const subscriber = network.dial();
    subscriber.handler?.data(connectPacket(4, `s${n}`));
    subscriber.handler?.data(subscribePacket(4, 1, [["devices/#", 0]]));
  }
  const publishers = Array.from({ length: PUBLISHERS }, (_, p) => {
    const connection = network.dial();
    connection.handler?.data(connectPacket(one.version, `p${p}`));
    const packets = Array.from({ length: WINDOW }, (_, n) => {
      const topic = `devices/device-${one.shared === true ? 0 : p}/sensor-${n % one.topicsEach}`;
      return publishPacket(topic, PAYLOAD, one.qos, n + 1, {
        version: one.version,
        properties: one.properties ?? "",
      });
    });
    return { connection, chunk: Buffer.concat(packets) };
  });
  // A chunk belongs to the door once it has it.
  const round = () => {
    for (const { connection, chunk } of publishers) connection.handler?.data(new Uint8Array(chunk));
    ingest.settle();
  };
  for (let n = 0; n < ROUNDS / 4; n++) round();
  const results: number[] = [];
  for (let repeat = 0; repeat < 3; repeat++) {
    const start = performance.now();
    for (let n = 0; n < ROUNDS; n++) round();
    results.push(((performance.now() - start) * 1e6) / (ROUNDS * PUBLISHERS * WINDOW));
  }
  results.sort((a, b) => a - b);
  const [best = 0, median = 0] = results;
  console.log(`${one.name.padEnd(32)} ${median.toFixed(0).padStart(6)} ns/message (best ${best.toFixed(0)})`);
  await door.close();
}

for (const one of CASES) await run(one);
