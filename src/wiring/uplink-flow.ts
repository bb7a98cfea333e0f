import type { Logger } from "../base/logger.ts";
import type { Broker } from "../broker/broker.ts";
import type { GatewayTime } from "../clock/gateway-time.ts";
import type { Clock, Timer } from "../io/clock.ts";
import type { Random } from "../io/random.ts";
import { CANARY_CONFIGS, CANARY_TOPIC, canaryKey } from "../upstream/flow/canary-topic.ts";
import { sampleDevices } from "../upstream/flow/device-lags.ts";
import { canaryFault, FlowWatch, pauseOf } from "../upstream/flow/flow-watch.ts";
import { mirrorAlarms } from "../upstream/flow/mirror-watch.ts";
import type { DeviceLags, FlowAlarm, FlowStatus, TopicLag } from "../upstream/flow/status.ts";
import type { Mirror } from "../upstream/mirror/mirror.ts";
import type { LocalSource } from "../upstream/source.ts";
import type { UplinkStatus } from "../upstream/status.ts";
import type { Uplink } from "../upstream/uplink.ts";

/** How often an uplink is looked at, at most; and for short times till the alarm, this many times till then. */
const LOOK_MS = 5_000;
const LOOKS_PER_ALARM = 10;
/** The first canary comes soon, whatever the interval: a start is when one wants to know. */
const FIRST_CANARY_MS = 30_000;
/** A sample of what waits is good for as long. */
const SAMPLE_MS = 10_000;
const ID_BYTES = 8;

export interface FlowParts {
  readonly uplink: Uplink;
  readonly mirrors: readonly Mirror[];
  readonly name: string;
  readonly gatewayId: string;
  readonly canaryIntervalMs: number;
  readonly alarmMs: number;
  readonly source: LocalSource;
  readonly broker: Broker;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Left out where the clock is always right. */
  readonly time?: GatewayTime;
}

/** Lets an uplink's canaries go, and watches whether what should flow does. */
export class UplinkFlow {
  readonly #parts: FlowParts;
  readonly #watch: FlowWatch;
  #timer: Timer | null = null;
  #canaryAtMs: number;
  #mirrorAlarms: readonly FlowAlarm[] = [];
  #told = new Map<string, FlowAlarm>();
  #sample: { readonly devices: DeviceLags; readonly atMs: number } | null = null;

  constructor(parts: FlowParts) {
    this.#parts = parts;
    const nowMs = parts.clock.monotonicMs();
    this.#watch = new FlowWatch(parts.alarmMs, nowMs);
    this.#canaryAtMs = nowMs + Math.min(parts.canaryIntervalMs, FIRST_CANARY_MS);
    this.#look();
  }

  get #alarms(): readonly FlowAlarm[] {
    return [...this.#watch.alarms, ...this.#mirrorAlarms];
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** `lags`: of the topics of `status`. */
  describe(status: UplinkStatus, lags: readonly TopicLag[]): FlowStatus {
    const { time, clock } = this.#parts;
    const nowMs = time === undefined ? clock.nowMs() : time.trueNowMs();
    // What was stamped ahead of a time that nobody knew then says nothing now.
    const isFresh = nowMs !== null && status.newestTimestampMs >= 0 && status.newestTimestampMs <= nowMs;
    return {
      alarms: this.#alarms,
      paused: pauseOf(status),
      away: this.#watch.away(status, clock.monotonicMs()),
      freshnessMs: isFresh ? nowMs - status.newestTimestampMs : null,
      lagBytes: lags.reduce<number | null>(
        (sum, { lagBytes }) => (sum === null || lagBytes === null ? null : sum + lagBytes),
        0,
      ),
      canary: { ...status.canary, fault: canaryFault(status.topics) ?? status.canary.fault },
      topics: lags,
      devices: this.#devices(status, nowMs),
    };
  }

  #devices({ topics }: UplinkStatus, wallMs: number | null): DeviceLags {
    const nowMs = this.#parts.clock.monotonicMs();
    if (this.#sample === null || nowMs - this.#sample.atMs >= SAMPLE_MS) {
      this.#sample = { devices: sampleDevices(this.#parts.source, topics, wallMs), atMs: nowMs };
    }
    return this.#sample.devices;
  }

  #look(): void {
    const { uplink, mirrors, clock, alarmMs } = this.#parts;
    const nowMs = clock.monotonicMs();
    const status = uplink.status();
    this.#watch.look(status, nowMs);
    this.#mirrorAlarms = mirrorAlarms(
      mirrors.map((mirror) => mirror.status()),
      alarmMs,
    );
    this.#tell();
    this.#letGo(status, nowMs);
    const lookMs = alarmMs === 0 ? LOOK_MS : Math.min(LOOK_MS, Math.max(100, alarmMs / LOOKS_PER_ALARM));
    const canaryMs = this.#parts.canaryIntervalMs === 0 ? lookMs : Math.max(1, this.#canaryAtMs - nowMs);
    this.#timer = clock.after(Math.min(lookMs, canaryMs), () => this.#look());
  }

  /** Of each that comes or goes, once. */
  #tell(): void {
    const { logger } = this.#parts;
    const now = new Map(this.#alarms.map((alarm) => [alarm.topic ?? "", alarm]));
    for (const [key, { topic, forMs, reason }] of now) {
      if (!this.#told.has(key)) logger.error("nothing flows", { topic, forMs: Math.round(forMs), reason });
    }
    for (const [key, { topic }] of this.#told) {
      if (!now.has(key)) logger.info("it flows again", { topic });
    }
    this.#told = now;
  }

  /** One at a time while the centre is away: more would prove no more, and wait with the rest. */
  #letGo({ canary, state }: UplinkStatus, nowMs: number): void {
    const { canaryIntervalMs, clock, random, uplink, gatewayId, name } = this.#parts;
    if (canaryIntervalMs === 0 || nowMs < this.#canaryAtMs) return;
    this.#canaryAtMs = nowMs + canaryIntervalMs;
    if (canary.outForMs !== null && state.kind !== "forwarding") return;
    if (!this.#makeTopic()) return;
    const id = random.bytes(ID_BYTES).toHex();
    const atMs = clock.nowMs();
    this.#parts.broker.ingest.append({
      topic: CANARY_TOPIC,
      key: encoder.encode(canaryKey(gatewayId, name)),
      value: encoder.encode(
        JSON.stringify({ id, gateway: gatewayId, uplink: name, at: new Date(atMs).toISOString() }),
      ),
      timestampMs: atMs,
      isArrival: true,
      headers: null,
    });
    uplink.expectCanary(id);
  }

  #makeTopic(): boolean {
    const { broker } = this.#parts;
    if (broker.topics.get(CANARY_TOPIC) !== null) return true;
    return !(
      "error" in
      broker.createTopic({ name: CANARY_TOPIC, partitionCount: 1, configs: CANARY_CONFIGS }, () => {})
    );
  }
}

const encoder = new TextEncoder();
