import { describe, expect, test } from "bun:test";
import type { MqttLimits } from "../../../src/mqtt/limits.ts";
import type { FakeConnection } from "../support/fake-network.ts";
import { connectPacket, hex, payloads, publishPacket, Rig, subscribePacket, toHex } from "../support/rig.ts";
import { binary, dataOf, frame, framesOf, handshake } from "../support/web-frames.ts";

/** A device whose handshake was accepted. */
function open(rig: Rig): FakeConnection {
  const device = rig.dialWebSocket();
  device.feed(handshake());
  expect(Buffer.from(device.take()).toString()).toStartWith("HTTP/1.1 101 ");
  return device;
}

/** A device whose CONNECT was accepted too. */
function connect(
  rig: Rig,
  version: 4 | 5,
  clientId: string,
  more: Parameters<typeof connectPacket>[2] = {},
): FakeConnection {
  const device = open(rig);
  device.feed(binary(connectPacket(version, clientId, more)));
  const answer = dataOf(device.take());
  expect([answer[0], answer[3]]).toEqual([0x20, 0]);
  return device;
}

function shown(stream: Uint8Array): readonly string[] {
  return framesOf(stream).map(({ opcode, payload }) => `${opcode}: ${toHex(payload)}`);
}

function warnings(rig: Rig): readonly unknown[] {
  return rig.lines.filter(({ level }) => level === "warn").map(({ fields }) => fields.reason);
}

describe("packets and frames", () => {
  test("a device publishes with QoS 1 and one over TCP hears it, and the other way round", () => {
    const rig = new Rig();
    const web = connect(rig, 4, "web");
    const tcp = rig.connect(4, "tcp");
    for (const feed of [
      (bytes: Uint8Array) => web.feed(binary(bytes)),
      (bytes: Uint8Array) => tcp.feed(bytes),
    ]) {
      feed(subscribePacket(4, 1, [["devices/#", 0]]));
    }
    expect(toHex(dataOf(web.take()))).toBe("90 03 00 01 00");
    tcp.take();
    web.feed(binary(publishPacket("devices/d1/t", "from the web", 1, 7)));
    expect(web.take()).toHaveLength(0);
    rig.settle();
    expect(rig.ingest.records.map(({ text }) => text)).toEqual(["from the web"]);
    expect(payloads(tcp.take())).toEqual(["from the web"]);
    const [ack, copy] = framesOf(web.take());
    expect(toHex(ack?.payload ?? hex(""))).toBe("40 02 00 07");
    expect(payloads(copy?.payload ?? hex(""))).toEqual(["from the web"]);
    tcp.feed(publishPacket("devices/d2/t", "from tcp"));
    rig.settle();
    expect(payloads(dataOf(web.take()))).toEqual(["from tcp"]);
  });

  test("[MQTT-6.0.0-2] packets span frames and share them, wherever the stream is cut", () => {
    const stream = Buffer.concat([
      connectPacket(4, "cut"),
      publishPacket("devices/d1/t", "first", 1, 1),
      publishPacket("devices/d1/t", "x".repeat(1_500), 1, 2),
      hex("c0 00"),
    ]);
    for (const sizeBytes of [1, 2, 3, 7, 64, 1_000, 1_400, stream.length]) {
      const rig = new Rig();
      const device = open(rig);
      const frames: Uint8Array[] = [];
      for (let at = 0; at < stream.length; at += sizeBytes) {
        const isLast = at + sizeBytes >= stream.length;
        // One message of fragments, with a ping between each two.
        const part = stream.subarray(at, at + sizeBytes);
        frames.push(frame(at === 0 ? 2 : 0, part, { continues: !isLast }), frame(9, ""));
      }
      const sent = new Uint8Array(Buffer.concat(frames));
      for (let at = 0; at < sent.length; at += 1_100) device.feed(sent.slice(at, at + 1_100));
      rig.settle();
      expect(rig.ingest.records.map(({ text }) => text.length)).toEqual([5, 1_500]);
      const answers = framesOf(device.take());
      const data = Buffer.concat(answers.filter(({ opcode }) => opcode === 2).map(({ payload }) => payload));
      expect(toHex(data)).toBe("20 02 00 00 d0 00 40 02 00 01 40 02 00 02");
      expect(answers.filter(({ opcode }) => opcode === 10)).toHaveLength(frames.length / 2);
    }
  });

  test("the handshake and the first frames in one chunk", () => {
    const rig = new Rig();
    const device = rig.dialWebSocket();
    device.feed(Buffer.concat([handshake(), binary(connectPacket(4, "hasty"))]));
    const answer = Buffer.from(device.take());
    const end = answer.indexOf("\r\n\r\n") + 4;
    expect(toHex(dataOf(answer.subarray(end)))).toBe("20 02 00 00");
  });

  test("the answers to one chunk leave as one message", () => {
    const rig = new Rig();
    const device = connect(rig, 4, "busy");
    device.feed(Buffer.concat([binary(hex("c0 00")), binary(hex("c0 00 c0")), binary(hex("00"))]));
    expect(shown(device.take())).toEqual(["2: d0 00 d0 00 d0 00"]);
  });
});

describe("the end of a connection", () => {
  test("[MQTT-6.0.0-1] a text frame: MQTT 5 hears why, close 1003, one line", () => {
    const rig = new Rig();
    const device = connect(rig, 5, "texter", { will: { topic: "devices/d1/w", payload: "gone" } });
    device.feed(
      Buffer.concat([binary(publishPacket("devices/d1/t", "before", 0, 1, { version: 5 })), frame(1, "x")]),
    );
    const [goodbye, close] = framesOf(device.take());
    expect([goodbye?.opcode, goodbye?.payload[0], goodbye?.payload[2]]).toEqual([2, 0xe0, 0x82]);
    expect([close?.opcode, toHex(close?.payload ?? hex(""))]).toEqual([8, "03 eb"]);
    expect(device.closed).toBe(true);
    expect(warnings(rig)).toEqual(["a WebSocket text frame"]);
    expect(rig.door.stats()).toMatchObject({ protocolErrors: 1, connections: 0 });
    expect(rig.ingest.records.map(({ text }) => text)).toEqual(["before", "gone"]);
  });

  test("garbage after the handshake ends that connection with one line, and no other", () => {
    const rig = new Rig();
    const other = connect(rig, 4, "other");
    const device = open(rig);
    device.feed(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
    expect(shown(device.take())).toEqual(["8: 03 ea"]);
    expect(device.closed).toBe(true);
    expect(warnings(rig)).toEqual(["a WebSocket frame with reserved bits"]);
    const garbled = open(rig);
    garbled.feed(binary(Buffer.from("no packet of MQTT")));
    expect(garbled.closed).toBe(true);
    expect(warnings(rig)).toHaveLength(2);
    other.feed(binary(hex("c0 00")));
    expect(toHex(dataOf(other.take()))).toBe("d0 00");
  });

  test("a refused handshake is answered, closed and logged once", () => {
    const rig = new Rig();
    const browser = rig.dialWebSocket();
    browser.feed(Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    expect(Buffer.from(browser.take()).toString()).toMatch(
      /^HTTP\/1\.1 426 .*ask for an upgrade to websocket\n$/s,
    );
    expect(browser.closed).toBe(true);
    const device = rig.dialWebSocket();
    device.feed(connectPacket(5, "lost"));
    expect(Buffer.from(device.take()).toString()).toMatch(/^HTTP\/1\.1 400 [^\0]*\n$/);
    expect(warnings(rig)).toEqual([
      expect.stringMatching(/^HTTP 426: MQTT over WebSocket is served here/),
      "HTTP 400: this port speaks MQTT over WebSocket only",
    ]);
    expect(rig.door.stats()).toMatchObject({ protocolErrors: 2, connections: 0 });
  });

  test("a DISCONNECT ends with 1000, and no will", () => {
    const rig = new Rig();
    const device = connect(rig, 4, "polite", { will: { topic: "devices/d1/w", payload: "gone" } });
    device.feed(Buffer.concat([binary(hex("e0 00")), frame(8, Buffer.from([0x03, 0xe9]))]));
    expect(shown(device.take())).toEqual(["8: 03 e8"]);
    expect(rig.ingest.records).toHaveLength(0);
  });

  test("a close of the peer, or its end, is a lost connection: the will is published", () => {
    const rig = new Rig();
    const closing = connect(rig, 4, "a", { will: { topic: "devices/a/w", payload: "closed" } });
    closing.feed(frame(8, Buffer.from([0x03, 0xe9])));
    expect(shown(closing.take())).toEqual(["8: 03 e9"]);
    expect(closing.closed).toBe(true);
    connect(rig, 4, "b", { will: { topic: "devices/b/w", payload: "broken" } }).break();
    expect(rig.ingest.records.map(({ text }) => text)).toEqual(["closed", "broken"]);
    expect(warnings(rig)).toEqual([]);
    expect(rig.door.stats().connections).toBe(0);
  });

  test("a door that closes says goodbye to everybody, and takes nobody", async () => {
    const rig = new Rig();
    const device = connect(rig, 5, "last");
    await rig.door.close();
    expect(shown(device.take())).toEqual(["2: e0 01 8b", "8: 03 e8"]);
    expect(rig.network.dial(1)).toBeNull();
    expect(rig.network.dial(0)).toBeNull();
  });
});

describe("limits are those of TCP", () => {
  const rigWith = (limits: Partial<MqttLimits>) => new Rig(limits);

  test("connections of both count together, from before the handshake", () => {
    const rig = rigWith({ maxConnections: 2 });
    rig.dialWebSocket();
    rig.dial();
    expect(rig.network.dial(1)).toBeNull();
    expect(rig.network.dial(0)).toBeNull();
    expect(rig.door.stats()).toMatchObject({ connections: 2, connectionsRefused: 2 });
  });

  test("the time to connect in has the handshake in it", () => {
    const rig = rigWith({ connectTimeoutMs: 5_000 });
    const silent = rig.dialWebSocket();
    const slow = open(rig);
    slow.feed(frame(9, ""));
    slow.take();
    rig.clock.advance(6_000);
    expect([silent.closed, slow.closed]).toEqual([true, true]);
    expect(silent.take()).toHaveLength(0);
    expect(shown(slow.take())).toEqual(["8: 03 e8"]);
    expect(rig.door.stats().connections).toBe(0);
  });

  test("keep alive: parts of a frame are no silence, pings of WebSocket are", () => {
    const rig = new Rig();
    const sending = connect(rig, 4, "sending", { keepAliveSec: 10 });
    const pinging = connect(rig, 4, "pinging", { keepAliveSec: 10 });
    const large = binary(publishPacket("devices/d1/t", "x".repeat(60)));
    for (let at = 0; at < large.length; at += 10) {
      sending.feed(large.slice(at, at + 10));
      pinging.feed(frame(9, ""));
      rig.clock.advance(5_000);
    }
    expect([sending.closed, pinging.closed]).toEqual([false, true]);
    expect(rig.ingest.records).toHaveLength(1);
  });

  test("a packet over the limit is refused when it is announced, whatever the frame's size", () => {
    const rig = rigWith({ maxPacketBytes: 1_000 });
    const device = connect(rig, 5, "large");
    device.feed(binary(publishPacket("devices/d1/t", "x".repeat(2_000))).slice(0, 12));
    const [goodbye, close] = framesOf(device.take());
    expect([goodbye?.payload[0], goodbye?.payload[2], close?.opcode]).toEqual([0xe0, 0x95, 8]);
    const many = connect(rig, 4, "many");
    many.feed(
      binary(Buffer.concat(Array.from({ length: 100 }, () => publishPacket("devices/d1/t", "x".repeat(90))))),
    );
    expect(rig.ingest.records).toHaveLength(100);
    expect(many.closed).toBe(false);
  });

  test("too much that the log has not settled stops reading, and settling goes on with it", () => {
    const rig = rigWith({ maxUnsettledBytes: 1_000 });
    const device = connect(rig, 4, "fast");
    device.feed(binary(publishPacket("devices/d1/t", "x".repeat(1_200), 1, 1)));
    expect(device.paused).toBe(true);
    rig.settle();
    expect(device.paused).toBe(false);
  });

  test("a slow reader's messages wait in its bounded queue, and what is too much is dropped", () => {
    const rig = rigWith({ maxSocketBacklogBytes: 10_000, maxQueuedBytes: 20_000, maxQueuedMessages: 1_000 });
    const reader = connect(rig, 4, "slow");
    reader.feed(binary(subscribePacket(4, 1, [["devices/#", 0]])));
    reader.take();
    const publisher = connect(rig, 4, "publisher");
    reader.frozen = true;
    let mostBytes = 0;
    for (let count = 0; count < 500; count++) {
      publisher.feed(binary(publishPacket("devices/d1/t", "x".repeat(1_000))));
      rig.settle();
      mostBytes = Math.max(mostBytes, reader.queuedBytes);
    }
    expect(mostBytes).toBeGreaterThanOrEqual(10_000);
    expect(mostBytes).toBeLessThan(12_000);
    expect(rig.door.stats().queuedBytes).toBeLessThanOrEqual(20_000);
    expect(rig.door.stats().messagesDropped).toBeGreaterThan(400);
    expect(reader.closed).toBe(false);
    reader.thaw();
    // What goes out at once shares a frame.
    const got = dataOf(reader.take()).length / publishPacket("devices/d1/t", "x".repeat(1_000)).length;
    expect(got + rig.door.stats().messagesDropped).toBe(500);
  });

  test("a peer that pings and does not read is closed at the socket's limit", () => {
    const rig = rigWith({ maxSocketBacklogBytes: 10_000, maxPacketBytes: 1_000 });
    const device = connect(rig, 4, "pinging");
    device.frozen = true;
    const pings = new Uint8Array(
      Buffer.concat(Array.from({ length: 1_000 }, () => frame(9, "x".repeat(120)))),
    );
    for (let round = 0; round < 20 && !device.closed; round++) device.feed(pings.slice());
    expect(device.closed).toBe(true);
    expect(rig.door.stats().connections).toBe(0);
  });
});
