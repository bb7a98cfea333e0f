import { expect, test } from "bun:test";
import { ACKNOWLEDGE } from "../../../src/coordinators/shares/share-partition.ts";
import { GROUP, ShareWorld, values } from "../../kafka/support/share-world.ts";
import { RestGateway } from "../support.ts";

const DEAD = "dlq.jobs";
const LETTERS = `/api/topics/${DEAD}/dead-letters`;
const REDRIVE = `${LETTERS}/redrive`;

/** A share group that gives up all that it is given. */
async function opened() {
  const world = await ShareWorld.open();
  world.configs.set("errors.deadletterqueue.topic.name", DEAD);
  await world.beat("m1", 0, ["jobs"]);
  const rest = RestGateway.over(world.gateway);
  let epoch = 0;
  const rejectAll = async (): Promise<readonly string[]> => {
    const response = await world.fetch("m1", epoch++);
    const ranges = response.responses[0]?.partitions[0]?.acquiredRecords ?? [];
    for (const { firstOffset, lastOffset } of ranges) {
      const ack = [Number(firstOffset), Number(lastOffset), ACKNOWLEDGE.REJECT] as const;
      expect(await world.acknowledge("m1", epoch++, [ack])).toBe(0);
    }
    await world.gateway.clock.settleAll();
    return values(response);
  };
  const post = (body: object) => rest.ask(REDRIVE, { method: "POST", body });
  return { world, rest, rejectAll, post };
}

test("what a queue gave up is listed with its reason, goes back once, and counts how often it came again", async () => {
  const { world, rest, rejectAll, post } = await opened();
  expect((await rest.ask(LETTERS)).status).toBe(404);
  await world.produce(0, "one", "two");
  await rejectAll();
  const mqtt = { topic: "dlq.mqtt", exists: false, records: 0, redriven: 0, groups: [], mqtt: true };
  const ours = { topic: DEAD, exists: true, records: 2, redriven: 0, groups: [GROUP], mqtt: false };
  expect((await rest.ask("/api/dead-letters")).body).toEqual({ topics: [ours, mqtt] });
  const { letters, next } = (await rest.ask(LETTERS)).body;
  expect(next).toBeNull();
  expect(letters).toHaveLength(2);
  expect(letters[0]).toMatchObject({
    ...{ partition: 0, offset: 0, key: null, valueBytes: 3, kind: "queue", group: GROUP, deliveries: 1 },
    ...{ reason: "Offset rejected by client.", source: { topic: "jobs", partition: 0, offset: 0 } },
    ...{ mqttTopic: null, times: 0, redriven: false },
  });
  const targets = [{ topic: "jobs", partition: 0, records: 2 }];
  const dry = { dryRun: true, redriven: 2, targets, already: 0, refused: [], refusedCount: 0, next: null };
  expect((await post({ dryRun: true })).body).toEqual(dry);
  expect((await post({})).body).toEqual({ ...dry, dryRun: false });
  expect((await post({})).body).toMatchObject({ redriven: 0 });
  expect((await rest.ask(`${LETTERS}?waiting=true`)).body.letters).toEqual([]);
  expect(await rejectAll()).toEqual(["one", "two"]);
  const again = (await rest.ask(LETTERS)).body.letters;
  expect(again.map((one: { times: number; redriven: boolean }) => [one.times, one.redriven])).toEqual([
    [0, true],
    [0, true],
    [1, false],
    [1, false],
  ]);
  expect((await post({ letters: [{ partition: 0, offset: 2 }] })).body).toMatchObject({ redriven: 1 });
  expect((await rest.ask("/api/dead-letters")).body.topics[0]).toMatchObject({ records: 4, redriven: 3 });
  await rest.close();
});

test("a list and a redrive go on in parts, and leave what comes meanwhile", async () => {
  const { world, rest, rejectAll, post } = await opened();
  await world.produce(0, "one", "two", "three");
  await rejectAll();
  const first = (await rest.ask(`${LETTERS}?limit=2&group=${GROUP}`)).body;
  expect([first.letters.length, first.next]).toEqual([2, `${LETTERS}?limit=2&group=${GROUP}&at=0%3A2`]);
  expect((await rest.ask(first.next)).body).toMatchObject({ letters: [{ offset: 2 }], next: null });
  const part = (await post({ limit: 2 })).body;
  expect(part.redriven).toBe(2);
  world.gateway.clock.advance(10);
  await rejectAll();
  expect((await post({ limit: 2, at: part.next })).body).toMatchObject({ redriven: 1, next: null });
  expect((await post({ group: "others" })).body.redriven).toBe(0);
  expect((await post({ at: "x" })).status).toBe(400);
  expect((await rest.ask(`${LETTERS}?at=x`)).status).toBe(400);
  expect((await post({ letters: [] })).status).toBe(400);
  await rest.close();
});

test("one redrive at a time, by an operator", async () => {
  const { world, rest, rejectAll, post } = await opened();
  await world.produce(0, "one");
  await rejectAll();
  const [one, other] = await Promise.all([post({}), post({})]);
  expect([one.status, other.status].toSorted()).toEqual([200, 409]);
  const asViewer = RestGateway.over(world.gateway, { access: { control: "off" } });
  expect((await asViewer.ask(REDRIVE, { method: "POST", body: {} })).status).toBe(403);
  expect((await asViewer.ask(LETTERS)).status).toBe(200);
  await rest.close();
});
