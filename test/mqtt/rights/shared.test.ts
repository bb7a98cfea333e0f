import { beforeEach, expect, test } from "bun:test";
import { usersText } from "../../security/support.ts";
import type { Device } from "../support/broker-rig.ts";
import { FakeStateLog } from "../support/fake-state-log.ts";
import { GuardedRig } from "./support.ts";

const USERS = usersText({ anna: "anna", ben: "ben", boss: "boss" });
/** ben may share in everything, and gets nothing that is secret. */
const RULES = `
[[rule]]
who = "user:boss"
allow = "all"
topics = "#"
[[rule]]
who = ["user:anna", "user:ben"]
allow = "subscribe"
topics = "#"
[[rule]]
who = "user:ben"
deny = "receive"
topics = "secret/#"
`;

let rig: GuardedRig;

beforeEach(() => {
  rig = new GuardedRig({ files: { users: USERS, "acl.toml": RULES }, stateLog: new FakeStateLog() });
});

async function share(name: string, clean = true): Promise<Device> {
  const { device } = await rig.connect(5, name, {
    clean,
    username: name,
    password: Buffer.from(name),
    properties: clean ? {} : { sessionExpiryInterval: 1_000 },
  });
  device.send({ cmd: "subscribe", messageId: 9, subscriptions: [{ topic: "$share/g/#", qos: 1 }] });
  rig.settle();
  device.take();
  return device;
}

async function publish(...topics: readonly string[]): Promise<void> {
  const boss = await rig.user("boss");
  for (const [index, topic] of topics.entries()) boss.publish(topic, topic, 1, 1 + index);
  rig.settle();
}

test("a member gets its share of what it may have, and the others the rest", async () => {
  const [anna, ben] = [await share("anna"), await share("ben")];
  await publish("secret/1", "open/1", "secret/2", "open/2", "secret/3", "open/3");
  const toBen = ben.receive();
  expect(toBen.length).toBeGreaterThan(0);
  expect(toBen.filter((topic) => topic.startsWith("secret"))).toEqual([]);
  expect([...anna.receive(), ...toBen].sort()).toEqual([
    ...["open/1", "open/2", "open/3"],
    ...["secret/1", "secret/2", "secret/3"],
  ]);
});

test("what a member leaves behind goes to nobody who may not have it", async () => {
  await share("anna", false);
  await publish("secret/1", "open/1");
  const ben = await share("ben");
  ben.send({ cmd: "subscribe", messageId: 10, subscriptions: [{ topic: "hello", qos: 0 }] });
  await publish("hello");
  // The others are known by now to get all that they subscribe to, but for what the rules deny.
  expect(ben.receive()).toContain("hello");
  // anna's session ends with all that it was sent and has not acknowledged.
  await share("anna");
  rig.settle();
  expect(ben.receive().filter((topic) => topic !== "hello")).toEqual(["open/1"]);
});
