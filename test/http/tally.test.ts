import { afterAll, beforeAll, expect, test } from "bun:test";
import { silentLogger } from "../../src/base/logger.ts";
import { HttpDoor } from "../../src/http/door.ts";
import type { StatusSource } from "../../src/http/status.ts";
import { HttpTally } from "../../src/http/tally.ts";
import { Registry } from "../../src/metrics/registry.ts";
import { accessOf, QUIET, RestGateway } from "./support.ts";

let isBroken = false;
const source: StatusSource = {
  ...QUIET,
  faults: () => {
    if (isBroken) throw new Error("a bug");
    return [];
  },
};
const tally = new HttpTally();
let door: HttpDoor;

beforeAll(() => {
  door = new HttpDoor({
    ...{ host: "127.0.0.1", port: 0, source, access: accessOf(), tally },
    ...{ metrics: new Registry(), logger: { ...silentLogger } },
  });
});
afterAll(() => door.stop(true));

test("answers are counted by class, those of a bug too", async () => {
  const get = async (path: string) => (await fetch(`http://127.0.0.1:${door.port}${path}`)).status;
  const statuses = [
    await get("/healthz"),
    await get("/metrics"),
    await get("/api/me"),
    await get("/nowhere"),
  ];
  isBroken = true;
  statuses.push(await get("/healthz"));
  expect(statuses).toEqual([200, 200, 200, 404, 500]);
  expect(tally.answers).toEqual([0, 3, 0, 1, 1]);
  expect([door.pendingRequests, door.liveSockets]).toEqual([0, 0]);
});

test("records are counted once they are durable, and bytes of records that are given out", async () => {
  const rest = await RestGateway.open();
  const counted = rest.gateway.tally;
  const path = "/api/topics/telemetry/records";
  const post = (body: object, headers = {}) => rest.ask(path, { method: "POST", body, headers });
  await post({ records: [{ key: "ab", value: "12345" }, { value: "1" }, { key: "c", value: null }] });
  expect([counted.recordsIn, counted.bytesIn]).toEqual([3, 9]);
  const keyed = { "idempotency-key": "k" };
  await post({ key: "d", value: "x" }, keyed);
  await post({ key: "d", value: "x" }, keyed);
  await post({ key: "d", value: "x", valueJson: 1 });
  expect([counted.recordsIn, counted.bytesIn, counted.bytesOut]).toEqual([4, 11, 0]);
  const { text } = await rest.ask(path);
  expect(text.split("\n")).toHaveLength(5);
  expect(counted.bytesOut).toBe(text.length);
  const { body } = await post({ key: "e", value: "1234567", partition: 0 });
  const [{ partition, offset } = { partition: -1, offset: -1 }] = body as {
    partition: number;
    offset: number;
  }[];
  await rest.ask(`${path}/${partition}/${offset}`);
  expect(counted.bytesOut).toBe(text.length + 7);
  await rest.close();
});
