import { beforeEach, describe, expect, spyOn, test } from "bun:test";
import { DEFAULT_MQTT_LIMITS } from "../../../../src/mqtt/limits.ts";
import { NO_LOSSES } from "../../../../src/mqtt/losses.ts";
import { DurableQueue } from "../../../../src/mqtt/sessions/durable/durable-queue.ts";
import { EntryRing } from "../../../../src/mqtt/sessions/durable/entry-ring.ts";
import { packetIdOf } from "../../../../src/mqtt/sessions/durable/entry-state.ts";
import type { QueueHost } from "../../../../src/mqtt/sessions/durable/queue-host.ts";
import type { LiveMessage, SubscriberLink } from "../../../../src/mqtt/sessions/outbound.ts";
import { newStats } from "../../../../src/mqtt/stats.ts";

const MESSAGE: LiveMessage = {
  topic: new Uint8Array(1),
  payload: new Uint8Array(1),
  properties: null,
  qos: 2,
  retain: false,
  expiresAtMs: Number.POSITIVE_INFINITY,
  sizeBytes: 10,
};

const TARGET = {
  session: { clientId: "s" },
  qos: 2,
  retainAsPublished: false,
  identifiers: [],
  noLocal: false,
  subscriptions: [],
} as never;

let sent: string[];
let released: number[];
let progressed: string[];
let queue: DurableQueue;
let host: QueueHost;

class Link implements SubscriberLink {
  receiveMaximum = 65_535;
  writable = true;

  sendPublish(
    _message: LiveMessage,
    qos: number,
    _retain: boolean,
    packetId: number,
    _expirySec: number,
    _identifiers: readonly number[],
    duplicate = false,
  ): "sent" {
    sent.push(`${duplicate ? "again " : ""}${packetId} at ${qos}`);
    return "sent";
  }

  sendRelease(packetId: number): void {
    sent.push(`release ${packetId}`);
  }
}

beforeEach(() => {
  sent = [];
  released = [];
  progressed = [];
  host = {
    limits: {
      ...DEFAULT_MQTT_LIMITS,
      maxInFlight: 65_535,
      maxQueuedMessages: 1_000_000,
      maxQueuedBytes: 1e9,
    },
    stats: newStats(),
    losses: NO_LOSSES,
    monotonicMs: () => 0,
    hasRoom: () => true,
    makeRoom: () => false,
    sizeOf: () => 10,
    keptMs: () => 0,
    expiresAtMs: () => Number.POSITIVE_INFINITY,
    body: () => ({ message: MESSAGE, identifiersFor: () => [] }),
    letGo: (slot) => void released.push(slot),
    progressed: (_queue, urgency) => void progressed.push(urgency),
    stageCopy() {},
    tell() {},
  };
  queue = new DurableQueue(1, "s", host);
});

/** Takes messages and makes them durable; slots are their sequences. */
function take(count: number, qos = 1): void {
  for (let n = 0; n < count; n++) {
    const sequence = queue.accept(10);
    queue.settle(sequence, sequence, qos);
  }
}

function flush(): void {
  queue.durable(queue.written());
}

describe("the queue of a durable session", () => {
  test("gives identifiers by sequences, from 1 and never 0", () => {
    expect([0, 65_534, 65_535, 131_070].map(packetIdOf)).toEqual([1, 65_535, 1, 1]);
  });

  test("sends within the window, lets go of what is acknowledged, and sends on", () => {
    const link = new Link();
    link.receiveMaximum = 2;
    queue.attach(link);
    take(3);
    queue.pump(0);
    expect(sent).toEqual(["1 at 1", "2 at 1"]);
    queue.acknowledged(2);
    queue.pump(0);
    expect(sent).toEqual(["1 at 1", "2 at 1", "3 at 1"]);
    expect(released).toEqual([1]);
    expect(queue.progress).toEqual({
      boundary: 3,
      maybeSentBelow: 0,
      runs: [
        { first: 0, count: 1, released: false },
        { first: 2, count: 1, released: false },
      ],
    });
  });

  test("never has two messages of one identifier that a crash could leave undone, and goes on after that", () => {
    queue.attach(new Link());
    take(70_000);
    queue.pump(0);
    expect(sent).toHaveLength(65_535);
    for (let packetId = 2; packetId <= 65_535; packetId++) queue.acknowledged(packetId);
    flush();
    queue.pump(0);
    // The first is not acknowledged: its identifier is taken.
    expect(sent).toHaveLength(65_535);
    queue.acknowledged(1);
    queue.pump(0);
    // It is, but a crash could still bring it back.
    expect(sent).toHaveLength(65_535);
    flush();
    expect(sent).toHaveLength(70_000);
    expect(sent[65_535]).toBe("1 at 1");
  });

  for (const [name, first] of [
    ["one that is never acknowledged", 2],
    ["a hundred that are never acknowledged", 101],
  ] as const) {
    test(`has no more work with what comes behind ${name}, and stays as small`, () => {
      const link = new Link();
      link.receiveMaximum = 200;
      queue.attach(link);
      const looks = spyOn(EntryRing.prototype, "flagsAt");
      const costs: number[] = [];
      let next = first;
      for (let round = 0; round < 300; round++) {
        take(200);
        looks.mockClear();
        queue.pump(0);
        for (; next <= sent.length; next++) {
          queue.acknowledged(next);
          if (next % 100 === 0) flush();
        }
        costs.push(looks.mock.calls.length);
        expect(queue.flightEntries).toBeLessThan(2 * first + 200);
      }
      looks.mockRestore();
      expect(sent.length).toBeGreaterThan(25_000);
      const early = Math.max(...costs.slice(5, 20));
      expect(Math.max(...costs.slice(-15))).toBeLessThanOrEqual(2 * early);
      expect(queue.progress.runs[0]).toEqual({ first: 0, count: first - 1, released: false });
      queue.detach();
      queue.attach(new Link());
      sent = [];
      queue.pump(0);
      expect(sent.slice(0, first - 1)).toEqual(
        Array.from({ length: first - 1 }, (_, n) => `again ${n + 1} at 1`),
      );
    });
  }

  test("sends PUBREL when PUBREC is durable, and again with the next connection, in order", () => {
    queue.attach(new Link());
    take(3, 2);
    queue.pump(0);
    sent = [];
    expect(queue.received(2)).toBe("later");
    expect(queue.received(2)).toBe("later");
    expect(queue.received(9)).toBe("unknown");
    expect(progressed).toContain("soon");
    expect(sent).toEqual([]);
    flush();
    expect(sent).toEqual(["release 2"]);
    expect(queue.received(2)).toBe("release");
    queue.detach();
    queue.attach(new Link());
    sent = [];
    queue.pump(0);
    expect(sent).toEqual(["again 1 at 2", "release 2", "again 3 at 2"]);
    queue.completed(2);
    queue.completed(1);
    expect(queue.progress.runs).toEqual([
      { first: 0, count: 1, released: false },
      { first: 2, count: 1, released: false },
    ]);
  });

  test("goes on with its identifiers after a start, from the first that is not done", () => {
    queue.restore(new EntryRing(), { boundary: 70_000, maybeSentBelow: 0, runs: [] }, 70_000, false);
    queue.attach(new Link());
    take(1);
    queue.pump(0);
    expect(sent).toEqual([`${packetIdOf(70_000)} at 1`]);
    const held = new DurableQueue(2, "held", host);
    const runs = [{ first: 10, count: 1, released: true }];
    held.restore(new EntryRing(), { boundary: 65_544, maybeSentBelow: 0, runs }, 65_544, false);
    held.attach(new Link());
    sent = [];
    for (let n = 0; n < 2; n++) held.settle(held.accept(10), n, 1);
    held.pump(0);
    // The identifier between them is that of the one that is not done.
    expect(sent).toEqual(["release 11", `${packetIdOf(65_544)} at 1`, `${packetIdOf(65_546)} at 1`]);
  });

  test("uses no identifier again before its log knows that it is free, however many are acknowledged", () => {
    queue.attach(new Link());
    take(65_536);
    queue.pump(0);
    for (let packetId = 1; packetId <= 65_535; packetId++) queue.acknowledged(packetId);
    queue.pump(0);
    expect(sent).toHaveLength(65_535);
    flush();
    queue.pump(0);
    expect(sent).toHaveLength(65_536);
  });

  test("leaves out the identifier of what was offered to the connection and is not acknowledged", () => {
    queue.attach(new Link());
    expect(queue.offer(MESSAGE, TARGET, 0)).toBe(true);
    for (let n = 0; n < 700; n++) {
      take(100);
      queue.pump(0);
      for (const line of sent.slice(n === 0 ? 1 : 0)) queue.acknowledged(Number(line.split(" ")[0]));
      flush();
      expect(n > 0 && sent.includes("1 at 1")).toBe(false);
      expect(sent).toHaveLength(n === 0 ? 101 : 100);
      sent = [];
    }
  });

  test("goes on for ever behind one that is never acknowledged, and leaves its identifier to it", () => {
    const link = new Link();
    link.receiveMaximum = 100;
    queue.attach(link);
    const rounds = (from: number, count: number): void => {
      for (let done = from; done < from + count; done++) {
        take(50);
        queue.pump(0);
        for (const line of sent) if (line !== "1 at 1") queue.acknowledged(Number(line.split(" ")[0]));
        if (done % 7 === 0) flush();
        if (done > 0) expect(sent).toHaveLength(50);
        expect(done > 0 && sent.includes("1 at 1")).toBe(false);
        sent = [];
      }
      flush();
    };
    rounds(0, 3_000);
    expect(queue.progress.runs).toEqual([{ first: 0, count: 1, released: false }]);
    // So it is found, over a start too.
    const [state, end] = [queue.progress, 150_002];
    const again = new DurableQueue(3, "again", host);
    const entries = new EntryRing();
    entries.push(0, 0, 1);
    again.restore(entries, state, end, false);
    again.attach(link);
    again.pump(0);
    expect(sent).toEqual(["again 1 at 1"]);
    again.acknowledged(1);
    expect(again.progress.runs).toEqual([]);
    queue.acknowledged(1);
    flush();
    sent = [];
    const ids: string[] = [];
    for (let n = 0; n < 1_400; n++) {
      take(50);
      queue.pump(0);
      ids.push(...sent);
      for (const line of sent) queue.acknowledged(Number(line.split(" ")[0]));
      flush();
      sent = [];
    }
    expect(ids).toHaveLength(70_000);
    expect(ids).toContain("1 at 1");
  });

  test("writes again what could not be written", () => {
    queue.attach(new Link());
    take(1, 2);
    queue.pump(0);
    queue.received(1);
    queue.unwritten(queue.written());
    flush();
    expect(sent).toEqual(["1 at 2", "release 1"]);
  });

  test("offers what belongs to the connection alone only where nothing waits, and never at QoS 2", () => {
    expect(queue.offer(MESSAGE, TARGET, 0)).toBe(false);
    queue.attach(new Link());
    expect(queue.offer(MESSAGE, TARGET, 0)).toBe(true);
    expect(sent).toEqual(["1 at 1"]);
    expect(queue.progress.runs).toEqual([]);
    queue.accept(10);
    expect(queue.offer(MESSAGE, TARGET, 0)).toBe(false);
    queue.detach();
    expect(queue.flightMessages).toBe(0);
  });

  test("lets go of everything when it ends, also of what becomes durable then", () => {
    queue.attach(new Link());
    take(2);
    queue.pump(0);
    queue.acknowledged(1);
    take(1);
    const staged = queue.accept(10);
    queue.end();
    queue.settle(staged, staged, 1);
    expect(released.sort()).toEqual([0, 1, 2, 3]);
  });
});
