import { describe, expect, test } from "bun:test";
import { GAP_TOPIC } from "../../../src/broker/gap-ledger.ts";
import { GatewayTime } from "../../../src/clock/gateway-time.ts";
import { STAMP } from "../../../src/clock/marks.ts";
import { SimulatedMachine } from "../../../src/io/simulated/machine.ts";
import { encodeHeaders } from "../../../src/records/builder.ts";
import { decodeRecords } from "../../../src/records/reader.ts";
import type { LocalTimes } from "../../../src/upstream/times/local-times.ts";
import type { TimesSettings } from "../../../src/upstream/times/settings.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, ModelDisk, RULES, SECOND_MS, TODAY_MS } from "../../clock/rig.ts";
import { ModelRun } from "../model-run.ts";

const TOPIC = "t";

/** A gateway on a machine, and its uplink to a model of the centre. */
class TimedRun {
  readonly machine: SimulatedMachine;
  readonly time: GatewayTime;
  readonly run: ModelRun;
  #end = 0;

  constructor(machine: SimulatedMachine, times: Partial<TimesSettings> = {}) {
    this.machine = machine;
    const rules = { ...RULES, hasBatteryClock: machine.hasBatteryClock };
    this.time = new GatewayTime(machine, rules, new ModelDisk(), {
      onChange: () => {},
      onFailure: () => {},
    });
    const { time } = this;
    const localTimes: LocalTimes = {
      nowMs: () => time.trueNowMs(),
      isDoubtful: (log, from) => time.isDoubtful(log, from),
      trueTime: (log, offset, stampedMs) => time.trueTime(log, offset, stampedMs),
      timeOfBoot: (boot, bootMs, stampedMs) => time.timeOfBoot(boot, bootMs, stampedMs),
    };
    this.run = new ModelRun({ times, localTimes });
    this.run.memory.createTopic(TOPIC, 1);
  }

  /** A message comes; `senderMs` where it has a time of its own. */
  take(value: string, senderMs: number | null = null): void {
    const topicId = this.run.memory.topics()[0]?.id ?? "";
    const log = { topicId, partition: 0, logStartOffset: 0, logEndOffset: this.#end };
    this.time.look();
    this.time.stamped(log, senderMs === null ? STAMP.arrival : STAMP.sender);
    const { boot, bootMs } = this.time.bootTime;
    const text = (words: string) => new TextEncoder().encode(words);
    const headers =
      senderMs === null && !this.time.isKnown
        ? [
            { key: "headwater.boot", value: text(boot) },
            { key: "headwater.monotonic-ms", value: text(String(bootMs)) },
          ]
        : null;
    const timestampMs = senderMs ?? this.machine.wallMs;
    this.run.memory.append(TOPIC, 0, [
      { key: null, value, timestampMs, ...(headers === null ? {} : { headers: encodeHeaders(headers) }) },
    ]);
    this.run.forwarder.appended(TOPIC, 0);
    this.#end += 1;
  }

  /** Time passes for the machine and the uplink. */
  pass(durationMs: number): void {
    const stepMs = Math.max(SECOND_MS, durationMs / 20);
    for (let left = durationMs; left > 0; left -= stepMs) {
      this.machine.pass(Math.min(stepMs, left));
      this.run.nowMs += Math.min(stepMs, left);
      this.time.look();
      this.run.step();
    }
  }

  /** What a careful reader of the centre sees: values, timestamps and our headers about time. */
  seen(): readonly Readonly<Record<string, unknown>>[] {
    const [records] = this.run.centre.visible(TOPIC);
    return (records ?? []).map(({ value, timestampMs, headers }) => ({
      value: new TextDecoder().decode(value ?? undefined),
      timestampMs,
      ...Object.fromEntries(
        headers
          .filter(({ key }) => key.startsWith("headwater.time"))
          .map(({ key, value: text }) => [key, new TextDecoder().decode(text ?? undefined)]),
      ),
    }));
  }

  get holds(): readonly (string | null)[] {
    return this.run.status().topics.flatMap(({ partitions }) => partitions.map(({ hold }) => hold));
  }
}

describe("a clock that is not known", () => {
  test("is waited for, and what came meanwhile goes up with its true time", () => {
    const gateway = new TimedRun(new SimulatedMachine(TODAY_MS, 0, false));
    gateway.take("early");
    gateway.pass(MINUTE_MS);
    expect(gateway.seen()).toEqual([]);
    expect(gateway.holds).toEqual(["the time is not known yet"]);
    expect(gateway.run.status().times.clock).toMatchObject({ waiting: true, repaired: 0 });
    expect(gateway.run.reports).toContain("warn the time is not known: records wait for it");
    gateway.machine.synchronise();
    gateway.pass(2 * SECOND_MS);
    gateway.take("late");
    gateway.pass(2 * SECOND_MS);
    expect(gateway.seen()).toEqual([
      { value: "early", timestampMs: TODAY_MS, "headwater.time-stamped": "0" },
      { value: "late", timestampMs: TODAY_MS + MINUTE_MS + 2 * SECOND_MS },
    ]);
    expect(gateway.run.status().times.clock).toMatchObject({ waiting: false, waitedMs: null, repaired: 1 });
    expect(gateway.holds).toEqual([null]);
  });

  test("is waited for no longer than set; then records go up as stamped, and that is said once", () => {
    const gateway = new TimedRun(new SimulatedMachine(TODAY_MS, 0, false), { clockWaitMs: 10 * MINUTE_MS });
    gateway.take("a");
    gateway.pass(9 * MINUTE_MS);
    expect(gateway.seen()).toEqual([]);
    gateway.pass(2 * MINUTE_MS);
    gateway.take("b");
    gateway.pass(MINUTE_MS);
    expect(gateway.seen()).toEqual([
      { value: "a", timestampMs: 0 },
      { value: "b", timestampMs: 11 * MINUTE_MS },
    ]);
    expect(gateway.run.status().times.clock).toMatchObject({ waiting: false, unrepaired: 2 });
    const said = gateway.run.reports.filter((line) => line.includes("records go up as they were stamped"));
    expect(said).toEqual(["warn the time is not known after 10m: records go up as they were stamped"]);
  });

  test("holds what late.records holds for longer, where the centre would not keep everything", () => {
    for (const retention of ["3600000", "-1"]) {
      const times = { clockWaitMs: 10 * MINUTE_MS, lateRecords: "hold" } as const;
      const gateway = new TimedRun(new SimulatedMachine(TODAY_MS, 0, false), times);
      const settings = {
        "retention.ms": retention,
        "message.timestamp.before.max.ms": "9223372036854775807",
      };
      gateway.run.centre.settings.set(TOPIC, new Map(Object.entries(settings)));
      gateway.take("a");
      gateway.pass(20 * MINUTE_MS);
      if (retention === "-1") {
        expect(gateway.seen()).toEqual([{ value: "a", timestampMs: 0 }]);
        continue;
      }
      expect(gateway.seen()).toEqual([]);
      expect(gateway.holds[0]).toContain("nor whether the centre would keep");
      gateway.machine.synchronise();
      gateway.pass(2 * MINUTE_MS);
      expect(gateway.seen()).toEqual([{ value: "a", timestampMs: TODAY_MS, "headwater.time-stamped": "0" }]);
    }
  });

  test("does not hold up what its sender stamped in front of it, nor touch it", () => {
    const gateway = new TimedRun(new SimulatedMachine(TODAY_MS, 0, false));
    gateway.take("sent", TODAY_MS - HOUR_MS);
    gateway.pass(MINUTE_MS);
    expect(gateway.seen()).toEqual([{ value: "sent", timestampMs: TODAY_MS - HOUR_MS }]);
  });

  test("holds that, too, where late records are held: nobody can tell how old it is", () => {
    const times = { lateRecords: "hold" } as const;
    const gateway = new TimedRun(new SimulatedMachine(TODAY_MS, 0, false), times);
    gateway.run.centre.settings.set(TOPIC, new Map([["retention.ms", String(2 * HOUR_MS)]]));
    gateway.take("sent", TODAY_MS - HOUR_MS);
    gateway.pass(MINUTE_MS);
    expect(gateway.seen()).toEqual([]);
    expect(gateway.holds[0]).toContain("nor whether the centre would keep");
    gateway.machine.synchronise();
    gateway.pass(2 * MINUTE_MS);
    expect(gateway.seen()).toEqual([{ value: "sent", timestampMs: TODAY_MS - HOUR_MS }]);
    expect(gateway.holds).toEqual([null]);
  });

  test("holds up no ledger, on which other records wait", () => {
    const gateway = new TimedRun(new SimulatedMachine(TODAY_MS), { lateRecords: "hold" });
    for (const topic of [TOPIC, GAP_TOPIC])
      gateway.run.centre.settings.set(topic, new Map([["retention.ms", String(HOUR_MS)]]));
    gateway.run.memory.createTopic(GAP_TOPIC, 1);
    for (const topic of [TOPIC, GAP_TOPIC]) {
      gateway.run.memory.append(topic, 0, [{ key: null, value: "old", timestampMs: TODAY_MS - 2 * HOUR_MS }]);
      gateway.run.forwarder.appended(topic, 0);
    }
    gateway.pass(MINUTE_MS);
    expect(gateway.seen()).toEqual([]);
    expect(gateway.run.centre.visible(GAP_TOPIC).flat()).toHaveLength(1);
  });

  test("that never became known before the machine went off is said to be an estimate", () => {
    const machine = new SimulatedMachine(TODAY_MS, 0, false);
    const gateway = new TimedRun(machine);
    gateway.take("early");
    // The next boot finds the ledger; only the uplink's view of it matters here.
    machine.pass(MINUTE_MS);
    gateway.time.look();
    expect(gateway.time.timeOfBoot("boot-1", 0, 0)).toBeNull();
  });
});

test("a clock that was two minutes ahead is set back: what waits goes up with true times", () => {
  const gateway = new TimedRun(new SimulatedMachine(TODAY_MS, TODAY_MS + 2 * MINUTE_MS));
  gateway.run.instead = (call) => (call.kind === "connect" ? { kind: "lost", reason: "away" } : null);
  gateway.take("ahead");
  gateway.pass(MINUTE_MS);
  gateway.machine.synchronise();
  gateway.time.look();
  gateway.take("right");
  gateway.run.instead = () => null;
  gateway.pass(2 * MINUTE_MS);
  expect(gateway.seen()).toEqual([
    { value: "ahead", timestampMs: TODAY_MS, "headwater.time-stamped": String(TODAY_MS + 2 * MINUTE_MS) },
    { value: "right", timestampMs: TODAY_MS + MINUTE_MS },
  ]);
});

test("a record that is ahead of the time makes nothing fresher than it is", () => {
  const gateway = new TimedRun(new SimulatedMachine(TODAY_MS));
  gateway.pass(3 * SECOND_MS);
  gateway.take("ahead", TODAY_MS + DAY_MS);
  gateway.pass(3 * SECOND_MS);
  expect(gateway.seen()).toHaveLength(1);
  gateway.pass(HOUR_MS);
  const ageMs = gateway.machine.wallMs - gateway.run.status().newestTimestampMs;
  expect(ageMs).toBeGreaterThanOrEqual(HOUR_MS);
  expect(ageMs).toBeLessThanOrEqual(HOUR_MS + 10 * SECOND_MS);
});

describe("records that the centre would not keep", () => {
  const old = TODAY_MS - 2 * HOUR_MS;

  function run(lateRecords: TimesSettings["lateRecords"], settings: Readonly<Record<string, string>>) {
    const gateway = new TimedRun(new SimulatedMachine(TODAY_MS), { lateRecords });
    gateway.run.centre.settings.set(TOPIC, new Map(Object.entries(settings)));
    // The settings are read before the first record: the topic is there.
    gateway.pass(3 * SECOND_MS);
    gateway.take("old", old);
    gateway.take("new");
    gateway.pass(3 * SECOND_MS);
    return gateway;
  }

  const HOUR = { "retention.ms": String(HOUR_MS) };
  const says = "records of t are 2h4s old, and the centre may delete what is older than 1h";

  test("go up all the same by default, and that is said", () => {
    const gateway = run("send", HOUR);
    expect(gateway.seen().map(({ value, timestampMs }) => [value, timestampMs])).toEqual([
      ["old", old],
      ["new", TODAY_MS + 3 * SECOND_MS],
    ]);
    expect(gateway.run.reports).toContain(`trouble ${says}: they go up all the same`);
    expect(gateway.run.status().times.late.topics[0]).toMatchObject({ lateRecords: 1, retentionMs: HOUR_MS });
  });

  test("wait, and those behind them, until the centre is set otherwise", () => {
    const gateway = run("hold", HOUR);
    expect(gateway.seen()).toEqual([]);
    expect(gateway.holds).toEqual([expect.stringContaining("they are held")]);
    gateway.run.centre.settings.set(TOPIC, new Map([["retention.ms", String(DAY_MS)]]));
    gateway.pass(2 * MINUTE_MS);
    expect(gateway.seen().map(({ value }) => value)).toEqual(["old", "new"]);
  });

  test("go up with the time of sending, and their own beside it", () => {
    const gateway = run("arrival-time", HOUR);
    const [first, second] = gateway.seen();
    expect(first).toEqual({
      value: "old",
      timestampMs: TODAY_MS + 4 * SECOND_MS,
      "headwater.time": String(old),
    });
    expect(second).toEqual({ value: "new", timestampMs: TODAY_MS + 3 * SECOND_MS });
  });

  test("are those beyond its bounds as well, in both directions", () => {
    const before = run("hold", { "message.timestamp.before.max.ms": String(HOUR_MS) });
    expect(before.holds[0]).toContain("the centre refuses what is older than 1h");
    const ahead = new TimedRun(new SimulatedMachine(TODAY_MS), { lateRecords: "hold" });
    const bounds = new Map([["message.timestamp.after.max.ms", String(HOUR_MS)]]);
    ahead.run.centre.settings.set(TOPIC, bounds);
    ahead.take("ahead", TODAY_MS + 2 * HOUR_MS);
    ahead.pass(5 * SECOND_MS);
    expect(ahead.holds[0]).toContain("more than 1h ahead");
  });

  test("are none where it deletes nothing by age", () => {
    for (const settings of [{ ...HOUR, "cleanup.policy": "compact" }, { "retention.ms": "-1" }, {}]) {
      expect(run("hold", settings).seen()).toHaveLength(2);
    }
  });

  test("are none where it stamps records itself: their true times go with them", () => {
    const gateway = run("hold", { ...HOUR, "message.timestamp.type": "LogAppendTime" });
    expect(gateway.seen().map((record) => record["headwater.time"])).toEqual([
      String(old),
      String(TODAY_MS + 3 * SECOND_MS),
    ]);
  });

  test("are not looked for where its settings can't be read, which is said", () => {
    const gateway = new TimedRun(new SimulatedMachine(TODAY_MS), { lateRecords: "hold" });
    gateway.run.instead = (call) =>
      call.kind === "topic-settings"
        ? { kind: "answered", answer: [{ name: TOPIC, error: 29, values: new Map() }] }
        : null;
    gateway.take("old", old);
    gateway.pass(5 * SECOND_MS);
    expect(gateway.seen()).toHaveLength(1);
    expect(gateway.run.reports).toContain(
      "trouble the settings of t at the centre can't be read (TOPIC_AUTHORIZATION_FAILED): none are assumed",
    );
  });
});

test("settings whose answer was lost with the connection are asked for again, and none assumed meanwhile", () => {
  const machine = new SimulatedMachine(TODAY_MS);
  machine.synchronised = true;
  const gateway = new TimedRun(machine, { lateRecords: "arrival-time" });
  gateway.run.centre.settings.set(TOPIC, new Map([["retention.ms", String(HOUR_MS)]]));
  let lost = 0;
  gateway.run.instead = ({ kind }) => {
    if (kind !== "topic-settings" || lost === 2) return null;
    lost += 1;
    return { kind: "lost", reason: "the link broke" };
  };
  gateway.take("late", TODAY_MS - 2 * HOUR_MS);
  gateway.pass(MINUTE_MS);
  expect(lost).toBe(2);
  expect(gateway.seen()).toMatchObject([{ value: "late", "headwater.time": String(TODAY_MS - 2 * HOUR_MS) }]);
});

describe("a time that the centre refuses, by its own clock", () => {
  const BOUNDS = new Map([
    ["message.timestamp.after.max.ms", String(HOUR_MS)],
    ["message.timestamp.before.max.ms", String(DAY_MS)],
  ]);
  /** Ahead by three hours, and believed: nobody on the gateway can tell. */
  const AHEAD_MS = 3 * HOUR_MS;

  function gatewayWith(lateRecords: TimesSettings["lateRecords"]) {
    const gateway = new TimedRun(new SimulatedMachine(TODAY_MS), { lateRecords });
    gateway.run.centre.settings.set(TOPIC, BOUNDS);
    const startMs = gateway.run.nowMs;
    gateway.run.centre.wallMs = () => TODAY_MS + (gateway.run.nowMs - startMs);
    gateway.pass(3 * SECOND_MS);
    return gateway;
  }

  function jump(gateway: TimedRun, byMs: number): void {
    gateway.machine.set(gateway.machine.wallMs + byMs);
    gateway.time.look();
  }

  const values = (gateway: TimedRun) => gateway.seen().map(({ value }) => value);
  const refusals = (gateway: TimedRun) =>
    gateway.run.reports.filter((line) => line.includes("INVALID_TIMESTAMP"));
  const gaps = (gateway: TimedRun) => gateway.run.reports.filter((line) => line.startsWith("gap"));

  test.each(["send", "arrival-time"] as const)("goes up with the time of sending (%s)", (lateRecords) => {
    const gateway = gatewayWith(lateRecords);
    gateway.take("before");
    gateway.pass(5 * SECOND_MS);
    jump(gateway, AHEAD_MS);
    const jumpedMs = gateway.machine.wallMs;
    for (const value of ["a", "b", "c", "d"]) {
      gateway.take(value);
      gateway.pass(10 * SECOND_MS);
    }
    gateway.pass(MINUTE_MS);
    expect(values(gateway)).toEqual(["before", "a", "b", "c", "d"]);
    expect(gaps(gateway)).toEqual([]);
    const [, first, second] = gateway.seen();
    expect(first).toMatchObject({ "headwater.time": String(jumpedMs) });
    // By the centre's clock, within the second that readings wait.
    expect(Math.abs(Number(second?.timestampMs) - (jumpedMs - AHEAD_MS + 10 * SECOND_MS))).toBeLessThan(
      5 * SECOND_MS,
    );
    // One refusal is enough to know what the others may not be.
    expect(refusals(gateway)).toHaveLength(1);
    jump(gateway, -AHEAD_MS);
    const rightMs = gateway.machine.wallMs;
    gateway.take("right");
    gateway.pass(10 * SECOND_MS);
    expect(gateway.seen().at(-1)).toEqual({ value: "right", timestampMs: rightMs });
  });

  test("goes up without one where the centre has never taken any", () => {
    const gateway = gatewayWith("send");
    jump(gateway, AHEAD_MS);
    gateway.take("first");
    gateway.take("second");
    gateway.pass(MINUTE_MS);
    expect(values(gateway)).toEqual(["first", "second"]);
    expect(gateway.seen()[0]).toMatchObject({
      timestampMs: -1,
      "headwater.time": String(TODAY_MS + 3 * SECOND_MS + AHEAD_MS),
    });
    expect(gaps(gateway)).toEqual([]);
  });

  test("is held where late records are, until the centre's clock is there", () => {
    const gateway = gatewayWith("hold");
    gateway.take("before");
    gateway.pass(5 * SECOND_MS);
    jump(gateway, AHEAD_MS);
    gateway.take("ahead");
    gateway.pass(MINUTE_MS);
    expect(values(gateway)).toEqual(["before"]);
    expect(gateway.holds[0]).toContain("more than 1h ahead");
    gateway.pass(2 * HOUR_MS);
    expect(values(gateway)).toEqual(["before", "ahead"]);
    expect(gaps(gateway)).toEqual([]);
  });

  test("that a device gave, too far from a clock that is right, goes up beside the time of sending", () => {
    const gateway = gatewayWith("send");
    const future = TODAY_MS + 2 * HOUR_MS;
    const past = TODAY_MS - 2 * DAY_MS;
    gateway.take("future", future);
    gateway.take("past", past);
    gateway.pass(MINUTE_MS);
    expect(gateway.seen()).toMatchObject([
      { value: "future", "headwater.time": String(future) },
      { value: "past", "headwater.time": String(past) },
    ]);
    expect(gaps(gateway)).toEqual([]);
    expect(refusals(gateway)).toEqual([]);
  });

  test("that is refused whatever is tried is a gap, and nothing waits for it", () => {
    const gateway = gatewayWith("send");
    gateway.run.instead = (call) =>
      call.kind === "produce" &&
      decodeRecords(call.ask.batch).some(({ key }) => key === null && call.ask.topic === TOPIC)
        ? { kind: "answered", answer: { error: 32, message: null, baseOffset: -1 } }
        : null;
    gateway.take("never");
    gateway.pass(MINUTE_MS);
    expect(gaps(gateway)).toHaveLength(1);
  });
});
