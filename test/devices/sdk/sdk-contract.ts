import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Admin } from "@platformatic/kafka";
import { encode } from "cbor-x";
import { cbor, DecodeError, json, text } from "../../../devices/sdk/decode.ts";
import {
  type DeviceStreamOptions,
  deviceStream,
  type StreamStart,
} from "../../../devices/sdk/device-stream.ts";
import { OffsetOutOfRangeError, type StreamGap } from "../../../devices/sdk/gaps.ts";
import type { Reading } from "../../../devices/sdk/reading.ts";
import { COMPRESSION_ZSTD } from "../../../src/records/batch.ts";
import { BatchBuilder } from "../../../src/records/builder.ts";
import { CentreWriter, type WrittenRecord } from "../../cli/replay/centre-writer.ts";

const T0 = Math.floor(Date.now() / 1_000) * 1_000 - 3_600_000;
const RECORDS = 3_000;
const DEVICES = 10;
const MINE = RECORDS / DEVICES;

/** What the package for consumers promises of a gateway and of any Kafka. */
export function sdkContract(
  name: string,
  start: () => Promise<{ readonly bootstrap: string; stop(): Promise<void> }>,
): void {
  describe(`devices' streams from ${name}`, () => {
    let broker: { readonly bootstrap: string; stop(): Promise<void> };
    let writer: CentreWriter;

    beforeAll(async () => {
      broker = await start();
      writer = new CentreWriter(broker.bootstrap);
      await writer.createTopic("telemetry", 4);
      await writer.write("telemetry", readings());
    }, 120_000);

    afterAll(async () => {
      writer?.close();
      await broker?.stop();
    }, 60_000);

    const options = () => ({
      bootstrap: broker.bootstrap,
      topic: "telemetry",
      device: "device-3",
      maxWaitMs: 100,
    });

    async function all<Value>(stream: AsyncIterable<Reading<Value>>): Promise<readonly Reading<Value>[]> {
      const taken: Reading<Value>[] = [];
      for await (const reading of stream) taken.push(reading);
      return taken;
    }

    test("all of one device, in order, to the end", async () => {
      const taken = await all(deviceStream({ ...options(), decode: json<{ n: number }> }));
      expect(taken.map(({ value }) => value?.n)).toEqual(Array.from({ length: MINE }, (_, index) => index));
      expect(taken[5]).toMatchObject({
        ...{ device: "device-3", topic: "telemetry", time: new Date(T0 + 53_000) },
        origin: { gateway: "plant-3", log: "L/0", offset: 53 },
      });
      expect(taken.map(({ offset }) => offset)).toEqual(
        taken.map(({ offset }) => offset).toSorted((a, b) => a - b),
      );
    });

    test("in small answers", async () => {
      const taken = await all(deviceStream({ ...options(), maxBytes: 500 }));
      expect(taken).toHaveLength(MINE);
    });

    test("from a time, from an offset, from the end", async () => {
      const fromTime = await all(
        deviceStream({ ...options(), from: new Date(T0 + 1_003_000), decode: text }),
      );
      expect(fromTime[0]?.value).toBe('{"n":100}');
      expect(fromTime).toHaveLength(MINE - 100);
      const again = await all(
        deviceStream({ ...options(), from: { offset: (fromTime[7]?.offset ?? 0) + 1 } }),
      );
      expect(again).toHaveLength(MINE - 108);
      expect(await all(deviceStream({ ...options(), from: "latest" }))).toHaveLength(0);
      expect(await all(deviceStream({ ...options(), from: new Date(Date.now() + 60_000) }))).toHaveLength(0);
    });

    test("a device that nobody knows has none; a topic that is not there is an error", async () => {
      expect(await all(deviceStream({ ...options(), device: "device-99" }))).toHaveLength(0);
      const error = await all(deviceStream({ ...options(), topic: "attic" })).catch((caught) => caught);
      expect(error).toBeInstanceOf(Error);
    });

    test("an offset that the log does not have is never passed over silently", async () => {
      await writer.createTopic("short", 1);
      const keys = ["device-3", "device-4", "device-3", "device-3"];
      await writer.write(
        "short",
        keys.map((key, n) => ({ key, value: String(n), timeMs: T0 + n })),
      );
      const short = { ...options(), topic: "short", decode: text };
      const fails = async (from: StreamStart, more: Partial<DeviceStreamOptions<string>> = {}) =>
        await all(deviceStream({ ...short, from, ...more })).catch((caught) => caught);
      for (const follow of [false, true]) {
        const beyond = await fails({ offset: 1_000_000 }, { follow, onGap: () => {} });
        expect(beyond).toBeInstanceOf(OffsetOutOfRangeError);
        expect(beyond).toMatchObject({ offset: 1_000_000, endOffset: 4 });
      }
      for (const offset of [-1, 0.5, Number.NaN]) expect(await fails({ offset })).toBeInstanceOf(RangeError);
      expect(await all(deviceStream({ ...short, from: { offset: 4 } }))).toHaveLength(0);
      expect(await all(deviceStream({ ...short, from: { offset: 0 } }))).toHaveLength(3);
      const gaps: StreamGap[] = [];
      await deleteRecordsBefore(broker.bootstrap, "short", 3);
      expect(await fails({ offset: 1 })).toBeInstanceOf(OffsetOutOfRangeError);
      const told = await all(deviceStream({ ...short, from: { offset: 1 }, onGap: (gap) => gaps.push(gap) }));
      expect(told.map(({ value }) => value)).toEqual(["3"]);
      expect(gaps).toEqual([{ fromOffset: 1, toOffset: 3 }]);
    }, 30_000);

    test("keys of any bytes", async () => {
      const key = "plant/7 ü%";
      await writer.write("telemetry", [{ key, value: "there", timeMs: T0 }]);
      const taken = await all(deviceStream({ ...options(), device: key, decode: text }));
      expect(taken.map(({ value, device }) => [value, device])).toEqual([["there", key]]);
      expect(await all(deviceStream({ ...options(), device: Buffer.from(key) }))).toHaveLength(1);
    });

    test("goes on with what comes, no faster than it is taken, and ends when it is told", async () => {
      const abort = new AbortController();
      // Behind all there is: "latest" would be wherever the log ends when the question comes.
      const from = { offset: ((await all(deviceStream(options()))).at(-1)?.offset ?? 0) + 1 };
      const stream = deviceStream({ ...options(), from, follow: true, signal: abort.signal, decode: text });
      const first = stream.next();
      const values = Array.from({ length: 50 }, (_, index) => `live ${index}`);
      await writer.write(
        "telemetry",
        values.map((value) => ({ key: "device-3", value, timeMs: Date.now() })),
      );
      const seen = [(await first).value?.value];
      while (seen.length < values.length) seen.push((await stream.next()).value?.value);
      expect(seen).toEqual(values);
      const open = stream.next();
      await Bun.sleep(50);
      const startMs = Date.now();
      abort.abort(new Error("enough"));
      const error = await open.then(
        () => null,
        (caught) => caught,
      );
      expect(String(error)).toBe("Error: enough");
      expect(Date.now() - startMs).toBeLessThan(5_000);
      expect((await stream.next()).done).toBe(true);
    }, 30_000);

    test("leaving the loop is enough", async () => {
      for await (const reading of deviceStream({ ...options(), follow: true })) {
        expect(reading.origin?.offset).toBe(3);
        break;
      }
    });

    test("what is compressed is read", async () => {
      await writer.createTopic("packed", 1);
      const builder = new BatchBuilder();
      for (let n = 0; n < 100; n += 1)
        builder.append(T0, Buffer.from("device-3"), Buffer.from(String(n)), null);
      await writer.writeBatch("packed", 0, builder.build({ compression: COMPRESSION_ZSTD }));
      const taken = await all(deviceStream({ ...options(), topic: "packed", decode: text }));
      expect(taken.map(({ value }) => value)).toEqual(Array.from({ length: 100 }, (_, n) => String(n)));
    });

    test("only what is committed, wherever an answer ends", async () => {
      await writer.createTopic("undecided", 1);
      const committed: string[] = [];
      for (let round = 0; round < 12; round += 1) {
        const values = Array.from({ length: 5 }, (_, index) => `${round}.${index}`);
        const commit = round % 3 !== 1;
        await writer.writeTransaction("undecided", 0, "device-3", values, commit);
        if (commit) committed.push(...values);
      }
      for (const maxBytes of [100, 700, 1_500, 1_000_000]) {
        const taken = await all(deviceStream({ ...options(), topic: "undecided", decode: text, maxBytes }));
        expect(taken.map(({ value }) => value)).toEqual(committed);
      }
    }, 60_000);

    test("decoders", async () => {
      await writer.createTopic("mixed", 1);
      await writer.writeBatch("mixed", 0, mixed());
      const first = await deviceStream({
        ...options(),
        topic: "mixed",
        decode: await cbor<{ bar: number }>(),
      }).next();
      expect(first.value?.value).toEqual({ bar: 4.2 });
      const bad = await all(deviceStream({ ...options(), topic: "mixed", decode: json })).catch(
        (caught) => caught,
      );
      expect(bad).toBeInstanceOf(DecodeError);
      expect(bad).toMatchObject({ topic: "mixed", partition: 0, offset: 0 });
      const own = () => {
        throw new RangeError("not mine");
      };
      const other = await all(deviceStream({ ...options(), topic: "mixed", decode: own })).catch(
        (caught) => caught,
      );
      expect(other).toBeInstanceOf(DecodeError);
      expect([other.offset, other.cause instanceof RangeError]).toEqual([0, true]);
      // A reader goes on behind it.
      const behind = await all(
        deviceStream({
          ...{ ...options(), topic: "mixed", decode: text },
          ...{ from: { offset: bad.offset + 1 }, partition: bad.partition },
        }),
      );
      expect(behind.map(({ offset, partition }) => [offset, partition])).toEqual([[1, 0]]);
      const small = await cbor(2);
      expect(() => small(Uint8Array.of(0x43, 1, 2, 3))).toThrow("more than 2");
      expect(() => text(Uint8Array.of(0xff))).toThrow(DecodeError);
    });
  });
}

async function deleteRecordsBefore(bootstrap: string, topic: string, offset: number): Promise<void> {
  const admin = new Admin({ clientId: "test", bootstrapBrokers: [bootstrap] });
  await admin.deleteRecords({
    topics: [{ name: topic, partitions: [{ partition: 0, offset: BigInt(offset) }] }],
  });
  await admin.close();
}

function mixed(): Uint8Array {
  const builder = new BatchBuilder();
  builder.append(T0, Buffer.from("device-3"), encode({ bar: 4.2 }), null);
  builder.append(T0 + 1, Buffer.from("device-3"), Buffer.from("2"), null);
  return builder.build();
}

/** A reading a second of each of ten devices, in turn. */
function readings(): readonly WrittenRecord[] {
  return Array.from({ length: RECORDS }, (_, index) => ({
    key: `device-${index % DEVICES}`,
    value: JSON.stringify({ n: Math.floor(index / DEVICES) }),
    timeMs: T0 + index * 1_000,
    origin: { gateway: "plant-3", log: "L/0", offset: index },
  }));
}
