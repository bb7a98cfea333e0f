import { count, duration, list, size } from "./option.ts";
import { readTopicPattern } from "./uplink-route-options.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 1440 * MINUTE_MS;
const KIB = 1024;
const MAX_TOPICS = 1000;

/** Settings of the registry of devices. */
export const DEVICE_OPTIONS = {
  "devices.max": count({
    default: 10_000,
    min: 0,
    max: 100_000,
    doc: "Devices that are remembered, with when they were seen, how much they sent and their last value; one that sends to two topics counts twice. Beyond it those are forgotten that have been silent for longest. 0: no registry.",
  }),
  "devices.topics": list("topic names, * for any run of characters", readTopicPattern, String, {
    minItems: 0,
    maxItems: MAX_TOPICS,
    default: [],
    defaultText: "the topics of MQTT routes whose key is a device's",
    doc: "Topics whose records' keys are devices, whoever sends them. Internal ones never. A centre has no MQTT routes for what uplinks bring: name those topics there, as *.telemetry where uplinks write to {site}.{gateway}.{topic}.",
  }),
  "devices.value.bytes": size({
    default: 256,
    min: 0,
    max: 4 * KIB,
    doc: "How much of a device's last value is remembered.",
  }),
  "devices.save.interval.ms": duration({
    default: 10 * MINUTE_MS,
    min: SECOND_MS,
    max: DAY_MS,
    doc: "How often what changed of the registry is written down. What came behind that is read from the logs again after a crash, so that a longer time costs a longer start, and wears the disk less.",
  }),
  "devices.silent.factor": count({
    default: 5,
    min: 0,
    max: 1_000_000,
    doc: "A device that sent at regular intervals, and nothing for so many of them, is called silent. 0: none is for that.",
  }),
  "devices.silent.after.ms": duration({
    default: -1,
    min: SECOND_MS,
    max: Number.MAX_SAFE_INTEGER,
    minusOne: "never for that alone",
    doc: "Any device that sent nothing for so long is called silent.",
  }),
} as const;
