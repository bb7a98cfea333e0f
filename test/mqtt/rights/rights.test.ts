import { beforeEach, describe, expect, test } from "bun:test";
import { usersText } from "../../security/support.ts";
import type { Device } from "../support/broker-rig.ts";
import { connackCode, connectPacket, disconnectCode, GuardedRig, login } from "./support.ts";

const FILES = {
  users: usersText({ anna: "anna", ben: "ben", viewer: "viewer", boss: "boss" }),
  "acl.toml": `
[[rule]]
who = "user:boss"
allow = "all"
topics = ["#", "$SYS/#"]

[[rule]]
who = ["user:anna", "user:ben"]
allow = ["publish", "subscribe"]
topics = ["devices/{user}/#", "shared/#"]

[[rule]]
who = ["user:anna", "user:ben", "user:viewer"]
deny = "all"
topics = "shared/secret/#"

[[rule]]
who = "user:viewer"
allow = "subscribe"
topics = "devices/#"

[[rule]]
who = "user:viewer"
deny = "receive"
topics = "devices/+/pin"
`,
};

let rig: GuardedRig;
beforeEach(() => {
  rig = new GuardedRig({ files: FILES });
});

/** The reasons of the acknowledgements among what came. */
function reasons(device: Device): number[] {
  return device
    .take()
    .filter(({ cmd }) => cmd === "puback" || cmd === "pubrec")
    .map((packet) => Number("reasonCode" in packet ? packet.reasonCode : 0));
}

describe("publishing", () => {
  test("what is allowed is stored, what is not is answered with 0x87 and nothing else", async () => {
    const anna = await rig.user("anna");
    const boss = await rig.user("boss");
    boss.subscribe("#", 0);
    anna.publish("devices/anna/x", "1", 1, 1);
    anna.publish("devices/ben/x", "2", 1, 2);
    anna.publish("devices/ben/x", "3", 2, 3);
    anna.publish("shared/secret/x", "4", 0);
    anna.publish("other", "5", 2, 4);
    anna.publish("shared/x", "6", 2, 5);
    rig.settle();
    expect(reasons(anna)).toEqual([0, 0x87, 0x87, 0x87, 0]);
    expect(rig.appended).toEqual(["devices/anna/x 1", "shared/x 6"]);
    expect(boss.receive()).toEqual(["1", "6"]);
    expect(anna.connection.closed).toBe(false);
  });

  test("before MQTT 5, where a refusal can't be told, the connection is closed", async () => {
    const anna = await rig.user("anna", 4);
    anna.publish("devices/ben/x", "1", 1, 1);
    rig.settle();
    expect([anna.connection.closed, rig.ingest.records.length, anna.take().length]).toEqual([true, 0, 0]);
  });

  test("QoS 0 to a topic that is not allowed is dropped, and there is a line", async () => {
    const anna = await rig.user("anna", 4);
    anna.publish("devices/ben/x", "1");
    rig.settle();
    expect([anna.connection.closed, rig.ingest.records.length]).toEqual([false, 0]);
    expect(rig.lines.at(-1)).toMatchObject({
      level: "warn",
      message: "refused publishes of an MQTT client",
      fields: { reason: "no rule lets the client publish to devices/ben/x: see security.acl.file" },
    });
    expect(rig.door.stats().publishesRefused).toBe(1);
  });

  test("an alias of a topic that is not allowed opens nothing", async () => {
    const anna = await rig.user("anna");
    const alias = { properties: { topicAlias: 1 } };
    anna.publish("devices/ben/x", "1", 1, 1, alias);
    anna.publish("", "2", 1, 2, alias);
    anna.publish("devices/anna/x", "3", 1, 3, alias);
    anna.publish("", "4", 1, 4, alias);
    anna.publish("shared/secret/x", "5", 1, 5, alias);
    anna.publish("", "6", 1, 6, alias);
    rig.settle();
    expect(reasons(anna)).toEqual([0x87, 0x87, 0, 0, 0x87, 0x87]);
    expect(rig.appended).toEqual(["devices/anna/x 3", "devices/anna/x 4"]);
  });

  test("that one may publish to a topic is not remembered for another", async () => {
    const [anna, ben] = [await rig.user("anna"), await rig.user("ben")];
    for (let round = 0; round < 3; round++) {
      anna.publish("devices/anna/x", "a", 1, 1);
      ben.publish("devices/anna/x", "b", 1, 1);
    }
    rig.settle();
    expect([reasons(anna), reasons(ben)]).toEqual([
      [0, 0, 0],
      [0x87, 0x87, 0x87],
    ]);
  });

  test("$SYS is nobody's to publish to, whatever rules say", async () => {
    const boss = await rig.user("boss");
    boss.publish("$SYS/broker/x", "1", 1, 1);
    rig.settle();
    expect([reasons(boss), rig.ingest.records.length]).toEqual([[0x87], 0]);
  });

  test("a retained message to a topic that is not allowed is not kept", async () => {
    const anna = await rig.user("anna");
    anna.publish("devices/ben/x", "1", 1, 1, { retain: true });
    anna.publish("devices/anna/x", "2", 1, 2, { retain: true });
    rig.settle();
    expect(reasons(anna)).toEqual([0x87, 0]);
    const boss = await rig.user("boss");
    boss.subscribe("#", 0);
    rig.clock.advance(100);
    expect(boss.receive()).toEqual(["2"]);
  });

  test("rules may go by the key of the topic's route", async () => {
    rig = new GuardedRig({
      files: {
        "acl.toml":
          '[[rule]]\nwho = "anonymous"\nallow = "publish"\ntopics = "plant/+/{key}/#"\nkeys = ["pump-*"]',
      },
      routes: [
        { filter: "plant/{area}/{key}/#", topic: "plant" },
        { filter: "#", topic: "mqtt" },
      ],
    });
    const nobody = await rig.user(null);
    nobody.publish("plant/hall/pump-1/x", "1", 1, 1);
    nobody.publish("plant/hall/oven-1/x", "2", 1, 2);
    nobody.publish("plant/pump-1/hall/x", "3", 1, 3);
    rig.settle();
    expect(reasons(nobody)).toEqual([0, 0x87, 0x87]);
  });
});

describe("wills", () => {
  const will = (topic: string) => ({
    will: { topic, payload: Buffer.from("will"), qos: 1 as const, retain: false },
  });

  test("to a topic that is not allowed are refused with the CONNECT", async () => {
    for (const [version, expected] of [
      [5, 0x87],
      [4, 5],
    ] as const) {
      const { device, code } = await rig.connect(version, "c", {
        ...login("anna"),
        ...will("devices/ben/x"),
      });
      expect([code, device.connection.closed]).toEqual([expected, true]);
    }
    expect((await rig.connect(5, "c", { ...login("anna"), ...will("devices/anna/x") })).code).toBe(0);
  });

  test("to a topic that is allowed no longer when they are due are not published", async () => {
    const { device } = await rig.connect(5, "c", { ...login("anna"), ...will("shared/x") });
    const { device: other } = await rig.connect(5, "d", { ...login("anna"), ...will("devices/anna/x") });
    rig.guard.change("acl.toml", FILES["acl.toml"].replace(', "shared/#"', ""));
    device.connection.break();
    other.connection.break();
    rig.settle();
    expect(rig.appended).toEqual(["devices/anna/x will"]);
  });
});

describe("subscribing", () => {
  test("the SUBACK says what is granted, filter by filter", async () => {
    for (const [version, refused] of [
      [5, 0x87],
      [4, 0x80],
    ] as const) {
      const anna = await rig.user("anna", version);
      const filters = [
        "devices/anna/#",
        "devices/ben/#",
        "devices/+/x",
        "#",
        "shared/#",
        "shared/a/#",
        "$SYS/#",
      ];
      const codes = filters.map((filter) => anna.subscribe(filter, 1).codes[0]);
      expect(codes).toEqual([1, refused, refused, refused, refused, 1, refused]);
    }
  });

  test("a shared subscription is asked for as the filter in it", async () => {
    const anna = await rig.user("anna");
    for (const filter of [
      "$share/g/devices/ben/#",
      "$share/g/#",
      "$share/devices/anna/#",
      "$share/g/shared/secret/x",
    ]) {
      expect([filter, anna.subscribe(filter, 1).codes[0]]).toEqual([filter, 0x87]);
    }
  });

  test("what is delivered is asked topic by topic", async () => {
    const [viewer, boss] = [await rig.user("viewer"), await rig.user("boss")];
    expect(viewer.subscribe("devices/#", 1).codes).toEqual([1]);
    boss.publish("devices/a/x", "1", 1, 1);
    boss.publish("devices/a/pin", "2", 1, 2);
    boss.publish("devices/a/pin/x", "3", 1, 3);
    rig.settle();
    expect(viewer.receive()).toEqual(["1", "3"]);
  });

  test("by setting a filter is granted in part, and that part is delivered", async () => {
    rig = new GuardedRig({ files: FILES, security: { granting: "part" } });
    const [anna, boss] = [await rig.user("anna"), await rig.user("boss")];
    expect(anna.subscribe("#", 1).codes).toEqual([1]);
    for (const topic of ["a", "devices/anna/x", "devices/ben/x", "shared/x", "shared/secret/x"])
      boss.publish(topic, topic);
    rig.settle();
    expect(anna.receive()).toEqual(["devices/anna/x", "shared/x"]);
  });

  test("figures under $SYS that may not be had are not sent, neither at once nor later", async () => {
    const acl = `${FILES["acl.toml"]}[[rule]]\nwho = "user:boss"\ndeny = "receive"\ntopics = "$SYS/broker/clients/#"\n`;
    const program = { version: "v", heapBytes: () => 1 };
    rig = new GuardedRig({ files: { ...FILES, "acl.toml": acl }, program });
    const boss = await rig.user("boss");
    const topics = (): Set<string> => new Set(boss.published().map(({ topic }) => topic));
    boss.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "$SYS/#", qos: 0 }] });
    rig.settle();
    for (const waitMs of [0, 60_000]) {
      rig.clock.advance(waitMs);
      rig.settle();
      const got = topics();
      expect(got.size).toBeGreaterThan(5);
      expect([...got].filter((topic) => topic.startsWith("$SYS/broker/clients/"))).toEqual([]);
    }
  });

  test("retained messages that may not be had are not sent", async () => {
    const boss = await rig.user("boss");
    boss.publish("devices/a/x", "1", 1, 1, { retain: true });
    boss.publish("devices/a/pin", "2", 1, 2, { retain: true });
    rig.settle();
    const viewer = await rig.user("viewer");
    viewer.subscribe("devices/#", 1);
    rig.clock.advance(100);
    expect(viewer.receive()).toEqual(["1"]);
  });

  test("a thousand subscribers of one topic, each asked for himself", async () => {
    const users = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`u${index}`, `u${index}`]));
    rig = new GuardedRig({
      files: {
        users: usersText({ ...users, boss: "boss" }),
        "acl.toml": `${FILES["acl.toml"]}
[[rule]]
who = "user:u*"
allow = "subscribe"
topics = "#"
[[rule]]
who = "user:u*7"
deny = "receive"
topics = "news"`,
      },
    });
    const devices: Device[] = [];
    for (const name of Object.keys(users)) devices.push(await rig.user(name));
    for (const device of devices) device.subscribe("news", 0);
    const boss = await rig.user("boss");
    boss.publish("news", "1");
    rig.settle();
    boss.publish("news", "2");
    rig.settle();
    const got = devices.map((device) => device.receive().length);
    expect(got.filter((count) => count === 2)).toHaveLength(180);
    expect(got.filter((count) => count === 0)).toHaveLength(20);
  });
});

describe("rights that change", () => {
  const without = (text: string) => FILES["acl.toml"].replace(text, "");

  test("are those of the next message, in and out, on connections that go on", async () => {
    const [anna, boss, viewer] = [await rig.user("anna"), await rig.user("boss"), await rig.user("viewer")];
    viewer.subscribe("devices/#", 1);
    anna.subscribe("shared/x", 1);
    anna.publish("shared/x", "1", 1, 1);
    rig.settle();
    expect([reasons(anna)[0], rig.appended.length]).toEqual([0, 1]);
    rig.guard.change("acl.toml", without(', "shared/#"'));
    anna.publish("shared/x", "2", 1, 2);
    boss.publish("shared/x", "3", 1, 3);
    rig.settle();
    boss.publish("shared/x", "and again", 1, 6);
    boss.publish("devices/a/x", "4", 1, 4);
    rig.settle();
    const came = anna.take();
    expect(came.filter(({ cmd }) => cmd === "publish")).toEqual([]);
    expect(came.map((packet) => ("reasonCode" in packet ? packet.reasonCode : 0))).toEqual([0x87]);
    expect(viewer.receive()).toEqual(["4"]);
    rig.guard.change("acl.toml", FILES["acl.toml"]);
    boss.publish("shared/x", "5", 1, 5);
    rig.settle();
    expect(anna.receive()).toEqual(["5"]);
    expect([anna, boss, viewer].map(({ connection }) => connection.closed)).toEqual([false, false, false]);
  });

  test("are those of what waits for the disk", async () => {
    const [boss, viewer] = [await rig.user("boss"), await rig.user("viewer")];
    viewer.subscribe("devices/#", 1);
    boss.publish("devices/a/x", "1", 1, 1);
    rig.guard.change(
      "acl.toml",
      without('topics = "devices/#"').replace('allow = "subscribe"', 'allow = "subscribe"\ntopics = "none"'),
    );
    rig.settle();
    expect(viewer.receive()).toEqual([]);
  });

  test("are those of what waits for its subscriber", async () => {
    const [boss, viewer] = [await rig.user("boss"), await rig.user("viewer")];
    viewer.subscribe("devices/#", 1);
    viewer.connection.frozen = true;
    for (let index = 0; index < 600; index++)
      boss.publish(`devices/a/${index % 2}`, `${index}`.padStart(1_000), 1, 1 + index);
    rig.settle();
    expect(rig.door.stats().queuedBytes).toBeGreaterThan(100_000);
    rig.guard.change("acl.toml", FILES["acl.toml"].replace("devices/+/pin", "devices/+/1"));
    viewer.connection.thaw();
    const got: string[] = [];
    for (let more = viewer.receive(); more.length > 0; more = viewer.receive())
      got.push(...more.map((text) => text.trim()));
    const late = got.slice(300).map(Number);
    expect(late.length).toBeGreaterThan(50);
    // The first are under way already: what has left can't be called back.
    expect(late.filter((index) => index % 2 === 1)).toEqual([]);
    expect(got.at(-1)).toBe("598");
    expect(rig.door.stats().messagesForbidden).toBeGreaterThan(50);
    expect(rig.door.stats().queuedBytes).toBe(0);
  });

  test("are those of retained messages, their publisher's too", async () => {
    const [anna, boss] = [await rig.user("anna"), await rig.user("boss")];
    anna.publish("shared/x", "1", 1, 1, { retain: true });
    boss.publish("shared/y", "2", 1, 1, { retain: true });
    rig.settle();
    rig.guard.change("acl.toml", without(', "shared/#"'));
    boss.subscribe("shared/#", 1);
    rig.clock.advance(100);
    expect(boss.receive().filter((text) => text !== "")).toEqual(["2"]);
  });
});

describe("proofs that hold no longer", () => {
  const will = { will: { topic: "shared/x", payload: Buffer.from("will"), qos: 1 as const, retain: false } };

  for (const [what, users] of [
    ["a user that is removed", { ben: "ben" }],
    ["a password that is changed", { anna: "new", ben: "ben" }],
  ] as const) {
    test(`${what}: put out with 0x87, its will unpublished; others go on`, async () => {
      const { device: anna } = await rig.connect(5, "a", { ...login("anna"), ...will });
      const { device: old } = await rig.connect(4, "b", { ...login("anna"), ...will });
      const ben = await rig.user("ben");
      const nobody = await rig.user(null);
      rig.guard.change("users", usersText(users));
      rig.settle();
      expect(disconnectCode(anna.take())).toBe(0x87);
      expect([anna, old, ben, nobody].map(({ connection }) => connection.closed)).toEqual([
        true,
        true,
        false,
        false,
      ]);
      expect(rig.ingest.records).toEqual([]);
      expect(rig.door.stats()).toMatchObject({ loginsRevoked: 2, connections: 2 });
      expect((await rig.connect(5, "a", login("anna"))).code).toBe(0x86);
    });
  }

  test("a password that is changed while it is checked: told to try again", async () => {
    const device = rig.dial(5);
    device.send(connectPacket(5, "c", login("anna")));
    rig.guard.change("users", usersText({ anna: "new" }));
    await rig.finishLogins();
    expect(connackCode(device.take())).toBe(0x89);
  });

  test("a door that is closed hears no more of it", async () => {
    const anna = await rig.user("anna");
    const closing = rig.door.close();
    rig.settle();
    await closing;
    rig.guard.change("users", usersText({ ben: "ben" }));
    expect(disconnectCode(anna.take())).toBe(0x8b);
  });
});
