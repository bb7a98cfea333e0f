import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import { silentLogger } from "../../../src/base/logger.ts";
import { SystemClock } from "../../../src/io/bun/clock.ts";
import { SystemNetwork } from "../../../src/io/bun/network.ts";
import { SystemRandom } from "../../../src/io/bun/random.ts";
import { type MqttDoor, startMqttDoor } from "../../../src/mqtt/listener.ts";
import { DEFAULT_ROUTES } from "../../../src/mqtt/routes.ts";
import { FakeIngest } from "../support/fake-ingest.ts";
import { FakeRetained } from "../support/fake-retained.ts";
import { connectPacket } from "../support/rig.ts";

// Clients as they come, over loopback, against the door on a log in memory.

const clock = new SystemClock();
const network = new SystemNetwork(clock);
const ingest = new FakeIngest((settle) => clock.soon(settle));
const retained = new FakeRetained((settle) => clock.soon(settle));
const place = { host: "127.0.0.1", port: 0 };
let door: MqttDoor;
let url: string;

function openDoor(webSocket: { readonly host: string; readonly port: number }): MqttDoor {
  const random = new SystemRandom();
  return startMqttDoor({
    ...{ network, clock, random, ingest, retained, ...place, webSocket },
    routes: DEFAULT_ROUTES,
    log: silentLogger,
  });
}

beforeAll(() => {
  door = openDoor(place);
  url = `ws://127.0.0.1:${door.webSocket?.port}`;
});
afterAll(() => door.close());

async function connect(protocolVersion: 3 | 4 | 5, options: IClientOptions = {}): Promise<MqttClient> {
  // MQTT.js asks for the subprotocol mqttv3.1 here.
  const legacy: IClientOptions = protocolVersion === 3 ? { protocolId: "MQIsdp", clientId: "old" } : {};
  const more = { protocolVersion, reconnectPeriod: 0, ...legacy, ...options };
  return await mqtt.connectAsync(`${url}/mqtt`, more);
}

for (const version of [3, 4, 5] as const) {
  describe(`MQTT.js over WebSocket, protocol version ${version}`, () => {
    for (const qos of [0, 1, 2] as const) {
      test(`500 publishes of QoS ${qos} arrive in order, in the log and at a subscriber`, async () => {
        const publisher = await connect(version);
        const subscriber = await connect(version, { clientId: `sub${qos}` });
        await subscriber.subscribeAsync(`devices/w${qos}v${version}/#`, { qos });
        const arrived = collect(subscriber, 500);
        const before = ingest.records.length;
        const numbers = Array.from({ length: 500 }, (_, n) => `${n}`);
        const topic = `devices/w${qos}v${version}/t`;
        await Promise.all(numbers.map((n) => publisher.publishAsync(topic, n, { qos })));
        expect((await arrived).map((payload) => payload.toString())).toEqual(numbers);
        expect(ingest.records.slice(before).map(({ text }) => text)).toEqual(numbers);
        await publisher.endAsync();
        await subscriber.endAsync();
      });
    }

    test("a payload of half a megabyte comes through whole, both ways", async () => {
      const client = await connect(version);
      await client.subscribeAsync("big/#", { qos: 1 });
      const arrived = collect(client, 1);
      const payload = Buffer.alloc(524_288, "0123456789abc");
      await client.publishAsync("big/one", payload, { qos: 1 });
      expect((await arrived)[0]?.equals(payload)).toBe(true);
      await client.endAsync();
    });
  });
}

describe("the WebSocket client of the runtime", () => {
  test("is closed with 1003 for a text, with 1000 after a DISCONNECT", async () => {
    for (const [last, code] of [
      ["text", 1003],
      [new Uint8Array([0xe0, 0]), 1000],
    ] as const) {
      const socket = new WebSocket(`${url}/`, ["mqtt"]);
      const closed = Promise.withResolvers<CloseEvent>();
      socket.binaryType = "arraybuffer";
      socket.onopen = () => socket.send(connectPacket(4, "runtime"));
      socket.onmessage = (event) => {
        expect(new Uint8Array(event.data).toHex()).toBe("20020000");
        expect(socket.protocol).toBe("mqtt");
        socket.send(last);
      };
      socket.onclose = (event) => closed.resolve(event);
      const event = await closed.promise;
      expect([event.code, event.wasClean]).toEqual([code, true]);
    }
  });

  test("is refused with another subprotocol, and asked to upgrade where it does not", async () => {
    const socket = new WebSocket(url, ["chat"]);
    const failed = Promise.withResolvers<void>();
    socket.onerror = () => failed.resolve();
    await failed.promise;
    const response = await fetch(url.replace("ws", "http"));
    expect(response.status).toBe(426);
    expect(response.headers.get("upgrade")).toBe("websocket");
    expect(await response.text()).toMatch(/^MQTT over WebSocket is served here: .*\n$/);
  });
});

test("a port that is taken leaves no listener behind", async () => {
  const taken = { ...place, port: door.webSocket?.port ?? 0 };
  const [free] = [openDoor(place)];
  const port = free.port;
  await free.close();
  expect(() =>
    startMqttDoor({
      ...{ network, clock, random: new SystemRandom(), ingest, retained },
      ...{ host: "127.0.0.1", port, webSocket: taken },
      routes: DEFAULT_ROUTES,
      log: silentLogger,
    }),
  ).toThrow(/another program listens/);
  const again = network.listen({
    host: "127.0.0.1",
    port,
    limits: { maxQueuedBytes: 1 },
    accept: () => null,
  });
  again.close();
});

/** Payloads that come; resolves when there are so many. */
function collect(client: MqttClient, count: number): Promise<Buffer[]> {
  const got: Buffer[] = [];
  return new Promise((resolve) => {
    client.on("message", (_topic, payload) => {
      got.push(payload);
      if (got.length === count) resolve(got);
    });
  });
}
