import { ManualClock } from "../../../src/io/simulated/clock.ts";
import { PayloadFault } from "../../../src/mqtt/payloads/fault.ts";
import { type Decoded, Pipeline, type PipelineConfig } from "../../../src/mqtt/payloads/pipeline.ts";
import { NO_SPARKPLUG } from "../../../src/mqtt/payloads/sparkplug/items.ts";
import { sparkplugTopic } from "../../../src/mqtt/payloads/sparkplug/topic.ts";
import { type OwnMessage, PayloadState } from "../../../src/mqtt/payloads/state.ts";

/** A pipeline of JSON that does nothing, but for what is given. */
export function newPipeline(config: Partial<PipelineConfig> = {}): Pipeline {
  return new Pipeline({
    id: 0,
    payload: "json",
    split: null,
    key: null,
    timestamp: null,
    schema: null,
    shaping: null,
    deadband: null,
    sparkplug: NO_SPARKPLUG,
    ...config,
  });
}

/** What pipelines remember, on a clock of its own. */
export class StateRig {
  readonly clock = new ManualClock();
  readonly stats = { sparkplugGaps: 0, sparkplugUnknownAliases: 0, sparkplugRebirths: 0 };
  readonly published: OwnMessage[] = [];
  readonly state: PayloadState;

  constructor(maxLastValues = 1_000, maxSparkplugBytes = 1_000_000) {
    const limits = { maxLastValues, maxSparkplugBytes };
    this.state = new PayloadState(this.clock, limits, this.stats, (own) => this.published.push(own));
  }

  run(
    pipeline: Pipeline,
    payload: string | Uint8Array,
    nowMs: number,
    mqttTopic = "a/b",
  ): Decoded | PayloadFault {
    const bytes = typeof payload === "string" ? Buffer.from(payload) : payload;
    return pipeline.run(bytes, { mqttTopic, sparkplug: sparkplugTopic(mqttTopic) }, nowMs, this.state);
  }
}

/** Records as texts, with their keys and times; or the reason why there are none. */
export function rowsOf(decoded: Decoded | PayloadFault): [string, string | null, number][] | string {
  if (decoded instanceof PayloadFault) return decoded.reason;
  return decoded.records.map(({ value, key, timestampMs }) => [
    Buffer.from(value).toString(),
    key === null ? null : Buffer.from(key).toString(),
    timestampMs,
  ]);
}
