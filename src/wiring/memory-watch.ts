import { HeadwaterError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { MemoryStatus } from "../http/status.ts";
import type { Clock, Timer } from "../io/clock.ts";
import type { MemoryReading, MemorySource } from "../io/memory.ts";
import { type MemoryLevel, MemoryLevels } from "./memory-levels.ts";

/** How often it looks: a dozen small files of the kernel. */
const LOOK_MS = 3_000;
/** While memory is short, what was filled again meanwhile is given back again. */
const AGAIN_MS = 30_000;

const SEVERITY: Readonly<Record<MemoryLevel, number>> = { normal: 0, tight: 1, critical: 2 };

export interface MemoryWatchOptions {
  readonly source: MemorySource;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Setting `memory.low.percent`, above 0. */
  readonly lowPercent: number;
  /** Give back memory, each in its turn; they don't throw. */
  readonly shrinks: readonly (() => void)[];
  /** Memory of the process, for what is said of a shrink. */
  readonly residentBytes: () => number;
  /** A deliberate bug, for tests of the tests. */
  readonly bug?: string;
}

export const MEMORY_BUGS = ["never-shrinks"] as const;

/** Looks how short memory is, and has caches shrink before the kernel ends the process. */
export class MemoryWatch {
  readonly #options: MemoryWatchOptions;
  readonly #levels: MemoryLevels;
  #reading: MemoryReading = { bounds: [], stalled: null };
  #shrinks = 0;
  #shrunkAtMs = 0;
  #timer: Timer | null = null;

  /** Throws CONFIG_INVALID for a bug that there is not. */
  constructor(options: MemoryWatchOptions) {
    const { bug = "" } = options;
    if (bug !== "" && !MEMORY_BUGS.some((known) => known === bug)) {
      throw new HeadwaterError("CONFIG_INVALID", `unknown deliberate bug ${bug}`);
    }
    this.#options = options;
    this.#levels = new MemoryLevels(options.lowPercent);
  }

  get status(): MemoryStatus {
    const { stalled } = this.#reading;
    const nearest = this.#levels.nearest(this.#reading);
    return {
      level: this.#levels.level,
      bound: nearest?.of ?? null,
      limitBytes: nearest?.limitBytes ?? null,
      availableBytes: nearest?.availableBytes ?? null,
      stalledShare: stalled?.someShare ?? null,
      shrinks: this.#shrinks,
    };
  }

  /** Why the gateway is not as it should be; null while it is. */
  get hindrance(): string | null {
    return this.#levels.level === "critical"
      ? "memory is short: the kernel may end the gateway, which starts again by itself"
      : null;
  }

  start(): void {
    this.#look();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #look(): void {
    const { source, clock } = this.#options;
    this.#timer = clock.after(LOOK_MS, () => this.#look());
    this.#reading = source.read();
    const nowMs = clock.monotonicMs();
    const before = this.#levels.level;
    const level = this.#levels.judge(this.#reading, nowMs);
    const isWorse = SEVERITY[level] > SEVERITY[before];
    const isDueAgain = level !== "normal" && nowMs - this.#shrunkAtMs >= AGAIN_MS;
    const freedBytes = isWorse || isDueAgain ? this.#shrink(nowMs) : 0;
    if (level !== before) this.#tell(level, isWorse, freedBytes);
  }

  /** Gives how much smaller the process is, as far as it shows at once. */
  #shrink(nowMs: number): number {
    const { residentBytes, shrinks, bug } = this.#options;
    if (bug === "never-shrinks") return 0;
    const before = residentBytes();
    for (const shrink of shrinks) shrink();
    this.#shrinks += 1;
    this.#shrunkAtMs = nowMs;
    return Math.max(0, before - residentBytes());
  }

  #tell(level: MemoryLevel, isWorse: boolean, freedBytes: number): void {
    const { logger, residentBytes } = this.#options;
    const { bound, limitBytes, availableBytes, stalledShare } = this.status;
    const figures = {
      level,
      bound,
      limitBytes,
      availableBytes,
      stalledShare,
      residentBytes: residentBytes(),
    };
    if (isWorse) logger.warn("memory is short: caches were given back", { ...figures, freedBytes });
    else if (level === "tight") logger.info("memory is less short", figures);
    else logger.info("memory is not short any more", figures);
  }
}
