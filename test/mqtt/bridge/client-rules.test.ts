import { describe, expect, test } from "bun:test";
import { SimulatedDisk } from "../../../src/io/simulated/disk.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { decodeState, encodeState } from "../../../src/mqtt/bridge/state.ts";
import { again, BridgeRig, connectedRig, publish, rule, type SettingsWishes } from "./bridge-rig.ts";
import { ModelRemote } from "./model-remote.ts";

const OUT: SettingsWishes = { out: [rule("devices/#", 1)], limits: { savePositionMs: 100 } };

describe("as a client", () => {
  const QOS_2: SettingsWishes = { out: [rule("devices/#", 2)], limits: { backoffMs: 10, maxBackoffMs: 20 } };

  test("it gives no identifier that is in use, nor 0 (MQTT-2.2.1-3)", async () => {
    const disk = new SimulatedDisk({ seed: 1 });
    const first = await connectedRig({ disk, settings: QOS_2 });
    first.remote.hangs = true;
    await publish(first, "devices/a", ["1", "2"]);
    const state = decodeState(first.saved() ?? new Uint8Array());
    if (state === null) throw new Error("no state");
    first.bridge.abandon();
    const positions = state.positions.map((position) => {
      const sent = position.sent.map((message, index) => ({
        ...message,
        packetId: index === 0 ? 1 : 65_535,
      }));
      return { ...position, sent };
    });
    void first.rig.open.broker.openState("__mqtt_bridges").set("up", encodeState({ ...state, positions }));
    await first.run(50);
    const next = await BridgeRig.start({
      disk: disk.crash("everything", 1),
      remote: first.remote,
      settings: QOS_2,
    });
    await publish(next, "devices/a", ["3"]);
    const used = decodeState(next.saved() ?? new Uint8Array())?.positions.flatMap(({ sent }) => sent);
    expect(used?.map(({ packetId }) => packetId)).toEqual([1, 65_535, 2]);
  });

  test("it sends again in the order in which it sent first, as duplicates (MQTT-4.6.0-1)", async () => {
    const out = [rule("devices/#", 1), rule("twice/#", 2)];
    const rig = await connectedRig({ settings: { ...QOS_2, out } });
    const { remote } = rig;
    remote.hangs = true;
    const texts = ["1", "2", "3", "4", "5", "6"];
    for (const text of texts) {
      rig.publish(text === "3" || text === "4" ? "twice/a" : "devices/a", text);
      await rig.run(50);
    }
    const link = remote.link;
    const first = rig.bridge.status().out.inFlight;
    remote.hangs = false;
    remote.cut();
    await rig.run(1_000);
    expect([link === remote.link, first]).toEqual([false, 6]);
    expect(remote.messages.map(({ payload }) => Buffer.from(payload).toString())).toEqual(texts);
    expect(remote.messages.every(({ duplicate }) => duplicate)).toBe(true);
  });

  test("it has no more under way than the remote's receive maximum (MQTT-3.3.4-7)", async () => {
    const rig = await connectedRig({ settings: QOS_2, remoteWishes: { window: 3 } });
    rig.remote.hangs = true;
    const texts = Array.from({ length: 10 }, (_, index) => String(index));
    await publish(rig, "devices/a", texts);
    expect(rig.bridge.status().out.inFlight).toBe(3);
    rig.remote.hangs = false;
    rig.remote.cut();
    await rig.run(2_000);
    expect(rig.remote.taken.get("devices/a")).toEqual(texts);
  });

  test("it sends retain flags, but not to a remote that keeps nothing (MQTT-3.2.2-14)", async () => {
    for (const retainAvailable of [true, false]) {
      const rig = await connectedRig({
        settings: OUT,
        notesDelivery: true,
        remoteWishes: { retainAvailable },
      });
      rig.publish("devices/a", "kept", () => {}, true);
      await rig.run(200);
      expect(rig.remote.messages.map(({ retain }) => retain)).toEqual([retainAvailable]);
    }
  });

  test("it discards its state where the remote has no session (MQTT-3.2.2-5)", async () => {
    const rig = await connectedRig({ settings: QOS_2 });
    const { remote } = rig;
    await publish(rig, "devices/a", ["0"]);
    remote.hangs = true;
    await publish(rig, "devices/a", ["1", "2"]);
    remote.hangs = false;
    remote.crash(false);
    await rig.run(1_000);
    expect(remote.messages.map(({ payload }) => Buffer.from(payload).toString())).toEqual(["0", "1", "2"]);
    expect(remote.messages.some(({ duplicate }) => duplicate)).toBe(false);
  });
});

describe("a session that is not its own", () => {
  test("is never gone on with: QoS 2 arrives all the same (MQTT-3.2.2-4)", async () => {
    for (const version of [4, 5] as const) {
      const settings = {
        version,
        in: [rule("exact/#", 2)],
        out: [rule("devices/#", 2)],
        limits: { backoffMs: 10, maxBackoffMs: 20 },
      };
      const before = await connectedRig({ settings });
      const { remote } = before;
      for (const packetId of [1, 2, 3, 4, 5]) remote.hold(packetId);
      before.bridge.abandon();

      // An empty data folder: the remote's session knows packet identifiers that this bridge will use.
      const disk = new SimulatedDisk({ seed: 2 });
      const next = await connectedRig({ disk, settings, remote });
      const texts = ["1", "2", "3", "4", "5", "6", "7", "8"];
      await publish(next, "devices/new", texts);
      expect(remote.taken.get("devices/new")).toEqual(texts);
      expect(next.bridge.status().out).toMatchObject({ inFlight: 0, gaps: 0 });
      expect(next.told).toEqual(["info a bridge is connected: undefined"]);

      // From now on it is its own: a lost connection and a power cut go on with it.
      const cleanStarts = remote.cleanStarts.length;
      remote.cut();
      await next.run(100);
      const [third] = await again(next, disk, { settings });
      remote.publish("exact/a", "in", 2);
      await publish(third, "devices/new", ["9"]);
      expect(third.values("mqtt")).toEqual(["in"]);
      expect(remote.taken.get("devices/new")).toEqual([...texts, "9"]);
      expect(remote.cleanStarts.slice(cleanStarts)).toEqual([false, false]);
      expect(remote.subscribes).toBe(2);
    }
  });

  test("is any, for a state that was saved before the first connection", async () => {
    const disk = new SimulatedDisk({ seed: 1 });
    const settings = { out: [rule("devices/#", 2)] };
    const first = await BridgeRig.start({ disk, settings: { name: "other" } });
    await publish(first, "devices/a", ["old"]);
    first.bridge.abandon();
    const { remote } = first;
    remote.away = true;
    const second = await BridgeRig.start({ disk: disk.crash("everything", 1), settings, remote });
    await second.run(100);
    expect(decodeState(second.saved() ?? new Uint8Array())?.session).toBe("");
  });

  test("is forgotten by a remote that the bridge comes back to from another one", async () => {
    const disk = new SimulatedDisk({ seed: 1 });
    const settings = { out: [rule("devices/#", 2)] };
    const first = await connectedRig({ disk, settings });
    const { remote } = first;
    first.bridge.abandon();
    const elsewhere = new ModelRemote(first.rig.open.clock, new SeededRandom(9));
    const moved = { settings: { ...settings, host: "other" }, remote: elsewhere };
    const [second, secondDisk] = await again(first, disk, moved);
    for (const packetId of [1, 2]) remote.hold(packetId);
    const [third] = await again(second, secondDisk, { settings, remote });
    await publish(third, "devices/a", ["1", "2", "3"]);
    expect(remote.taken.get("devices/a")).toEqual(["1", "2", "3"]);
  });

  test("that the remote does not forget has the bridge try again after a wait", async () => {
    for (const version of [4, 5] as const) {
      const settings = { ...OUT, version, limits: { backoffMs: 1_000, maxBackoffMs: 1_000 } };
      const before = await connectedRig({ settings });
      before.bridge.abandon();
      const { remote } = before;
      remote.wishes = { ...remote.wishes, neverForgets: true };
      const connections = remote.connections;
      const next = await BridgeRig.start({ settings, remote });
      await next.run(90);
      expect(next.bridge.status().lastError).toContain("told to forget");
      expect(remote.connections - connections).toBe(2);
    }
  });

  test("is none to subscribe in: first it is on the disk whose it is", async () => {
    const settings = { in: [rule("exact/#", 2)], limits: { backoffMs: 10, maxBackoffMs: 20 } };
    const rig = await BridgeRig.start({ settings });
    rig.failsSaves = true;
    await rig.run(100);
    expect([rig.remote.subscribes, rig.bridge.status().state]).toEqual([0, "failed"]);
    rig.failsSaves = false;
    await rig.run(100);
    expect([rig.remote.subscribes, rig.bridge.status().state]).toEqual([1, "connected"]);
  });
});
