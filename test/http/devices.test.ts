import { expect, test } from "bun:test";
import { silentLogger } from "../../src/base/logger.ts";
import { Turns } from "../../src/broker/views/turns.ts";
import { type WaitingCount, WaitingCounts } from "../../src/broker/views/waiting-count.ts";
import { defaultSettings } from "../../src/config/options.ts";
import { DeviceWaits } from "../../src/http/device-waits.ts";
import { answerDevices, type DevicesAnswer } from "../../src/http/devices.ts";
import { carriedBy, DeviceRegistry } from "../../src/wiring/device-registry.ts";
import { openBroker } from "../broker/support.ts";

const text = new TextEncoder();

/** A gateway's registry with an uplink that is at some position of the only partition. */
async function opened(position: number) {
  const open = await openBroker();
  const { broker, clock } = open;
  const registry = new DeviceRegistry(broker, defaultSettings(), silentLogger);
  const send = async (key: string, value: string) => {
    const timestampMs = clock.nowMs();
    broker.ingest.append({
      ...{ topic: "telemetry", key: text.encode(key), value: text.encode(value) },
      ...{ timestampMs, headers: null },
    });
    await clock.settleAll();
    clock.advance(1_000);
    await clock.settleAll();
  };
  const uplinks = [
    { name: "central", topics: [{ topic: "telemetry", partitions: [{ partition: 0, position }] }] },
  ] as never;
  const waits = new DeviceWaits(broker);
  const ask = async (path: string) => {
    const url = new URL(`http://127.0.0.1:8080/api/devices${path}`);
    const asked = Promise.resolve(
      answerDevices(url, {
        ...{ table: registry.table, clock, topics: ["telemetry"], waits },
        addressOf: () => null,
        carried: (topic, partition, last) => carriedBy(uplinks, topic, partition, last),
      }),
    );
    await clock.settleAll();
    const response = await asked;
    const body = (await response.json()) as DevicesAnswer;
    return { status: response.status, devices: body.devices, topics: body.topics };
  };
  return { ...open, registry, send, ask };
}

test("what waits is counted by device: its own records and bytes, and how long the first has waited", async () => {
  const { registry, send, ask } = await opened(2);
  for (const [key, value] of [
    ["a", "gone"],
    ["b", "gone"],
    ["a", "1"],
    ["b", "22"],
    ["c", "333"],
    ["a", "4444"],
  ] as const) {
    await send(key, value);
  }
  const { devices, topics } = await ask("?waiting=true");
  expect(topics).toEqual(["telemetry"]);
  expect(devices.map(({ key, uplinks }) => [key, uplinks[0]?.offsetsBehind, uplinks[0]?.waiting])).toEqual([
    ["a", 4, { records: 2, bytes: 7, forMs: 4_000, exact: true }],
    ["b", 2, { records: 1, bytes: 3, forMs: 3_000, exact: true }],
    ["c", 3, { records: 1, bytes: 4, forMs: 2_000, exact: true }],
  ]);
  expect((await ask("/b")).devices[0]?.uplinks[0]?.waiting?.records).toBe(1);
  // Nobody reads the logs who has not asked for it.
  expect((await ask("")).devices.map(({ uplinks }) => uplinks[0]?.waiting)).toEqual([null, null, null]);
  expect((await ask("?waiting=maybe")).status).toBe(400);
  registry.stop();
});

test("nothing is counted from a position that nobody knows, nor for what is at the centre", async () => {
  for (const [position, carried] of [
    [-1, false],
    [1, true],
  ] as const) {
    const { registry, send, ask } = await opened(position);
    await send("a", "1");
    const [uplink] = (await ask("/a")).devices[0]?.uplinks ?? [];
    expect([uplink?.carried, uplink?.waiting]).toEqual([carried, null]);
    registry.stop();
  }
});

test("counting ends at its limit, says that there may be more, and leaves a share to each", async () => {
  const { broker, clock, registry, send } = await opened(0);
  for (let n = 0; n < 200; n++) await send(n % 2 === 0 ? "a" : "b", "x".repeat(8_000));
  const partition = broker.partition("telemetry", 0);
  const count = async (bytes: number) => {
    const jobs = ["a", "b"].map((key) => ({
      ...{ partition, key: text.encode(key), fromOffset: 0, untilOffset: 200 },
    }));
    let counts: readonly WaitingCount[] = [];
    const done = (found: readonly WaitingCount[]) => {
      counts = found;
    };
    new WaitingCounts(new Turns(clock), clock, jobs, { bytes, maxMs: 1_000 }, done).start();
    await clock.settleAll();
    return counts.map(({ records, isComplete }) => [records > 0, records === 100, isComplete]);
  };
  const part = [true, false, false];
  const whole = [true, true, true];
  expect(await count(600_000)).toEqual([part, part]);
  expect(await count(64 * 1024 * 1024)).toEqual([whole, whole]);
  registry.stop();
});
