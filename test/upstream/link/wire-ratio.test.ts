import { describe, expect, test } from "bun:test";
import { PROFILES } from "../../../devices/profiles/profiles.ts";
import { encodeReading } from "../../../devices/simulator/reading.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { BatchBuilder } from "../../../src/records/builder.ts";
import type { LinkCompression } from "../../../src/upstream/settings.ts";
import { ModelRun } from "../model-run.ts";

const DEVICES = 50;
const READINGS = 20_000;
const BATCH_READINGS = 200;
const START_MS = Date.UTC(2026, 0, 5);

/** Bytes of batches sent for the JSON payloads of a profile's devices, as a share of the payloads alone. */
function wireShare(name: string, compression: LinkCompression, level = 3): number {
  const profile = PROFILES.get(name);
  if (profile === undefined) throw new Error(`there is no profile ${name}`);
  const run = new ModelRun({ compression, compressionLevel: level });
  run.memory.createTopic("telemetry", 1);
  const devices = Array.from({ length: DEVICES }, (_, index) => profile(new SeededRandom(index + 1)));
  let payloadBytes = 0;
  for (let number = 0; number < READINGS; ) {
    const builder = new BatchBuilder();
    for (const end = number + BATCH_READINGS; number < end; number += 1) {
      const device = number % DEVICES;
      const n = Math.floor(number / DEVICES);
      const t = START_MS + n * 10_000 + device * 7;
      const measurements = devices[device]?.(n) ?? {};
      const value = encodeReading({ device: `device-${device}`, n, t, ...measurements }, "json");
      payloadBytes += value.length;
      builder.append(t, new TextEncoder().encode(`device-${device}`), value, null);
    }
    run.memory.appendBatch("telemetry", 0, builder.build());
  }
  run.forwarder.appended("telemetry", 0);
  run.run(20_000);
  expect(run.status().recordsForwarded).toBe(READINGS);
  return run.status().bytesForwarded / payloadBytes;
}

describe("what goes over the wire for JSON readings, keys and headers of their origin included", () => {
  for (const name of PROFILES.keys()) {
    test(`${name}: at most 0.3 of the payloads with zstd, and less with a higher level`, () => {
      const [usual, thorough] = [wireShare(name, "zstd", 3), wireShare(name, "zstd", 12)];
      console.log(`${name}: ${usual.toFixed(3)} at level 3, ${thorough.toFixed(3)} at level 12`);
      expect(usual).toBeLessThanOrEqual(0.3);
      expect(thorough).toBeLessThan(usual);
    });

    test(`${name}: less than half with lz4, more than all with none`, () => {
      const share = wireShare(name, "lz4");
      console.log(`${name}: ${share.toFixed(3)} with lz4`);
      expect(share).toBeLessThan(0.6);
      expect(wireShare(name, "none")).toBeGreaterThan(1);
    });
  }
});
