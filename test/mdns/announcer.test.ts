import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { silentLogger } from "../../src/base/logger.ts";
import type { Link } from "../../src/io/multicast.ts";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import { Announcer } from "../../src/mdns/announcer.ts";
import {
  encodePacket,
  keyOf,
  type Name,
  nameBytes,
  type Packet,
  type Rr,
  srvData,
  TYPE,
} from "../../src/mdns/packet.ts";
import type { Announced, Service } from "../../src/mdns/records.ts";
import { Host, Hub, link } from "./hub.ts";

const MQTT: Service = { type: "_mqtt._tcp", host: "0.0.0.0", port: 1_883, suffix: "", texts: ["id=plant-3"] };
const HTTP: Service = { ...MQTT, type: "_http._tcp", host: "127.0.0.1", port: 8_080 };
const ASKER = "10.0.0.99";
const TYPE_NAME: Name = ["_mqtt", "_tcp", "local"];
const INSTANCE: Name = ["plant-3", ...TYPE_NAME];
const HOST: Name = ["headwater-plant-3", "local"];

let clock: ManualClock;
let hub: Hub;
let announcers: Announcer[];
beforeEach(() => {
  clock = new ManualClock();
  hub = new Hub(clock);
  announcers = [];
});
afterEach(() => {
  for (const announcer of announcers) announcer.stop();
});

interface Machine {
  readonly announcer: Announcer;
  readonly host: Host;
  readonly warnings: string[];
  announced: Announced;
}

function machine(
  links: readonly (readonly [Hub, Link])[],
  services: readonly Service[] = [MQTT],
  seed = 1,
): Machine {
  const host = new Host(links);
  const warnings: string[] = [];
  const made: Machine = {
    announced: { gatewayId: "plant-3", services },
    ...{ host, warnings },
    announcer: new Announcer({
      ...{ multicast: host, clock, random: new SeededRandom(seed), interfaces: [] },
      logger: { ...silentLogger, warn: (message) => void warnings.push(message) },
      announced: () => made.announced,
    }),
  };
  announcers.push(made.announcer);
  made.announcer.start();
  return made;
}

/** Lets time pass in small steps, so that what is answered is heard. */
function pass(durationMs: number): void {
  for (let step = 0; step < durationMs; step += 10) {
    clock.advance(10);
    clock.settle();
  }
}

const ETH = () => link("eth0", "10.0.0.1");

/** A machine that has its names. */
function settled(
  links: readonly (readonly [Hub, Link])[] = [[hub, ETH()]],
  services?: readonly Service[],
): Machine {
  const made = machine(links, services);
  pass(3_500);
  hub.sent.length = 0;
  return made;
}

function ask(name: Name, type: number, more: Partial<Packet> = {}, port = 5353): void {
  hub.send(encodePacket({ questions: [{ name, type, unicast: false }], ...more }), ASKER, null, port);
  clock.settle();
}

const shown = (records: readonly Rr[]) =>
  records.map(
    ({ name, type, ttlSec, unique }) => `${name.join(".")} ${type} ${ttlSec}${unique ? " unique" : ""}`,
  );

describe("a gateway", () => {
  test("asks three times whether its names are free, then tells twice what it has", () => {
    machine([[hub, ETH()]]);
    pass(2_500);
    const queries = hub.sent.filter(({ packet }) => !packet.isResponse);
    expect(queries).toHaveLength(3);
    expect(
      queries.map(({ packet }) =>
        packet.questions.map(({ name, type, unicast }) => [name.join("."), type, unicast]),
      )[0],
    ).toEqual([
      [HOST.join("."), TYPE.any, true],
      [INSTANCE.join("."), TYPE.any, true],
    ]);
    const gaps = queries.slice(1).map(({ atMs }, index) => atMs - (queries[index]?.atMs ?? 0));
    expect(gaps).toEqual([250, 250]);
    const told = hub.take();
    expect(told).toHaveLength(2);
    expect(shown(told[0]?.answers ?? [])).toEqual([
      "headwater-plant-3.local 1 120 unique",
      "plant-3._mqtt._tcp.local 33 120 unique",
      "plant-3._mqtt._tcp.local 16 4500 unique",
      "_mqtt._tcp.local 12 4500",
      "_services._dns-sd._udp.local 12 4500",
      "headwater-plant-3.local 47 120 unique",
      "plant-3._mqtt._tcp.local 47 120 unique",
    ]);
  });

  test("answers who looks for the service, with all that he asks for next", () => {
    settled();
    ask(TYPE_NAME, TYPE.ptr);
    pass(200);
    const [answer, ...more] = hub.take();
    expect(more).toEqual([]);
    expect(answer?.answers.map(({ data }) => Buffer.from(data))).toEqual([Buffer.from(nameBytes(INSTANCE))]);
    expect(shown(answer?.additionals ?? [])).toEqual(
      expect.arrayContaining([
        expect.stringContaining(" 33 "),
        expect.stringContaining("headwater-plant-3.local 1 "),
      ]),
    );
  });

  test("answers at once for what is its own, and which kinds it has not", () => {
    settled();
    pass(1_000);
    ask(HOST, TYPE.a);
    pass(10);
    expect(hub.take().map(({ answers }) => shown(answers))).toEqual([
      ["headwater-plant-3.local 1 120 unique"],
    ]);
    ask(HOST, TYPE.aaaa);
    pass(10);
    const [denial] = hub.take();
    expect(
      denial?.answers.map(({ type, data }) => [type, Buffer.from(data).toString("hex").slice(-8)]),
    ).toEqual([
      // Block 0, one byte, bit 1: only A.
      [TYPE.nsec, "00000140"],
    ]);
    ask(["another", "local"], TYPE.a);
    pass(500);
    expect(hub.take()).toEqual([]);
  });

  test("says nothing that the asker knows, and the same to the group once a second", () => {
    settled();
    const known: Rr = {
      name: TYPE_NAME,
      type: TYPE.ptr,
      unique: false,
      ttlSec: 4_000,
      data: nameBytes(INSTANCE),
    };
    ask(TYPE_NAME, TYPE.ptr, { answers: [known] });
    pass(1_000);
    expect(hub.take()).toEqual([]);
    ask(TYPE_NAME, TYPE.ptr, { answers: [{ ...known, ttlSec: 2_000 }] });
    pass(500);
    expect(hub.take()).toHaveLength(1);
    for (let times = 0; times < 20; times++) {
      ask(TYPE_NAME, TYPE.ptr);
      pass(20);
    }
    expect(hub.take().length).toBeLessThan(2);
    // What is known comes in a second message.
    pass(2_000);
    hub.sent.length = 0;
    ask(TYPE_NAME, TYPE.ptr, { isTruncated: true });
    pass(100);
    hub.send(encodePacket({ answers: [known] }), ASKER);
    pass(1_000);
    expect(hub.take()).toEqual([]);
  });

  test("answers a plain resolver alone, with his question and id, for a few seconds", () => {
    settled();
    ask(HOST, TYPE.a, { id: 4_711 }, 40_000);
    const [, answer] = hub.sent;
    expect(answer).toMatchObject({
      to: ASKER,
      packet: { id: 4_711, questions: [{ name: HOST, type: TYPE.a }] },
    });
    expect(shown(answer?.packet.answers ?? [])).toEqual(["headwater-plant-3.local 1 10"]);
  });

  test("answers one alone who wants that, when the others have heard it of late", () => {
    settled();
    hub.send(encodePacket({ questions: [{ name: INSTANCE, type: TYPE.srv, unicast: true }] }), ASKER);
    pass(10);
    expect(hub.sent.filter(({ packet }) => packet.isResponse).map(({ to }) => to)).toEqual([ASKER]);
    pass(31_000);
    hub.sent.length = 0;
    hub.send(encodePacket({ questions: [{ name: INSTANCE, type: TYPE.srv, unicast: true }] }), ASKER);
    pass(10);
    expect(hub.sent.filter(({ packet }) => packet.isResponse).map(({ to }) => to)).toEqual([null]);
  });

  test("takes all of it back when it stops, and is silent then", () => {
    const { announcer } = settled();
    announcer.stop();
    const [goodbye, ...more] = hub.take();
    expect(more).toEqual([]);
    expect(new Set(goodbye?.answers.map(({ ttlSec }) => ttlSec))).toEqual(new Set([0]));
    ask(TYPE_NAME, TYPE.ptr);
    pass(5_000);
    expect(hub.take()).toEqual([]);
    expect(hub.members).toBe(0);
  });
});

describe("where it is announced", () => {
  test("a door on loopback is not, and one on an address only on its link", () => {
    const other = new Hub(clock);
    const links = [
      [hub, link("eth0", "10.0.0.1", "fe80::1")],
      [other, link("eth1", "192.168.7.1")],
      [other, link("lo", "127.0.0.1")],
    ] as const;
    machine(links, [MQTT, HTTP, { ...MQTT, type: "_kafka._tcp", host: "192.168.7.1", port: 9_092 }]);
    pass(2_500);
    const namesIn = (packets: readonly Packet[]) =>
      new Set(
        packets.flatMap(({ answers }) => answers.map(({ name, type }) => `${keyOf(name.slice(-3))} ${type}`)),
      );
    const [here, there] = [namesIn(hub.take()), namesIn(other.take())];
    expect([...here].filter((name) => name.includes("_kafka"))).toEqual([]);
    expect([...there].filter((name) => name.includes("_kafka")).length).toBeGreaterThan(0);
    expect([...here, ...there].filter((name) => name.includes("_http"))).toEqual([]);
  });

  test("IPv6 addresses are told where the door has IPv6, to both kinds of listeners", () => {
    machine([[hub, link("eth0", "10.0.0.1", "fe80::1")]], [{ ...MQTT, host: "::" }]);
    pass(2_500);
    const from = new Set(hub.sent.map((one) => one.from));
    expect(from).toEqual(new Set(["10.0.0.1", "fe80::1"]));
    const [told] = hub.take();
    expect(told?.answers.map(({ type }) => type)).toEqual(expect.arrayContaining([TYPE.a, TYPE.aaaa]));
  });

  test("a link that comes or goes, and a door that opens, are noticed", () => {
    const { host, ...made } = settled();
    const all = host.shown;
    host.shown = [];
    pass(6_000);
    expect(hub.members).toBe(0);
    host.shown = [...all];
    hub.sent.length = 0;
    pass(8_000);
    expect(hub.take().length).toBe(2);
    announcers[0]?.stop();
    const late = machine([[hub, ETH()]], []);
    pass(6_000);
    expect(hub.members).toBe(0);
    late.announced = { ...late.announced, services: [MQTT] };
    pass(8_000);
    expect(hub.members).toBe(1);
    expect(made.warnings).toEqual([]);
  });
});

describe("names that others have", () => {
  test("of two gateways that are called the same the later one takes the next name", () => {
    const first = settled();
    const second = machine([[hub, link("eth0", "10.0.0.2")]], [MQTT], 2);
    pass(6_000);
    expect([first.announcer.instance, second.announcer.instance]).toEqual(["plant-3", "plant-3 (2)"]);
    expect([first.warnings.length, second.warnings.length]).toEqual([0, 1]);
    hub.sent.length = 0;
    ask(TYPE_NAME, TYPE.ptr);
    pass(500);
    const instances = hub.take().flatMap(({ answers }) => answers.map(({ data }) => Buffer.from(data)));
    expect(instances.toSorted(Buffer.compare)).toEqual(
      [nameBytes(INSTANCE), nameBytes(["plant-3 (2)", ...TYPE_NAME])]
        .map((one) => Buffer.from(one))
        .toSorted(Buffer.compare),
    );
  });

  test("two that start at the same time come apart, too", () => {
    const both = [machine([[hub, ETH()]]), machine([[hub, link("eth0", "10.0.0.2")]])];
    pass(20_000);
    expect(both.map(({ announcer }) => announcer.instance).toSorted()).toEqual(["plant-3", "plant-3 (2)"]);
    // The one whose address comes later in order had it.
    expect(both[1]?.announcer.instance).toBe("plant-3");
  });

  test("its own two links on one network are no conflict", () => {
    const one = machine([
      [hub, ETH()],
      [hub, link("wlan0", "10.0.0.2")],
    ]);
    pass(20_000);
    expect([one.announcer.instance, one.warnings.length]).toEqual(["plant-3", 0]);
  });

  test("somebody who claims every name makes it slow, not busy", () => {
    const { warnings } = settled();
    const claim = () => {
      const record = (name: Name): Rr => ({
        name,
        type: TYPE.srv,
        unique: true,
        ttlSec: 120,
        data: srvData(1, ["x"]),
      });
      const names = Array.from({ length: 60 }, (_, index) =>
        record([index === 0 ? "plant-3" : `plant-3 (${index + 1})`, ...TYPE_NAME]),
      );
      hub.send(encodePacket({ isResponse: true, answers: names }), ASKER);
    };
    for (let second = 0; second < 60; second++) {
      for (let times = 0; times < 4; times++) {
        claim();
        pass(250);
      }
    }
    expect(warnings.length).toBeGreaterThan(15);
    expect(warnings.length).toBeLessThan(40);
  });
});

test("garbage and floods change nothing", () => {
  const { announcer, warnings } = settled();
  const random = new SeededRandom(5);
  for (let round = 0; round < 2_000; round++) hub.send(random.bytes(random.below(600)), ASKER);
  clock.settle();
  pass(2_000);
  expect([announcer.instance, warnings.length]).toEqual(["plant-3", 0]);
  hub.sent.length = 0;
  // More than anybody asks in a second: the others are not looked at.
  for (let round = 0; round < 5_000; round++) ask(HOST, TYPE.a, { id: round % 65_536 }, 40_000);
  expect(hub.sent.filter(({ to }) => to === ASKER).length).toBeLessThanOrEqual(200);
  pass(2_000);
  hub.sent.length = 0;
  ask(HOST, TYPE.a, {}, 40_000);
  expect(hub.sent.filter(({ to }) => to === ASKER)).toHaveLength(1);
});
