import { expect, test } from "bun:test";
import { ERROR } from "../../../src/kafka/wire/generated/errors.ts";
import { DEFAULT_MIRROR_LIMITS } from "../../../src/upstream/mirror/settings.ts";
import { MirrorRun } from "./simulation.ts";

/** What becomes of a mirror whose central topic has a partition in trouble, or one that has more to say than others. */

test.each([null, ERROR.KAFKA_STORAGE_ERROR, ERROR.NOT_LEADER_OR_FOLLOWER])(
  "a partition that can't be read (%p) does not stop the others, and comes when it can",
  async (error) => {
    const run = new MirrorRun({ seed: 1 }, 4);
    const { centre, mirror } = await run.start();
    await run.advance(1_000);
    centre.broken.set(0, error);
    for (let n = 0; n < 20; n += 1) {
      for (let partition = 0; partition < 4; partition += 1)
        run.topic.write(partition, `k${partition}`, `${n}`);
      await run.advance(400);
    }
    await run.advance(1_000);
    const all = Array.from({ length: 20 }, (_, n) => `${n}`);
    for (const key of ["k1", "k2", "k3"]) expect(run.local().get(key)).toEqual(all);
    expect(run.local().get("k0")).toBeUndefined();
    expect(mirror.status()).toMatchObject({ state: "mirroring", lagRecords: null });
    expect(mirror.status().reason).toContain("partition 0");
    centre.broken.clear();
    await run.advance(2_000);
    expect(run.local().get("k0")).toEqual(all);
    expect(mirror.status()).toMatchObject({ state: "mirroring", lagRecords: 0, reason: null });
  },
);

test("a partition without a leader at the start does not stop the others", async () => {
  for (const from of ["earliest", "latest"] as const) {
    const run = new MirrorRun({ seed: 1, settings: { from } }, 4);
    run.topic.write(2, "k2", "old");
    const { centre } = await run.start();
    centre.broken.set(2, null);
    await run.advance(2_000);
    run.topic.write(1, "k1", "new");
    await run.advance(2_000);
    expect(run.local().get("k1")).toEqual(["new"]);
    run.crash();
    await run.start();
    await run.advance(2_000);
    run.topic.write(2, "k2", "new");
    await run.advance(2_000);
    expect(run.local().get("k2")).toEqual(from === "earliest" ? ["old", "new"] : ["new"]);
    expect(run.gaps).toEqual([]);
  }
});

test("a broker that stays away after an outage of all does not keep the others from coming back", async () => {
  const run = new MirrorRun({ seed: 1 }, 4);
  const { centre, mirror } = await run.start();
  await run.advance(1_000);
  for (const partition of [0, 1, 2, 3]) centre.broken.set(partition, ERROR.NETWORK_EXCEPTION);
  for (let partition = 0; partition < 4; partition += 1) run.topic.write(partition, `k${partition}`, "v");
  await run.advance(3_000);
  expect(mirror.status().state).toBe("backing off");
  for (const partition of [1, 3]) centre.broken.delete(partition);
  await run.advance(3_000);
  expect(mirror.status().state).toBe("mirroring");
  for (const partition of [1, 3]) expect(run.local().get(`k${partition}`)).toEqual(["v"]);
  centre.broken.clear();
  await run.advance(3_000);
  for (const partition of [0, 2]) expect(run.local().get(`k${partition}`)).toEqual(["v"]);
});

test("partitions that have moved are followed at once", async () => {
  const limits = { ...DEFAULT_MIRROR_LIMITS, refreshMs: 600_000 };
  const run = new MirrorRun({ seed: 1, settings: { limits } }, 4);
  const { centre } = await run.start();
  await run.advance(500);
  for (const partition of [0, 2]) centre.moved.set(partition, "broker 1");
  centre.moved.set(3, "broker 3");
  await run.advance(2_000);
  for (let partition = 0; partition < 4; partition += 1) run.topic.write(partition, `k${partition}`, "v");
  await run.advance(500);
  for (let partition = 0; partition < 4; partition += 1)
    expect(run.local().get(`k${partition}`)).toEqual(["v"]);
});

test("a partition that always has more does not starve those behind it", async () => {
  const run = new MirrorRun({ seed: 1 }, 6);
  const { centre } = await run.start();
  centre.answerRecords = 5;
  for (let n = 0; n < 1_000; n += 1) run.topic.write(0, "k0", `${n}`);
  for (const partition of [2, 4]) run.topic.write(partition, `k${partition}`, "v");
  await run.advance(600);
  expect(run.local().get("k0")?.length).toBeLessThan(1_000);
  for (const partition of [2, 4]) expect(run.local().get(`k${partition}`)).toEqual(["v"]);
});
