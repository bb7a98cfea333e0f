import type { Uuid } from "../base/ids.ts";
import type { Logger } from "../base/logger.ts";
import type { Broker } from "../broker/broker.ts";
import type { Partition } from "../broker/partition.ts";
import { CLOCK_TOPIC } from "../clock/clock-ledger.ts";
import { type ClockStatus, GatewayTime, type MarkedLog } from "../clock/gateway-time.ts";
import { BOOT_HEADER, MONOTONIC_HEADER } from "../clock/headers.ts";
import type { ClockChange } from "../clock/time-keeper.ts";
import type { WatchedClock } from "../clock/watched-clock.ts";
import type { Settings } from "../config/options.ts";
import type { Clock, Timer } from "../io/clock.ts";
import type { MachineTime } from "../io/machine-time.ts";
import { encodeHeaders } from "../records/builder.ts";

/** How often the clock is looked at where nobody asks for the time. */
const LOOK_MS = 1_000;
/** How often what is of no use any more is forgotten; first after the start, which may have begun a new boot. */
const PRUNE_MS = 3_600_000;
/** What a full disk still takes of the ledger: a clock that is set a few dozen times, and who was stamped by it. */
const LEDGER_SPARE_BYTES = 64 * 1024;

export interface GatewayClockParts {
  readonly settings: Settings;
  readonly broker: Broker;
  readonly clock: WatchedClock;
  readonly machine: MachineTime;
  /** When the program was built, in milliseconds since 1970. */
  readonly builtMs: number;
  readonly logger: Logger;
}

/** Connects the gateway's idea of time with what stamps records, what judges them by age, and what tells of it. */
export class GatewayClock {
  readonly time: GatewayTime;
  /** The time, and the name of the machine's run, which is another after every start of it. */
  readonly forUplinks: { readonly time: GatewayTime; readonly bootId: string };
  readonly #broker: Broker;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #timer: Timer | null = null;
  #pruneAtMs = 0;
  #period = 0;
  #failing = false;

  /** Takes the first look: before any record comes, so that all are in a period that is written down. */
  constructor(parts: GatewayClockParts) {
    const { settings, broker, clock, machine, builtMs, logger } = parts;
    this.#broker = broker;
    this.#clock = clock;
    this.#logger = logger;
    const rules = {
      trust: settings["clock.trust"],
      toleranceMs: settings["clock.tolerance.ms"],
      buildMs: builtMs,
      hasBatteryClock: machine.hasBatteryClock,
    };
    this.time = new GatewayTime(machine, rules, broker.openState(CLOCK_TOPIC, LEDGER_SPARE_BYTES), {
      onChange: (change) => this.#changed(change),
      onFailure: (error) => this.#failed(error),
    });
    this.forUplinks = { time: this.time, bootId: machine.bootId };
    clock.onSuspect = () => this.time.look();
    this.#witness();
    broker.store.useTimes({
      nowMs: () => this.time.settledNowMs,
      ageTime: (log, from, to, stampedMs) => this.time.ageTime(log, from, to, stampedMs),
      seenBy: (log, endOffset) => this.time.seenBy(log, endOffset),
      see: (log, aheadEnd, stepMs) => this.time.see(log, log.highWatermark, aheadEnd, stepMs),
    });
    this.#look();
  }

  get status(): ClockStatus {
    return this.time.status;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #witness(): void {
    const { time } = this;
    const period = (): number => this.#period;
    this.#broker.stamps.witness = {
      get period() {
        return period();
      },
      stamped: (partition, kinds) => time.stamped(markedLog(partition), kinds),
      arrivalHeaders: () => {
        if (time.isKnown) return null;
        const { boot, bootMs } = time.bootTime;
        return encodeHeaders([
          { key: BOOT_HEADER, value: encoder.encode(boot) },
          { key: MONOTONIC_HEADER, value: encoder.encode(String(Math.floor(bootMs))) },
        ]);
      },
    };
  }

  #look(): void {
    this.time.look();
    if (this.#clock.monotonicMs() >= this.#pruneAtMs) {
      this.#pruneAtMs = this.#clock.monotonicMs() + PRUNE_MS;
      this.time.prune((topicId, partition) => this.#logStart(topicId, partition));
    }
    this.#timer = this.#clock.after(LOOK_MS, () => this.#look());
  }

  #logStart(topicId: string, partition: number): number | null {
    return this.#broker.store.get(topicId as Uuid, partition)?.logStartOffset ?? null;
  }

  #changed({ kind, period, stepMs }: ClockChange): void {
    this.#period += 1;
    const { quality, boot } = period;
    const says = { quality, boot, shows: new Date(period.startBootMs + period.offsetMs).toISOString() };
    if (kind === "step") {
      this.#logger.warn("the clock was set", { ...says, byMs: Math.round(stepMs) });
    } else if (kind === "quality") this.#logger.info("the clock is kept right now", says);
    else if (quality === "unknown") {
      this.#logger.warn("the clock can't be believed yet: times are put right once it can", says);
    } else this.#logger.info("clock", says);
  }

  /** The log tells of its own trouble; this is what it means. */
  #failed(error: unknown): void {
    if (this.#failing) return;
    this.#failing = true;
    this.#logger.error("what the clock does can't be written down: times may stay as they were stamped", {
      error,
    });
  }
}

const encoder = new TextEncoder();

function markedLog({ topicId, index, log }: Partition): MarkedLog {
  const { logStartOffset, logEndOffset } = log;
  return { topicId, partition: index, logStartOffset, logEndOffset };
}
