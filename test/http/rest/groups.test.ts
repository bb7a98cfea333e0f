import { expect, test } from "bun:test";
import { GROUP, ShareWorld } from "../../kafka/support/share-world.ts";
import { append, batchOf } from "../../kafka/views/support.ts";
import { RestGateway } from "../support.ts";

async function opened() {
  const rest = await RestGateway.open();
  const { broker, coordinators } = rest.kafka;
  const topic = broker.createTopic({ name: "telemetry", partitionCount: 2, configs: new Map() }, () => {});
  if ("error" in topic) throw new Error(topic.message);
  const [first] = topic.partitions;
  if (first === undefined) throw new Error("no partition");
  for (let n = 0; n < 10; n++) {
    append(first, batchOf([{ key: "a", value: String(n), timestampMs: 1_700_000_000_000 + n * 1_000 }]));
  }
  await rest.clock.settleAll();
  coordinators.groups.offsets.commit(
    {
      groupId: "readers",
      caller: { memberId: "", groupInstanceId: null, generationOrEpoch: -1 },
      version: 10,
      retentionMs: -1,
      topics: [
        {
          name: "telemetry",
          id: topic.id,
          partitions: [{ partition: 0, offset: 4, leaderEpoch: -1, metadata: "" }],
        },
      ],
    },
    () => {},
  );
  await rest.clock.settleAll();
  const reset = (body: object) => rest.ask("/api/groups/readers/reset", { method: "POST", body });
  const committed = () =>
    [0, 1].map((index) => coordinators.groups.offsets.get("readers", "telemetry", index)?.offset);
  return { rest, reset, committed };
}

test("a group is shown with its offsets and lag", async () => {
  const { rest } = await opened();
  expect((await rest.ask("/api/groups")).body.groups).toEqual([
    { id: "readers", kind: "classic", state: "Empty", members: 0, topics: ["telemetry"], lag: 6 },
  ]);
  expect((await rest.ask("/api/groups/readers")).body).toMatchObject({
    members: [],
    offsets: [{ topic: "telemetry", partition: 0, committed: 4, end: 10, lag: 6 }],
  });
  await rest.close();
});

test("a group goes on elsewhere: at an end, an offset or a time, in some partitions, or only in words", async () => {
  const { rest, reset, committed } = await opened();
  const dry = await reset({ topic: "telemetry", to: "earliest", dryRun: true });
  expect(dry.body).toEqual({
    changed: false,
    offsets: [
      { partition: 0, from: 4, to: 0 },
      { partition: 1, from: null, to: 0 },
    ],
  });
  expect(committed()).toEqual([4, undefined]);
  expect((await reset({ topic: "telemetry", to: 7, partitions: [0] })).body.changed).toBe(true);
  expect(committed()).toEqual([7, undefined]);
  await reset({ topic: "telemetry", to: 1_000 });
  expect(committed()).toEqual([10, 0]);
  await reset({ topic: "telemetry", to: new Date(1_700_000_003_500).toISOString() });
  expect(committed()).toEqual([4, 0]);
  await reset({ topic: "telemetry", to: "latest" });
  expect(committed()).toEqual([10, 0]);
  for (const [body, status, thing] of [
    [{ topic: "telemetry", to: "yesterday" }, 400, "to"],
    [{ topic: "telemetry", to: -1 }, 400, "body.to"],
    [{ topic: "telemetry", to: 1, partitions: [2] }, 400, "partitions"],
    [{ topic: "nothing", to: 1 }, 404, "topic"],
    [{ topic: "telemetry" }, 400, "body.to"],
  ] as const) {
    const answer = await reset(body);
    expect([body, answer.status, answer.body.error?.thing]).toEqual([body, status, thing]);
  }
  await rest.close();
});

test("a share group is shown with its members, and what is left to do", async () => {
  const world = await ShareWorld.open();
  await world.beat("m", 0, ["jobs"]);
  await world.produce(0, "1", "2", "3", "4");
  await world.fetch("m", 0);
  await world.produce(0, "5");
  const rest = RestGateway.over(world.gateway);
  const { groups } = (await rest.ask("/api/share-groups")).body;
  expect(groups).toHaveLength(1);
  expect(groups[0]).toMatchObject({ id: GROUP, state: "Stable", members: 1, topics: ["jobs"] });
  world.configs.set("errors.deadletterqueue.topic.name", "dlq.jobs");
  const { body } = await rest.ask(`/api/share-groups/${GROUP}`);
  expect(body).toMatchObject({
    id: GROUP,
    members: [{ id: "m", topics: ["jobs"], partitions: [{ topic: "jobs" }] }],
  });
  expect(body.offsets[0]).toMatchObject({ topic: "jobs", partition: 0, end: 5 });
  expect(body.deadLetterTopic).toBe("dlq.jobs");
  // Groups of consumers are elsewhere.
  expect((await rest.ask(`/api/groups/${GROUP}`)).status).toBe(404);
  expect((await rest.ask("/api/groups")).body.groups).toEqual([]);
  await rest.close();
});
