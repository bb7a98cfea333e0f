import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Headwater, startHeadwater } from "../support/headwater.ts";
import { JavaProgram, programsUnavailable } from "./java.ts";
import { createTopics, eventually, type Line, readCommitted, write } from "./reading.ts";

// Kafka Streams, unmodified, with exactly_once_v2: counts and sums are exact, whoever is killed.

const missing = programsUnavailable();
if (missing !== null) console.log(`skipped: Kafka Streams (${missing})`);

const DEVICES = 12;
const ROUNDS = 8;
const LINES = 300;
const SETTLE_MS = 120_000;

let gateway: Headwater;
let folder = "";

beforeAll(async () => {
  if (missing !== null) return;
  folder = mkdtempSync(join(tmpdir(), "headwater-streams-"));
  gateway = await startHeadwater({ settings: { "group.initial.rebalance.delay.ms": "0" } });
  await createTopics(gateway.kafka, 4, "readings", "windows", "sums");
}, 60_000);

afterAll(async () => {
  await gateway?.dispose();
  if (folder !== "") rmSync(folder, { recursive: true, force: true });
}, 60_000);

test.skipIf(missing !== null)(
  "windowed counts and sums are exact while the program and the gateway are killed",
  async () => {
    const start = (): JavaProgram =>
      new JavaProgram("Counts", [gateway.kafka, join(folder, "state"), "counts"]);
    let program = start();
    const counts = new Map<string, number>();
    const sums = new Map<string, number>();
    try {
      await eventually(
        () => program.output,
        60_000,
        async () => program.output.includes("state RUNNING"),
      );
      for (let round = 0; round < ROUNDS; round += 1) {
        const lines = readings(round);
        for (const { key, value } of lines) {
          counts.set(key, (counts.get(key) ?? 0) + 1);
          sums.set(key, (sums.get(key) ?? 0) + Number(value));
        }
        const written = write(gateway.kafka, "readings", lines);
        await Bun.sleep(200 + ((round * 137) % 400));
        if (round % 3 === 1) {
          await program.end("SIGKILL");
          program = start();
        }
        if (round % 3 === 2) {
          await gateway.kill();
          await gateway.restart();
        }
        await written;
      }
      const shown = async () => Object.fromEntries((await readCommitted(gateway.kafka, "sums")).map(entry));
      const wanted = Object.fromEntries(sums);
      let last = {};
      await eventually(
        () =>
          `sums are ${JSON.stringify(last)}, not ${JSON.stringify(wanted)}\n${program.output.slice(-4000)}`,
        SETTLE_MS,
        async () => {
          last = await shown();
          return Bun.deepEquals(last, wanted);
        },
      );
      // Whatever was counted twice would still come.
      await Bun.sleep(2_000);
      expect(await shown()).toEqual(wanted);
      const windows = new Map((await readCommitted(gateway.kafka, "windows")).map(entry));
      const byDevice = new Map<string, number>();
      for (const [window, count] of windows) {
        const device = window.slice(0, window.indexOf("@"));
        byDevice.set(device, (byDevice.get(device) ?? 0) + count);
      }
      expect(Object.fromEntries(byDevice)).toEqual(Object.fromEntries(counts));
      expect(windows.size).toBeGreaterThan(DEVICES);
    } finally {
      await program.end("SIGTERM");
    }
  },
  300_000,
);

function readings(round: number): readonly (Line & { readonly key: string })[] {
  return Array.from({ length: LINES }, (_, index) => ({
    key: `device-${(index * 7 + round) % DEVICES}`,
    value: String((index * 31 + round) % 1000),
  }));
}

/** The newest value of a key comes last. */
function entry({ key, value }: Line): readonly [string, number] {
  return [key ?? "", Number(value)];
}
