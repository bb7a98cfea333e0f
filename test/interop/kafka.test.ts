import { afterAll, beforeAll, describe, expect } from "bun:test";
import type { Codec, KafkaClient, WrittenRecord } from "./clients/client.ts";
import { KAFKA_CLIENTS } from "./kafka-clients.ts";
import { expectSame, PARTITIONS, readings, readTopic, type Span } from "./records.ts";
import { Results } from "./results.ts";
import { startTarget, type Target } from "./target.ts";
import { required } from "./tools.ts";

/** Every client writes, and every client that can read without a group reads what each of them wrote. */
const RECORDS = 300;
const FIRST_MS = Date.now() - 3_600_000;
const WRITTEN = readings(RECORDS, FIRST_MS);
const START_MS = 120_000;
const TOO_LARGE_BYTES = 1_300_000;
const READERS = KAFKA_CLIENTS.filter((client) => client.consume !== undefined);
/** Reads what others compressed: its decoders are not those of the writers below. */
const CODEC_READERS = ["franz-go", "kcat"];

const reasons = new Map(KAFKA_CLIENTS.map((client) => [client.name, required(client.missing())]));
const results = new Results("kafka");
const spans = new Map<string, Span>();
let target: Target;

beforeAll(async () => {
  target = await startTarget({ doors: ["kafka"] });
}, START_MS);
afterAll(() => target?.stop(), START_MS);

describe("produce", () => {
  for (const client of KAFKA_CLIENTS) {
    results.test(client.name, "produce", reasonOf(client), async () => {
      const topic = `from-${client.name}`;
      await makeTopic(topic);
      spans.set(topic, await write(client, topic, WRITTEN));
      expect((await endOffsets(topic)).reduce((sum, end) => sum + end)).toBe(RECORDS);
    });
  }
});

describe("consume", () => {
  for (const reader of READERS) {
    for (const producer of KAFKA_CLIENTS) {
      const reason = reasonOf(reader) ?? reasonOf(producer);
      const body = (): Promise<void> => expectTopic(reader, producer, `from-${producer.name}`, WRITTEN);
      results.test(reader.name, "consume", reason, body, ` what ${producer.name} wrote`);
    }
  }
});

describe("compression", () => {
  const some = WRITTEN.slice(0, 60);
  for (const client of KAFKA_CLIENTS) {
    for (const codec of client.codecs.filter((name) => name !== "none")) {
      results.test(client.name, codec, reasonOf(client), async () => {
        const topic = `from-${client.name}-${codec}`;
        await makeTopic(topic);
        spans.set(topic, await write(client, topic, some, codec));
        for (const reader of READERS.filter(({ name }) => CODEC_READERS.includes(name))) {
          await expectTopic(reader, client, topic, some);
        }
      });
    }
  }
  for (const reader of READERS.filter(({ name }) => !CODEC_READERS.includes(name))) {
    for (const codec of ["gzip", "snappy", "lz4", "zstd"] as const) {
      results.test(
        reader.name,
        codec,
        reasonOf(reader),
        async () => {
          await expectTopic(reader, clientNamed("franz-go"), `from-franz-go-${codec}`, some);
        },
        " read",
      );
    }
  }
});

describe("offsets", () => {
  for (const client of KAFKA_CLIENTS.filter(({ offset }) => offset !== undefined)) {
    results.test(client.name, "offsets by time", reasonOf(client), async () => {
      const partition = 1;
      const times = WRITTEN.filter((record) => record.partition === partition).map(
        (record) => record.timestampMs ?? 0,
      );
      const place = { bootstrap: target.kafka, topic: "from-franz-go", partition };
      const at = async (timestampMs: number): Promise<number | undefined> =>
        await client.offset?.({ ...place, timestampMs });
      expect(await at(-2)).toBe(0);
      expect(await at(-1)).toBe(times.length);
      expect(await at(times[0] ?? 0)).toBe(0);
      expect(await at(times[40] ?? 0)).toBe(40);
      expect(await at((times[40] ?? 0) + 1)).toBe(41);
      // kafkajs takes "none so young" for the end, and franz-go's admin client does too.
      const none = ["kafkajs", "franz-go"].includes(client.name) ? times.length : -1;
      expect(await at((times.at(-1) ?? 0) + 1)).toBe(none);
    });
  }

  const java = clientNamed("java");
  results.test("java", "offset of the greatest time", reasonOf(java), async () => {
    const place = { bootstrap: target.kafka, topic: "from-franz-go", partition: 1 };
    const MAX_TIMESTAMP = -3;
    const EARLIEST_LOCAL = -4;
    expect(await java.offset?.({ ...place, timestampMs: MAX_TIMESTAMP })).toBe(RECORDS / PARTITIONS - 1);
    expect(await java.offset?.({ ...place, timestampMs: EARLIEST_LOCAL })).toBe(0);
  });
});

describe("a reader that waits", () => {
  for (const reader of READERS) {
    results.test(reader.name, "wait for records", reasonOf(reader), async () => {
      const topic = `awaited-by-${reader.name}`;
      await makeTopic(topic);
      const place = { bootstrap: target.kafka, topic, partition: 0, offset: 0 };
      const reading = reader.consume?.({ ...place, count: 1 });
      await Bun.sleep(2_000);
      const [first] = WRITTEN;
      await write(clientNamed("kafkajs"), topic, first === undefined ? [] : [first]);
      expect((await reading)?.map((record) => record.value)).toEqual([first?.value ?? null]);
    });
  }
});

describe("a topic that is not there", () => {
  // franz-go leaves the creation of topics to the one who asks for it.
  for (const client of KAFKA_CLIENTS.filter(({ name }) => name !== "franz-go")) {
    results.test(client.name, "auto-created topic", reasonOf(client), async () => {
      const topic = `made-for-${client.name}`;
      await write(client, topic, [{ ...(WRITTEN[0] as WrittenRecord), partition: 0 }]);
      expect(await clientNamed("kafkajs").metadata?.({ bootstrap: target.kafka, topic })).toMatchObject({
        partitions: 1,
      });
    });
  }
});

describe("a record over the limit", () => {
  for (const client of KAFKA_CLIENTS) {
    results.test(client.name, "too large a record is refused", reasonOf(client), async () => {
      const topic = `limits-of-${client.name}`;
      await makeTopic(topic);
      const [small] = WRITTEN as readonly [WrittenRecord];
      const large = { ...small, value: "x".repeat(TOO_LARGE_BYTES) };
      const request = { bootstrap: target.kafka, topic, maxBytes: 4_000_000 };
      const outcomes = await client.produce?.({ ...request, records: [large] });
      expect(outcomes?.map((outcome) => outcome.error)).toEqual(["MESSAGE_TOO_LARGE"]);
      await write(client, topic, [small]);
      expect((await endOffsets(topic)).reduce((sum, end) => sum + end)).toBe(1);
    });
  }
});

function reasonOf(client: KafkaClient): string | null {
  return reasons.get(client.name) ?? null;
}

function clientNamed(name: string): KafkaClient {
  const client = KAFKA_CLIENTS.find((candidate) => candidate.name === name);
  if (client === undefined) throw new Error(`there is no client ${name}`);
  return client;
}

async function makeTopic(topic: string): Promise<void> {
  const request = { bootstrap: target.kafka, topic, partitions: PARTITIONS, configs: {} };
  await clientNamed("kafkajs").createTopic?.(request);
}

async function write(
  client: KafkaClient,
  topic: string,
  records: readonly WrittenRecord[],
  codec: Codec = "none",
): Promise<Span> {
  const fromMs = Date.now() - 1;
  const outcomes = await client.produce?.({ bootstrap: target.kafka, topic, records, codec });
  expect(outcomes?.map((outcome) => outcome.error).filter((error) => error !== undefined)).toEqual([]);
  expect(outcomes).toHaveLength(records.length);
  return { fromMs, toMs: Date.now() + 1 };
}

async function endOffsets(topic: string): Promise<readonly number[]> {
  const client = clientNamed("kafkajs");
  const ask = (partition: number): Promise<number> =>
    client.offset?.({ bootstrap: target.kafka, topic, partition, timestampMs: -1 }) ?? Promise.resolve(-1);
  return await Promise.all(Array.from({ length: PARTITIONS }, (_, partition) => ask(partition)));
}

async function expectTopic(
  reader: KafkaClient,
  producer: KafkaClient,
  topic: string,
  written: readonly WrittenRecord[],
): Promise<void> {
  const counts = await endOffsets(topic);
  const read = await readTopic(reader, { bootstrap: target.kafka, topic }, counts);
  const span = spans.get(topic);
  if (span === undefined) throw new Error(`${producer.name} did not write ${topic}`);
  expectSame(read, written, producer, span);
}
