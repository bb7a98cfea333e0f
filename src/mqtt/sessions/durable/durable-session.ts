import type { MqttLimits } from "../../limits.ts";
import type { Losses } from "../../losses.ts";
import type { Version } from "../../packets/codes.ts";
import type { MqttStats } from "../../stats.ts";
import { Session } from "../session.ts";
import type { DurableQueue } from "./durable-queue.ts";
import type { SessionRecord } from "./records.ts";

/**
 * A session that outlives its connection (MQTT 5, 4.1): `connected` -> `away`, back and forth, -> `ended`, by its
 * expiry, by a clean start, or by its owner's wish. What changes here is written by the store, once it is told.
 */
export class DurableSession extends Session {
  /** Stands for it in records; never used again. */
  readonly number: number;
  readonly queue: DurableQueue;
  override readonly outlivesConnection = true;
  protocol: Version;
  /** Seconds that it outlives its connection: 0 where it ends with it. */
  expirySec = 0;
  connected = false;
  /** Kept time of the end of its connection; 0 while connected. */
  disconnectedAtMs = 0;
  ended = false;

  constructor(queue: DurableQueue, protocol: Version, limits: MqttLimits, stats: MqttStats, losses: Losses) {
    super(queue.clientId, limits, stats, losses, queue);
    this.number = queue.number;
    this.queue = queue;
    this.protocol = protocol;
  }

  get record(): SessionRecord {
    const { number, protocol, expirySec, connected, disconnectedAtMs, userName, certificate, will } = this;
    return { number, protocol, expirySec, connected, disconnectedAtMs, userName, certificate, will };
  }
}
