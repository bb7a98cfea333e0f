import { describe, expect, test } from "bun:test";
import type { PendingBatch } from "../../../src/broker/ingest.ts";
import { type Deadband, LastValues } from "../../../src/mqtt/payloads/deadband.ts";
import { PayloadFault } from "../../../src/mqtt/payloads/fault.ts";
import type { PipelineConfig } from "../../../src/mqtt/payloads/pipeline.ts";
import { type RouteConfig, RouteTable } from "../../../src/mqtt/routes.ts";
import { FakeBatch } from "../support/fake-ingest.ts";
import { newPipeline, StateRig } from "../support/pipeline.ts";
import { publishPacket, Rig, toHex } from "../support/rig.ts";

const NOW = Date.UTC(2026, 0, 1);
const DURABLE: PendingBatch = { state: "durable", error: 0, sizeBytes: 0 };

/** A pipeline with what it remembers: `send` says how many records of a payload pass, and how many don't. */
class Line {
  readonly rig: StateRig;
  readonly #pipeline;

  constructor(
    fields: readonly Deadband[],
    maxSilenceMs = Number.POSITIVE_INFINITY,
    more: Partial<PipelineConfig> = {},
    maxLastValues = 1_000,
  ) {
    this.rig = new StateRig(maxLastValues);
    this.#pipeline = newPipeline({ deadband: { fields, maxSilenceMs }, ...more });
  }

  send(payload: string, batch: PendingBatch = DURABLE, topic = "a"): [passed: number, unchanged: number] {
    const decoded = this.decode(payload, topic);
    decoded.commit(batch);
    return [decoded.records.length, decoded.unchanged];
  }

  decode(payload: string, topic = "a") {
    const decoded = this.rig.run(this.#pipeline, payload, NOW, topic);
    if (decoded instanceof PayloadFault) throw new Error(decoded.reason);
    return decoded;
  }

  /** Which of these values of `v` pass, one after the other. */
  passing(...values: readonly string[]): string[] {
    return values.filter((value) => this.send(`{"v":${value}}`)[0] === 1);
  }
}

function width(text: string, ...path: string[]): Deadband {
  const isPercent = text.endsWith("%");
  return { path: path.length === 0 ? ["v"] : path, width: Number.parseFloat(text), isPercent };
}

describe("a field passes", () => {
  test("when it has moved by more than its width since the last that passed, not since the last", () => {
    expect(new Line([width("0.5")]).passing("20", "20.4", "20.5", "20.6", "20.1", "20.05", "-1")).toEqual([
      "20",
      "20.6",
      "20.05",
      "-1",
    ]);
  });

  test("by percent of the last value; from zero by any move", () => {
    expect(new Line([width("10%")]).passing("100", "110", "110.5", "100", "99", "0", "0", "0.001")).toEqual([
      "100",
      "110.5",
      "99",
      "0",
      "0.001",
    ]);
    expect(new Line([width("10%")]).passing("-100", "-105", "-111")).toEqual(["-100", "-111"]);
  });

  test("on any change where the width is 0, to the last digit and whatever the value is", () => {
    const line = new Line([width("0")]);
    const values = [
      "1",
      "1.0",
      "1e0",
      "1.0000000000000001",
      "1.0000000000000002",
      "null",
      "null",
      '"1"',
      "true",
      "true",
      "[1]",
      "[1]",
      "[2]",
      '{"a":1}',
      '{"a":1}',
    ];
    expect(line.passing(...values)).toEqual([
      "1",
      "1.0000000000000001",
      "1.0000000000000002",
      "null",
      '"1"',
      "true",
      "[1]",
      "[2]",
      '{"a":1}',
    ]);
  });

  test("integers beyond 53 bits are told apart", () => {
    const big = (last: number) => `900719925474099300${last}`;
    expect(new Line([width("0")]).passing(big(0), big(0), big(1))).toEqual([big(0), big(1)]);
    expect(new Line([width("2")]).passing(big(0), big(2), big(3))).toEqual([big(0), big(3)]);
  });

  test("when it changes its kind: a number that becomes null, or is one again", () => {
    expect(new Line([width("5")]).passing("1", "null", "2", '"x"')).toEqual(["1", "null", "2", '"x"']);
  });

  test("where its text is too long to be kept", () => {
    const long = JSON.stringify("x".repeat(300));
    expect(new Line([width("0")]).passing(long, long)).toEqual([long, long]);
  });
});

describe("a record passes", () => {
  test("whole, when one of its fields does; the others' last values are then those that it has", () => {
    const line = new Line([width("1", "a"), width("10", "b")]);
    expect(line.send('{"a":1,"b":100}')).toEqual([1, 0]);
    expect(line.send('{"a":1.5,"b":109}')).toEqual([0, 1]);
    expect(line.send('{"a":3,"b":109}')).toEqual([1, 0]);
    expect(line.send('{"a":3,"b":118}')).toEqual([0, 1]);
    expect(line.send('{"a":3,"b":120}')).toEqual([1, 0]);
  });

  test("when a field is new; one that is missing is no change", () => {
    const line = new Line([width("1", "a"), width("1", "b")]);
    expect(line.send('{"a":1}')).toEqual([1, 0]);
    expect(line.send('{"b":1}')).toEqual([1, 0]);
    expect(line.send('{"a":1}')).toEqual([0, 1]);
    expect(line.send('{"b":1.5,"c":9}')).toEqual([0, 1]);
  });

  test("when it has none of the fields, every time", () => {
    const line = new Line([width("1", "a")]);
    expect([line.send('{"c":1}'), line.send('{"c":1}'), line.send("5")]).toEqual([
      [1, 0],
      [1, 0],
      [1, 0],
    ]);
  });

  test("after the longest silence, which begins with the last that passed", () => {
    const line = new Line([width("1")], 1_000);
    expect(line.passing("1", "1")).toEqual(["1"]);
    line.rig.clock.advance(999);
    expect(line.passing("1")).toEqual([]);
    line.rig.clock.advance(1);
    expect(line.passing("1", "1")).toEqual(["1"]);
  });

  test("per MQTT topic and key", () => {
    const line = new Line([width("0")], Number.POSITIVE_INFINITY, { split: [], key: ["k"] });
    const pack = '[{"k":"x","v":1},{"k":"y","v":1},{"k":"x","v":1}]';
    expect(line.send(pack)).toEqual([2, 1]);
    expect(line.send(pack)).toEqual([0, 3]);
    expect(line.send(pack, DURABLE, "b")).toEqual([2, 1]);
  });

  test("in SenML per name, whatever the key is; what is split is compared by a key of its own or not at all", () => {
    const line = new Line([width("0")], Number.POSITIVE_INFINITY, { payload: "senml+json" });
    const pack = '[{"bn":"d/","n":"a","v":1},{"n":"b","v":1},{"n":"a","v":1}]';
    expect(line.send(pack)).toEqual([2, 1]);
    expect(
      () => new RouteTable([{ filter: "a", topic: "t", payload: "json", split: "", deadband: { v: "1" } }]),
    ).toThrow("need a key from the payload");
  });

  test("after a start: nothing is known then", () => {
    expect(new Line([width("0")]).passing("1")).toEqual(["1"]);
    expect(new Line([width("0")]).passing("1")).toEqual(["1"]);
  });

  test("by its values as they are converted", () => {
    const shaping = {
      select: null,
      rename: [],
      convert: [[["v"], ["degF -> Cel"]]] as const,
      hasUnits: false,
    };
    const line = new Line([width("1")], Number.POSITIVE_INFINITY, { shaping });
    expect(line.passing("68", "69.7", "70")).toEqual(["68", "70"]);
  });
});

describe("what a value is compared with", () => {
  test("a message that is refused leaves no last value", () => {
    const line = new Line([width("0")]);
    const batch = new FakeBatch();
    expect(line.send('{"v":1}', batch)).toEqual([1, 0]);
    expect(line.send('{"v":1}')).toEqual([0, 1]);
    batch.state = "refused";
    expect(line.send('{"v":1}')).toEqual([1, 0]);
    const refused = new FakeBatch();
    refused.state = "refused";
    expect(line.send('{"v":2}', refused)).toEqual([1, 0]);
    expect(line.send('{"v":1}')).toEqual([0, 1]);
  });

  test("who repeats a value that is on its way waits with it, and no longer than that", () => {
    const line = new Line([width("0")]);
    const batch = new FakeBatch();
    line.send('{"v":1}', batch);
    expect([...line.decode('{"v":1}').waitsFor]).toEqual([batch]);
    batch.state = "durable";
    expect([...line.decode('{"v":1}').waitsFor]).toEqual([]);
  });

  test("what faults in a message changes nothing", () => {
    const line = new Line([width("0")], Number.POSITIVE_INFINITY, { split: [], key: ["k"] });
    expect(
      line.rig.run(
        newPipeline({ split: [], key: ["k"], deadband: { fields: [width("0")], maxSilenceMs: 1 } }),
        '[{"k":"x","v":1},{"v":1}]',
        NOW,
      ),
    ).toBeInstanceOf(PayloadFault);
    expect(line.rig.state.lastValues.size).toBe(0);
    expect(line.send('[{"k":"x","v":1}]')).toEqual([1, 0]);
  });
});

describe("bounds", () => {
  test("no more names are known than the limit, and the one used last stays", () => {
    const line = new Line([width("0")], Number.POSITIVE_INFINITY, {}, 100);
    for (let device = 0; device < 10_000; device++) {
      line.send('{"v":1}', DURABLE, `d/${device}`);
      line.send('{"v":1}', DURABLE, "d/steady");
      expect(line.rig.state.lastValues.size).toBeLessThanOrEqual(100);
    }
    expect(line.send('{"v":1}', DURABLE, "d/steady")).toEqual([0, 1]);
    expect(line.send('{"v":1}', DURABLE, "d/9999")).toEqual([0, 1]);
    expect(line.send('{"v":1}', DURABLE, "d/1")).toEqual([1, 0]);
  });

  test("a name that is too long is not kept: its records pass", () => {
    const line = new Line([width("0")]);
    const topic = "x".repeat(600);
    expect([line.send('{"v":1}', DURABLE, topic), line.send('{"v":1}', DURABLE, topic)]).toEqual([
      [1, 0],
      [1, 0],
    ]);
    expect(line.rig.state.lastValues.size).toBe(0);
  });

  test("one name may be all there is room for", () => {
    const last = new LastValues(1);
    last.keep("a", { values: [1], atMs: 0, batch: DURABLE });
    last.keep("b", { values: [2], atMs: 0, batch: DURABLE });
    expect(last.find("b")?.values).toEqual([2]);
    expect(last.size).toBeLessThanOrEqual(2);
  });
});

describe("through the door", () => {
  const ROUTE: RouteConfig = {
    filter: "d/{key}",
    topic: "readings",
    payload: "json",
    deadband: { v: "0.5" },
    maxSilenceMs: 60_000,
  };

  test("[MQTT-4.6.0-2] an unchanged message is acknowledged once the value that it repeats is on the disk, in order", () => {
    const rig = new Rig({}, [ROUTE]);
    const device = rig.connect(4, "a");
    device.feed(publishPacket("d/x", '{"v":1}', 1, 1));
    device.feed(publishPacket("d/x", '{"v":1.2}', 1, 2));
    rig.clock.settle();
    expect(device.take()).toHaveLength(0);
    rig.settle();
    expect(toHex(device.take())).toBe("40 02 00 01 40 02 00 02");
    device.feed(publishPacket("d/x", '{"v":1.3}', 1, 3));
    rig.clock.settle();
    expect(toHex(device.take())).toBe("40 02 00 03");
    expect(rig.ingest.records.map(({ text }) => text)).toEqual(['{"v":1}']);
    expect(rig.door.stats()).toMatchObject({
      recordsUnchanged: 2,
      publishesUnchanged: 2,
      splitRecords: 0,
      deadLetters: 0,
    });
  });

  test("where that value is refused, so is who repeats it, and the next one is stored", () => {
    const rig = new Rig({}, [ROUTE]);
    const device = rig.connect(5, "a");
    rig.ingest.refusals.set("readings", 56);
    device.feed(publishPacket("d/x", '{"v":1}', 1, 1, { version: 5 }));
    device.feed(publishPacket("d/x", '{"v":1}', 1, 2, { version: 5 }));
    rig.settle();
    expect(toHex(device.take())).toBe("40 03 00 01 83 40 03 00 02 83");
    rig.ingest.refusals.clear();
    device.feed(publishPacket("d/x", '{"v":1}', 1, 3, { version: 5 }));
    rig.settle();
    expect(toHex(device.take())).toBe("40 02 00 03");
    expect(rig.ingest.records).toHaveLength(2);
  });
});
