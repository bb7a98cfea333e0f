import { expect, test } from "bun:test";
import type { Gap } from "../../src/broker/gap-ledger.ts";
import { publishPacket, Rig, subscribePacket } from "./support/rig.ts";

/** The gaps that were noted, as reason, device and MQTT topic, each once, and how many messages in all. */
function noted(gaps: readonly Gap[]): [string, string | null, string | undefined, number][] {
  const found = new Map<string, [string, string | null, string | undefined, number]>();
  for (const { reason, device, mqttTopic, count } of gaps) {
    const key = `${reason} ${device} ${mqttTopic}`;
    const before = found.get(key)?.[3] ?? 0;
    found.set(key, [reason, device, mqttTopic, before + count]);
  }
  return [...found.values()];
}

test("a full queue", () => {
  const rig = new Rig({ maxQueuedMessages: 2, maxInFlight: 1 });
  const slow = rig.connect(4, "slow");
  slow.feed(subscribePacket(4, 1, [["devices/#", 1]]));
  const device = rig.connect(4, "dev");
  for (let n = 1; n <= 7; n++) device.feed(publishPacket("devices/d/t", "12345", 1, n));
  rig.settle();
  expect(noted(rig.gaps)).toEqual([["queue-full", "slow", "devices/d/t", 4]]);
  expect(rig.gaps[0]?.bytes).toBe(5);
  slow.break();
  expect(noted(rig.gaps)[1]).toEqual(["session-ended", "slow", "devices/d/t", 2]);
});

test("an expiry that passes in a queue, and a packet that is too large for the client", () => {
  const rig = new Rig();
  const slow = rig.connect(5, "slow", { properties: "21 0001 27 00000040" });
  slow.feed(subscribePacket(5, 1, [["devices/#", 1]]));
  const device = rig.connect(5, "dev");
  const five = { version: 5 } as const;
  device.feed(publishPacket("devices/d/t", "a", 1, 1, five));
  device.feed(publishPacket("devices/d/t", "b", 1, 2, { ...five, properties: "02 00000001" }));
  device.feed(publishPacket("devices/d/t", "x".repeat(100), 1, 3, five));
  rig.settle();
  rig.clock.advance(2_000);
  slow.feed(new Uint8Array([0x40, 2, 0, 1]));
  expect(noted(rig.gaps)).toEqual([
    ["expired", "slow", "devices/d/t", 1],
    ["too-large", "slow", "devices/d/t", 1],
  ]);
});

test("too much that waits for the disk: each subscriber, or all of them where they are many", () => {
  const rig = new Rig({ maxTotalStagedBytes: 10 });
  const names = Array.from({ length: 20 }, (_, n) => `s${n}`);
  for (const name of names.slice(0, 2)) rig.connect(4, name).feed(subscribePacket(4, 1, [["#", 1]]));
  rig.connect(4, "dev").feed(publishPacket("devices/d/t", "12345", 1, 1));
  rig.settle();
  expect(noted(rig.gaps)).toEqual([
    ["unstaged", "s0", "devices/d/t", 1],
    ["unstaged", "s1", "devices/d/t", 1],
  ]);
  for (const name of names.slice(2)) rig.connect(4, name).feed(subscribePacket(4, 1, [["#", 1]]));
  rig.connect(4, "other").feed(publishPacket("devices/d/t", "12345", 1, 1));
  rig.settle();
  expect(noted(rig.gaps)[2]).toEqual(["unstaged", null, "devices/d/t", 1]);
  expect(rig.door.stats().messagesUnstaged).toBe(2);
});

test("a message that can't be retained", () => {
  const rig = new Rig({ maxRetainedMessages: 1 });
  const device = rig.connect(4, "dev");
  for (let n = 1; n <= 3; n++) device.feed(publishPacket(`t/${n}`, "x", 1, n, { retain: true }));
  rig.settle();
  expect(noted(rig.gaps)).toEqual([
    ["retained-full", "dev", "t/2", 1],
    ["retained-full", "dev", "t/3", 1],
  ]);
});

test("nothing is noted where nothing is lost", () => {
  const rig = new Rig();
  const one = rig.connect(4, "one");
  one.feed(subscribePacket(4, 1, [["#", 0]]));
  rig.connect(4, "dev").feed(publishPacket("devices/d/t", "x", 1, 1));
  rig.settle();
  one.break();
  expect(rig.gaps).toEqual([]);
});
