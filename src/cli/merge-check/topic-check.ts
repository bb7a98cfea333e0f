import { HeadwaterError } from "../../base/errors.ts";
import type { Uuid } from "../../base/ids.ts";
import type { KafkaCluster, TopicMetadata } from "../../kafka/client/cluster.ts";
import { listGroups } from "../../kafka/client/groups.ts";
import { LIST_OFFSET } from "../../kafka/client/offsets.ts";
import { type Span, SpanReader } from "../../kafka/client/span-reader.ts";
import { committedOffsets } from "../../kafka/client/transactions.ts";
import type { Branch } from "../../upstream/lineage.ts";
import { entriesInSlots } from "../../upstream/positions.ts";
import type { GapEntries } from "../replay/gap-entries.ts";
import { type LeftOut, leftOutBy } from "../replay/left-out.ts";
import { decidedEnds, offsetsAt } from "../replay/locate.ts";
import { OriginReader } from "../replay/origin.ts";
import { type Budgets, type ComparisonReport, LogComparison } from "./log-comparison.ts";
import { OtherLogs } from "./other-logs.ts";
import { MAX_PENDING_CHUNKS } from "./pending-records.ts";
import { RecordHash } from "./record-hash.ts";

/** Groups of uplinks that are asked for their positions. */
const MAX_GROUPS = 1_000;
/** Small answers: what is held of both sides at once grows with them. */
const FETCH = { maxBytes: 4 * 1024 * 1024, partitionMaxBytes: 512 * 1024 };
/** Numbers that a record of the centre is kept as until the gateway's has been read. */
const FIELDS = 7;

export interface TopicNames {
  readonly local: string;
  readonly central: string;
}

export interface TopicReport extends TopicNames {
  readonly topicId: Uuid;
  /** As the centre has it; empty where it has no record of this topic. */
  readonly gateway: string;
  /** Whether the centre knows how far the uplink is. */
  readonly positionKnown: boolean;
  /** Somebody's open transaction hid the end of the central topic. */
  readonly undecided: boolean;
  readonly partitions: readonly ComparisonReport[];
  /** Records of the same gateway that are of other logs: of a topic that was deleted and made again. */
  readonly otherLogs: Readonly<Record<string, number>>;
}

/** How far an uplink is with a partition, and how many of its records the route has left out; null where it does not say. */
type Position = Branch & { readonly leftOut: LeftOut | null };

/** Compares one topic of a gateway with its central topic. */
export class TopicCheck {
  readonly #gateway: KafkaCluster;
  readonly #centre: KafkaCluster;
  readonly #names: TopicNames;
  readonly #ledger: GapEntries;
  readonly #budgets: Budgets = { pending: { chunks: 0 }, offsets: { open: 0 } };
  readonly #origin = new OriginReader();
  readonly #hash = new RecordHash();
  readonly #otherLogs: OtherLogs;
  #gatewayId = "";
  /** By `TOPIC_ID/PARTITION`. */
  #comparisons = new Map<string, LogComparison>();

  constructor(gateway: KafkaCluster, centre: KafkaCluster, names: TopicNames, ledger: GapEntries) {
    this.#gateway = gateway;
    this.#centre = centre;
    this.#names = names;
    this.#ledger = ledger;
    this.#otherLogs = new OtherLogs(ledger.groups);
  }

  /** `onProgress` gets central offsets read, and all of them. Throws HeadwaterError. */
  async run(
    local: TopicMetadata,
    central: TopicMetadata,
    onProgress: (done: number, total: number) => void,
  ): Promise<TopicReport> {
    const sources = local.partitions.map((_, partition) => ({ topic: this.#names.local, partition }));
    const starts = await offsetsAt(this.#gateway, sources, LIST_OFFSET.earliest, "read_committed");
    const ends = await offsetsAt(this.#gateway, sources, LIST_OFFSET.latest, "read_committed");
    for (const { partition } of sources) {
      const [start, end] = [starts[partition] as number, ends[partition] as number];
      const comparison = new LogComparison(partition, start, end, this.#budgets);
      this.#comparisons.set(`${local.id}/${partition}`, comparison);
    }
    // What is forwarded up to here has been appended at the centre before its ends are looked up.
    const positions = await this.#positions(local.id, central);
    const { spans, undecided } = await this.#centralSpans(central);
    const reader = new SpanReader(
      this.#gateway,
      sources.map((source) => ({
        ...source,
        start: starts[source.partition] as number,
        end: ends[source.partition] as number,
      })),
      {
        ...FETCH,
        onDeleted: (_topic, partition, _from, to) => {
          const comparison = this.#comparisons.get(`${local.id}/${partition}`);
          if (comparison !== undefined) comparison.start = to;
        },
      },
    );
    await this.#compare(reader, spans, onProgress);
    await this.#readRest(reader, positions);
    const now = await offsetsAt(this.#gateway, sources, LIST_OFFSET.latest, "read_uncommitted");
    const partitions = [...this.#comparisons].map(([log, comparison]) => {
      const position = positions?.get(comparison.partition);
      const ledger = this.#ledger.ofLog(this.#gatewayId, log);
      const end = now[comparison.partition] ?? comparison.end;
      return comparison.report(
        position?.next ?? null,
        ledger,
        end,
        position?.epoch ?? null,
        position?.leftOut?.filtered ?? null,
        position?.leftOut?.countedFrom,
      );
    });
    return {
      ...this.#names,
      ...{ topicId: local.id, gateway: this.#gatewayId, positionKnown: positions !== null, undecided },
      ...{ partitions, otherLogs: this.#otherLogs.of(this.#gatewayId) },
    };
  }

  /** Reads the centre, and of the gateway as much as it takes to compare what has come. */
  async #compare(
    gateway: SpanReader,
    spans: readonly Span[],
    onProgress: (done: number, total: number) => void,
  ): Promise<void> {
    const centre = new SpanReader(this.#centre, spans, FETCH);
    const comparisons = [...this.#comparisons.values()];
    const places = new Map([...this.#comparisons.keys()].map((log, index) => [log, index]));
    const total = spans.reduce((sum, { start, end }) => sum + end - start, 0);
    while (!centre.done) {
      const came: number[] = [];
      const { pending } = this.#budgets;
      const open = centre.progress().filter(({ offset, end }) => offset < end);
      const wanted = pending.chunks > MAX_PENDING_CHUNKS / 2 ? laggards(comparisons, open) : null;
      await centre.poll(
        (_topic, partition, record) => {
          const hash = this.#hash.of(record, this.#origin);
          const { log, offset, stampMs, epoch } = this.#origin;
          const place = places.get(log);
          if (place !== undefined && offset >= 0) {
            this.#gatewayId = this.#origin.gateway;
            came.push(place, offset, hash, stampMs, partition, record.offset, epoch);
          } else this.#otherLogs.count(this.#origin.gateway, log, this.#gatewayId);
          return undefined;
        },
        wanted === null ? undefined : ({ partition }) => wanted.has(partition),
      );
      await this.#match(gateway, comparisons, came);
      if (pending.chunks > MAX_PENDING_CHUNKS) giveUpPassed(comparisons, open);
      if (pending.chunks > MAX_PENDING_CHUNKS * 4) throw tooManyPending(this.#names);
      onProgress(
        centre.progress().reduce((sum, { start, offset }) => sum + offset - start, 0),
        total,
      );
    }
  }

  async #match(
    gateway: SpanReader,
    comparisons: readonly LogComparison[],
    came: readonly number[],
  ): Promise<void> {
    const needed = new Map<LogComparison, number>();
    for (let at = 0; at < came.length; at += FIELDS) {
      const comparison = comparisons[came[at] as number] as LogComparison;
      const offset = came[at + 1] as number;
      if (offset < comparison.end && offset > (needed.get(comparison) ?? -1)) needed.set(comparison, offset);
    }
    for (const [comparison, offset] of needed) {
      await this.#load(gateway, comparison, offset + 1, (record) => {
        const hash = this.#hash.of(record, this.#origin);
        comparison.atGateway(record.offset, hash, this.#origin.stampMs, true);
      });
    }
    for (let at = 0; at < came.length; at += FIELDS) {
      const [place, offset, hash, timeMs, partition, centralOffset, epoch] = came.slice(
        at,
        at + FIELDS,
      ) as Seven;
      const comparison = comparisons[place] as LogComparison;
      comparison.atCentre(offset, hash, timeMs, partition, centralOffset, epoch);
    }
  }

  /** What nothing at the centre has asked for: it is missing up to the position, and waits behind it. */
  async #readRest(gateway: SpanReader, positions: ReadonlyMap<number, Branch> | null): Promise<void> {
    for (const comparison of this.#comparisons.values()) {
      const due = positions?.get(comparison.partition)?.next ?? comparison.lastAtCentre + 1;
      await this.#load(gateway, comparison, comparison.end, (record) => {
        if (record.offset < due) comparison.atGateway(record.offset, 0, 0, false);
        else comparison.waits();
      });
    }
  }

  /** Reads a partition of the gateway up to `end`, and whatever more comes with it. */
  async #load(
    gateway: SpanReader,
    { partition }: LogComparison,
    end: number,
    onRecord: (record: Parameters<Parameters<SpanReader["poll"]>[0]>[2]) => void,
  ): Promise<void> {
    const isDue = (span: Span & { readonly offset: number }): boolean =>
      span.partition === partition && span.offset < Math.min(end, span.end);
    while (gateway.progress().some(isDue)) {
      await gateway.poll((_topic, _partition, record) => {
        onRecord(record);
        return undefined;
      }, isDue);
    }
  }

  async #centralSpans(central: TopicMetadata): Promise<{ spans: readonly Span[]; undecided: boolean }> {
    const partitions = central.partitions.map((_, partition) => ({ topic: this.#names.central, partition }));
    const starts = await offsetsAt(this.#centre, partitions, LIST_OFFSET.earliest, "read_committed");
    const decided = await decidedEnds(this.#centre, partitions);
    const ends = decided ?? (await offsetsAt(this.#centre, partitions, LIST_OFFSET.latest, "read_committed"));
    const spans = partitions.map((partition, index) => ({
      ...partition,
      start: starts[index] as number,
      end: ends[index] as number,
    }));
    return { spans, undecided: decided === null };
  }

  /** How far uplinks say that they have forwarded the topic's partitions; null where none says anything. */
  async #positions(topicId: Uuid, central: TopicMetadata): Promise<ReadonlyMap<number, Position> | null> {
    const groups = await listGroups(this.#centre);
    if (groups.kind !== "done") return null;
    const ours = groups.value.filter(({ id }) => id.startsWith("headwater.")).slice(0, MAX_GROUPS);
    const positions = new Map<number, Position>();
    for (const { id } of ours) {
      const topics = [{ topic: this.#names.central, partitions: central.partitions.length }];
      const committed = await committedOffsets(this.#centre, id, topics);
      if (committed.kind !== "done") continue;
      const { branches, accounts } = entriesInSlots(committed.value, topicId);
      if (branches.size > 0) this.#ledger.groups.add(id);
      for (const [partition, [inForce]] of branches) {
        const known = positions.get(partition);
        if (inForce === undefined || inForce.next < (known?.next ?? 0)) continue;
        const account = accounts.get(partition);
        const leftOut = account === undefined ? null : leftOutBy(account, inForce.next);
        positions.set(partition, { ...inForce, leftOut });
      }
    }
    return positions.size === 0 ? null : positions;
  }
}

type Seven = [number, number, number, number, number, number, number];

/** The central partitions that are furthest behind in the log of which most is waited for. */
function laggards(comparisons: readonly LogComparison[], open: readonly Span[]): ReadonlySet<number> {
  const fullest = comparisons.reduce((most, each) =>
    each.pending.chunkCount > most.pending.chunkCount ? each : most,
  );
  const least = Math.min(...open.map(({ partition }) => fullest.lastIn(partition)));
  return new Set(
    open.filter(({ partition }) => fullest.lastIn(partition) === least).map(({ partition }) => partition),
  );
}

/** Forgets what every central partition has gone past: it is missing, or it comes out of order. */
function giveUpPassed(comparisons: readonly LogComparison[], open: readonly Span[]): void {
  for (const comparison of comparisons) {
    comparison.pending.dropBelow(Math.min(...open.map(({ partition }) => comparison.lastIn(partition))));
  }
}

function tooManyPending({ local }: TopicNames): HeadwaterError {
  return new HeadwaterError("UNSUPPORTED", `${local}: the centre's order is too far from the gateway's`, {
    topic: local,
  });
}
