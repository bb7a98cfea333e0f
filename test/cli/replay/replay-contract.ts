import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { partitionForKey } from "../../../src/records/murmur2.ts";
import { type Outcome, run } from "../support.ts";
import { CentreWriter, type WrittenRecord } from "./centre-writer.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Recent, so that no retention touches them. */
const T0 = Math.floor((Date.now() - 2 * DAY_MS) / HOUR_MS) * HOUR_MS;
const at = (timeMs: number): string => new Date(timeMs).toISOString();

/** What `headwater replay` promises of any Kafka; run against a real one, and against our own. */
export function replayContract(
  name: string,
  start: () => Promise<{ readonly bootstrap: string; stop(): Promise<void> }>,
): void {
  describe(`replay of ${name}`, () => {
    let broker: { readonly bootstrap: string; stop(): Promise<void> };
    let writer: CentreWriter;
    const folder = mkdtempSync(join(tmpdir(), "headwater-replay-"));
    const replay = (...args: readonly string[]): Promise<Outcome> =>
      run(["replay", "-b", broker.bootstrap, ...args]);

    beforeAll(async () => {
      broker = await start();
      writer = new CentreWriter(broker.bootstrap);
      await writer.createTopic("telemetry", 4);
      await writer.write("telemetry", fleet());
      await writer.write("telemetry", [reading("pump-1", 5, "late"), reading("pump-1", 3_000, "last")]);
      await writer.createTopic("odd", 4);
      await writer.write(
        "odd",
        [{ key: "pump-1", value: "astray", timeMs: T0 }],
        (partitionForKey(Buffer.from("pump-1"), 4) + 1) % 4,
      );
      await writer.write("odd", [{ key: "pump-1", value: "at home", timeMs: T0 }]);
    }, 120_000);

    afterAll(async () => {
      writer?.close();
      await broker?.stop();
      rmSync(folder, { recursive: true, force: true });
    }, 60_000);

    test("one device's hours, and nobody else's", async () => {
      const { code, out, err } = await replay(
        ...["-t", "telemetry", "-d", "pump-1", "--from", at(T0 + 10_000), "--to", at(T0 + 20_000)],
      );
      expect({ code, out, err }).toEqual({ code: 0, out: numbers("pump-1", 10, 20), err: "" });
    });

    test("several devices, each in its order", async () => {
      const { out } = await replay("-t", "telemetry", "-d", "pump-1", "-d", "pump-2", "--to", at(T0 + 3_000));
      const lines = out.trimEnd().split("\n");
      for (const pump of ["pump-1", "pump-2"]) {
        expect(lines.filter((line) => line.startsWith(pump)).join("\n")).toBe(numbers(pump, 0, 3).trimEnd());
      }
      expect(lines).toHaveLength(6);
    });

    test("what came late is found, however late", async () => {
      const { out } = await replay(
        ...[
          "-t",
          "telemetry",
          "-d",
          "pump-1",
          "--from",
          at(T0 + 5_000),
          "--to",
          at(T0 + 6_000),
          "--late",
          "all",
        ],
      );
      expect(out).toBe("pump-1 5\nlate\n");
    });

    test("reading ends behind the time span and its margin", async () => {
      const span = ["-t", "telemetry", "-d", "pump-1", "--from", at(T0 + 5_000), "--to", at(T0 + 6_000)];
      expect((await replay(...span, "--late", "10s", "--no-view")).out).toBe("pump-1 5\n");
      expect((await replay(...span, "--late", "1h", "--no-view")).out).toBe("pump-1 5\nlate\n");
    });

    test("a gateway's records, in every partition", async () => {
      const { out } = await replay("-t", "telemetry", "-g", "plant-b", "-o", "json", "--to", at(T0 + 2_000));
      const records = out
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(records.map(({ value }) => value).sort()).toEqual(
        ["pump-2", "pump-4", "pump-6"].flatMap((pump) => [`${pump} 0`, `${pump} 1`]),
      );
      expect(records[0].headers[0]).toEqual({ name: "headwater.gateway", value: "plant-b" });
      expect(records[0]).toMatchObject({ topic: "telemetry", timestampMs: T0 });
    });

    test("a device that is not where Kafka's partitioner puts it", async () => {
      expect((await replay("-t", "odd", "-d", "pump-1", "--no-view")).out).toBe("at home\n");
      const { out } = await replay("-t", "odd", "-d", "pump-1", "--no-view", "--all-partitions");
      expect(out.trimEnd().split("\n").sort()).toEqual(["astray", "at home"]);
      // Wherever it is read.
      const any = await replay("-t", "odd", "-d", "pump-1", "--all-partitions");
      expect(any.out.trimEnd().split("\n").sort()).toEqual(["astray", "at home"]);
    });

    test("forms", async () => {
      const one = ["-t", "telemetry", "-d", "pump-3", "--to", at(T0 + 1)];
      expect((await replay(...one, "-f", "raw", "--delimiter", "\\0")).out).toBe("pump-3 0\0");
      const [head, line, end] = (await replay(...one, "-f", "csv")).out.split("\r\n");
      expect(head).toBe("topic,partition,offset,time,key,value,headers");
      expect(line).toMatch(
        /^telemetry,\d+,\d+,\d{4}-\d\d-\d\dT[\d:.]+Z,pump-3,pump-3 0,headwater\.gateway=plant-a;/,
      );
      expect(end).toBe("");
    });

    test("a file is whole or goes on", async () => {
      const path = join(folder, "pump-1.txt");
      const args = ["-t", "telemetry", "-d", "pump-1", "--to", at(T0 + 100_000), "--file", path];
      expect(await replay(...args)).toMatchObject({ code: 0, out: "" });
      const whole = readFileSync(path, "utf8");
      expect(whole).toBe(`${numbers("pump-1", 0, 100)}late\n`);
      expect(await replay(...args)).toMatchObject({ code: 2 });

      // As a crash leaves it: more in the file than is known of.
      rmSync(path);
      const stopped = await run(["replay", "-b", broker.bootstrap, ...args], {
        interrupted: Promise.resolve(""),
      });
      expect(stopped.code).toBe(1);
      writeFileSync(path, "torn", { flag: "a" });
      expect(await replay(...args, "--resume", "-f", "json")).toMatchObject({ code: 2 });
      const otherwise = await replay(...args, "--resume", "--no-view");
      expect([otherwise.code, otherwise.err]).toEqual([
        2,
        expect.stringContaining("begun with other options"),
      ]);
      expect(await replay(...args, "--resume")).toMatchObject({ code: 0 });
      expect(readFileSync(path, "utf8")).toBe(whole);
      truncateSync(path, 0);
      expect(await replay(...args, "--resume")).toMatchObject({ code: 2 });
    });

    test("a file that was whole goes on with what has come since", async () => {
      const path = join(folder, "pump-7.csv");
      const args = ["-t", "telemetry", "-d", "pump-7", "-f", "csv", "--file", path, "--resume"];
      await writer.write("telemetry", [reading("pump-7", 1)]);
      expect(await replay(...args)).toMatchObject({ code: 0, err: "" });
      const first = readFileSync(path, "utf8");
      expect(first.split("\r\n")).toHaveLength(3);
      expect(await replay(...args)).toMatchObject({ code: 0, err: "nothing new: the file had all of it\n" });
      expect(readFileSync(path, "utf8")).toBe(first);
      await writer.write("telemetry", [reading("pump-7", 2)]);
      expect(await replay(...args)).toMatchObject({ code: 0, err: "" });
      const second = readFileSync(path, "utf8");
      expect(second).toStartWith(first);
      expect(second.split("\r\n")).toHaveLength(4);
      // What somebody else has written there is not cut off, and a file that is gone is begun anew.
      writeFileSync(path, "mine", { flag: "a" });
      expect(await replay(...args)).toMatchObject({ code: 2 });
      expect(readFileSync(path, "utf8")).toBe(`${second}mine`);
      rmSync(path);
      expect(await replay(...args)).toMatchObject({ code: 0 });
      expect(readFileSync(path, "utf8")).toBe(second);
    });

    test("a time that is none is refused with what it takes", async () => {
      for (const [flag, end] of [
        ["--from", "earliest"],
        ["--to", "latest"],
      ] as const) {
        for (const time of ["yesterday", "5", end === "earliest" ? "latest" : "earliest"]) {
          const { code, err } = await replay("-t", "telemetry", flag, time);
          expect([code, err]).toEqual([
            2,
            expect.stringContaining(`${flag} ${time}: write ${end}, a time (`),
          ]);
          expect(err).not.toContain("offset");
        }
      }
    });

    test("what is not there, and what can't be meant", async () => {
      expect(await replay("-t", "attic", "-d", "pump-1")).toMatchObject({ code: 1 });
      expect((await replay("-t", "telemetry", "-d", "pump-99")).out).toBe("");
      for (const args of [
        [],
        ["-t", "telemetry", "--from", "5"],
        ["-t", "telemetry", "--from", "2026-02-01", "--to", "2026-01-01"],
        ["-t", "telemetry", "--late", "soon"],
        ["-t", "telemetry", "--delimiter", ","],
        ["-t", "telemetry", "--resume"],
      ]) {
        expect(await replay(...args)).toMatchObject({ code: 2, out: "" });
      }
    });
  });
}

function reading(device: string, second: number, value = `${device} ${second}`): WrittenRecord {
  const gateway = Number(device.slice("pump-".length)) % 2 === 1 ? "plant-a" : "plant-b";
  const origin = { gateway, log: "TTTTTTTTTTTTTTTTTTTTTA/0", offset: second };
  return { key: device, value, timeMs: T0 + second * 1_000, origin };
}

/** Six pumps of two gateways, a reading a second each. */
function fleet(): readonly WrittenRecord[] {
  const seconds = Array.from({ length: 2_000 }, (_, second) => second);
  return seconds.flatMap((second) => [1, 2, 3, 4, 5, 6].map((number) => reading(`pump-${number}`, second)));
}

function numbers(device: string, from: number, to: number): string {
  const seconds = Array.from({ length: to - from }, (_, index) => from + index);
  return seconds.map((second) => `${device} ${second}\n`).join("");
}
