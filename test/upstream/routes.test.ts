import { describe, expect, test } from "bun:test";
import { Routing } from "../../src/upstream/routing.ts";
import { PLAIN_ROUTE, type UplinkRoute, uplinkSettings } from "../../src/upstream/settings.ts";
import { ModelCentre } from "./model-centre.ts";
import { ModelRun } from "./model-run.ts";
import { RoutedFleet } from "./routed-fleet.ts";
import { Simulation } from "./simulation.ts";

const SEEDS = 40;
const SLOW_MS = 60_000;

describe("routes in simulated time, over a link that fails", () => {
  for (const protocol of [1, 2, 0] as const) {
    const name = protocol === 0 ? "without transactions" : `with protocol ${protocol}`;
    test(
      `${name}, each record that was chosen arrives once and in order, and each offset is accounted for`,
      () => {
        let crashes = 0;
        for (let seed = 1; seed <= SEEDS; seed += 1) {
          const fleet = new RoutedFleet();
          const result = new Simulation({
            seed,
            protocol,
            records: 600,
            faults: (seed % 4) * 0.04,
            fleet,
          }).run();
          crashes += result.crashes;
          expect({ seed, faults: result.faults }).toEqual({ seed, faults: [] });
        }
        expect(crashes).toBeGreaterThan(SEEDS / 2);
      },
      SLOW_MS,
    );
  }

  test(
    "the simulation sees a sampling that does not know what was before",
    () => {
      let caught = 0;
      for (let seed = 1; seed <= 20; seed += 1) {
        const flaw = "what was before the position is gone";
        const fleet = new RoutedFleet();
        const result = new Simulation({ seed, protocol: 2, records: 600, faults: 0.1, fleet, flaw }).run();
        if (result.faults.length > 0) caught += 1;
      }
      expect(caught).toBeGreaterThan(5);
    },
    SLOW_MS,
  );
});

describe("a route", () => {
  const route = (topics: readonly string[], topic: string, more: Partial<UplinkRoute> = {}): UplinkRoute => ({
    ...PLAIN_ROUTE,
    topics,
    topic,
    ...more,
  });
  const BOTH = [route(["a"], "all"), route(["b"], "all")];

  function feed(run: ModelRun, into: ModelRun, topic: string, value: string): void {
    into.memory.append(topic, 0, [{ key: "device", value }]);
    run.forwarder.appended(topic, 0);
    run.run(1_000);
  }

  /** Another run of the same gateway and centre, with nothing but what the centre knows. */
  function again(first: ModelRun, routes: readonly UplinkRoute[]): ModelRun {
    const run = new ModelRun({ source: first.memory, centre: first.centre, routes });
    run.run(1_000);
    return run;
  }

  function begin(routes: readonly UplinkRoute[]): ModelRun {
    const run = new ModelRun({ routes });
    for (const topic of ["a", "b"]) run.memory.createTopic(topic, 1);
    run.run(1_000);
    return run;
  }

  test("that is taken out and put back goes on where it was, also where another one used its slot meanwhile", () => {
    const first = begin(BOTH);
    feed(first, first, "a", "a0");
    feed(first, first, "b", "b0");
    const alone = again(first, [BOTH[0] as UplinkRoute]);
    feed(alone, first, "a", "a1");
    const both = again(first, BOTH);
    feed(both, first, "b", "b1");
    expect(both.values("all")).toEqual(["a0", "b0", "a1", "b1"]);
  });

  test("that leads elsewhere than before goes on where it was", () => {
    const first = begin([route(["a"], "{topic}")]);
    feed(first, first, "a", "a0");
    const renamed = again(first, [route(["a"], "{gateway}.{topic}")]);
    feed(renamed, first, "a", "a1");
    expect([renamed.values("a"), renamed.values("g.a")]).toEqual([["a0"], ["a1"]]);
    const back = again(first, [route(["a"], "{topic}")]);
    feed(back, first, "a", "a2");
    expect([back.values("a"), back.values("g.a")]).toEqual([["a0", "a2"], ["a1"]]);
  });

  test("that takes nothing moves its position all the same, after a while and without a record", () => {
    const nothing = [route(["a"], "all", { keys: ["nobody"] })];
    const first = begin(nothing);
    for (let index = 0; index < 5; index += 1) feed(first, first, "a", String(index));
    first.run(10_000);
    expect(first.values("all")).toEqual([]);
    expect(first.status()).toMatchObject({ lagRecords: 0, recordsForwarded: 0 });
    expect(first.status().topics[0]?.partitions[0]).toMatchObject({
      position: 5,
      tally: { forwarded: 0, filtered: 5, gapped: 0, empty: 0 },
    });
    expect(first.calls.filter(({ kind }) => kind === "end").length).toBeLessThan(5);
    expect(again(first, BOTH).values("all")).toEqual([]);
  });

  test("has a topic made as it says, and waits for one that may not be made", () => {
    const configs = { "retention.ms": "604800000" };
    const creation = { enabled: true, partitions: 3, replicationFactor: 2, configs };
    const run = begin([
      route(["a"], "all", { creation }),
      route(["b"], "b", { creation: { ...creation, enabled: false } }),
    ]);
    const asked = run.calls.flatMap((call) => (call.kind === "create-topic" ? [call.ask] : []));
    expect(asked).toEqual([{ name: "all", partitions: 3, replicationFactor: 2, configs }]);
    expect(run.status().topics.map(({ topic, centralTopic, state }) => [topic, centralTopic, state])).toEqual(
      [
        ["a", "all", "forwarding"],
        ["b", "b", "missing"],
      ],
    );
  });

  test("whose name makes no topic is blocked, and holds up nobody else", () => {
    const run = begin([route(["a"], "x".repeat(249)), route(["b"], `${"x".repeat(249)}{topic}`)]);
    feed(run, run, "a", "a0");
    expect(run.values("x".repeat(249))).toEqual(["a0"]);
    const [, blocked] = run.status().topics;
    expect(blocked).toMatchObject({
      state: "blocked",
      reason: "250 characters are too many for a topic's name",
    });
  });

  test("keeps offsets of two logs whose partitions share a slot apart", () => {
    const run = begin(BOTH);
    for (let index = 0; index < 4; index += 1) feed(run, run, index % 2 === 0 ? "a" : "b", String(index));
    expect(run.values("all")).toEqual(["0", "1", "2", "3"]);
    expect(again(run, BOTH).values("all")).toEqual(["0", "1", "2", "3"]);
  });

  test("keeps all positions where the centre gains partitions", () => {
    for (const moved of [0, 1]) {
      const first = new ModelRun({ routes: BOTH });
      first.memory.createTopic("a", 2);
      for (const partition of [0, 1])
        first.memory.append("a", partition, [{ key: null, value: `a${partition}` }]);
      first.run(1_000);
      first.centre.addPartitions("all", 2);
      first.run(60_000);
      expect(first.status().topics[0]?.centralPartitions).toBe(2);
      first.memory.append("a", moved, [{ key: null, value: "next" }]);
      first.forwarder.appended("a", moved);
      first.run(1_000);
      const after = again(first, BOTH);
      const values = after.centre.visible("all").flat();
      expect(values.map(({ value }) => new TextDecoder().decode(value ?? undefined)).toSorted()).toEqual([
        "a0",
        "a1",
        "next",
      ]);
    }
  });

  test("does not hold for what tells of losses, whose topic the uplink itself names", () => {
    const gapsTopic = "gaps.{gateway}";
    const settings = uplinkSettings({
      name: "u",
      gatewayId: "g",
      routes: [route(["*"], "x", { keys: ["k"] })],
      gapsTopic,
    });
    const routing = new Routing(settings);
    expect(routing.of("headwater.gaps")).toMatchObject({ topic: "gaps.g", route: { keys: [] } });
    expect(routing.of("headwater.canary")).toMatchObject({ topic: "headwater.canary", route: { keys: [] } });
    expect(routing.of("telemetry")).toMatchObject({ topic: "x", route: { keys: ["k"] } });
  });

  test("may be one of hundreds that share a topic", () => {
    const run = new ModelRun({ routes: [route(["line-*"], "all")], centre: new ModelCentre(2, 8) });
    for (let line = 0; line < 400; line += 1) {
      run.memory.createTopic(`line-${line}`, 1);
      run.memory.append(`line-${line}`, 0, [{ key: String(line), value: String(line) }]);
    }
    run.run(3_000);
    expect(run.status().lastError).toBeNull();
    expect(run.centre.visible("all").flat()).toHaveLength(400);
    const after = again(run, [route(["line-*"], "all")]);
    expect(after.centre.visible("all").flat()).toHaveLength(400);
  }, 30_000);
});
