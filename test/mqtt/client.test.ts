import { describe, expect, test } from "bun:test";
import { CLOSE_WAIT_MS } from "../../src/mqtt/listener.ts";
import { connectPacket, hex, payloads, publishPacket, Rig, subscribePacket, toHex } from "./support/rig.ts";

describe("lives of connections", () => {
  test("an unexpected end publishes the will, a DISCONNECT discards it, reason 0x04 does not", () => {
    const rig = new Rig();
    const watcher = rig.connect(4, "watcher");
    watcher.feed(subscribePacket(4, 1, [["devices/#", 0]]));
    watcher.take();
    const will = { topic: "devices/d1/state", payload: "gone", qos: 1 };
    rig.connect(4, "a", { will }).break();
    expect(rig.door.stats().unsettledBytes).toBeGreaterThan(0);
    rig.settle();
    expect(rig.door.stats().unsettledBytes).toBe(0);
    expect(rig.ingest.records[0]).toMatchObject({ topic: "telemetry", key: "d1", text: "gone" });
    expect(payloads(watcher.take())).toEqual(["gone"]);
    rig.connect(4, "a", { will }).feed(hex("e0 00"));
    rig.connect(5, "a", { will }).feed(hex("e0 00"));
    expect(rig.ingest.records).toHaveLength(1);
    rig.connect(5, "a", { will }).feed(hex("e0 01 04"));
    expect(rig.ingest.records).toHaveLength(2);
    rig.settle();
    expect(rig.door.stats().willsPublished).toBe(2);
  });

  test("[MQTT-3.1.4-3] the same client id takes over: the older one hears 0x8E and is closed", () => {
    const rig = new Rig();
    const first = rig.connect(5, "same", { will: { topic: "w", payload: "w" } });
    const second = rig.connect(4, "same");
    expect(toHex(first.take())).toBe("e0 01 8e");
    expect(first.closed).toBe(true);
    expect(rig.ingest.records.map((record) => record.text)).toEqual(["w"]);
    second.feed(publishPacket("devices/d1/t", "A", 1, 1));
    rig.settle();
    expect(toHex(second.take())).toBe("40 02 00 01");
    expect(rig.door.stats()).toMatchObject({ connections: 1, takeovers: 1 });
    const subscriber = rig.connect(4, "sub");
    subscriber.feed(subscribePacket(4, 1, [["#", 0]]));
    rig.connect(4, "sub");
    expect(rig.door.stats().subscriptions).toBe(0);
  });

  test("answers of a chunk that takes another connection over go to its own sender", () => {
    const rig = new Rig();
    const first = rig.connect(4, "same");
    const second = rig.dial();
    second.feed(Buffer.concat([connectPacket(4, "same"), hex("c0 00")]));
    expect(first.take()).toHaveLength(0);
    expect(toHex(second.take())).toBe("20 02 00 00 d0 00");
  });

  test("[MQTT-3.1.2-22] silence of one and a half keep alives closes, any packet keeps the connection", () => {
    const rig = new Rig();
    const quiet = rig.connect(5, "quiet", { keepAliveSec: 10, will: { topic: "w", payload: "w" } });
    const lively = rig.connect(4, "lively", { keepAliveSec: 10 });
    for (let n = 0; n < 3; n++) {
      rig.clock.advance(4_900);
      lively.feed(hex("c0 00"));
      expect(toHex(lively.take())).toBe("d0 00");
    }
    expect(quiet.closed).toBe(false);
    rig.clock.advance(1_500);
    expect(quiet.closed).toBe(true);
    expect(toHex(quiet.take())).toBe("e0 01 8d");
    expect(rig.ingest.records.map((record) => record.text)).toEqual(["w"]);
    expect(lively.closed).toBe(false);
    expect(rig.door.stats().keepAliveTimeouts).toBe(1);
  });

  test("a keep alive of 0 never ends a 3.1.1 client; MQTT 5 is told the server's", () => {
    const rig = new Rig({ maxKeepAliveSec: 60 });
    const old = rig.connect(4, "old");
    const five = rig.dial();
    five.feed(connectPacket(5, "five", { keepAliveSec: 0 }));
    expect(toHex(five.take())).toEndWith("13 00 3c");
    rig.clock.advance(100_000);
    expect(old.closed).toBe(false);
    expect(five.closed).toBe(true);
  });

  test("half-open handshakes end, whole ones and slow ones in time do not", () => {
    const rig = new Rig({ connectTimeoutMs: 5_000 });
    const silent = rig.dial();
    const half = rig.dial();
    half.feed(connectPacket(4, "x").subarray(0, 9));
    const slow = rig.dial();
    for (const byte of connectPacket(4, "slow")) {
      slow.feed(new Uint8Array([byte]));
      rig.clock.advance(200);
    }
    expect(toHex(slow.take())).toBe("20 02 00 00");
    rig.clock.advance(6_000);
    expect([silent.closed, half.closed, slow.closed]).toEqual([true, true, false]);
    rig.clock.advance(3_600_000);
    expect(slow.closed).toBe(false);
  });

  test("more connections than allowed are refused, others stay", () => {
    const rig = new Rig({ maxConnections: 2 });
    const one = rig.connect(4, "one");
    rig.connect(4, "two");
    expect(rig.network.dial()).toBeNull();
    one.feed(hex("e0 00"));
    expect(rig.network.dial()).not.toBeNull();
    expect(rig.door.stats().connectionsRefused).toBe(1);
  });

  test("closing waits for the log, acknowledges, says goodbye and leaves wills alone", async () => {
    const rig = new Rig();
    const five = rig.connect(5, "five", { will: { topic: "w", payload: "w" } });
    five.feed(publishPacket("devices/d1/t", "A", 1, 1, { version: 5 }));
    const closed = rig.door.close();
    expect(five.paused).toBe(true);
    rig.clock.advance(20);
    expect(five.closed).toBe(false);
    rig.settle();
    rig.clock.advance(20);
    await rig.clock.settleAll();
    await closed;
    expect(toHex(five.take())).toBe("40 02 00 01 e0 01 8b");
    expect(rig.ingest.records).toHaveLength(1);
    expect(rig.clock.pendingTimers).toBe(0);
  });

  test("silence does not count while it is the door that does not read", () => {
    const rig = new Rig({ maxUnsettledBytes: 1_000 });
    const device = rig.connect(4, "a", { keepAliveSec: 10 });
    device.feed(publishPacket("devices/d1/t", "x".repeat(2_000), 1, 1));
    expect(device.paused).toBe(true);
    rig.clock.advance(40_000);
    expect(device.closed).toBe(false);
    rig.settle();
    expect(device.paused).toBe(false);
    rig.clock.advance(14_900);
    expect(device.closed).toBe(false);
    rig.clock.advance(1_200);
    expect(device.closed).toBe(true);
  });

  test("[MQTT-3.1.2-22] the keep alive runs from the last packet, not from the last look", () => {
    const rig = new Rig();
    const device = rig.connect(4, "a", { keepAliveSec: 10 });
    rig.clock.advance(1_000);
    device.feed(hex("c0 00"));
    rig.clock.advance(14_900);
    expect(device.closed).toBe(false);
    rig.clock.advance(1_200);
    expect(device.closed).toBe(true);
  });

  test("[MQTT-3.1.2-21] MQTT 5 is told a shorter keep alive than it asked for", () => {
    const rig = new Rig({ maxKeepAliveSec: 60 });
    const device = rig.dial();
    device.feed(connectPacket(5, "a", { keepAliveSec: 61 }));
    expect(toHex(device.take())).toEndWith("13 00 3c");
  });

  test("a client that came back after its goodbye takes nobody over", () => {
    const rig = new Rig();
    rig.connect(4, "a").feed(hex("e0 00"));
    rig.connect(4, "a");
    expect(rig.door.stats().takeovers).toBe(0);
  });

  test("a CONNECT that is refused for its small packets takes nobody over and leaves no will", () => {
    const rig = new Rig();
    const first = rig.connect(4, "same");
    const second = rig.dial();
    const will = { topic: "w", payload: "w" };
    second.feed(connectPacket(5, "same", { properties: "27 00000008", will }));
    expect(second.closed).toBe(true);
    expect(toHex(second.take())).toBe("20 03 00 95 00");
    expect(first.closed).toBe(false);
    expect(rig.ingest.records).toHaveLength(0);
  });

  test("wills are bounded together, and count no more once their connection is over", () => {
    const rig = new Rig({ maxTotalWillBytes: 300 });
    const will = { topic: "w", payload: "w".repeat(50) };
    const first = rig.connect(4, "a", { will });
    const second = rig.dial();
    second.feed(connectPacket(4, "b", { will }));
    expect(toHex(second.take())).toBe("20 02 00 03");
    expect(second.closed).toBe(true);
    first.feed(hex("e0 00"));
    rig.connect(4, "b", { will });
  });

  test("[MQTT-3.14.4-3] only a normal DISCONNECT discards the will", () => {
    const rig = new Rig();
    const will = { topic: "w", payload: "w" };
    rig.connect(5, "a", { will }).feed(hex("e0 01 80"));
    rig.connect(5, "a", { will }).feed(hex("e0 01 00"));
    rig.settle();
    expect(rig.door.stats().willsPublished).toBe(1);
  });

  test("the bound of a client id is in bytes", () => {
    const rig = new Rig();
    rig.connect(4, "€".repeat(85));
    const long = rig.dial();
    long.feed(connectPacket(4, "€".repeat(86)));
    expect(toHex(long.take())).toBe("20 02 00 02");
  });

  test("MQTT 3.1 may mark a PUBREL as a duplicate, 3.1.1 may not", () => {
    const rig = new Rig();
    const old = rig.dial();
    old.feed(hex("10 0f 00 06 4d 51 49 73 64 70 03 02 00 00 00 01 61"));
    old.take();
    old.feed(hex("6a 02 00 07"));
    expect(toHex(old.take())).toBe("70 02 00 07");
    const newer = rig.connect(4, "b");
    newer.feed(hex("6a 02 00 07"));
    expect(newer.closed).toBe(true);
  });

  test("a closing door reads no more, and nobody's silence counts then", async () => {
    const rig = new Rig({ maxUnsettledBytes: 1_000 });
    const will = { topic: "w", payload: "w" };
    const quiet = rig.connect(4, "quiet", { keepAliveSec: 1, will });
    const eager = rig.connect(4, "eager");
    eager.feed(publishPacket("devices/d1/t", "x".repeat(2_000), 1, 1));
    eager.feed(publishPacket("devices/d1/t", "too late", 1, 2));
    const closed = rig.door.close();
    rig.clock.advance(4_000);
    expect(quiet.closed).toBe(false);
    rig.settle();
    await rig.clock.settleAll();
    await closed;
    expect(toHex(eager.take())).toBe("40 02 00 01");
    expect(rig.ingest.records).toHaveLength(1);
  });

  test("a closing door waits for a log that does not settle, but not for ever", async () => {
    const rig = new Rig();
    const device = rig.connect(5, "a");
    device.feed(publishPacket("devices/d1/t", "A", 1, 1, { version: 5 }));
    const closed = rig.door.close();
    rig.clock.advance(CLOSE_WAIT_MS - 1);
    await rig.clock.settleAll();
    expect(device.closed).toBe(false);
    rig.clock.advance(10);
    await rig.clock.settleAll();
    expect(device.closed).toBe(true);
    await closed;
    expect(toHex(device.take())).toBe("e0 01 8b");
  });
});
