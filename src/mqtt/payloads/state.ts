import type { Clock } from "../../io/clock.ts";
import { LastValues } from "./deadband.ts";
import { SparkplugNodes, type SparkplugStats } from "./sparkplug/nodes.ts";

/** A message that a payload gives rise to: it is published as one from inside the door. */
export interface OwnMessage {
  readonly mqttTopic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
  /** False where no route is to take it. */
  readonly append: boolean;
}

export interface PayloadLimits {
  /** Records whose last values are known. */
  readonly maxLastValues: number;
  /** What is remembered of Sparkplug births, roughly. */
  readonly maxSparkplugBytes: number;
}

/** Rebirths that are asked for within a second, of all edge nodes: after a restart, all of them may be due. */
const MAX_REBIRTHS_PER_SEC = 32;

/** What pipelines remember from message to message; one for all routes of a door. Nothing of it outlives a restart. */
export class PayloadState {
  readonly clock: Clock;
  readonly stats: SparkplugStats;
  readonly lastValues: LastValues;
  readonly nodes: SparkplugNodes;
  /** Publishes a message; what it was made of waits for nothing of it. */
  readonly publish: (message: OwnMessage) => void;

  constructor(
    clock: Clock,
    limits: PayloadLimits,
    stats: SparkplugStats,
    publish: (message: OwnMessage) => void,
  ) {
    this.clock = clock;
    this.stats = stats;
    this.lastValues = new LastValues(limits.maxLastValues);
    this.nodes = new SparkplugNodes(
      { maxBytes: limits.maxSparkplugBytes, maxRebirthsPerSec: MAX_REBIRTHS_PER_SEC },
      stats,
    );
    this.publish = publish;
  }
}
