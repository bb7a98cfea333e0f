import { GAP_TOPIC } from "../../broker/gap-ledger.ts";
import {
  BOOT_HEADER,
  ESTIMATED_HEADER,
  MONOTONIC_HEADER,
  STAMPED_HEADER,
  TIME_HEADER,
} from "../../clock/headers.ts";
import { formatDurationMs } from "../../config/units.ts";
import { NO_TIMESTAMP } from "../../records/batch.ts";
import { encodeHeaders, type RecordHeader } from "../../records/builder.ts";
import { decodeHeaders, type RecordCursor } from "../../records/reader.ts";
import type { Calls } from "../calls.ts";
import type { UplinkReports } from "../reports.ts";
import type { SourcePartition } from "../source-partition.ts";
import type { Now } from "../topic-setup.ts";
import { CentralSettings, type TopicLimits } from "./central-settings.ts";
import { CentreClock } from "./centre-clock.ts";
import type { LocalTimes, SourceLog, TrueTime } from "./local-times.ts";
import type { LateTopicStatus, TimesSettings, TimesStatus } from "./settings.ts";

/** How a record goes up that does not go as it is. */
export interface Timing {
  readonly hold: null;
  readonly timestampMs: number;
  /** Headers behind the record's own, as they stand in a record but for their count. */
  readonly headerCount: number;
  readonly headers: Uint8Array;
}

/** Why a record has to wait, and with it what is behind it. */
export interface Hold {
  readonly hold: string;
}

interface Lateness {
  records: number;
  /** Age of the oldest, in milliseconds. */
  oldestMs: number;
}

/** What counts for the slice of records that is being read. */
interface Slice {
  readonly partition: SourcePartition;
  readonly log: SourceLog;
  readonly limits: TopicLimits | null;
  /** The true time; null while nobody can tell. */
  readonly nowMs: number | null;
  readonly isDoubtful: boolean;
  /** Timestamps within these, and not doubtful, go up as they are. */
  readonly earliestMs: number;
  readonly latestMs: number;
  /** What is later than this the centre refuses, as it has shown. */
  readonly refusedFromMs: number;
}

/**
 * Gives records their true times before they go up, and knows what the centre does with old ones. Pure: asked
 * record by record, and only where a record may need it.
 */
export class RecordTimes {
  readonly #settings: TimesSettings;
  readonly #local: LocalTimes;
  readonly #now: Now;
  readonly #reports: UplinkReports;
  readonly #central: CentralSettings;
  readonly #centreClock = new CentreClock();
  readonly #late = new Map<string, Lateness>();
  /** When this uplink first had to wait for the clock; null where it has not, or the time is known. */
  #waitingSinceMs: number | null = null;
  #slice: Slice | null = null;
  #gaveUp = false;
  #repaired = 0;
  #estimated = 0;
  #unrepaired = 0;

  constructor(settings: TimesSettings, local: LocalTimes, calls: Calls, reports: UplinkReports, now: Now) {
    this.#settings = settings;
    this.#local = local;
    this.#now = now;
    this.#reports = reports;
    this.#central = new CentralSettings(calls, settings.lateRecords === "hold");
  }

  /** The true time; null while nobody can tell. */
  get nowMs(): number | null {
    return this.#local.nowMs();
  }

  restart(): void {
    this.#central.restart();
  }

  /** A topic of the centre has taken a batch whose newest record has this time. */
  taken(topic: string, timestampMs: number): void {
    this.#centreClock.taken(topic, timestampMs, this.#now.nowMs);
  }

  /** It has refused a record for its time. */
  refused(topic: string, timestampMs: number): void {
    this.#centreClock.refused(topic, timestampMs, this.#now.nowMs);
  }

  /** Asks for the settings of central topics; `released` where what waited for them may be tried again. */
  advance(topics: readonly string[], released: () => void): void {
    this.#central.advance(topics, this.#now.nowMs, (topic, limits) => {
      this.#tell(topic, limits);
      released();
    });
    if (this.#waitingSinceMs === null || this.#local.nowMs() === null) return;
    this.#waitingSinceMs = null;
    this.#gaveUp = false;
    this.#reports.onState("info", "the time is known: records that waited for it go up");
  }

  /** A slice of this partition is about to be read, from its next record on: see `of`. */
  begin(partition: SourcePartition): void {
    const { route, index, next } = partition;
    const log = { topicId: route.topicId, partition: index };
    const limits = this.#central.of(route.central.name);
    const told = this.#local.nowMs();
    // The machine's clocks show fractions of a millisecond; a record batch has no room for them.
    const nowMs = told === null ? null : Math.round(told);
    const isDoubtful = this.#local.isDoubtful(log, next);
    const maxAgeMs =
      limits === null ? Number.POSITIVE_INFINITY : Math.min(limits.retentionMs, limits.maxBeforeMs);
    const aheadMs = limits?.maxAfterMs ?? Number.POSITIVE_INFINITY;
    const refusedFromMs = this.#centreClock.latestMs(route.central.name, aheadMs, this.#now.nowMs);
    const asks =
      limits === null || limits.stampsItself || (nowMs === null && this.#holdsAt(maxAgeMs, partition));
    this.#slice = {
      ...{ partition, log, limits, nowMs, isDoubtful, refusedFromMs },
      earliestMs: asks
        ? Number.POSITIVE_INFINITY
        : nowMs === null
          ? Number.NEGATIVE_INFINITY
          : nowMs - maxAgeMs,
      latestMs: Math.min(refusedFromMs, nowMs === null ? Number.POSITIVE_INFINITY : nowMs + aheadMs),
    };
  }

  /** How the record of the slice goes up that the cursor is at; null for as it is. */
  of(cursor: RecordCursor): Timing | Hold | null {
    const slice = this.#slice;
    const stampedMs = cursor.timestampMs;
    if (slice === null) return null;
    const { untimely } = slice.partition;
    const refusals = untimely.size === 0 ? 0 : (untimely.get(cursor.offset) ?? 0);
    if (refusals === 0 && !slice.isDoubtful && stampedMs >= slice.earliestMs && stampedMs <= slice.latestMs)
      return null;
    const found = slice.isDoubtful ? this.#trueTime(slice, cursor) : { timeMs: stampedMs, isEstimate: false };
    if (found === null && this.#waits()) return { hold: "the time is not known yet" };
    if (found === null) this.#unrepaired += 1;
    const timeMs = Math.round(found?.timeMs ?? stampedMs);
    const headers: RecordHeader[] = [];
    if (timeMs !== stampedMs) {
      this.#repaired += 1;
      headers.push(header(STAMPED_HEADER, String(stampedMs)));
      if (found?.isEstimate === true) {
        this.#estimated += 1;
        headers.push(header(ESTIMATED_HEADER, "true"));
      }
    }
    return this.#forCentre(slice, timeMs, headers, found !== null, refusals);
  }

  /** `topics` of the centre. */
  status(topics: readonly string[]): TimesStatus {
    const { lateRecords } = this.#settings;
    const waitedMs = this.#waitingSinceMs === null ? null : this.#now.nowMs - this.#waitingSinceMs;
    return {
      clock: {
        waiting: waitedMs !== null && !this.#gaveUp,
        waitedMs,
        repaired: this.#repaired,
        estimated: this.#estimated,
        unrepaired: this.#unrepaired,
      },
      late: {
        policy: lateRecords,
        topics: topics.map((topic) => this.#topicStatus(topic)),
      },
    };
  }

  #topicStatus(topic: string): LateTopicStatus {
    const limits = this.#central.of(topic);
    const late = this.#late.get(topic);
    return {
      topic,
      retentionMs: finite(limits?.retentionMs),
      retentionBytes: finite(limits?.retentionBytes),
      stampsItself: limits?.stampsItself ?? null,
      unreadable: limits?.unreadable ?? null,
      lateRecords: late?.records ?? 0,
      oldestMs: late?.oldestMs ?? null,
      warning: limits === null || late === undefined ? null : this.#words(topic, limits, late),
    };
  }

  #trueTime({ log }: Slice, cursor: RecordCursor): TrueTime | null {
    const stampedMs = cursor.timestampMs;
    const said = cursor.headerCount === 0 ? null : bootTimeOf(cursor);
    return said === null
      ? this.#local.trueTime(log, cursor.offset, stampedMs)
      : this.#local.timeOfBoot(said.boot, said.bootMs, stampedMs);
  }

  /** Whether there is still patience for a clock that nobody has set. */
  #waits(): boolean {
    const { nowMs } = this.#now;
    const { clockWaitMs } = this.#settings;
    if (this.#waitingSinceMs === null) {
      this.#waitingSinceMs = nowMs;
      if (clockWaitMs > 0) this.#reports.onState("warn", "the time is not known: records wait for it");
    }
    if (nowMs - this.#waitingSinceMs < clockWaitMs) return true;
    if (!this.#gaveUp) {
      const waited = formatDurationMs(clockWaitMs);
      this.#reports.onState(
        "warn",
        `the time is not known after ${waited}: records go up as they were stamped`,
      );
    }
    this.#gaveUp = true;
    return false;
  }

  #forCentre(
    slice: Slice,
    timeMs: number,
    headers: RecordHeader[],
    isTrue: boolean,
    refusals: number,
  ): Timing | Hold | null {
    const { limits, nowMs, partition } = slice;
    const lateRecords = this.#lateRecords(partition);
    const topic = partition.route.central.name;
    if (limits === null) return { hold: "the centre has not told the topic's settings yet" };
    if (limits.stampsItself) {
      if (isTrue) headers.push(header(TIME_HEADER, String(timeMs)));
      return timing(timeMs, headers);
    }
    if (refusals > 0 || timeMs > slice.refusedFromMs) {
      return this.#withTimeOfSending(slice, limits, timeMs, headers, isTrue, refusals);
    }
    const keepsMs = Math.min(limits.retentionMs, limits.maxBeforeMs);
    // Of a time that the device has given, nobody can tell how old it is.
    if ((!isTrue || nowMs === null) && this.#holdsAt(keepsMs, partition))
      return { hold: `the time is not known, nor whether the centre would keep records of ${topic}` };
    if (nowMs === null || !isTrue) return timing(timeMs, headers);
    const ageMs = nowMs - timeMs;
    if (ageMs <= keepsMs && -ageMs <= limits.maxAfterMs) {
      return timing(timeMs, headers);
    }
    this.#noteLate(topic, limits, ageMs);
    if (lateRecords === "hold") return { hold: this.#words(topic, limits, this.#lateness(topic)) };
    // What would be refused would be lost.
    const isTaken = ageMs <= limits.maxBeforeMs && -ageMs <= limits.maxAfterMs;
    if (lateRecords === "send" && isTaken) return timing(timeMs, headers);
    headers.push(header(TIME_HEADER, String(timeMs)));
    return timing(nowMs, headers);
  }

  /**
   * The centre does not take this time, whatever our clock says: the record goes up with one that it takes, or without one where
   * none is known, and has its own in a header.
   */
  #withTimeOfSending(
    { partition, refusedFromMs }: Slice,
    limits: TopicLimits,
    timeMs: number,
    headers: RecordHeader[],
    isTrue: boolean,
    refusals: number,
  ): Timing | Hold | null {
    const topic = partition.route.central.name;
    const centreMs = this.#centreClock.acceptableMs(topic, this.#now.nowMs);
    if (this.#lateRecords(partition) === "hold") {
      // Perhaps by now.
      if (timeMs <= refusedFromMs) return timing(timeMs, headers);
      this.#noteLate(topic, limits, Math.min(-1, refusedFromMs - timeMs) - limits.maxAfterMs);
      return { hold: this.#words(topic, limits, this.#lateness(topic)) };
    }
    this.#noteLate(topic, limits, (centreMs ?? refusedFromMs - limits.maxAfterMs) - timeMs);
    headers.push(header(isTrue ? TIME_HEADER : STAMPED_HEADER, String(timeMs)));
    return timing(refusals > 1 || centreMs === null ? NO_TIMESTAMP : centreMs, headers);
  }

  /** Whether records wait rather than go where they may be deleted or refused at some age. */
  #holdsAt(maxAgeMs: number, partition: SourcePartition): boolean {
    return this.#lateRecords(partition) === "hold" && maxAgeMs < Number.MAX_SAFE_INTEGER;
  }

  /** The ledger is not held: whatever stands at a gap waits for it. */
  #lateRecords({ route }: SourcePartition): TimesSettings["lateRecords"] {
    const { lateRecords } = this.#settings;
    return lateRecords === "hold" && route.topic === GAP_TOPIC ? "arrival-time" : lateRecords;
  }

  #noteLate(topic: string, limits: TopicLimits, ageMs: number): void {
    const late = this.#lateness(topic);
    const isFirst = late.records === 0;
    if (this.#settings.lateRecords === "hold") late.records = Math.max(1, late.records);
    else late.records += 1;
    late.oldestMs = Math.max(late.oldestMs, ageMs);
    if (isFirst) this.#reports.onTrouble(this.#words(topic, limits, late), null);
  }

  #lateness(topic: string): Lateness {
    let late = this.#late.get(topic);
    if (late === undefined) {
      late = { records: 0, oldestMs: Number.NEGATIVE_INFINITY };
      this.#late.set(topic, late);
    }
    return late;
  }

  #words(topic: string, limits: TopicLimits, { oldestMs }: Lateness): string {
    const { lateRecords } = this.#settings;
    const refused = lateRecords === "hold" ? "they are held" : "they go up with the time of sending";
    if (-oldestMs > limits.maxAfterMs) {
      return `records of ${topic} are ahead of the time, and the centre refuses what is more than ${span(limits.maxAfterMs)} ahead: ${refused}`;
    }
    const old = `records of ${topic} are ${span(oldestMs)} old`;
    if (oldestMs > limits.maxBeforeMs) {
      return `${old}, and the centre refuses what is older than ${span(limits.maxBeforeMs)}: ${refused}`;
    }
    const does = lateRecords === "send" ? "they go up all the same" : refused;
    return `${old}, and the centre may delete what is older than ${span(limits.retentionMs)}: ${does}`;
  }

  #tell(topic: string, { unreadable }: TopicLimits): void {
    if (unreadable === null) return;
    this.#reports.onTrouble(
      `the settings of ${topic} at the centre can't be read (${unreadable}): none are assumed`,
      null,
    );
  }
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

function span(durationMs: number): string {
  return formatDurationMs(Math.max(1, Math.round(durationMs / 1000)) * 1000);
}

function timing(timestampMs: number, headers: readonly RecordHeader[]): Timing | null {
  if (headers.length === 0) return null;
  // The count is one byte: there are three at most.
  return {
    hold: null,
    timestampMs,
    headerCount: headers.length,
    headers: encodeHeaders(headers).subarray(1),
  };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function header(key: string, value: string): RecordHeader {
  return { key, value: encoder.encode(value) };
}

function bootTimeOf(cursor: RecordCursor): { readonly boot: string; readonly bootMs: number } | null {
  const headers = decodeHeaders(cursor);
  const value = (key: string): string | null => {
    const bytes = headers.findLast((one) => one.key === key)?.value ?? null;
    return bytes === null ? null : decoder.decode(bytes);
  };
  const boot = value(BOOT_HEADER);
  const bootMs = Number(value(MONOTONIC_HEADER) ?? Number.NaN);
  return boot === null || !Number.isFinite(bootMs) ? null : { boot, bootMs };
}
