import { describe, expect, test } from "bun:test";
import { SimulatedDisk } from "../../../src/io/simulated/disk.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { pathOf, withHop } from "../../../src/mqtt/bridge/path.ts";
import { decodeState, encodeState } from "../../../src/mqtt/bridge/state.ts";
import { again, BridgeRig, connectedRig, publish, rule, type SettingsWishes } from "./bridge-rig.ts";
import { ModelRemote } from "./model-remote.ts";

const OUT: SettingsWishes = { out: [rule("devices/#", 1)], limits: { savePositionMs: 100 } };

describe("a new bridge", () => {
  test("begins with what comes from now on, also when the power fails before it has connected", async () => {
    let disk = new SimulatedDisk({ seed: 1 });
    const first = await BridgeRig.start({ disk, settings: {} });
    await publish(first, "devices/a", ["old"]);
    first.bridge.abandon();
    disk = disk.crash("everything", 1);
    const remote = first.remote;
    remote.away = true;
    const second = await BridgeRig.start({ disk, settings: OUT, remote });
    await second.run(50);
    await publish(second, "devices/a", ["new"]);
    remote.away = false;
    const [third] = await again(second, disk, { settings: OUT });
    await third.run(2_000);
    expect(remote.taken.get("devices/a")).toEqual(["new"]);
  });

  test("begins with the oldest record where it is told to", async () => {
    const disk = new SimulatedDisk({ seed: 1 });
    const first = await BridgeRig.start({ disk, settings: {} });
    await publish(first, "devices/a", ["1", "2"]);
    const [second] = await again(first, disk, { settings: { ...OUT, from: "earliest" } });
    await second.run(500);
    expect(first.remote.taken.get("devices/a")).toEqual(["1", "2"]);
  });

  test("carries topics whole that are made later", async () => {
    const rig = await connectedRig({ settings: { out: [rule("#")] } });
    rig.remote.away = true;
    rig.remote.cut();
    await publish(rig, "building/door", ["1", "2"]);
    rig.remote.away = false;
    await rig.run(2_000);
    expect(rig.remote.taken.get("building/door")).toEqual(["1", "2"]);
  });

  test("with other filters begins anew in topics that it did not follow", async () => {
    const disk = new SimulatedDisk({ seed: 1 });
    const first = await connectedRig({ disk, settings: OUT });
    await publish(first, "building/door", ["before"]);
    const settings = { ...OUT, out: [rule("devices/#"), rule("building/#")] };
    const [second] = await again(first, disk, { settings });
    await publish(second, "building/door", ["after"]);
    await second.run(500);
    expect(first.remote.taken.get("building/door")).toEqual(["after"]);
  });

  test("begins as a new one where its state can't be read, and says so", async () => {
    const disk = new SimulatedDisk({ seed: 1 });
    const first = await BridgeRig.start({ disk, settings: { name: "other" } });
    void first.rig.open.broker.openState("__mqtt_bridges").set("up", Uint8Array.of(1, 2, 3));
    await first.run(100);
    const [second] = await again(first, disk, { settings: OUT });
    expect(second.told[0]).toContain("state can't be read");
    await publish(second, "devices/a", ["new"]);
    expect(first.remote.taken.get("devices/a")).toEqual(["new"]);
  });
});

describe("on its way out", () => {
  test("a message carries the way it has come, and what the bridge brought in does not go back", async () => {
    const both = [rule("devices/#", 1)];
    const rig = await connectedRig({ settings: { in: both, out: both } });
    rig.remote.publish("devices/far", "from there", 1);
    await publish(rig, "devices/near", ["from here"]);
    await rig.run(300);
    expect([...rig.remote.taken.keys()]).toEqual(["devices/near"]);
    expect(pathOf(rig.remote.messages[0]?.properties ?? null)).toEqual(["gw/up"]);
    expect(rig.values("telemetry").toSorted()).toEqual(["from here", "from there"]);
    expect(rig.bridge.status().out.echoes).toBe(1);
  });

  test("before MQTT 5 there are no properties, and at most 20 are under way", async () => {
    const rig = await connectedRig({
      settings: { ...OUT, version: 4 },
      remoteWishes: { window: 65_535, latencyMs: 2 },
    });
    rig.remote.hangs = true;
    await publish(
      rig,
      "devices/a",
      Array.from({ length: 50 }, (_, index) => String(index)),
    );
    expect(rig.bridge.status().out.inFlight).toBe(20);
    rig.remote.hangs = false;
    rig.remote.cut();
    await rig.run(3_000);
    expect(rig.remote.taken.get("devices/a")?.length).toBe(50);
    expect(rig.remote.messages.every(({ properties }) => properties === null)).toBe(true);
  });

  test("what is too large for the remote, or for the setting, is a gap, and the rest goes on", async () => {
    const rig = await connectedRig({ settings: OUT, remoteWishes: { maximumPacketBytes: 200 } });
    await publish(rig, "devices/a", ["1", "x".repeat(200), "3"]);
    expect(rig.remote.taken.get("devices/a")).toEqual(["1", "3"]);
    expect(rig.gaps).toEqual([
      expect.stringMatching(/^telemetry-0 1-2 a packet of \d+ bytes, more than the 200/),
    ]);
    expect(rig.bridge.status().out.gaps).toBe(1);
  });

  test("what retention took first is a gap", async () => {
    const disk = new SimulatedDisk({ seed: 1 });
    const rig = await connectedRig({ disk, settings: OUT });
    await publish(rig, "devices/a", ["0"]);
    rig.remote.away = true;
    rig.remote.cut();
    await publish(rig, "devices/a", ["1", "2"]);
    rig.bridge.abandon();
    const { broker } = rig.rig.open;
    const partition = broker.partition("telemetry", 0);
    if (partition !== null) broker.deleteRecords(partition, 2, () => {});
    await rig.run(100);
    rig.remote.away = false;
    const [next] = await again(rig, disk, { settings: OUT });
    await next.run(500);
    expect(rig.remote.taken.get("devices/a")).toEqual(["0", "2"]);
    expect(next.gaps).toEqual(["telemetry-0 1-2 deleted before it was carried"]);
  });

  test("what the remote refuses for good is a gap; what it refuses for now is sent until it is taken", async () => {
    for (const qos of [1, 2] as const) {
      let refusals = 0;
      let reason = 0x87;
      const refuse = ({ payload }: { readonly payload: Uint8Array }): number => {
        if (Buffer.from(payload).toString() !== "no") return 0;
        refusals += 1;
        return reason;
      };
      const settings = {
        out: [rule("devices/#", qos)],
        limits: { backoffMs: 20, maxBackoffMs: 40, maxRefusals: 3 },
      };
      const rig = await connectedRig({ settings, remoteWishes: { refuse } });
      await publish(rig, "devices/a", ["1", "no", "2"]);
      expect(rig.remote.taken.get("devices/a")).toEqual(["1", "2"]);
      expect([refusals, rig.gaps.length]).toEqual([1, 1]);

      reason = 0x80;
      await publish(rig, "devices/a", ["no", "3"]);
      await rig.run(2_000);
      expect([refusals, rig.gaps.length]).toEqual([5, 2]);

      reason = 0x97;
      await publish(rig, "devices/a", ["no", "4"]);
      await rig.run(2_000);
      expect(refusals).toBeGreaterThan(15);
      expect(rig.gaps.length).toBe(2);
      expect(rig.bridge.status().lastError).toContain("0x97");
      reason = 0;
      await rig.run(500);
      expect(new Set(rig.remote.taken.get("devices/a"))).toEqual(new Set(["1", "2", "3", "no", "4"]));
    }
  });

  test("a PUBCOMP before the PUBREC ends nothing", async () => {
    const rig = await connectedRig({ settings: { out: [rule("devices/#", 2)], limits: { backoffMs: 10 } } });
    const { remote } = rig;
    remote.hangs = true;
    await publish(rig, "devices/a", ["1"]);
    remote.link?.events.acknowledged("pubcomp", 1, 0);
    expect(rig.bridge.status().out).toMatchObject({ inFlight: 1, messages: 0, lagRecords: 1 });
    remote.hangs = false;
    remote.cut();
    await rig.run(2_000);
    expect(remote.taken.get("devices/a")).toEqual(["1"]);
    expect(rig.bridge.status().out).toMatchObject({ inFlight: 0, messages: 1, lagRecords: 0 });
  });

  test("packet identifiers whose messages are gone are not used until the remote has forgotten them", async () => {
    const disk = new SimulatedDisk({ seed: 1 });
    const settings = { out: [rule("devices/#", 2)], limits: { ackTimeoutMs: 60_000 } };
    const first = await connectedRig({ disk, settings });
    const states = first.rig.open.broker.openState("__mqtt_bridges");
    const state = decodeState((await states.get("up")) ?? new Uint8Array());
    if (state === null) throw new Error("no state");
    first.bridge.abandon();
    void states.set("up", encodeState({ ...state, orphans: [1, 3] }));
    await first.run(50);
    for (const packetId of [1, 3]) first.remote.hold(packetId);
    const second = await BridgeRig.start({
      disk: disk.crash("everything", 1),
      remote: first.remote,
      settings,
    });
    for (let ms = 0; ms < 100 && second.bridge.status().state !== "connected"; ms++) await second.run(1, 1);
    first.remote.hangs = true;
    await publish(second, "devices/a", ["1", "2", "3"]);
    const used = decodeState(second.saved() ?? new Uint8Array())?.positions.flatMap(({ sent }) => sent);
    expect(used?.map(({ packetId }) => packetId)).toEqual([2, 4, 5]);
    first.remote.hangs = false;
    first.remote.cut();
    await second.run(2_000);
    expect(first.remote.taken.get("devices/a")).toEqual(["1", "2", "3"]);
  });

  test("a remote with QoS 0 or 1 alone is sent no more (MQTT-3.2.2-11)", async () => {
    for (const maximumQos of [0, 1] as const) {
      const settings = { out: [rule("devices/#", 2)] };
      const rig = await connectedRig({ settings, remoteWishes: { maximumQos } });
      await publish(rig, "devices/a", ["1"]);
      expect(rig.remote.messages.map(({ qos }) => qos)).toEqual([maximumQos]);
      expect(rig.bridge.status().out).toMatchObject({ inFlight: 0, lagRecords: 0, messages: 1 });
    }
  });

  test("reading ahead is bounded while the remote is away", async () => {
    const rig = await connectedRig({ settings: { ...OUT, limits: { maxReadyMessages: 10 } } });
    rig.remote.away = true;
    rig.remote.cut();
    await publish(
      rig,
      "devices/a",
      Array.from({ length: 200 }, (_, index) => String(index)),
    );
    expect(rig.bridge.status().out).toMatchObject({ lagRecords: 200, inFlight: 0 });
    rig.remote.away = false;
    await rig.run(5_000);
    expect(rig.remote.taken.get("devices/a")?.length).toBe(200);
  });

  test("a stop waits for what is under way, and the next start sends nothing twice", async () => {
    const disk = new SimulatedDisk({ seed: 1 });
    const rig = await connectedRig({ disk, settings: OUT, remoteWishes: { latencyMs: 50 } });
    for (const text of ["1", "2", "3"]) rig.publish("devices/a", text);
    await rig.run(20);
    let hasStopped = false;
    void rig.bridge.stop(60_000).then(() => {
      hasStopped = true;
    });
    expect(rig.bridge.status().out.inFlight).toBe(3);
    await rig.run(1_000);
    expect(hasStopped).toBe(true);
    const [next] = await again(rig, disk, { settings: OUT });
    await next.run(1_000);
    expect(rig.remote.taken.get("devices/a")).toEqual(["1", "2", "3"]);
  });
});

describe("on its way in", () => {
  const IN: SettingsWishes = { in: [rule("site/#", 1, "here/"), rule("exact/#", 2)] };

  test("topics get their prefix, and each filter is asked for once over any number of connections", async () => {
    const rig = await connectedRig({ settings: { ...IN, limits: { backoffMs: 10, maxBackoffMs: 20 } } });
    for (let cut = 0; cut < 5; cut++) {
      rig.remote.publish("site/a", String(cut), 1);
      await rig.run(100);
      rig.remote.cut();
      await rig.run(100);
    }
    expect(rig.values("mqtt")).toEqual(["0", "1", "2", "3", "4"]);
    expect(rig.remote.subscribes).toBe(1);
    rig.remote.crash(false);
    await rig.run(200);
    expect(rig.remote.subscribes).toBe(2);
    expect(rig.told).toContain("the remote has lost the bridge's session: what it kept for it is gone");
  });

  test("QoS 2 messages that the remote never releases are bounded", async () => {
    const settings = { in: [rule("exact/#", 2)], limits: { maxUnreleased: 5 } };
    const rig = await connectedRig({ settings });
    const payload = new Uint8Array(1);
    const message = {
      topic: "exact/a",
      payload,
      properties: null,
      expirySec: -1,
      retain: false,
      duplicate: false,
    };
    for (let packetId = 1; packetId <= 6; packetId++) {
      rig.remote.link?.events.message({ ...message, qos: 2, packetId });
      await rig.run(50);
    }
    expect(rig.bridge.status().lastError).toBe("the remote leaves 5 QoS 2 messages unreleased");
    expect(rig.values("mqtt").length).toBe(5);
  });

  test("a filter that the remote refuses is told of, asked for again, and no reason to ask for others", async () => {
    const rig = await connectedRig({ settings: IN, remoteWishes: { refusedFilter: "exact/#" } });
    await rig.run(100);
    expect(rig.bridge.status()).toMatchObject({ state: "connected", in: { refusedFilters: ["exact/#"] } });
    expect(rig.bridge.status().lastError).toContain('"exact/#" with code 0x87');
    rig.remote.cut();
    await rig.run(2_000);
    expect(rig.remote.asked).toEqual(["site/#", "exact/#", "exact/#"]);
    rig.remote.publish("site/a", "1", 1);
    await rig.run(100);
    expect(rig.values("mqtt")).toEqual(["1"]);
  });

  test("filters that the rules have no more are given up", async () => {
    const disk = new SimulatedDisk({ seed: 1 });
    const rig = await connectedRig({ disk, settings: IN });
    expect([...rig.remote.subscriptions.keys()]).toEqual(["site/#", "exact/#"]);
    await again(rig, disk, { settings: { in: [rule("exact/#", 2)] } });
    expect([...rig.remote.subscriptions.keys()]).toEqual(["exact/#"]);
    expect(rig.remote.subscribes).toBe(1);
  });

  test("a message that was here before is acknowledged and left out", async () => {
    const rig = await connectedRig({ settings: IN });
    const link = rig.remote.link;
    for (const qos of [1, 2] as const) {
      link?.events.message({
        topic: qos === 1 ? "site/a" : "exact/a",
        payload: new Uint8Array(1),
        properties: withHop(withHop(null, "gw/elsewhere"), "far/x"),
        expirySec: -1,
        qos,
        retain: false,
        duplicate: false,
        packetId: 7 + qos,
      });
    }
    await rig.run(200);
    expect(rig.values("mqtt")).toEqual([]);
    expect(rig.bridge.status().in).toMatchObject({ looped: 2, inFlight: 0, dropped: 0 });
  });

  test("what no rule takes, or can never be in the log, is acknowledged and counted", async () => {
    const rig = await connectedRig({ settings: IN });
    rig.remote.publish("elsewhere/a", "1", 1);
    rig.remote.publish("site/a", "x".repeat(2_000_000), 1);
    rig.remote.publish("site/b", "2", 1);
    await rig.run(300);
    expect(rig.remote.backlog).toBe(0);
    expect(rig.values("mqtt")).toEqual(["2"]);
    expect(rig.bridge.status().in.dropped).toBe(2);
    expect(rig.gaps).toEqual([
      expect.stringContaining("elsewhere/a: no rule takes it"),
      "site/a: it is larger than message.max.bytes",
    ]);
  });

  test("nothing is acknowledged that the log does not take: the remote keeps it", async () => {
    for (const topic of ["site/a", "exact/a"]) {
      const disk = new SimulatedDisk({ seed: 1 });
      const rig = await connectedRig({
        disk,
        settings: { ...IN, limits: { backoffMs: 10, maxBackoffMs: 20 } },
      });
      rig.remote.publish(topic, "first", topic === "site/a" ? 1 : 2);
      await rig.run(100);
      expect(rig.remote.backlog).toBe(0);
      disk.limitFreeBytes(0);
      rig.remote.publish(topic, "x".repeat(200_000), topic === "site/a" ? 1 : 2);
      await rig.run(1_000);
      expect(rig.remote.backlog).toBe(1);
      expect(rig.bridge.status().lastError).toMatch(/takes no messages|state can't be kept/);
      disk.limitFreeBytes(1_000_000_000);
      await rig.run(10_000, 50);
      expect(rig.remote.backlog).toBe(0);
      expect(rig.values("mqtt").map((value) => value.length)).toEqual([5, 200_000]);
    }
  });
});

describe("the connection", () => {
  test("is tried again after growing waits with jitter, and after the first one where it had been good", async () => {
    const limits = { backoffMs: 100, maxBackoffMs: 1_600, stableMs: 1_000 };
    const rig = await BridgeRig.start({ settings: { ...OUT, limits } });
    rig.remote.away = true;
    const waits: number[] = [];
    let failures = 0;
    for (let step = 0; step < 3_000 && waits.length < 12; step++) {
      await rig.run(5, 5);
      const status = rig.bridge.status();
      if (status.failures === failures) continue;
      failures = status.failures;
      waits.push(status.retryInMs ?? 0);
    }
    expect(waits.length).toBe(12);
    for (const [index, wait] of waits.entries()) {
      const bound = Math.min(1_600, 100 * 2 ** index);
      expect(wait).toBeLessThanOrEqual(bound);
      expect(wait).toBeGreaterThanOrEqual(bound * 0.1 - 10);
    }
    expect(new Set(waits).size).toBeGreaterThan(6);
    expect(rig.told).toEqual(["warn a bridge is backing off: connection refused"]);
    rig.remote.away = false;
    await rig.run(4_000);
    expect(rig.bridge.status().state).toBe("connected");
    rig.remote.cut();
    await rig.run(10, 5);
    expect(rig.bridge.status().retryInMs ?? 1_000).toBeLessThanOrEqual(100);
    expect(rig.told.slice(1)).toEqual([
      "info a bridge is connected: undefined",
      "warn a bridge is backing off: connection reset",
    ]);
  });

  test("is given up where the remote says nothing, before its CONNACK and after", async () => {
    const limits = { connectTimeoutMs: 500, ackTimeoutMs: 1_000, backoffMs: 10, maxBackoffMs: 20 };
    const rig = await BridgeRig.start({ settings: { ...OUT, limits } });
    rig.remote.away = true;
    rig.remote.hangs = true;
    await rig.run(700);
    expect(rig.bridge.status().lastError).toBe("no CONNACK within 500 ms");
    rig.remote.away = false;
    await rig.run(1_000);
    expect(rig.bridge.status().state).toBe("connected");
    rig.publish("devices/a", "1");
    await rig.run(1_900);
    expect(rig.bridge.status().lastError).toBe("the remote has not acknowledged a message for 1000 ms");
    rig.remote.hangs = false;
    rig.remote.cut();
    await rig.run(1_000);
    expect(rig.remote.taken.get("devices/a")).toEqual(["1"]);
  });

  test("is refused where the remote wants no such client, and tried again", async () => {
    const rig = await BridgeRig.start({ settings: { ...OUT, limits: { backoffMs: 10, maxBackoffMs: 20 } } });
    rig.remote.refusal = "Connection refused: Not authorized";
    await rig.run(100);
    expect(rig.bridge.status()).toMatchObject({ state: "refused", lastError: rig.remote.refusal });
    expect(rig.told).toEqual([`error a bridge is refused: ${rig.remote.refusal}`]);
    rig.remote.refusal = null;
    await rig.run(100);
    expect(rig.bridge.status().state).toBe("connected");
  });

  test("of another remote, or under another name, knows nothing of the session before", async () => {
    const disk = new SimulatedDisk({ seed: 1 });
    const settings = { in: [rule("exact/#", 2)], out: [rule("devices/#", 2)] };
    const rig = await connectedRig({ disk, settings });
    rig.remote.hangs = true;
    await publish(rig, "devices/a", ["1", "2"]);
    const other = new ModelRemote(rig.rig.open.clock, new SeededRandom(9));
    rig.bridge.abandon();
    const next = await BridgeRig.start({
      disk: disk.crash("everything", 1),
      settings: { ...settings, host: "other" },
      remote: other,
    });
    await next.run(500);
    expect(other.taken.get("devices/a")).toEqual(["1", "2"]);
    expect(other.subscribes).toBe(1);
  });

  test("waits while the state can't be kept, and loses nothing and repeats nothing over it", async () => {
    const settings = {
      in: [rule("exact/#", 2)],
      out: [rule("devices/#", 2)],
      limits: { backoffMs: 10, maxBackoffMs: 20, savePositionMs: 50 },
    };
    const rig = await connectedRig({ settings });
    rig.failsSaves = true;
    rig.remote.publish("exact/a", "in", 2);
    await publish(rig, "devices/a", ["out"]);
    await rig.run(500);
    expect(rig.bridge.status()).toMatchObject({
      state: "failed",
      lastError: "the state can't be kept: no room",
    });
    expect([rig.values("mqtt"), rig.remote.backlog, rig.remote.messages.length]).toEqual([[], 1, 0]);
    rig.failsSaves = false;
    await rig.run(1_000);
    expect(rig.values("mqtt")).toEqual(["in"]);
    expect(rig.remote.taken.get("devices/a")).toEqual(["out"]);
    expect([rig.remote.backlog, rig.bridge.status().in.inFlight, rig.bridge.status().out.inFlight]).toEqual([
      0, 0, 0,
    ]);
  });
});
