import { expect, test } from "bun:test";
import { silentLogger } from "../../src/base/logger.ts";
import { defaultSettings } from "../../src/config/options.ts";
import type { Addresses } from "../../src/http/status.ts";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import { TYPE } from "../../src/mdns/packet.ts";
import { announce } from "../../src/wiring/announcement.ts";
import { Host, Hub, link } from "../mdns/hub.ts";

function announcedWith(addresses: Addresses) {
  const clock = new ManualClock();
  const hub = new Hub(clock);
  const settings = { ...defaultSettings(), "gateway.id": "plant-3", "gateway.site": "ulm" };
  const announcer = announce({
    ...{ settings, version: "1.2.3", addresses: () => addresses, clock, random: new SeededRandom(1) },
    ...{ logger: silentLogger, multicast: new Host([[hub, link("eth0", "10.0.0.1", "fe80::1")]]) },
  });
  for (let step = 0; step < 300; step++) {
    clock.advance(10);
    clock.settle();
  }
  const [told] = hub.take();
  announcer.stop();
  const answers = told?.answers ?? [];
  const services = answers
    .filter(({ type }) => type === TYPE.srv)
    .map(({ name, data }) => `${name.join(".")} ${Buffer.from(data).readUInt16BE(4)}`);
  const texts = answers
    .filter(({ type }) => type === TYPE.txt)
    .map(({ data }) =>
      Buffer.from(data)
        .toString()
        .replaceAll(/\p{Cc}/gu, " ")
        .trim(),
    );
  return { services, texts };
}

test("every door that others reach is announced as what it is", () => {
  const { services, texts } = announcedWith({
    ...{ mqtt: "0.0.0.0:1883", mqttTls: "0.0.0.0:8883", kafka: "10.0.0.1:9092", kafkaTls: "[::]:9093" },
    ...{ http: "127.0.0.1:8080", httpTls: "[fe80::1]:8443", mqttWebSocket: "0.0.0.0:9001" },
  });
  expect(services).toEqual([
    "plant-3._mqtt._tcp.local 1883",
    "plant-3._secure-mqtt._tcp.local 8883",
    "plant-3._kafka._tcp.local 9092",
    "plant-3 TLS._kafka._tcp.local 9093",
    "plant-3._https._tcp.local 8443",
  ]);
  const common = "txtvers=1 version=1.2.3 id=plant-3 site=ulm";
  expect(texts.map((text) => text.replaceAll(/ +/g, " ").replaceAll(/[^ -~]/g, ""))).toEqual([
    common,
    `${common} tls=1`,
    common,
    `${common} tls=1`,
    `${common} path=/ tls=1`,
  ]);
});

test("nothing is said where nothing is reached", () => {
  expect(announcedWith({ kafka: "127.0.0.1:9092", http: "localhost:8080" })).toEqual({
    services: [],
    texts: [],
  });
});
