import { expect, test } from "bun:test";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import {
  ackPacket,
  connectPacket,
  hex,
  publishPacket,
  Rig,
  subscribePacket,
  toHex,
  unsubscribePacket,
} from "../support/rig.ts";

const CONNECTIONS = 3_000;

/** A conversation that touches everything, to be mutated. */
function conversation(version: 4 | 5): Uint8Array[] {
  const properties =
    version === 5 ? "01 01 02 0000003c 08 0001 72 09 0001 ff 23 0001 26 0001 61 0001 62" : "";
  const will = { topic: "devices/w/t", payload: "w", qos: 1 };
  return [
    connectPacket(version, "fuzz", {
      keepAliveSec: 5,
      will,
      properties: version === 5 ? "21 0005 27 00001000" : "",
    }),
    subscribePacket(version, 1, [
      ["devices/+/t", 2],
      ["#", 1],
    ]),
    publishPacket("devices/d1/t", "hello", 2, 2, { version, properties }),
    publishPacket("devices/d1/t", "again", 1, 3, { version }),
    publishPacket("plant/x", "", 0, 0, { version }),
    ackPacket(6, 2),
    ackPacket(4, 1),
    ackPacket(5, 2),
    ackPacket(7, 2),
    unsubscribePacket(version, 4, ["#"]),
    hex("c0 00"),
    hex("e0 00"),
  ];
}

function mutate(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  const changed = bytes.slice();
  for (let n = random.below(4); n > 0; n--) {
    changed[random.below(changed.length)] = random.chance(0.5)
      ? random.below(256)
      : random.pick([0, 1, 127, 128, 255]);
  }
  const cut = random.below(changed.length);
  switch (random.below(8)) {
    case 0:
      return changed.subarray(0, cut);
    case 1:
      return changed.subarray(cut);
    case 2:
      return Buffer.concat([changed.subarray(0, cut), random.bytes(random.below(9)), changed.subarray(cut)]);
    default:
      return changed;
  }
}

for (const seed of [1, 2, 3]) {
  test(`mutated conversations in random chunks harm nobody else (seed ${seed})`, () => {
    const random = new SeededRandom(seed);
    const rig = new Rig({ maxPacketBytes: 4_096 });
    const bystander = rig.connect(4, "bystander");
    let survived = 0;
    for (let n = 0; n < CONNECTIONS; n++) {
      const device = rig.dial();
      const version = random.pick([4, 5] as const);
      const packets = conversation(version).map((one) => (random.chance(0.25) ? mutate(one, random) : one));
      const stream = Buffer.concat(packets);
      for (let at = 0; at < stream.length; ) {
        const end = at + 1 + random.below(Math.min(200, stream.length - at));
        device.feed(stream.subarray(at, end));
        if (random.chance(0.2)) rig.settle();
        at = end;
      }
      if (!device.closed) survived++;
      device.break();
      if (n % 50 !== 0) continue;
      bystander.feed(publishPacket("devices/b/t", `${n}`, 1, 1));
      rig.settle();
      expect(toHex(bystander.take())).toBe("40 02 00 01");
    }
    rig.settle();
    // Some get stuck in a packet that never ends; most are refused, or say goodbye.
    expect(survived).toBeLessThan(CONNECTIONS / 2);
    expect(rig.door.stats()).toMatchObject({
      connections: 1,
      subscriptions: 0,
      unsettledBytes: 0,
      stagedBytes: 0,
      queuedBytes: 0,
    });
    expect(rig.door.stats().protocolErrors).toBeGreaterThan(CONNECTIONS / 4);
  }, 60_000);
}
