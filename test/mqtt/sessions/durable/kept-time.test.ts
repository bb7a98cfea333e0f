import { beforeEach, describe, expect, test } from "bun:test";
import { ManualClock } from "../../../../src/io/simulated/clock.ts";
import {
  KEPT_TIME_INTERVAL_MS,
  KeptTime,
  MAX_ABSENCE_MS,
} from "../../../../src/mqtt/sessions/durable/kept-time.ts";
import type { FakeConnection } from "../../support/fake-network.ts";
import { payloads, publishPacket, subscribePacket } from "../../support/rig.ts";
import { DurableRig } from "./support.ts";

const HOUR_MS = 3_600_000;
const YEARS_MS = 50 * 365 * 86_400_000;

let durable: DurableRig;
beforeEach(() => {
  durable = new DurableRig();
});

/** A session of MQTT 5 for an hour, with a subscription. */
function subscriber(): FakeConnection {
  const connection = durable.connect(5, "a");
  connection.feed(subscribePacket(5, 1, [["devices/#", 1]]));
  durable.rig.settle();
  connection.take();
  return connection;
}

/** A message that expires in half an hour. */
function publish(): void {
  durable.rig
    .connect(5, "pub")
    .feed(publishPacket("devices/a/t", "x", 1, 7, { version: 5, properties: "02 00000708" }));
  durable.rig.settle();
}

function jump(byMs: number): void {
  durable.rig.clock.jumpTo(durable.rig.clock.nowMs() + byMs);
}

function pass(durationMs: number): void {
  durable.rig.clock.advance(durationMs);
  durable.rig.settle();
}

/** Whether its session is there when it comes back, and what it gets. */
function comeBack(): { present: boolean; got: string[] } {
  const [connection, hex] = durable.dial(5, "a");
  pass(10);
  const stream = new Uint8Array([...Uint8Array.fromHex(hex.replaceAll(" ", "")), ...connection.take()]);
  return { present: stream[2] === 1, got: payloads(stream, 5) };
}

describe("a wall clock that jumps while the broker runs", () => {
  for (const byMs of [YEARS_MS, -YEARS_MS]) {
    test(`by ${byMs} ms expires no message and ends no session`, () => {
      subscriber().break();
      publish();
      jump(byMs);
      expect(comeBack()).toEqual({ present: true, got: ["x"] });
    });

    test(`by ${byMs} ms does so with the next start neither`, () => {
      subscriber().break();
      publish();
      jump(byMs);
      pass(2 * KEPT_TIME_INTERVAL_MS);
      durable.restart();
      expect(comeBack()).toEqual({ present: true, got: ["x"] });
    });
  }

  test("leaves the expiry of messages what it is", () => {
    subscriber().break();
    publish();
    jump(-YEARS_MS);
    pass(HOUR_MS / 2 + 1);
    expect(comeBack()).toEqual({ present: true, got: [] });
    expect(durable.rig.gaps.map(({ reason }) => reason)).toEqual(["expired"]);
  });

  test("is written with what is written next, before any interval is over", () => {
    subscriber().break();
    durable.rig.settle();
    jump(YEARS_MS);
    publish();
    durable.restart();
    expect(comeBack()).toEqual({ present: true, got: ["x"] });
  });
});

describe("an absence of the broker", () => {
  test("counts by the wall clock", () => {
    subscriber().break();
    publish();
    jump(HOUR_MS / 2 + 1);
    durable.restart();
    expect(comeBack()).toEqual({ present: true, got: [] });
    jump(HOUR_MS + 1);
    durable.restart();
    expect(comeBack().present).toBe(true);
  });

  test("ends who was away", () => {
    subscriber().break();
    durable.rig.settle();
    jump(HOUR_MS + 1);
    durable.restart();
    pass(1);
    expect(comeBack().present).toBe(false);
  });

  test("counts a day at most: a boot at 1970 and a clock that is set later do not end a session of a week", () => {
    durable.connect(4, "week");
    durable.rig.settle();
    durable.rig.clock.jumpTo(1_000);
    durable.restart();
    pass(200);
    jump(YEARS_MS);
    durable.restart();
    pass(1);
    const [, connack] = durable.dial(4, "week");
    expect(connack).toBe("20 02 01 00");
  });

  test("does not count where the clock stands before what was written", () => {
    subscriber().break();
    publish();
    durable.rig.clock.jumpTo(0);
    durable.restart();
    expect(comeBack()).toEqual({ present: true, got: ["x"] });
  });
});

describe("the time that is kept", () => {
  test("goes on from what was written, by what the wall clock has moved on", () => {
    const clock = new ManualClock(5_000_000);
    clock.advance(700);
    const time = new KeptTime(clock);
    expect(time.nowMs()).toBe(5_000_700);
    const resumed = (wallMs: number): number => {
      time.resume({ keptMs: 1_000, wallMs });
      return time.nowMs();
    };
    expect(resumed(5_000_000)).toBe(1_700);
    expect(resumed(6_000_000)).toBe(1_000);
    expect(resumed(5_000_700 - MAX_ABSENCE_MS - 1)).toBe(1_000 + MAX_ABSENCE_MS);
    clock.jumpTo(9_000_000);
    clock.advance(50);
    expect(time.nowMs()).toBe(1_050 + MAX_ABSENCE_MS);
    expect(time.toMonotonic(time.ofMonotonic(7))).toBe(7);
    expect(time.ofMonotonic(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
  });

  test("is written each minute while a session is away, and taken back with the last session", () => {
    subscriber();
    pass(10);
    const { batchCount } = durable.log;
    pass(10 * KEPT_TIME_INTERVAL_MS);
    expect(durable.log.batchCount).toBe(batchCount);
    durable.connect(5, "b").break();
    durable.rig.settle();
    const before = durable.log.batchCount;
    pass(10 * KEPT_TIME_INTERVAL_MS);
    expect(durable.log.batchCount - before).toBeGreaterThanOrEqual(9);
    expect(durable.log.batchCount - before).toBeLessThanOrEqual(10);
    pass(HOUR_MS);
    durable.dial(5, "a", { properties: "", clean: true })[0].break();
    pass(1_000);
    expect(durable.log.standing().size).toBe(0);
  });

  test("is written again after a refusal", () => {
    subscriber().break();
    durable.rig.settle();
    durable.log.refusal = 56;
    jump(YEARS_MS);
    pass(2 * KEPT_TIME_INTERVAL_MS);
    durable.log.refusal = 0;
    pass(2_000);
    durable.restart();
    expect(comeBack().present).toBe(true);
  });
});
