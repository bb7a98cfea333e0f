import { expect, test } from "bun:test";
import { ackPacket, payloads, publishPacket, subscribePacket } from "../../support/rig.ts";
import { DurableRig } from "./support.ts";

const PUBACK = 4;

test("a session gets out of the log what waits for it, where the memory of that was given back", () => {
  const durable = new DurableRig({ maxInFlight: 1 });
  const connection = durable.connect(4, "sub");
  connection.feed(subscribePacket(4, 1, [["devices/#", 1]]));
  durable.rig.settle();
  connection.take();
  let reads = 0;
  const { log } = durable;
  const read = log.read.bind(log);
  log.read = (offset) => {
    reads++;
    return read(offset);
  };
  const device = durable.rig.connect(4, "dev");
  const messages = ["one", "two", "three"];
  for (const [index, payload] of messages.entries())
    device.feed(publishPacket("devices/a/t", payload, 1, index + 1));
  // What the log does not have yet stays.
  durable.rig.door.shrink();
  durable.rig.settle();
  expect([payloads(connection.take()), reads]).toEqual([["one"], 0]);
  durable.rig.door.shrink();
  const got = messages.slice(1).flatMap((_, index) => {
    connection.feed(ackPacket(PUBACK, index + 1));
    durable.rig.settle();
    return payloads(connection.take());
  });
  expect([got, reads]).toEqual([["two", "three"], 2]);
});
