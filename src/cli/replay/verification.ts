import { GAP_TOPIC } from "../../broker/gap-ledger.ts";
import { KafkaAdmin } from "../../kafka/client/admin.ts";
import type { KafkaCluster } from "../../kafka/client/cluster.ts";
import { type Span, SpanReader } from "../../kafka/client/span-reader.ts";
import type { RecordCursor } from "../../records/reader.ts";
import { type GapEntries, type GapEntry, readGapEntries, touches } from "./gap-entries.ts";
import { type LeftOut, leftOutOf } from "./left-out.ts";
import { decidedEnds, type LocatedSpan } from "./locate.ts";
import { OriginReader } from "./origin.ts";
import { type LogReport, Proof, type ProofLevel } from "./proof.ts";
import { isAskedFor, isInTime, type ReplayQuery } from "./query.ts";
import type { Verdict } from "./verdict.ts";

const decoder = new TextDecoder();
const CLEANUP = "cleanup.policy";

/**
 * Proves what a reading has brought. Before anything is called missing, all of the topic is looked through for it,
 * where the user has not bounded how far to look.
 */
export class Verification {
  readonly level: ProofLevel;
  /** Offsets that the broker deleted before they were read. */
  deleted = 0;
  readonly #cluster: KafkaCluster;
  readonly #query: ReplayQuery;
  readonly #sourceTopic: string;
  readonly #ledgerTopic: string;
  readonly #isFiltered: boolean;
  readonly #proof: Proof;
  /** Devices that were asked for and of which no record has come, by name. */
  readonly #absent: Map<string, Uint8Array>;

  /**
   * `sourceTopic` is the topic's name at the gateways, as their ledgers have it. `isFiltered`: the user says that the route takes
   * some of the records only, for where no uplink tells how many it has left out.
   */
  constructor(
    cluster: KafkaCluster,
    query: ReplayQuery,
    level: ProofLevel,
    sourceTopic: string,
    ledgerTopic: string = GAP_TOPIC,
    isFiltered = false,
  ) {
    this.#isFiltered = isFiltered;
    this.level = level;
    this.#cluster = cluster;
    this.#query = query;
    this.#sourceTopic = sourceTopic;
    this.#ledgerTopic = ledgerTopic;
    const names = query.devices.map((device) => [decoder.decode(device), device] as const);
    this.#absent = new Map(names);
    const { fromMs, toMs, gateway } = query;
    this.#proof = new Proof({ fromMs, toMs, gateway, devices: new Set(this.#absent.keys()) });
  }

  /** A record, in its partition's order; `origin` has read it. */
  take(topic: string, partition: number, record: RecordCursor, origin: OriginReader): void {
    const asked = isAskedFor(this.#query, record, origin);
    if (asked && this.#absent.size > 0 && isInTime(this.#query, origin)) this.#isThere(record);
    if (this.level === "device" ? asked : this.concerns(origin)) {
      this.#proof.take(origin, topic, partition, record.offset, asked && this.#query.devices.length > 0);
    }
  }

  #isThere({ bytes, keyStart, keyEnd }: RecordCursor): void {
    for (const [name, key] of this.#absent) {
      if (keyEnd - keyStart === key.length && key.every((byte, index) => bytes[keyStart + index] === byte))
        this.#absent.delete(name);
    }
  }

  /** Whether a record's log is looked at, whoever's record it is. */
  concerns(origin: OriginReader): boolean {
    return this.#query.gateway === null || origin.gateway === this.#query.gateway;
  }

  /** `read` is how far each span was read. Throws HeadwaterError. */
  async verdict(spans: readonly LocatedSpan[], read: readonly Span[]): Promise<Verdict> {
    const ledger = await readGapEntries(this.#cluster, this.#sourceTopic, this.#ledgerTopic);
    if (this.deleted === 0 && spans.every(({ logStart }) => logStart === 0)) this.#proof.expectStart();
    let logs = this.#proof.report(this.level, ledger);
    let undecided = false;
    const bounded = this.#query.strictMargin && Number.isFinite(this.#query.marginMs);
    if (!bounded && logs.some(({ missingCount }) => missingCount > 0)) {
      undecided = !(await this.#fillHoles(spans, read, ledger));
      logs = this.#proof.report(this.level, ledger);
    }
    const { withoutOrigin } = this.#proof;
    const refused = this.#refused(ledger);
    const compacted = logs.some(({ missingCount }) => missingCount > 0) && (await this.#isCompacted());
    logs = await this.#withLeftOut(logs, spans, ledger);
    const absent = { asked: this.#query.devices.length, devices: [...this.#absent.keys()] };
    return {
      ...{ level: this.level, logs, refused, absent, withoutOrigin, undecided },
      ...{ deleted: this.deleted, compacted },
    };
  }

  /** What routes leave out is not missing; how much that is the uplinks have committed. */
  async #withLeftOut(
    logs: readonly LogReport[],
    spans: readonly LocatedSpan[],
    ledger: GapEntries,
  ): Promise<readonly LogReport[]> {
    if (this.level !== "log" || logs.every(({ missingCount }) => missingCount === 0)) return logs;
    const accounts = await leftOutOf(this.#cluster, this.#query.topic, spans.length);
    return logs.map((log) => {
      const account = accounts.get(log.log);
      if (account === undefined) return { ...log, leftOut: this.#isFiltered ? log.missingCount : 0 };
      return withAccount(log, account, this.#proof, ledger);
    });
  }

  /** False where nobody says. */
  async #isCompacted(): Promise<boolean> {
    const admin = new KafkaAdmin(this.#cluster);
    const [topic] = await admin.describeTopics([this.#query.topic], [CLEANUP]).catch(() => []);
    return topic?.values.get(CLEANUP)?.includes("compact") === true;
  }

  /** Looks behind what was read, then before it. False where somebody's transaction hides the end. */
  async #fillHoles(
    spans: readonly LocatedSpan[],
    read: readonly Span[],
    ledger: GapEntries,
  ): Promise<boolean> {
    let holes = this.#proof.freeze(ledger);
    const ends = await decidedEnds(this.#cluster, spans);
    const behind = read.map((span, index) => ({
      ...span,
      start: span.end,
      end: Math.max(span.end, ends?.[index] ?? spans[index]?.end ?? span.end),
    }));
    const before = spans.map((span) => ({ ...span, start: span.logStart, end: span.start }));
    const origin = new OriginReader();
    for (const reader of [behind, before].map((part) => new SpanReader(this.#cluster, part))) {
      while (holes > 0 && !reader.done) {
        await reader.poll((_topic, partition, record) => {
          origin.read(record);
          if (this.#proof.fill(origin, partition, record.offset)) holes -= 1;
          return undefined;
        });
      }
    }
    return ends !== null;
  }

  /** Records that a gateway would not take, in this time: devices had no acknowledgement of them. */
  #refused({ entries }: GapEntries): readonly GapEntry[] {
    const { gateway, devices, fromMs, toMs } = this.#query;
    const names = new Set(devices.map((device) => decoder.decode(device)));
    return entries.filter(
      (entry) =>
        entry.firstOffset < 0 &&
        (gateway === null || entry.gateway === "" || entry.gateway === gateway) &&
        (names.size === 0 || entry.device === null || names.has(entry.device)) &&
        touches(entry, fromMs, toMs),
    );
  }
}

/** A log's report with what its uplink says that its route left out of it. */
export function withAccount(
  log: LogReport,
  { filtered, countedFrom }: LeftOut,
  proof: Proof,
  ledger: GapEntries,
): LogReport {
  const uncounted = proof.missingBelow(log, countedFrom, ledger);
  return { ...log, leftOut: uncounted + Math.min(log.missingCount - uncounted, filtered), uncounted };
}
