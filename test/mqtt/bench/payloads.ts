/**
 * What a message costs in each way of reading payloads, and in each step behind it; and how long hostile ones are looked
 * at. Run with `bun test/mqtt/bench/payloads.ts`.
 */
import { Encoder } from "cbor-x";
import { encodePayload, type UPayload } from "sparkplug-payload/lib/sparkplugbpayload.js";
import { PayloadFault } from "../../../src/mqtt/payloads/fault.ts";
import { compileSchema } from "../../../src/mqtt/payloads/json-schema.ts";
import type { Pipeline, PipelineConfig } from "../../../src/mqtt/payloads/pipeline.ts";
import type { ShapingConfig } from "../../../src/mqtt/payloads/shaping.ts";
import { newPipeline, StateRig } from "../support/pipeline.ts";

const NOW = Date.UTC(2026, 0, 1);
const ROUNDS = 20_000;
const cbor = new Encoder({ useRecords: false, mapsAsObjects: false, ...{ useTag259ForMaps: false } });

const READING = {
  id: "sensor-17",
  ts: NOW,
  temperature: 68.5,
  humidity: 41.25,
  status: { rssi: -60, ok: true },
};
const JSON_READING = Buffer.from(JSON.stringify(READING));
const PACK = Buffer.from(
  '[{"bn":"d/","bt":1.7e9,"n":"t","u":"degF","v":68},{"n":"p","u":"psi","v":1},{"n":"h","u":"%RH","v":40}]',
);
const SPARKPLUG = Uint8Array.from(
  encodePayload({
    timestamp: NOW,
    seq: 1,
    metrics: [1, 2, 3].map((index) => ({
      name: `Motor/${index}`,
      timestamp: NOW,
      type: "Double",
      value: index,
    })),
  } as UPayload),
);

const SHAPING: ShapingConfig = {
  select: [["temperature"], ["status", "rssi"]],
  rename: [[["status", "rssi"], "rssi"]],
  convert: [[["temperature"], ["degF -> Cel"]]],
  hasUnits: false,
};
const SCHEMA = compileSchema({
  type: "object",
  properties: {
    id: { type: "string", pattern: "^[a-z]+-\\d+$" },
    temperature: { type: "number", maximum: 500 },
  },
  required: ["id", "temperature"],
});
const DEADBAND = {
  fields: [{ path: ["temperature"], width: 0.5, isPercent: false }],
  maxSilenceMs: Number.POSITIVE_INFINITY,
};
const DURABLE = { state: "durable", error: 0, sizeBytes: 0 } as const;

const MODES: readonly (readonly [string, Partial<PipelineConfig>, Uint8Array, string])[] = [
  ["json, bytes kept", {}, JSON_READING, "a"],
  ["json, key and time", { key: ["id"], timestamp: ["ts"] }, JSON_READING, "a"],
  ["json, select, rename, convert", { shaping: SHAPING }, JSON_READING, "a"],
  ["json, schema", { schema: SCHEMA }, JSON_READING, "a"],
  ["json, deadband, unchanged", { deadband: DEADBAND }, JSON_READING, "a"],
  [
    "json, all of it",
    { key: ["id"], timestamp: ["ts"], schema: SCHEMA, shaping: SHAPING, deadband: DEADBAND },
    JSON_READING,
    "a",
  ],
  ["cbor", { payload: "cbor" }, Uint8Array.from(cbor.encode(READING)), "a"],
  ["senml+json, 3 records", { payload: "senml+json", key: ["n"], timestamp: ["t"] }, PACK, "a"],
  [
    "sparkplug-b, 3 metrics",
    { payload: "sparkplug-b", timestamp: ["timestamp"] },
    SPARKPLUG,
    "spBv1.0/G/NDATA/N",
  ],
];

const HOSTILE: readonly (readonly [string, Partial<PipelineConfig>, Uint8Array])[] = [
  ["json: 100,000 brackets", {}, Buffer.from("[".repeat(100_000))],
  ["json: 100,000 digits", { shaping: SHAPING }, Buffer.from(`{"temperature":${"9".repeat(100_000)}}`)],
  [
    "json: a text that the schema's pattern meets",
    { schema: SCHEMA },
    Buffer.from(`{"temperature":1,"id":"${"a".repeat(200_000)}"}`),
  ],
  [
    "sparkplug-b: a length of 64 bits",
    { payload: "sparkplug-b" },
    Uint8Array.fromHex("12ffffffffffffffffff01"),
  ],
  [
    "sparkplug-b: 130,000 empty metrics",
    { payload: "sparkplug-b" },
    new Uint8Array(260_000).map((_, at) => (at % 2 === 0 ? 0x12 : 0)),
  ],
  ["cbor: a list of 4 billion", { payload: "cbor" }, Uint8Array.fromHex("9affffffff")],
];

/** Microseconds a message, the best of five runs. */
function costUs(pipeline: Pipeline, payload: Uint8Array, topic: string, rounds: number): number {
  const rig = new StateRig();
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 5; run++) {
    const started = performance.now();
    for (let round = 0; round < rounds; round++) {
      const decoded = rig.run(pipeline, payload, NOW, topic);
      if (!(decoded instanceof PayloadFault)) decoded.commit(DURABLE);
    }
    best = Math.min(best, ((performance.now() - started) * 1_000) / rounds);
  }
  return best;
}

for (const [name, config, payload, topic] of MODES) {
  const us = costUs(newPipeline(config), payload, topic, ROUNDS);
  console.log(`${name.padEnd(48)} ${us.toFixed(2).padStart(8)} us a message of ${payload.length} bytes`);
}
for (const [name, config, payload] of HOSTILE) {
  const us = costUs(newPipeline(config), payload, "spBv1.0/G/NDATA/N", 20);
  console.log(`${name.padEnd(48)} ${us.toFixed(0).padStart(8)} us until it is refused`);
}
