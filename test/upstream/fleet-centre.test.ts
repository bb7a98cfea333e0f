import { afterAll, beforeAll, expect, test } from "bun:test";
import { deviceStream } from "../../devices/sdk/device-stream.ts";
import { run } from "../cli/support.ts";
import { type Headwater, startHeadwater } from "../support/headwater.ts";
import { Fleet } from "./fleet.ts";

// A Headwater as the centre of many gateways; `bench/fleet.ts` says what it takes.

const GATEWAYS = 20;
const DEVICES = 5;
let centre: Headwater;
let fleet: Fleet;

beforeAll(async () => {
  centre = await startHeadwater({ settings: { "num.partitions": "6" } });
  fleet = new Fleet({
    ...{ centre: centre.kafka, gateways: GATEWAYS, devicesPerGateway: DEVICES, partitionsPerGateway: 2 },
    topic: "telemetry",
    limits: { backoffMs: 50, maxBackoffMs: 300 },
  });
}, 40_000);

afterAll(async () => {
  await fleet?.stop();
  await centre?.dispose();
}, 30_000);

test("takes every reading of all gateways once, in their order, though it is killed under them", async () => {
  fleet.start();
  for (let round = 0; round < 30; round += 1) {
    fleet.feed(GATEWAYS * 20);
    await Bun.sleep(40);
    if (round === 10 || round === 20) {
      await centre.kill();
      await centre.restart();
    }
  }
  await fleet.caughtUp(45_000);
  expect(fleet.fed).toBe(30 * GATEWAYS * 20);
  expect(await fleet.faults()).toEqual([]);
}, 60_000);

test("shows each device, whichever gateway brought it", async () => {
  for (const gateway of [0, 7, GATEWAYS - 1]) {
    for (const [device, count] of fleet.gateways[gateway]?.expected() ?? []) {
      const numbers: number[] = [];
      for await (const reading of deviceStream({
        ...{ bootstrap: centre.kafka, topic: "telemetry", device },
        decode: (value) => Number.parseInt(Buffer.from(value).toString(), 10),
      })) {
        numbers.push(reading.value ?? -1);
        expect(reading.origin?.gateway).toBe(`g${gateway}`);
      }
      expect(numbers).toEqual(Array.from({ length: count }, (_, index) => index));
    }
  }
}, 30_000);

test("proves a gateway's history whole", async () => {
  const { code, out, err } = await run([
    ...["replay", "-b", centre.kafka, "-t", "telemetry", "-g", "g7", "--verify", "-f", "none", "-o", "json"],
  ]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const { verdict, logs } = JSON.parse(out);
  expect(verdict).toBe("complete between open edges");
  const fed = fleet.gateways[7]?.fed;
  expect(logs.reduce((sum: number, log: { records: number }) => sum + log.records, 0)).toBe(fed);
});
