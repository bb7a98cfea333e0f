import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { partitionForKey } from "../../../src/records/murmur2.ts";
import { type Headwater, startHeadwater } from "../../support/headwater.ts";
import { CentreWriter, type WrittenRecord } from "../replay/centre-writer.ts";
import { type Outcome, run } from "../support.ts";

const T0 = Math.floor(Date.now() / 1_000) * 1_000 - 3_600_000;
const DEVICES = 9;
const SOURCES = 2;
const RECORDS = 900;
/** A record in the middle of partition 0 of the gateway. */
const HIT = 200;

/** What `merge-check` promises of any Kafka as the centre. */
export function mergeCheckContract(
  name: string,
  start: () => Promise<{ readonly bootstrap: string; stop(): Promise<void> }>,
): void {
  describe(`merge-check with ${name}`, () => {
    let broker: { readonly bootstrap: string; stop(): Promise<void> };
    let gateway: Headwater;
    let local: CentreWriter;
    let central: CentreWriter;
    let topics = 0;

    beforeAll(async () => {
      broker = await start();
      gateway = await startHeadwater({
        settings: {
          "gateway.id": "plant-3",
          "uplink.centre.bootstrap": broker.bootstrap,
          "uplink.centre.topics": "telemetry",
          "num.partitions": "3",
        },
      });
      local = new CentreWriter(gateway.kafka);
      central = new CentreWriter(broker.bootstrap);
      await central.createTopic("headwater.gaps", 1);
    }, 120_000);

    afterAll(async () => {
      local?.close();
      central?.close();
      await gateway?.dispose();
      await broker?.stop();
    }, 60_000);

    async function check(...args: readonly string[]): Promise<Outcome & { report: Report }> {
      const outcome = await run([
        ...["merge-check", "-g", gateway.kafka, "-b", broker.bootstrap, "-o", "json"],
        ...args,
      ]);
      return { ...outcome, report: outcome.out === "" ? NO_REPORT : JSON.parse(outcome.out) };
    }

    test("a topic with another name at the centre is told of, with what to write", async () => {
      await local.createTopic("tanks", 1);
      await central.createTopic("plants.tanks", 1);
      const { code, err } = await check();
      expect(code).toBe(1);
      expect(err).toContain("tanks is not at the centre by that name (there is plants.tanks)\n");
      expect(err).toContain("where a route renames a topic, say its name there: -t tanks=CENTRAL\n");
      expect(err).toEndWith("the gateway and the centre have no topic in common\n");
      expect((await check("-t", "tanks=plants.tanks")).code).toBe(0);
    });

    test("what an uplink has carried is there, and nothing else", async () => {
      await local.createTopic("telemetry", 3);
      for (let round = 0; round < 5; round += 1) await local.write("telemetry", readings());
      const deadline = Date.now() + 30_000;
      let last = await check("-t", "telemetry");
      // A check that begins before the uplink's first commit knows no position, though all is there when it ends.
      const isWhole = ({ verdict, topics: [topic] }: Report) =>
        verdict === "the same" && topic?.positionKnown === true;
      while (!isWhole(last.report) && Date.now() < deadline) {
        // Never anything but waiting, at whatever moment it looks.
        if (last.code !== 1 || last.out !== "") expect(last).toMatchObject({ code: 0 });
        await Bun.sleep(50);
        last = await check("-t", "telemetry");
      }
      expect(last.report).toMatchObject({
        verdict: "the same",
        topics: [{ gateway: "plant-3", positionKnown: true }],
      });
      const there = last.report.topics[0]?.partitions.reduce((sum, partition) => sum + partition.there, 0);
      expect(there).toBe(RECORDS * 5);
      const proof = await run([
        ...["replay", "-b", broker.bootstrap, "-t", "telemetry", "-d", "device-1", "--verify", "-f", "none"],
      ]);
      expect(proof).toMatchObject({ code: 0, err: "" });
      expect(proof.out).toStartWith("complete between open edges: ");
    }, 60_000);

    /** A topic of the gateway, and what `change` leaves of it at the centre. */
    async function forged(
      change: (records: WrittenRecord[]) => readonly WrittenRecord[],
      gaps: readonly object[] = [],
    ): Promise<string> {
      topics += 1;
      const topic = `forged-${topics}`;
      await local.createTopic(topic, SOURCES);
      await central.createTopic(topic, 4);
      const records = readings();
      await local.write(topic, records);
      const next = Array.from({ length: SOURCES }, () => 0);
      const id = local.cluster.topic(topic)?.id;
      const carried = records.map((record) => {
        const partition = partitionForKey(Buffer.from(record.key ?? ""), SOURCES);
        const offset = next[partition] as number;
        next[partition] = offset + 1;
        return { ...record, origin: { gateway: "plant-3", log: `${id}/${partition}`, offset } };
      });
      await central.write(topic, change(carried));
      const origin = { gateway: "plant-3", log: "G/0", offset: topics };
      for (const gap of gaps) {
        const value = JSON.stringify({ topic, device: null, partition: 0, ...gap });
        await central.write("headwater.gaps", [{ key: null, value, timeMs: T0, origin }]);
      }
      return topic;
    }

    const isHit = ({ origin }: WrittenRecord): boolean => origin?.offset === HIT && origin.log.endsWith("/0");
    const without = (records: readonly WrittenRecord[]) => records.filter((record) => !isHit(record));

    async function partitionOf(
      topic: string,
    ): Promise<{ code: number; verdict: string; partition: Partition }> {
      const { code, report } = await check("-t", topic);
      const partition = report.topics[0]?.partitions[0];
      if (partition === undefined) throw new Error("nothing was compared");
      return { code, verdict: report.verdict, partition };
    }

    test("a record is missing", async () => {
      const { code, verdict, partition } = await partitionOf(await forged(without));
      expect({ code, verdict }).toEqual({ code: 7, verdict: "unaccounted" });
      expect(partition.missing).toEqual({ count: 1, listed: [{ start: HIT, end: HIT + 1 }] });
      // Unless a route leaves some out.
      const filtered = await check("-t", `forged-${topics}`, "--filtered");
      expect({ code: filtered.code, verdict: filtered.report.verdict }).toEqual({
        code: 0,
        verdict: "the same",
      });
    });

    test("a missing one is in the ledger", async () => {
      const gap = { reason: "uplink-refused", firstOffset: HIT, lastOffset: HIT, count: 1 };
      const { code, verdict, partition } = await partitionOf(await forged(without, [gap]));
      expect({ code, verdict }).toEqual({ code: 1, verdict: "gaps known" });
      expect(partition).toMatchObject({ knownCount: 1, missing: { count: 0 } });
    });

    test("one that is missing is in the ledger, but of another uplink", async () => {
      await local.createTopic("headwater.gaps", 1);
      for (const [uplink, code] of [
        ["elsewhere", 7],
        ["centre", 1],
      ] as const) {
        const topic = await forged(without);
        const at = { device: null, partition: 0, firstOffset: HIT, lastOffset: HIT, count: 1 };
        const value = JSON.stringify({ topic, reason: "uplink-refused", uplink, ...at });
        // The gateway's own ledger has it at once, and its uplink takes it to this centre.
        await local.write("headwater.gaps", [{ key: null, value, timeMs: T0 }]);
        const deadline = Date.now() + 30_000;
        let found = await check("-t", "headwater.gaps");
        while (found.report.verdict !== "the same" && Date.now() < deadline) {
          await Bun.sleep(50);
          found = await check("-t", "headwater.gaps");
        }
        expect((await partitionOf(topic)).code).toBe(code);
      }
    });

    test("records behind the last one wait", async () => {
      const topic = await forged((records) => records.slice(0, 500));
      const { code, verdict, partition } = await partitionOf(topic);
      expect({ code, verdict }).toEqual({ code: 0, verdict: "waiting" });
      expect(partition.waiting).toBeGreaterThan(100);
      expect(partition.there + partition.waiting).toBe(partition.records);
    });

    test("a record is there twice", async () => {
      const topic = await forged((records) => [...records, ...records.filter(isHit)]);
      expect(await partitionOf(topic)).toMatchObject({
        code: 7,
        partition: { twice: { count: 1 }, missing: { count: 0 } },
      });
    });

    test("a record comes behind later ones", async () => {
      const topic = await forged((records) => [...without(records), ...records.filter(isHit)]);
      expect(await partitionOf(topic)).toMatchObject({
        code: 7,
        partition: {
          outOfOrder: { count: 1 },
          twice: { count: 0 },
          missing: { count: 0 },
          otherContent: { count: 0 },
        },
      });
    });

    test("a record has another key, value, header or time", async () => {
      const unit = [{ key: "unit", value: Buffer.from("bar") }];
      for (const [change, kind] of [
        [{ value: "tampered" }, "otherContent"],
        [{ headers: unit }, "otherContent"],
        [{ timeMs: T0 + 1 }, "otherTime"],
      ] as const) {
        const topic = await forged((records) =>
          records.map((each) => (isHit(each) ? { ...each, ...change } : each)),
        );
        const { code, partition } = await partitionOf(topic);
        expect({ code, count: partition[kind].count }).toEqual({ code: 7, count: 1 });
        expect((await check("-t", topic, "--ignore-times")).code).toBe(kind === "otherTime" ? 0 : 7);
      }
    });

    test("the centre has what the gateway never had", async () => {
      const beyond = (records: readonly WrittenRecord[]) => {
        const last = records.findLast(({ origin }) => origin?.log.endsWith("/0"));
        const origin = last?.origin;
        if (last === undefined || origin === undefined) throw new Error("no record");
        return [...records, { ...last, origin: { ...origin, offset: origin.offset + 10 } }];
      };
      expect(await partitionOf(await forged(beyond))).toMatchObject({
        code: 7,
        partition: { extra: { count: 1 } },
      });
    });

    test("records with the same offsets that are of another log, or of another history of this one", async () => {
      const ofOld = ({ origin, ...record }: WrittenRecord): WrittenRecord =>
        origin === undefined
          ? record
          : { ...record, value: "old", origin: { ...origin, log: "old-topic/0" } };
      const recreated = await forged((records) => [...records.slice(0, 300).map(ofOld), ...records]);
      const { code, report } = await check("-t", recreated);
      expect({ code, verdict: report.verdict }).toEqual({ code: 0, verdict: "the same" });
      expect(report.topics[0]?.otherLogs).toEqual({ "old-topic/0": 300 });
      // A copy of the card went on by itself up to HIT + 5, and then the card that is in force came back.
      const isLate = ({ origin }: WrittenRecord) =>
        (origin?.offset ?? 0) >= HIT && origin?.log.endsWith("/0") === true;
      const epoch = [{ key: "headwater.epoch", value: Buffer.from("1") }];
      const copied = (records: readonly WrittenRecord[], inForce: WrittenRecord["headers"]) => [
        ...records.filter((record) => !isLate(record)),
        ...records
          .filter(isLate)
          .slice(0, 5)
          .map((record) => ({ ...record, value: "of the copy" })),
        ...records
          .filter(isLate)
          .map((record) => ({ ...record, headers: [...(record.headers ?? []), ...(inForce ?? [])] })),
      ];
      const told = await partitionOf(await forged((records) => copied(records, epoch)));
      expect(told).toMatchObject({ code: 0, verdict: "the same", partition: { otherHistories: 5 } });
      // The same without a history of its own is there twice, and differs.
      expect(await partitionOf(await forged((records) => copied(records, [])))).toMatchObject({ code: 7 });
    });

    test("another name at the centre, and none at all", async () => {
      const topic = await forged((records) => records);
      expect(await check("-t", `${topic}=attic`)).toMatchObject({ code: 1, out: "" });
      expect(await check("-t", "attic")).toMatchObject({ code: 1, out: "" });
      expect(await check("-t", "a=b=c")).toMatchObject({ code: 2 });
      const { code, report } = await check("-t", `${topic}=telemetry`);
      // Nothing of it is in that topic: all of it waits.
      expect({ code, verdict: report.verdict }).toEqual({ code: 0, verdict: "waiting" });
    });

    test("for people", async () => {
      const topic = await forged(without);
      const { code, out } = await run([
        "merge-check",
        "-g",
        gateway.kafka,
        "-b",
        broker.bootstrap,
        "-t",
        topic,
      ]);
      expect(code).toBe(7);
      expect(out.split("\n")[0]).toBe("unaccounted");
      expect(out).toContain(`${topic}-0: ${HIT} missing\n`);
      expect(out).toContain(`${topic}: the centre knows no position of an uplink\n`);
    });
  });
}

interface Partition {
  readonly records: number;
  readonly there: number;
  readonly waiting: number;
  readonly knownCount: number;
  readonly missing: { readonly count: number; readonly listed: readonly object[] };
  readonly otherContent: { readonly count: number };
  readonly otherTime: { readonly count: number };
  readonly otherHistories: number;
}

interface Report {
  readonly verdict: string;
  readonly topics: readonly {
    readonly positionKnown: boolean;
    readonly partitions: readonly Partition[];
    readonly otherLogs: Readonly<Record<string, number>>;
  }[];
}

const NO_REPORT: Report = { verdict: "none", topics: [] };

function readings(): WrittenRecord[] {
  return Array.from({ length: RECORDS }, (_, index) => ({
    key: `device-${index % DEVICES}`,
    value: `reading ${index}`,
    timeMs: T0 + index * 10,
    headers: index % 5 === 0 ? [{ key: "unit", value: null }] : [],
  }));
}
