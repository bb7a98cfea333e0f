import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import mqtt from "mqtt";
import type { GatewayStatus } from "../../src/http/status.ts";
import { connectPacket, payloads, publishPacket, subscribePacket, toHex } from "../mqtt/support/rig.ts";
import { frame, framesOf, handshake } from "../mqtt/support/web-frames.ts";
import { Mosquitto } from "./clients/mosquitto.ts";
import {
  hostAndPort,
  type MqttClient,
  type MqttMessage,
  type ReceivedMessage,
} from "./clients/mqtt-client.ts";
import { Mqttjs } from "./clients/mqttjs.ts";
import { Paho } from "./clients/paho.ts";
import { KAFKA_CLIENTS } from "./kafka-clients.ts";
import { REFERENCE, startTarget, type Target } from "./target.ts";
import { required } from "./tools.ts";

/** MQTT over WebSocket: clients of both transports hear each other, and frames need not be packets. */
const START_MS = 60_000;
const TEST_MS = 60_000;
const MESSAGES = 40;
const LEVELS = [0, 1, 2] as const;
const WEB_CLIENTS: readonly MqttClient[] = [
  new Mqttjs("3.1.1", "websockets"),
  new Mqttjs("5", "websockets"),
  new Paho("3.1.1", "websockets"),
  new Paho("5", "websockets"),
];
const CLIENTS: readonly MqttClient[] = [...WEB_CLIENTS, new Mosquitto("5")];
let target: Target;

beforeAll(async () => {
  target = await startTarget({
    doors: ["mqtt"],
    webSocket: true,
    settings: { "mqtt.max.queued.bytes": "65536" },
  });
}, START_MS);
afterAll(() => target?.stop(), START_MS);

function addressFor(client: MqttClient): string {
  return WEB_CLIENTS.includes(client) ? target.mqttWebSocket : target.mqtt;
}

describe("publish and subscribe with QoS 0, 1 and 2", () => {
  for (const [index, publisher] of CLIENTS.entries()) {
    for (const [other, subscriber] of CLIENTS.entries()) {
      const reason = required(publisher.missing()) ?? required(subscriber.missing());
      const name = `${publisher.name} to ${subscriber.name}${reason === null ? "" : ` (${reason})`}`;
      const body = () => carry(publisher, subscriber, `web/${index}-${other}`);
      test.skipIf(reason !== null)(name, body, TEST_MS);
    }
  }
});

/** One subscriber with QoS 2 gets all of three publishers: once, in order, nothing else. */
async function carry(publisher: MqttClient, subscriber: MqttClient, folder: string): Promise<void> {
  const filter = `${folder}/#`;
  const count = MESSAGES * LEVELS.length;
  const subscription = await subscriber.subscribe({ address: addressFor(subscriber), filter, count });
  const messages = (qos: number): readonly MqttMessage[] =>
    Array.from({ length: MESSAGES }, (_, n) => ({
      topic: `${folder}/qos/${qos}`,
      payload: JSON.stringify({ n, qos, text: `½ 水 ${"x".repeat(n * 40)}` }),
    }));
  for (const qos of LEVELS) {
    await publisher.publish({ address: addressFor(publisher), qos, messages: messages(qos) });
  }
  const received = await subscription.received;
  for (const qos of LEVELS) {
    const wanted = messages(qos).map((message): ReceivedMessage => ({ ...message, qos }));
    expect(received.filter(({ topic }) => topic === `${folder}/qos/${qos}`)).toEqual(wanted);
  }
}

/** A socket on which a test writes frames byte by byte. */
class RawClient {
  readonly socket: Socket;
  private bytes = Buffer.alloc(0);
  private closed = false;
  private wake: () => void = () => {};

  constructor(address: string) {
    const { host, port } = hostAndPort(address);
    this.socket = connect(port, host);
    this.socket.setNoDelay(true);
    this.socket.on("data", (chunk: Buffer) => {
      this.bytes = Buffer.concat([this.bytes, chunk]);
      this.wake();
    });
    this.socket.on("error", () => {});
    this.socket.on("close", () => {
      this.closed = true;
      this.wake();
    });
  }

  /** What came until `enough` says so, or the end. */
  async until(enough: (bytes: Buffer) => boolean): Promise<Buffer> {
    while (!enough(this.bytes) && !this.closed) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    const all = this.bytes;
    this.bytes = Buffer.alloc(0);
    return all;
  }

  async shakeHands(): Promise<void> {
    this.socket.write(handshake());
    const answer = await this.until((bytes) => bytes.includes("\r\n\r\n"));
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 101 .*s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/is);
  }

  /** The data of so many bytes, of whole frames. */
  async data(sizeBytes: number): Promise<Buffer> {
    const stream = await this.until((bytes) => dataOf(bytes).length >= sizeBytes);
    return dataOf(stream);
  }
}

function dataOf(stream: Buffer): Buffer {
  try {
    return Buffer.concat(framesOf(stream).map(({ payload }) => payload));
  } catch {
    // The last frame has not come whole.
    return Buffer.alloc(0);
  }
}

describe("a client that frames as it likes", () => {
  test("one packet in many frames, byte by byte, and many packets in one", async () => {
    const raw = new RawClient(target.mqttWebSocket);
    await raw.shakeHands();
    const packets = [connectPacket(4, "raw", { keepAliveSec: 60 }), subscribePacket(4, 1, [["raw/#", 0]])];
    const bytes = Buffer.concat(packets);
    for (const [index, byte] of bytes.entries()) {
      const message = frame(index === 0 ? 2 : 0, new Uint8Array([byte]), {
        continues: index < bytes.length - 1,
      });
      for (const part of [message.subarray(0, 3), message.subarray(3)]) {
        raw.socket.write(part);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    expect(toHex(await raw.data(9))).toBe("20 02 00 00 90 03 00 01 00");
    const many = ["one", "two", "three"].map((text) => publishPacket("raw/t", text));
    raw.socket.write(frame(2, Buffer.concat(many)));
    const copies = await raw.data(Buffer.concat(many).length);
    expect(payloads(copies)).toEqual(["one", "two", "three"]);
    raw.socket.write(frame(2, new Uint8Array([0xe0, 0])));
    await raw.until(() => false);
  });
});

describe.skipIf(REFERENCE)("what Headwater promises beside", () => {
  test("[MQTT-6.0.0-1] a text frame ends the connection, which mosquitto 2.0 would take", async () => {
    const raw = new RawClient(target.mqttWebSocket);
    await raw.shakeHands();
    raw.socket.write(frame(2, connectPacket(4, "texter")));
    await raw.data(4);
    raw.socket.write(frame(1, new Uint8Array([0xc0, 0])));
    const last = await raw.until(() => false);
    expect(last.toHex()).toBe("880203eb");
  });

  test("/api/status names the address and counts the connection", async () => {
    const raw = new RawClient(target.mqttWebSocket);
    await raw.shakeHands();
    const response = await fetch(`http://${target.http}/api/status`);
    const { addresses, mqtt: door } = (await response.json()) as GatewayStatus;
    expect(addresses.mqttWebSocket).toBe(target.mqttWebSocket);
    expect(door?.connections).toBeGreaterThan(0);
    raw.socket.destroy();
  });

  test(
    "a reader that stops gets what its queue holds; the rest is counted, and nobody else waits",
    async () => {
      const raw = new RawClient(target.mqttWebSocket);
      await raw.shakeHands();
      raw.socket.write(
        frame(2, Buffer.concat([connectPacket(4, "slow"), subscribePacket(4, 1, [["slow/#", 0]])])),
      );
      await raw.data(9);
      raw.socket.pause();
      const publisher = await mqtt.connectAsync(`ws://${target.mqttWebSocket}/mqtt`);
      const payload = Buffer.alloc(16_384, "x");
      const count = 2_000;
      for (let n = 0; n < count; n += 50) {
        await Promise.all(
          Array.from({ length: 50 }, () => publisher.publishAsync("slow/t", payload, { qos: 1 })),
        );
      }
      raw.socket.resume();
      await publisher.publishAsync("slow/end", "end", { qos: 1 });
      const stream = await raw.until((bytes) => bytes.subarray(-3).toString() === "end");
      const got = framesOf(stream).length - 1;
      expect(got).toBeGreaterThan(0);
      expect(got).toBeLessThan(count);
      await publisher.endAsync();
      raw.socket.destroy();
    },
    TEST_MS,
  );

  const reader = KAFKA_CLIENTS.find(({ name }) => name === "franz-go");
  const reason = required(reader?.missing() ?? null);
  test.skipIf(reason !== null)(
    "what has its PUBACK outlives crashes, and devices find the way back",
    async () => {
      const options = { clientId: "crashed-web", clean: false, reconnectPeriod: 50 } as const;
      const client = await mqtt.connectAsync(`ws://${target.mqttWebSocket}/mqtt`, options);
      client.on("error", () => {});
      const readings = Array.from({ length: 300 }, (_, n) => n);
      const sent: Promise<unknown>[] = [];
      let connects = 0;
      client.on("connect", () => {
        connects += 1;
      });
      let acked = 0;
      const crashing = (async () => {
        for (let crash = 0; crash < 2; crash += 1) {
          // MQTT.js sends again before it says that it is connected. Cut there, it gives up what waits behind.
          while (connects < crash) await Bun.sleep(5);
          const back = acked + 60;
          while (acked < back) await Bun.sleep(5);
          await target.crash();
        }
      })();
      for (const n of readings) {
        const publish = client.publishAsync("devices/crashed-web/level", String(n), { qos: 1 });
        sent.push(
          publish.then(() => {
            acked += 1;
          }),
        );
        await Bun.sleep(5);
      }
      await crashing;
      await Promise.all(sent);
      await client.endAsync();
      const place = { bootstrap: target.kafka, topic: "telemetry", partition: 0 };
      const count = Number(await reader?.offset?.({ ...place, timestampMs: -1 }));
      const read = (await reader?.consume?.({ ...place, offset: 0, count })) ?? [];
      const values = read.filter(({ key }) => key === "crashed-web").map(({ value }) => Number(value));
      // A reading whose PUBACK was lost comes again: once or more, never out of order at first.
      expect([...new Set(values)]).toEqual(readings);
    },
    TEST_MS,
  );
});
