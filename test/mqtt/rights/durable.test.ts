import { beforeEach, describe, expect, test } from "bun:test";
import { usersText } from "../../security/support.ts";
import type { Device } from "../support/broker-rig.ts";
import { FakeRetained } from "../support/fake-retained.ts";
import { FakeStateLog } from "../support/fake-state-log.ts";
import { connackCode, connectPacket, GuardedRig, login } from "./support.ts";

const USERS = usersText({ anna: "anna", ben: "ben", boss: "boss" });
const rules = (topics: string) => `
[[rule]]
who = "user:boss"
allow = "all"
topics = "#"
[[rule]]
who = ["user:anna", "user:ben", "anonymous"]
allow = "subscribe"
topics = [${topics}]
`;
const ALL = rules('"a", "b", "a/#", "b/#"');
const ONLY_A = rules('"a", "a/#"');
const KEPT = { clean: false };

let stateLog: FakeStateLog;
let retained: FakeRetained;
let rig: GuardedRig;

function start(acl = ALL, users = USERS): void {
  rig = new GuardedRig({ files: { users, "acl.toml": acl }, stateLog, retained });
}

beforeEach(() => {
  stateLog = new FakeStateLog();
  retained = new FakeRetained();
  start();
});

/** Somebody whose session is kept, or goes on; null where he is refused. */
async function kept(name: string | null, clientId = "kept", more: object = {}) {
  const { device, code } = await rig.connect(4, clientId, {
    ...KEPT,
    ...(name === null ? {} : login(name)),
    ...more,
  });
  return { device, code };
}

/** anna subscribes and leaves; then these are published. */
async function missed(...topics: readonly string[]): Promise<void> {
  const { device } = await kept("anna");
  device.send({
    cmd: "subscribe",
    messageId: 9,
    subscriptions: [
      { topic: "a", qos: 1 },
      { topic: "b", qos: 1 },
    ],
  });
  rig.settle();
  device.send({ cmd: "disconnect" });
  const boss = await rig.user("boss");
  for (const [index, topic] of topics.entries()) boss.publish(topic, topic + index, 1, 1 + index);
  rig.settle();
}

/** What comes to somebody who is back. */
async function back(name: string | null, more: object = {}) {
  const device = rig.dial(4);
  device.send(connectPacket(4, "kept", { ...KEPT, ...(name === null ? {} : login(name)), ...more }));
  await rig.finishLogins();
  const packets = device.take();
  const connack = packets.find((packet) => packet.cmd === "connack");
  return {
    device,
    code: connackCode(packets),
    present: connack?.cmd === "connack" && connack.sessionPresent,
    got: payloadsOf(packets),
  };
}

function payloadsOf(packets: ReturnType<Device["take"]>): string[] {
  return packets.flatMap((packet) => (packet.cmd === "publish" ? [packet.payload.toString()] : []));
}

describe("what waits for a session that is away", () => {
  test("comes when it is back, in its order", async () => {
    await missed("a", "b", "a");
    expect(await back("anna")).toMatchObject({ code: 0, present: true, got: ["a0", "b1", "a2"] });
  });

  test("does not come where the right to it is gone meanwhile, and the rest does", async () => {
    await missed("a", "b", "a", "b");
    rig.guard.change("acl.toml", ONLY_A);
    expect(await back("anna")).toMatchObject({ present: true, got: ["a0", "a2"] });
    expect(rig.door.stats().messagesForbidden).toBe(2);
  });

  test("nor where it is gone since before a restart", async () => {
    await missed("a", "b", "a");
    start(ONLY_A);
    expect(await back("anna")).toMatchObject({ present: true, got: ["a0", "a2"] });
  });

  test("what is published without a right to it is not kept for it", async () => {
    await missed();
    rig.guard.change("acl.toml", ONLY_A);
    const boss = await rig.user("boss");
    boss.publish("b", "late", 1, 7);
    boss.publish("a", "late", 1, 8);
    rig.settle();
    rig.guard.change("acl.toml", ALL);
    expect(await back("anna")).toMatchObject({ got: ["late"] });
  });

  test("a subscription is not lost by a slip in the rules", async () => {
    await missed();
    rig.guard.change("acl.toml", rules('"none"'));
    expect(await back("anna")).toMatchObject({ code: 0, present: true, got: [] });
    rig.guard.change("acl.toml", ALL);
    const boss = await rig.user("boss");
    boss.publish("b", "again", 1, 7);
    rig.settle();
    expect(await back("anna")).toMatchObject({ got: ["again"] });
  });

  test("does not come to who is no user any more", async () => {
    await missed("a");
    rig.guard.change("users", usersText({ ben: "ben", boss: "boss" }));
    expect(await back("anna")).toMatchObject({ code: 4, got: [] });
    rig.guard.change("users", USERS);
    expect(await back("anna")).toMatchObject({ code: 0, present: false, got: [] });
  });
});

describe("a session that is kept", () => {
  test("is its user's: nobody else goes on with it, ends it or takes its client id", async () => {
    await missed("a");
    for (const [name, more] of [
      ["ben", KEPT],
      ["ben", { clean: true }],
      [null, KEPT],
      [null, { clean: true }],
    ] as const) {
      expect(await back(name, more)).toMatchObject({ code: 5, got: [] });
    }
    expect(await back("anna")).toMatchObject({ present: true, got: ["a0"] });
  });

  test("also over a restart", async () => {
    await missed("a");
    start();
    expect(await back("ben")).toMatchObject({ code: 5, got: [] });
    expect(await back("anna")).toMatchObject({ present: true, got: ["a0"] });
  });

  test("of another user gives way to the user whose name the client id is, who gets nothing of it", async () => {
    for (const connected of [true, false]) {
      const { device, code } = await kept("ben", "anna");
      expect(code).toBe(0);
      device.send({ cmd: "subscribe", messageId: 9, subscriptions: [{ topic: "a", qos: 1 }] });
      rig.settle();
      if (!connected) device.send({ cmd: "disconnect" });
      if (!connected) start();
      expect(rig.door.stats()).toMatchObject({ subscriptions: 1, durableSessions: 1 });
      const anna = rig.dial(4);
      anna.send(connectPacket(4, "anna", { ...KEPT, ...login("anna") }));
      await rig.finishLogins();
      expect(anna.take()).toMatchObject([{ cmd: "connack", returnCode: 0, sessionPresent: false }]);
      expect(rig.door.stats()).toMatchObject({ subscriptions: 0, durableSessions: 1 });
      expect((await kept("ben", "anna")).code).toBe(5);
      anna.send({ cmd: "disconnect" });
      rig.settle();
      expect((await kept("anna", "anna", { clean: true })).code).toBe(0);
      rig.settle();
      start();
      expect(rig.door.stats().durableSessions).toBe(0);
    }
  });

  test("is one of no more than a user may have, counted over restarts; others begin theirs", async () => {
    const limits = { maxDurableSessionsPerUser: 2 };
    const again = () => {
      rig = new GuardedRig({ files: { users: USERS, "acl.toml": ALL }, stateLog, retained, limits });
    };
    again();
    for (const id of ["1", "2"]) expect((await kept("anna", id)).code).toBe(0);
    expect((await kept("anna", "3")).code).toBe(3);
    rig.settle();
    again();
    expect((await kept("anna", "3")).code).toBe(3);
    expect((await rig.connect(5, "3", login("anna"))).code).toBe(0);
    for (const id of ["4", "5"]) expect((await kept("ben", id)).code).toBe(0);
    for (const id of ["6", "7", "8"]) expect((await kept(null, id)).code).toBe(0);
    expect((await kept("anna", "2", { clean: true })).code).toBe(0);
    expect((await kept("anna", "9")).code).toBe(0);
    expect((await kept("anna", "10")).code).toBe(3);
  });

  test("of nobody in particular gives way to a user, who gets nothing of it", async () => {
    const { device } = await kept(null);
    device.send({ cmd: "subscribe", messageId: 9, subscriptions: [{ topic: "a", qos: 1 }] });
    rig.settle();
    expect(await back("anna")).toMatchObject({ code: 5 });
    device.send({ cmd: "disconnect" });
    const boss = await rig.user("boss");
    boss.publish("a", "1", 1, 7);
    rig.settle();
    expect(await back("anna")).toMatchObject({ code: 0, present: false, got: [] });
    expect(rig.door.stats().subscriptions).toBe(0);
  });

  test("does not begin where its user goes while it is written down", async () => {
    const device = rig.dial(5);
    device.send(
      connectPacket(5, "kept", { ...KEPT, ...login("anna"), properties: { sessionExpiryInterval: 60 } }),
    );
    await rig.guard.passwords.finishAll();
    rig.clock.settle();
    expect(device.take()).toEqual([]);
    rig.guard.change("users", usersText({ ben: "ben", boss: "boss" }));
    rig.settle();
    expect([connackCode(device.take()), device.connection.closed]).toEqual([0x87, true]);
  });
});

describe("a will that waits", () => {
  const MAY = `${ALL}[[rule]]\nwho = "user:anna"\nallow = "publish"\ntopics = "wills/#"\n`;
  const will = (delaySec: number) => ({
    will: {
      topic: "wills/anna",
      payload: Buffer.from("will"),
      qos: 1 as const,
      retain: false,
      properties: { willDelayInterval: delaySec },
    },
    properties: { sessionExpiryInterval: 600 },
  });

  /** anna connects with a will that waits this long after her connection has broken, as it does here. */
  async function gone(delaySec: number): Promise<void> {
    start(MAY);
    const { device, code } = await rig.connect(5, "kept", { ...KEPT, ...login("anna"), ...will(delaySec) });
    expect(code).toBe(0);
    device.connection.break();
    rig.settle();
  }

  /** Lets the time pass, and gives what was published. */
  function later(): readonly string[] {
    rig.clock.advance(120_000);
    rig.settle();
    return rig.appended;
  }

  test("is published when it is due", async () => {
    await gone(60);
    expect(rig.appended).toEqual([]);
    expect(later()).toEqual(["wills/anna will"]);
  });

  test("is not where the right to it is gone by then", async () => {
    await gone(60);
    rig.guard.change("acl.toml", ALL);
    expect(later()).toEqual([]);
  });

  test("nor where it is gone since before a restart", async () => {
    await gone(60);
    start(ALL);
    expect(later()).toEqual([]);
    start(MAY);
    expect(later()).toEqual([]);
  });

  test("nor where its user is put out", async () => {
    start(MAY);
    const { device } = await rig.connect(5, "kept", { ...KEPT, ...login("anna"), ...will(0) });
    rig.guard.change("users", usersText({ ben: "ben", boss: "boss" }));
    rig.settle();
    expect(device.connection.closed).toBe(true);
    expect(later()).toEqual([]);
  });
});

test("a shared subscription gives a message to a member who may have it", async () => {
  start(rules('"a", "a/#", "b/#"'));
  const [anna, ben, boss] = [await rig.user("anna"), await rig.user("ben"), await rig.user("boss")];
  for (const device of [anna, ben]) expect(device.subscribe("$share/g/a/#", 1).codes).toEqual([1]);
  rig.guard.change(
    "acl.toml",
    `${rules('"a", "a/#", "b/#"')}[[rule]]\nwho = "user:anna"\ndeny = "receive"\ntopics = "a/#"\n`,
  );
  for (let index = 1; index <= 6; index++) boss.publish("a/x", `${index}`, 1, index);
  rig.settle();
  expect([anna.receive(), ben.receive()]).toEqual([[], ["1", "2", "3", "4", "5", "6"]]);
});
