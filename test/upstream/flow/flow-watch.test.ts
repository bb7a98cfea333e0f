import { describe, expect, test } from "bun:test";
import { ZERO_UUID } from "../../../src/base/ids.ts";
import { CANARY_TOPIC } from "../../../src/upstream/flow/canary-topic.ts";
import { canaryFault, type FlowFacts, FlowWatch, pauseOf } from "../../../src/upstream/flow/flow-watch.ts";
import type { LinkSettings } from "../../../src/upstream/link/settings.ts";
import { ModelRun } from "../model-run.ts";

const ALARM_MS = 60_000;

/** A run of an uplink that is watched every second. */
class WatchedRun {
  readonly run: ModelRun;
  readonly watch = new FlowWatch(ALARM_MS, 0);

  constructor(link: Partial<LinkSettings> = {}) {
    this.run = new ModelRun({ link });
    for (const topic of ["a", "b"]) this.run.memory.createTopic(topic, 1);
  }

  put(topic: string, value: string): void {
    this.run.memory.append(topic, 0, [{ key: "k", value }]);
    this.run.forwarder.appended(topic, 0);
  }

  pass(durationMs: number): void {
    for (let left = durationMs; left > 0; left -= 1_000) {
      this.run.run(1_000);
      this.watch.look(this.run.status(), this.run.nowMs);
    }
  }

  get reasons(): readonly string[] {
    return this.watch.alarms.map(({ topic, reason }) => `${topic ?? "all"}: ${reason}`);
  }
}

describe("an uplink", () => {
  test("that has nothing to send, or sends it, is well", () => {
    const watched = new WatchedRun();
    watched.pass(3 * ALARM_MS);
    watched.put("a", "1");
    watched.pass(3 * ALARM_MS);
    expect(watched.reasons).toEqual([]);
    expect(pauseOf(watched.run.status())).toBeNull();
  });

  test("whose centre is away alarms once it has been so for long, and no more when it is back", () => {
    const watched = new WatchedRun();
    watched.pass(5_000);
    watched.run.instead = (call) =>
      call.kind === "load-position" || call.kind === "save-position"
        ? null
        : { kind: "lost", reason: "no answer" };
    watched.put("a", "1");
    watched.pass(ALARM_MS - 10_000);
    expect(watched.reasons).toEqual([]);
    watched.pass(40_000);
    expect(watched.reasons).toHaveLength(1);
    expect(watched.reasons[0]).toContain("no answer");
    watched.run.instead = () => null;
    watched.pass(40_000);
    expect(watched.reasons).toEqual([]);
  });

  test("that is connected and gets no answer to what it sends alarms, too", () => {
    const watched = new WatchedRun();
    watched.pass(5_000);
    watched.run.instead = (call) => (call.kind === "produce" ? "never" : null);
    watched.put("a", "1");
    watched.pass(ALARM_MS + 2_000);
    expect(watched.run.status().state.kind).toBe("forwarding");
    expect(watched.reasons[0]).toMatch(/^a: connected, but nothing goes up/);
    expect(watched.reasons).toHaveLength(1);
  });

  test("alarms for one topic that is denied while another flows", () => {
    const watched = new WatchedRun();
    watched.pass(5_000);
    watched.run.instead = (call) => {
      if (call.kind === "produce" && call.ask.topic === "a") {
        return { kind: "answered", answer: { error: 29, message: null, baseOffset: -1 } };
      }
      if (call.kind !== "topics") return null;
      const answer = call.ask.map((name) => ({
        ...{ name, error: name === "a" ? 29 : 0, id: ZERO_UUID },
        partitions: name === "a" ? 0 : 1,
      }));
      return { kind: "answered", answer };
    };
    watched.put("a", "1");
    for (let i = 0; i < 8; i += 1) {
      watched.put("b", String(i));
      watched.pass(10_000);
    }
    expect(watched.reasons).toEqual(["a: blocked: TOPIC_AUTHORIZATION_FAILED"]);
    expect(watched.run.values("b")).toHaveLength(8);
  });

  test("that is meant to stand still says so, and its time does not count", () => {
    const watched = new WatchedRun();
    watched.pass(5_000);
    watched.put("a", "1");
    watched.run.forwarder.setMode("paused");
    watched.pass(3 * ALARM_MS);
    expect(watched.reasons).toEqual([]);
    expect(pauseOf(watched.run.status())).toBe("paused");
    watched.run.instead = (call) => (call.kind === "produce" ? "never" : null);
    watched.run.forwarder.setMode("flowing");
    watched.pass(ALARM_MS - 10_000);
    expect(watched.reasons).toEqual([]);
    watched.pass(20_000);
    expect(watched.reasons).not.toEqual([]);
  });
});

describe("after an outage", () => {
  /** Whether the centre is reached, and whether something waits that does not go up; looked at each second. */
  class Looks {
    readonly watch = new FlowWatch(ALARM_MS, 0);
    readonly #run = new ModelRun();
    #nowMs = 0;

    constructor() {
      this.#run.memory.createTopic("a", 1);
      this.#run.run(2_000);
      this.#run.instead = (call) => (call.kind === "produce" ? "never" : null);
      this.#run.memory.append("a", 0, [{ key: "k", value: "v" }]);
      this.#run.forwarder.appended("a", 0);
      this.#run.run(1_000);
    }

    pass(seconds: number, kind: "forwarding" | "connecting", outForMs: number | null = null): void {
      const status = this.#run.status();
      for (let left = seconds; left > 0; left -= 1) {
        this.#nowMs += 1_000;
        const canary = { ...status.canary, outForMs };
        this.watch.look({ ...status, state: { kind }, canary }, this.#nowMs);
      }
    }

    get topics(): readonly (string | null)[] {
      return this.watch.alarms.map(({ topic }) => topic);
    }
  }

  test("topics and canary get the whole time again", () => {
    const looks = new Looks();
    looks.pass(10, "forwarding");
    looks.pass(600, "connecting");
    expect(looks.topics).toEqual([null]);
    looks.pass(45, "forwarding", 625_000);
    expect(looks.topics).toEqual([]);
    looks.pass(20, "forwarding", 645_000);
    expect(looks.topics).toEqual(["a", null]);
  });

  test("one shorter than an alarm does not count either, but does not begin it anew", () => {
    const looks = new Looks();
    looks.pass(20, "forwarding");
    looks.pass(50, "connecting");
    looks.pass(30, "forwarding");
    expect(looks.topics).toEqual([]);
    looks.pass(15, "forwarding");
    expect(looks.topics).toEqual(["a"]);
  });

  test("a link that flaps and carries nothing alarms, and a second long outage is excused, too", () => {
    const flaps = new Looks();
    for (let n = 0; n < 4; n += 1) {
      flaps.pass(2, "forwarding");
      flaps.pass(30, "connecting");
    }
    expect(flaps.topics).toEqual(["a"]);
    const long = new Looks();
    for (let n = 0; n < 2; n += 1) {
      long.pass(10, "forwarding");
      long.pass(600, "connecting");
    }
    long.pass(20, "forwarding");
    expect(long.topics).toEqual([]);
  });
});

test("topics that a spent budget holds do not alarm, those with a priority do", () => {
  const link = { dayBudgetBytes: 1e6, atBudgetEnd: "priority", priorityTopics: ["b"] } as const;
  const watched = new WatchedRun(link);
  watched.run.memory.createTopic(CANARY_TOPIC, 1);
  watched.pass(5_000);
  watched.run.governor.meter.sent(1e6, watched.run.nowMs);
  watched.put("a", "1");
  watched.put(CANARY_TOPIC, "1");
  watched.run.forwarder.canary.released("1", watched.run.nowMs);
  watched.pass(3 * ALARM_MS);
  expect([watched.reasons, watched.run.values("a")]).toEqual([[], []]);
  watched.run.instead = (call) => (call.kind === "produce" ? "never" : null);
  watched.put("b", "1");
  watched.pass(ALARM_MS + 2_000);
  expect(watched.reasons).toEqual([expect.stringMatching(/^b: connected, but nothing goes up/)]);
});

test("an uplink that is not connected says so before it alarms", () => {
  const watched = new WatchedRun();
  watched.run.instead = (call) => (call.kind === "connect" ? { kind: "lost", reason: "no such host" } : null);
  watched.pass(20_000);
  expect(watched.reasons).toEqual([]);
  expect(watched.watch.away(watched.run.status(), watched.run.nowMs)).toEqual({
    forMs: 20_000,
    alarmInMs: 40_000,
    reason: "backing off: no such host",
  });
  expect(watched.run.status().lastErrorAgoMs).toBeLessThan(20_000);
  watched.run.governor.mode = "paused";
  expect(pauseOf(watched.run.status())).toBe("paused");
  expect(watched.watch.away(watched.run.status(), watched.run.nowMs)).toBeNull();
  watched.run.governor.mode = "flowing";
  watched.run.instead = () => null;
  watched.pass(40_000);
  expect(watched.watch.away(watched.run.status(), watched.run.nowMs)).toBeNull();
  expect(watched.run.status().lastErrorAgoMs).toBeGreaterThan(10_000);
});

test("a canary that does not come back is an alarm, with why", () => {
  const watch = new FlowWatch(ALARM_MS, 0);
  const canary = { outForMs: ALARM_MS, seenAgoMs: null, roundTripMs: null, fault: "it can't be read back" };
  const run = new ModelRun();
  const facts: FlowFacts = { ...run.status(), state: { kind: "forwarding" }, canary };
  watch.look(facts, ALARM_MS);
  expect(watch.alarms).toEqual([
    { topic: null, forMs: ALARM_MS, reason: "the canary has not come back: it can't be read back" },
  ]);
  watch.look({ ...facts, canary: { ...canary, outForMs: null } }, ALARM_MS);
  expect(watch.alarms).toEqual([]);
});

test("a centre that has no topic for canaries is no alarm", () => {
  const watch = new FlowWatch(ALARM_MS, 0);
  const canary = { outForMs: ALARM_MS, seenAgoMs: null, roundTripMs: null, fault: null };
  const run = new ModelRun();
  run.memory.createTopic(CANARY_TOPIC, 1);
  run.memory.append(CANARY_TOPIC, 0, [{ key: "k", value: "v" }]);
  run.instead = (call) =>
    call.kind === "create-topic" ? { kind: "answered", answer: { error: 29, message: "not allowed" } } : null;
  run.run(5_000);
  watch.look({ ...run.status(), canary }, 0);
  watch.look({ ...run.status(), canary }, 2 * ALARM_MS);
  watch.look({ ...run.status(), canary: { ...canary, outForMs: 2 * ALARM_MS } }, 2 * ALARM_MS + 1);
  expect(watch.alarms.filter(({ topic }) => topic === CANARY_TOPIC)).toEqual([]);
  expect(canaryFault(run.status().topics)).toBe(
    "headwater.canary is missing at the centre: it can't be made: not allowed",
  );
});

test("without a time there are no alarms", () => {
  const watch = new FlowWatch(0, 0);
  watch.look({ ...new ModelRun().status(), state: { kind: "connecting" } }, 10 * ALARM_MS);
  expect(watch.alarms).toEqual([]);
});
