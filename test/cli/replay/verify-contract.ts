import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Outcome, run } from "../support.ts";
import { CentreWriter, type WrittenRecord } from "./centre-writer.ts";

const HOUR_MS = 3_600_000;
const T0 = Math.floor((Date.now() - 24 * HOUR_MS) / HOUR_MS) * HOUR_MS;
const at = (second: number): string => new Date(T0 + second * 1_000).toISOString();
const DEVICES = 7;
const RECORDS = 700;
/** Records [FROM, TO) are within the time span that is asked for. */
const FROM = 300;
const TO = 500;
/** One of device-1's, well within. */
const HIT = 400 - (400 % DEVICES) + 1;

/** What `replay --verify` promises of any Kafka as the centre. */
export function verifyContract(
  name: string,
  start: () => Promise<{ readonly bootstrap: string; stop(): Promise<void> }>,
): void {
  describe(`replay --verify of ${name}`, () => {
    let broker: { readonly bootstrap: string; stop(): Promise<void> };
    let writer: CentreWriter;
    let topics = 0;

    beforeAll(async () => {
      broker = await start();
      writer = new CentreWriter(broker.bootstrap);
      await writer.createTopic("headwater.gaps", 1);
    }, 120_000);

    afterAll(async () => {
      writer?.close();
      await broker?.stop();
    }, 60_000);

    /** A centre's topic with these records, and these entries of its gateway's ledger. */
    async function centre(
      records: readonly WrittenRecord[],
      gaps: readonly object[] = [],
      uplink?: string,
    ): Promise<string> {
      topics += 1;
      const topic = `telemetry-${topics}`;
      await writer.createTopic(topic, 3);
      await writer.write(topic, records);
      const carrier = uplink === undefined ? {} : { uplink };
      const origin = { gateway: "plant-a", log: "G/0", offset: topics, ...carrier };
      const entries = gaps.map((gap) => ({
        key: "device-1",
        value: JSON.stringify({ topic, ...gap }),
        timeMs: T0,
        origin,
      }));
      if (entries.length > 0) await writer.write("headwater.gaps", entries);
      return topic;
    }

    async function verify(
      topic: string,
      ...args: readonly string[]
    ): Promise<Outcome & { verdict: Verdict }> {
      const pairs = [["--from", at(FROM)] as const, ["--to", at(TO)] as const, ["--late", "20s"] as const];
      const given = ["-d", "device-1", ...pairs.filter(([name]) => !args.includes(name)).flat()];
      const command = ["replay", "-b", broker.bootstrap, "-t", topic, "--verify", "-f", "none", "-o", "json"];
      const outcome = await run([...command, ...given, ...args]);
      return { ...outcome, verdict: outcome.out === "" ? NO_VERDICT : JSON.parse(outcome.out) };
    }

    test("all is there", async () => {
      const topic = await centre(log());
      const { code, verdict } = await verify(topic);
      expect(code).toBe(0);
      expect(verdict).toMatchObject({ verdict: "complete", level: "log" });
      expect(verdict.logs).toHaveLength(1);
      expect(verdict.logs[0]).toMatchObject({
        ...{ gateway: "plant-a", log: "L/0", firstOffset: FROM - 1, lastOffset: TO, records: TO - FROM + 2 },
        ...{ closedBegin: true, closedEnd: true },
      });
      // For people, and with the records: these go on their own way.
      const outcome = await run([
        "replay",
        "-b",
        broker.bootstrap,
        "-t",
        topic,
        "-d",
        "device-1",
        "--verify",
      ]);
      expect(outcome.out.split("\n")).toHaveLength(RECORDS / DEVICES + 1);
      expect(outcome.err).toStartWith("complete between open edges: from the first offset");
    });

    test("a record is missing, of whomever", async () => {
      for (const gone of [HIT, HIT + 1]) {
        const { code, verdict } = await verify(await centre(log().filter((_, index) => index !== gone)));
        expect(code).toBe(7);
        expect(verdict.verdict).toBe("unaccounted");
        expect(verdict.logs[0]).toMatchObject({ missing: [{ start: gone, end: gone + 1 }], missingCount: 1 });
      }
    });

    test("what is missing of a compacted topic may have been replaced, which it says", async () => {
      await writer.createTopic("compacted", 3, { "cleanup.policy": "compact" });
      await writer.write(
        "compacted",
        log().filter((_, index) => index !== HIT),
      );
      const { code, verdict } = await verify("compacted");
      expect({ code, compacted: verdict.compacted }).toEqual({ code: 7, compacted: true });
      expect((await verify(await centre(log()))).verdict.compacted).toBe(false);
    });

    test("what is missing is in the ledger", async () => {
      const records = log().filter((_, index) => index < HIT || index >= HIT + 20);
      const gap = {
        reason: "retention",
        device: null,
        partition: 0,
        firstOffset: HIT,
        lastOffset: HIT + 19,
        count: 20,
      };
      const { code, verdict } = await verify(await centre(records, [gap]));
      expect(code).toBe(1);
      expect(verdict.verdict).toBe("gaps known");
      expect(verdict.logs[0]).toMatchObject({ missingCount: 0, knownCount: 20 });
      expect(verdict.logs[0]?.known[0]).toMatchObject({ reason: "retention", firstOffset: HIT });
      // Where the uplinks send their ledgers elsewhere, it has to be said where.
      const topic = await centre(records, [gap]);
      expect((await verify(topic, "--gaps-topic", "elsewhere")).code).toBe(7);
      expect((await verify(topic, "--gaps-topic", "headwater.gaps")).code).toBe(1);
      // One of another partition, of another reader, or of fewer records explains nothing.
      for (const other of [{ partition: 1 }, { reason: "replay-retention" }, { count: 19 }]) {
        expect((await verify(await centre(records, [{ ...gap, ...other }]))).code).toBe(7);
      }
    });

    test("what one uplink will not carry is no word on another's centre", async () => {
      const records = log().filter((_, index) => index !== HIT);
      const at = { partition: 0, firstOffset: HIT, lastOffset: HIT, count: 1 };
      const gap = { reason: "uplink-refused", uplink: "here", device: null, ...at };
      expect((await verify(await centre(records, [gap], "here"))).code).toBe(1);
      const other = { ...gap, uplink: "elsewhere" };
      expect((await verify(await centre(records, [other], "here"))).code).toBe(7);
      expect((await verify(await centre(records, [other]))).code).toBe(7);
      // What is gone for all stands whoever carries the word.
      const gone = { reason: "retention", device: null, ...at };
      expect((await verify(await centre(records, [gone], "there"))).code).toBe(1);
    });

    test("what a gateway refused has no offset, and is told of", async () => {
      const refusal = {
        reason: "disk-full",
        device: "device-1",
        count: 3,
        from: at(FROM + 1),
        to: at(FROM + 2),
      };
      const { code, verdict } = await verify(await centre(log(), [refusal]));
      expect({ code, word: verdict.verdict }).toEqual({ code: 1, word: "gaps known" });
      expect(verdict.refused).toHaveLength(1);
      const others = [
        { ...refusal, device: "device-2" },
        { ...refusal, from: at(0), to: at(1) },
      ];
      expect((await verify(await centre(log(), others))).code).toBe(0);
    });

    test("a record is there twice", async () => {
      const { code, verdict } = await verify(await centre(log().toSpliced(HIT + 10, 0, record(HIT))));
      expect(code).toBe(7);
      expect(verdict.logs[0]).toMatchObject({ twiceCount: 1, missingCount: 0, outOfOrderCount: 0 });
    });

    test("a device's records are out of order", async () => {
      const records = [...log()];
      records[HIT] = record(HIT + DEVICES);
      records[HIT + DEVICES] = record(HIT);
      // Within the log also those of others that stood between.
      for (const [level, outOfOrderCount] of [
        ["log", 4],
        ["device", 1],
      ] as const) {
        const { code, verdict } = await verify(await centre(records), "--level", level);
        expect(code).toBe(7);
        expect(verdict.logs[0]).toMatchObject({ twiceCount: 0, missingCount: 0, outOfOrderCount });
      }
    });

    test("of a device alone nobody sees what is missing, and it says so", async () => {
      const topic = await centre(log().filter((_, index) => index !== HIT));
      const { code, verdict } = await verify(topic, "--level", "device");
      expect(code).toBe(0);
      expect(verdict.proved).toContain("what is missing can't be seen");
    });

    test("a whole time span is missing between its neighbours", async () => {
      const { code, verdict } = await verify(
        await centre(log().filter((_, index) => index < FROM - 5 || index >= TO + 5)),
      );
      expect(code).toBe(7);
      expect(verdict.logs[0]).toMatchObject({ missing: [{ start: FROM - 5, end: TO + 5 }] });
    });

    test("a copy of the log that went on by itself has a history of its own", async () => {
      const epoch = { key: "headwater.epoch", value: Buffer.from("1") };
      const copy = log()
        .slice(HIT)
        .map((each) => ({ ...each, headers: [epoch] }));
      const { code, verdict } = await verify(await centre([...log().slice(0, HIT + 30), ...copy]));
      expect(code).toBe(0);
      expect(verdict.logs).toMatchObject([
        { epoch: 0, lastOffset: HIT + 29, twiceCount: 0, outOfOrderCount: 0, closedEnd: false },
        { epoch: 1, firstOffset: HIT, lastOffset: TO, twiceCount: 0, outOfOrderCount: 0, closedBegin: false },
      ]);
    });

    test("what came far too late is looked for before it is called missing", async () => {
      const records = [...log().filter((_, index) => index !== HIT), ...others(1_500)];
      const topic = await centre([...records, record(HIT)]);
      expect((await verify(topic)).code).toBe(7);
      // Out of order all the same, but there: seen by who reads on, as is said.
      const patient = await verify(topic, "--late", "all");
      expect(patient.verdict.logs[0]).toMatchObject({ missingCount: 0, outOfOrderCount: 1 });
    });

    test("an edge without a neighbour is open", async () => {
      const { code, verdict } = await verify(await centre(log().slice(FROM + 1, TO - 1)));
      expect({ code, word: verdict.verdict }).toEqual({ code: 0, word: "complete between open edges" });
      expect(verdict.logs[0]).toMatchObject({ closedBegin: false, closedEnd: false });
    });

    /** A loss of each of these devices, as a gateway writes it. */
    const loss = (start: number, end: number, change: object = {}): object => ({
      ...{ reason: "disk-full", gateway: "plant-a", topicId: "L", device: "device-1", partition: 0 },
      ...{ firstOffset: start, lastOffset: end - 1, lossStart: start, lossEnd: end, count: 1 },
      ...{ from: at(start), to: at(end - 1), ...change },
    });
    const WHOLE = ["--late", "all", "--from", "earliest", "--to", "latest"];

    test("what was lost before the first record and behind the last is told of", async () => {
      const begin = await verify(await centre(log().slice(HIT), [loss(0, HIT)]), ...WHOLE);
      expect([begin.code, begin.verdict.verdict]).toEqual([1, "gaps known"]);
      expect(begin.verdict.logs).toMatchObject([
        { firstOffset: 0, lastOffset: RECORDS - 1, records: RECORDS - HIT, knownCount: HIT, missingCount: 0 },
      ]);
      const end = await verify(await centre(log().slice(0, HIT), [loss(HIT, RECORDS)]), ...WHOLE);
      expect([end.code, end.verdict.verdict]).toEqual([1, "gaps known"]);
      expect(end.verdict.logs).toMatchObject([
        { firstOffset: 0, lastOffset: RECORDS - 1, records: HIT, knownCount: RECORDS - HIT, missingCount: 0 },
      ]);
      // Within a time span likewise, and only what is of it.
      const records = log().slice(HIT, TO);
      expect((await verify(await centre(records, [loss(FROM, HIT)]))).verdict.logs).toMatchObject([
        { firstOffset: FROM, knownCount: HIT - FROM, closedBegin: false },
      ]);
      expect((await verify(await centre(records, [loss(0, FROM)]))).verdict.verdict).toBe(
        "complete between open edges",
      );
    });

    test("a loss ahead of records that are still to come is told of, and these are not missing", async () => {
      const topic = await centre(log().slice(0, HIT), [loss(HIT + 20, HIT + 30)]);
      const { code, verdict } = await verify(topic, ...WHOLE);
      expect(code).toBe(1);
      expect(verdict.logs).toMatchObject([{ lastOffset: HIT - 1, knownCount: 10, missingCount: 0 }]);
    });

    test("a log of which all was lost is told of", async () => {
      const { code, verdict } = await verify(await centre([], [loss(0, RECORDS)]), ...WHOLE);
      expect([code, verdict.verdict]).toEqual([1, "gaps known"]);
      expect(verdict.logs).toMatchObject([
        { gateway: "plant-a", log: "L/0", records: 0, knownCount: RECORDS },
      ]);
      // A device's loss concerns who asks for it though the log has only others' records.
      const silent = log().filter((_, index) => index % DEVICES !== 1);
      const mixed = [...silent.slice(HIT), ...others(1).map((record) => ({ ...record, key: "device-1" }))];
      const lost = await verify(await centre(mixed, [loss(0, HIT)]), ...WHOLE);
      expect(lost.verdict.logs.map(({ gateway }) => gateway).sort()).toEqual(["plant-a", "plant-b"]);
    });

    test("a log whose beginning is not there is missing it, unless a time to begin with was asked for", async () => {
      const topic = await centre(log().slice(HIT));
      const { code, verdict } = await verify(topic, ...WHOLE);
      expect(code).toBe(7);
      expect(verdict.logs[0]).toMatchObject({ missing: [{ start: 0, end: HIT }] });
      const span = await verify(topic, ...WHOLE.slice(0, 2), "--from", at(0), "--to", "latest");
      expect([span.code, span.verdict.verdict]).toEqual([0, "complete between open edges"]);
    });

    test("a device of which there is no record is named", async () => {
      const topic = await centre(log());
      const typo = await run(["replay", "-b", broker.bootstrap, "-t", topic, "--verify", "-d", "typo"]);
      expect(typo.code).toBe(1);
      expect(typo.err).toContain("nothing to prove\nno record of typo is there in this time\n");
      const { code, verdict } = await verify(topic, "-d", "typo");
      expect([code, verdict.verdict, verdict.absent]).toEqual([0, "complete", ["typo"]]);
    });

    test("without headers nothing can be proved", async () => {
      const { code, verdict } = await verify(
        await centre(log().map(({ key, value, timeMs }) => ({ key, value, timeMs }))),
      );
      expect({ code, word: verdict.verdict }).toEqual({ code: 1, word: "nothing to prove" });
      expect(verdict.withoutOrigin).toBeGreaterThan(TO - FROM);
    });
  });
}

interface Verdict {
  readonly verdict: string;
  readonly proved: string;
  readonly logs: readonly { readonly gateway: string; readonly known: readonly object[] }[];
  readonly refused: readonly object[];
  readonly withoutOrigin: number;
  readonly compacted: boolean;
  readonly absent?: readonly string[];
}

const NO_VERDICT: Verdict = {
  verdict: "none",
  proved: "",
  logs: [],
  refused: [],
  withoutOrigin: -1,
  compacted: false,
};

/** A gateway's log, a record a second. */
function log(): readonly WrittenRecord[] {
  return Array.from({ length: RECORDS }, (_, offset) => record(offset));
}

function record(offset: number): WrittenRecord {
  const origin = { gateway: "plant-a", log: "L/0", offset };
  return { key: `device-${offset % DEVICES}`, value: String(offset), timeMs: T0 + offset * 1_000, origin };
}

/** Records of a gateway that nobody asks for, in every partition, and later than all. */
function others(seconds: number): readonly WrittenRecord[] {
  return Array.from({ length: seconds * 6 }, (_, offset) => ({
    key: `other-${offset % 12}`,
    value: "",
    timeMs: T0 + (RECORDS + Math.floor(offset / 6)) * 1_000,
    origin: { gateway: "plant-b", log: "M/0", offset },
  }));
}
