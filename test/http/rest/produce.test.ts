import { describe, expect, test } from "bun:test";
import { decodeHeaders, RecordCursor } from "../../../src/records/reader.ts";
import { type Asked, RestGateway } from "../support.ts";

const PATH = "/api/topics/telemetry/records";

async function opened(partitions = 4, configs = new Map<string, string>()) {
  const rest = await RestGateway.open();
  await makeTopic(rest, partitions, configs);
  const send = (body: Asked["body"], headers: Record<string, string> = {}, query = "") =>
    rest.ask(PATH + query, { method: "POST", headers, ...(body === undefined ? {} : { body }) });
  const stored = () => countOf(rest);
  return { rest, send, stored };
}

async function makeTopic(rest: RestGateway, partitionCount: number, configs = new Map<string, string>()) {
  const topic = rest.kafka.broker.createTopic({ name: "telemetry", partitionCount, configs }, () => {});
  if ("error" in topic) throw new Error(topic.message);
  await rest.clock.settleAll();
}

function countOf({ kafka }: RestGateway): number {
  const { partitions = [] } = kafka.broker.topics.get("telemetry") ?? {};
  return partitions.reduce((sum, { log }) => sum + log.logEndOffset, 0);
}

async function linesOf(rest: RestGateway, query = "") {
  const { text } = await rest.ask(PATH + query);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("records that are produced", () => {
  test("are there, as what they were sent, once the answer is", async () => {
    const { rest, send } = await opened(1);
    const one = await send({
      key: "a",
      valueJson: { t: 21.5, list: [1, null] },
      timestamp: 1_700_000_000_000,
      headers: [
        { key: "unit", value: "C" },
        { key: "raw", valueBase64: "/w==" },
      ],
    });
    expect([one.status, one.body]).toEqual([200, [{ partition: 0, offset: 0 }]]);
    const many = await send({
      records: [
        { key: "b", value: "text" },
        { keyBase64: "/wA=", valueBase64: "AAE=" },
        { key: "c", value: null },
      ],
    });
    expect(many.body).toEqual([1, 2, 3].map((offset) => ({ partition: 0, offset })));
    const bytes = await send(
      Uint8Array.of(1, 2, 0xff),
      { "content-type": "application/octet-stream" },
      "?key=d",
    );
    expect(bytes.body).toEqual([{ partition: 0, offset: 4 }]);
    const lines = await linesOf(rest);
    expect(lines[0]).toEqual({
      ...{
        partition: 0,
        offset: 0,
        timestamp: 1_700_000_000_000,
        key: "a",
        value: { t: 21.5, list: [1, null] },
      },
      headers: [
        { key: "unit", value: "C" },
        { key: "raw", valueBase64: "/w==" },
      ],
    });
    expect(
      lines
        .slice(1)
        .map(({ key, keyBase64, value, valueBase64 }) => [key ?? keyBase64, value ?? valueBase64]),
    ).toEqual([
      ["b", "text"],
      ["/wA=", "\u0000\u0001"],
      ["c", undefined],
      ["d", "AQL/"],
    ]);
    await rest.close();
  });

  test("go where Kafka's default partitioner puts them, or where they are sent; those without a key together", async () => {
    const { rest, send } = await opened(4);
    const keys = ["pump-1", "pump-2", "pump-3", "21"];
    const { body } = await send({ records: keys.map((key) => ({ key, value: key })) });
    // As Java's producer does: murmur2 of the key, positive, modulo 4.
    expect(body.map(({ partition }: { partition: number }) => partition)).toEqual(
      keys.map((key) => javaPartition(key, 4)),
    );
    expect((await send({ value: "x", partition: 3 })).body[0].partition).toBe(3);
    const keyless = await send({ records: [1, 2, 3, 4].map((n) => ({ value: String(n) })) });
    expect(new Set(keyless.body.map(({ partition }: { partition: number }) => partition)).size).toBe(1);
    await rest.close();
  });

  test("are answered for only when the disk has them", async () => {
    const { rest } = await opened(1);
    const { store } = rest.kafka;
    let isAnswered = false;
    // Nobody lets the disk finish its syncs.
    const url = new URL(`http://127.0.0.1:8080${PATH}`);
    const headers = { host: "127.0.0.1:8080", "content-type": "application/json" };
    const request = new Request(url.href, { method: "POST", headers, body: '{"value":"x"}' });
    const answer = rest.router.answer(
      request,
      url,
      { address: "127.0.0.1", isTls: false },
      rest.access,
      rest.parts,
    );
    void Promise.resolve(answer).then(() => {
      isAnswered = true;
    });
    for (let n = 0; n < 20; n++) await Bun.sleep(0);
    expect([isAnswered, store.status().unsyncedLogs >= 0]).toEqual([false, true]);
    await rest.clock.settleAll();
    expect((await answer)?.status).toBe(200);
    await rest.close();
  });

  test("wait for the disk in bounded memory: more are told to come again, and then they are taken", async () => {
    const { rest, send, stored } = await opened(1);
    const url = new URL(`http://127.0.0.1:8080${PATH}`);
    const headers = { host: "127.0.0.1:8080", "content-type": "application/json" };
    const arrival = { address: "127.0.0.1", isTls: false };
    // None says how large it is: each may have a MiB.
    const answers = Array.from({ length: 20 }, () => {
      const request = new Request(url.href, { method: "POST", headers, body: '{"value":"x"}' });
      return Promise.resolve(rest.router.answer(request, url, arrival, rest.access, rest.parts));
    });
    for (let n = 0; n < 20; n++) await Bun.sleep(0);
    await rest.clock.settleAll();
    const statuses = (await Promise.all(answers)).map((answer) => answer?.status);
    expect([statuses.filter((status) => status === 200).length, stored()]).toEqual([16, 16]);
    expect(statuses.slice(16)).toEqual([503, 503, 503, 503]);
    expect((await send({ value: "y" })).status).toBe(200);
    await rest.close();
  });

  test("are refused where something is not as it must be, and then none is there", async () => {
    const { rest, send, stored } = await opened(2);
    const cases: readonly (readonly [Asked["body"], number, string])[] = [
      [{}, 400, "body.value"],
      [{ key: "a" }, 400, "body.value"],
      [{ value: "a", valueJson: 1 }, 400, "body.value"],
      [{ key: "a", keyBase64: "YQ==", value: "a" }, 400, "body.key"],
      [{ value: 1 }, 400, "body.value"],
      [{ valueBase64: "%" }, 400, "body.valueBase64"],
      [{ value: "a", partition: 2 }, 400, "partition"],
      [{ value: "a", partition: -1 }, 400, "body.partition"],
      [{ value: "a", timestamp: 1.5 }, 400, "body.timestamp"],
      [{ value: "a", nothing: 1 }, 400, "body.nothing"],
      [{ records: [] }, 400, "body.records"],
      [{ records: [{ value: "a" }], value: "b" }, 400, "body.records"],
      [{ records: [{ value: "a" }, {}] }, 400, "body.records[1].value"],
      [{ records: Array.from({ length: 1_001 }, () => ({ value: "" })) }, 400, "body.records"],
      ['{"value":', 400, "body"],
      [`{"valueJson":${"[".repeat(70)}${"]".repeat(70)}}`, 400, "body"],
      [{ value: "x".repeat(1_100_000) }, 413, "body"],
    ];
    for (const [body, status, thing] of cases) {
      const answer = await send(body);
      expect([answer.status, answer.body?.error?.thing]).toEqual([status, thing]);
    }
    expect(stored()).toBe(0);
    expect(
      (await rest.ask("/api/topics/__consumer_offsets/records", { method: "POST", body: { value: "" } }))
        .status,
    ).toBe(404);
    expect(
      (await rest.ask("/api/topics/a%2Fb/records", { method: "POST", body: { value: "" } })).status,
    ).toBe(400);
    await rest.close();
    const small = await opened(1, new Map([["max.message.bytes", "1000"]]));
    expect((await small.send({ value: "x".repeat(2_000) })).body.error.thing).toBe("max.message.bytes");
    await small.rest.close();
    const compacted = await opened(1, new Map([["cleanup.policy", "compact"]]));
    expect([(await compacted.send({ value: "no key" })).status, compacted.stored()]).toEqual([400, 0]);
    await compacted.rest.close();
  });
});

describe("a request with an idempotency key", () => {
  const BATCH = { records: ["a", "b", "c", null].map((key) => ({ key, value: "1" })) };

  test("is appended once, however often it comes, also twice at once", async () => {
    const { rest, send, stored } = await opened(3);
    const headers = { "idempotency-key": "k-1" };
    const [first, second] = await Promise.all([send(BATCH, headers), send(BATCH, headers)]);
    const third = await send(BATCH, headers);
    expect([first.status, stored()]).toEqual([200, 4]);
    expect([second.body, third.body]).toEqual([first.body, first.body]);
    expect((await send({ value: "another body" }, headers)).status).toBe(422);
    expect((await send(BATCH, { "idempotency-key": "k-2" })).body).not.toEqual(first.body);
    expect((await send(BATCH, { "idempotency-key": "has space" })).status).toBe(400);
    expect(stored()).toBe(8);
    await rest.close();
  });

  test("gets the first answer after a power cut, wherever it was cut off; without the key it is there twice", async () => {
    for (const headers of [{ "idempotency-key": "k" }, {}] as Record<string, string>[]) {
      const first = await opened(3);
      const { body } = await first.send(BATCH, headers);
      const disk = first.rest.kafka.disk.crash("nothing");
      const second = await RestGateway.open({ disk });
      const again = await second.ask(PATH, { method: "POST", headers, body: BATCH });
      expect(again.status).toBe(200);
      expect([again.body.length, countOf(second)]).toEqual([4, "idempotency-key" in headers ? 4 : 8]);
      if ("idempotency-key" in headers) expect(again.body).toEqual(body);
      await second.close();
    }
  });

  test("is known by the log itself where power went before the answer was written down", async () => {
    const first = await opened(3);
    const { idempotency } = first.rest.gateway;
    // The answer was on its way, and what it said was not on the disk.
    Object.assign(idempotency, { finish: () => Promise.resolve() });
    const { body } = await first.send(BATCH, { "idempotency-key": "k" });
    const second = await RestGateway.open({ disk: first.rest.kafka.disk.crash("nothing") });
    // More partitions than before: the same records go where they were.
    const topic = second.kafka.broker.topics.get("telemetry");
    if (topic !== null) second.kafka.broker.addPartitions(topic, 7, () => {});
    const again = await second.ask(PATH, {
      method: "POST",
      headers: { "idempotency-key": "k" },
      body: BATCH,
    });
    expect([again.body, countOf(second)]).toEqual([body, 4]);
    await second.close();
  });

  test("is forgotten when there were many newer ones, and memory stays bounded", async () => {
    const { rest, send, stored } = await opened(1);
    const keyOf = (n: number) => ({ "idempotency-key": `k-${n}` });
    for (let n = 0; n <= 2_048; n++) await send({ value: "1" }, keyOf(n));
    expect(stored()).toBe(2_049);
    expect((await send({ value: "1" }, keyOf(2_048))).body).toEqual([{ partition: 0, offset: 2_048 }]);
    expect(stored()).toBe(2_049);
    // The first one's place was taken.
    await send({ value: "1" }, keyOf(0));
    expect(stored()).toBe(2_050);
    await rest.close();
  });
});

test("headers stand in the record as they were sent", async () => {
  const { rest, send } = await opened(1);
  await send({ value: "v", headers: [{ key: "h", value: null }] });
  const log = rest.kafka.broker.partition("telemetry", 0)?.log;
  const read = log?.read(log.logStartOffset, 10_000, { minOneBatch: true, until: log.highWatermark });
  const cursor = new RecordCursor();
  cursor.open(read?.bytes ?? new Uint8Array(0));
  expect(cursor.next()).toBe(true);
  expect([...decodeHeaders(cursor)]).toEqual([{ key: "h", value: null }]);
  await rest.close();
});

/** Kafka's Utils.murmur2, written anew from its description, in 32-bit integers. */
function javaPartition(key: string, partitions: number): number {
  const bytes = new TextEncoder().encode(key);
  const m = 0x5bd1e995;
  let h = 0x9747b28c ^ bytes.length;
  const words = bytes.length >> 2;
  for (let i = 0; i < words; i++) {
    let k = new DataView(bytes.buffer).getInt32(i * 4, true);
    k = Math.imul(k, m);
    k = Math.imul(k ^ (k >>> 24), m);
    h = Math.imul(h, m) ^ k;
  }
  const rest = bytes.length & 3;
  const at = words * 4;
  if (rest === 3) h ^= (bytes[at + 2] ?? 0) << 16;
  if (rest >= 2) h ^= (bytes[at + 1] ?? 0) << 8;
  if (rest >= 1) h = Math.imul(h ^ (bytes[at] ?? 0), m);
  h = Math.imul(h ^ (h >>> 13), m);
  h ^= h >>> 15;
  return (h & 0x7fffffff) % partitions;
}
