import * as assert from "uvu/assert";
import { uuidFromBytes } from "../../../src/base/ids.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { defaultSettings, type Settings } from "../../../src/config/options.ts";
import type {
  HeartbeatRequest,
  JoinRequest,
  JoinResult,
  LeaveResult,
  LeavingMember,
  SyncRequest,
  SyncResult,
} from "../../../src/coordinators/groups/classic/classic-protocol.ts";
import { GroupCoordinator, type LoadableLog } from "../../../src/coordinators/groups/group-coordinator.ts";
import type { TopicsView, TopicView } from "../../../src/coordinators/groups/group-part.ts";
import type {
  CoordinatorRecord,
  CoordinatorState,
  LoggedRecord,
  Marker,
  TransactionalProducer,
} from "../../../src/coordinators/runtime/coordinator-log.ts";
import { ManualClock } from "../../../src/io/simulated/clock.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { CONSUMER_PROTOCOL_SUBSCRIPTION } from "../../../src/kafka/wire/generated/consumer-protocol-subscription.ts";
import { Writer } from "../../../src/kafka/wire/writer.ts";

type Entry = LoggedRecord | Pick<Marker, "producerId" | "outcome">;

/** A coordinator's log in memory, which becomes durable when the test says so. */
export class MemoryLog implements LoadableLog {
  readonly entries: Entry[] = [];
  /** What every append is refused with from now on; 0: none is. */
  refusal = 0;
  /** Whether appends become durable by `sync` alone. */
  held = false;
  #waiting: (() => void)[] = [];
  #durable = 0;
  /** Where appends end: each is there as a whole after a crash, or not at all. */
  readonly #ends: number[] = [];
  readonly #clock: ManualClock;
  readonly #state: CoordinatorState;

  constructor(clock: ManualClock, state: CoordinatorState, entries: readonly Entry[]) {
    this.#clock = clock;
    this.#state = state;
    this.entries.push(...entries);
    this.#durable = entries.length;
  }

  load(): void {
    for (const entry of this.entries) this.#apply(entry);
  }

  append(records: readonly CoordinatorRecord[], done: (error: number) => void): void {
    this.#append(records, -1, done);
  }

  appendTransactional(
    { producerId }: TransactionalProducer,
    records: readonly CoordinatorRecord[],
    done: (error: number) => void,
  ): void {
    this.#append(records, producerId, done);
  }

  appendMarker({ producerId, outcome }: Marker, done: (error: number) => void): void {
    const entry = { producerId, outcome };
    this.entries.push(entry);
    this.#ends.push(this.entries.length);
    this.#apply(entry);
    this.#later(done);
  }

  whenDurable(done: (error: number) => void): void {
    this.#later(done);
  }

  /** All that was appended is durable now. */
  sync(): void {
    this.#durable = this.entries.length;
    for (const release of this.#waiting.splice(0)) release();
  }

  /** What a crash leaves: all that is durable, and of the rest as much as `keep` (0 to 1) says. */
  survivors(keep: number): readonly Entry[] {
    const extra = Math.floor((this.entries.length - this.#durable) * keep);
    const end = this.#ends.findLast((candidate) => candidate <= this.#durable + extra) ?? 0;
    return this.entries.slice(0, Math.max(end, this.#durable));
  }

  #append(records: readonly CoordinatorRecord[], producerId: number, done: (error: number) => void): void {
    assert.ok(records.length > 0);
    if (this.refusal !== 0) {
      done(this.refusal);
      return;
    }
    const timestampMs = this.#clock.nowMs();
    for (const { key, value } of records) {
      const entry = { key, value, offset: this.entries.length, timestampMs, producerId };
      this.entries.push(entry);
      this.#apply(entry);
    }
    this.#ends.push(this.entries.length);
    this.#later(done);
  }

  #later(done: (error: number) => void): void {
    if (this.held) this.#waiting.push(() => done(0));
    else {
      this.#durable = this.entries.length;
      done(0);
    }
  }

  #apply(entry: Entry): void {
    if ("outcome" in entry) this.#state.endTransaction(entry.producerId, entry.outcome);
    else this.#state.apply(entry);
  }
}

/** Topics that a test makes and deletes. */
export class TopicTable implements TopicsView {
  readonly #topics = new Map<string, TopicView>();
  #made = 0;

  add(name: string, partitions: number): TopicView {
    this.#made += 1;
    const id = uuidFromBytes(new Uint8Array(16).fill(this.#made));
    const topic = { name, id, partitions: { length: partitions } };
    this.#topics.set(name, topic);
    return topic;
  }

  remove(name: string): void {
    this.#topics.delete(name);
  }

  get(name: string): TopicView | null {
    return this.#topics.get(name) ?? null;
  }

  byId(id: TopicView["id"]): TopicView | null {
    return [...this.#topics.values()].find((topic) => topic.id === id) ?? null;
  }

  all(): Iterable<TopicView> {
    return this.#topics.values();
  }
}

/** An answer that comes now or later, and once. */
export class Answered<Result> {
  result: Result | null = null;
  readonly take = (result: Result): void => {
    assert.is(this.result, null, "answered twice");
    this.result = result;
  };

  /** Throws where it has not come. */
  get value(): Result {
    assert.ok(this.result !== null, "no answer yet");
    return this.result as Result;
  }
}

/** A group coordinator over a log in memory, in a time of its own. */
export class GroupWorld {
  readonly clock: ManualClock;
  readonly topics: TopicTable;
  readonly settings: Settings;
  readonly groups: GroupCoordinator;
  readonly log: MemoryLog;

  constructor(
    settings: Partial<Settings> = {},
    from: {
      readonly clock?: ManualClock;
      readonly topics?: TopicTable;
      readonly entries?: readonly Entry[];
    } = {},
  ) {
    this.clock = from.clock ?? new ManualClock();
    this.topics = from.topics ?? new TopicTable();
    this.settings = defaultSettings(settings);
    let log: MemoryLog | null = null;
    this.groups = new GroupCoordinator({
      openLog: (state) => {
        log = new MemoryLog(this.clock, state, from.entries ?? []);
        return log;
      },
      topics: this.topics,
      clock: this.clock,
      // Ids that were made before a restart are not made again after it.
      random: new SeededRandom(this.clock.nowMs() % 2 ** 31),
      logger: silentLogger,
      settings: this.settings,
    });
    assert.ok(log !== null);
    this.log = log as unknown as MemoryLog;
    this.groups.load();
  }

  /** What is there after a crash; of what was not durable a part may have survived. */
  restart(keep = 0): GroupWorld {
    this.groups.close();
    const entries = this.log.survivors(keep);
    return new GroupWorld(this.settings, { clock: this.clock, topics: this.topics, entries });
  }

  join(groupId: string, said: Partial<JoinRequest> = {}): Answered<JoinResult> {
    const answered = new Answered<JoinResult>();
    this.groups.classic.join(
      {
        groupId,
        memberId: "",
        groupInstanceId: null,
        clientId: "client",
        clientHost: "/127.0.0.1",
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 60_000,
        protocolType: "consumer",
        protocols: [{ name: "range", metadata: subscription(["t"]) }],
        requireKnownMemberId: false,
        supportsSkippingAssignment: false,
        ...said,
      },
      answered.take,
    );
    return answered;
  }

  sync(
    groupId: string,
    member: { readonly memberId: string; readonly generationId: number },
    assignments: Readonly<Record<string, string>> = {},
    said: Partial<SyncRequest> = {},
  ): Answered<SyncResult> {
    const answered = new Answered<SyncResult>();
    this.groups.classic.sync(
      {
        groupId,
        generationId: member.generationId,
        memberId: member.memberId,
        groupInstanceId: null,
        protocolType: null,
        protocolName: null,
        assignments: Object.entries(assignments).map(([memberId, text]) => ({
          memberId,
          assignment: bytes(text),
        })),
        ...said,
      },
      answered.take,
    );
    return answered;
  }

  heartbeat(
    groupId: string,
    member: { readonly memberId: string; readonly generationId: number },
    said: Partial<HeartbeatRequest> = {},
  ): number {
    const answered = new Answered<number>();
    const { memberId, generationId } = member;
    this.groups.classic.heartbeat(
      { groupId, memberId, generationId, groupInstanceId: null, ...said },
      answered.take,
    );
    return answered.value;
  }

  leave(groupId: string, members: readonly LeavingMember[]): LeaveResult {
    return this.leaving(groupId, members).value;
  }

  leaving(groupId: string, members: readonly LeavingMember[]): Answered<LeaveResult> {
    const answered = new Answered<LeaveResult>();
    this.groups.classic.leave({ groupId, members }, answered.take);
    return answered;
  }

  /** A group of so many members, stable, its leader first. Each is assigned its own id. */
  stable(
    groupId: string,
    count: number,
    said: (index: number) => Partial<JoinRequest> = () => ({}),
  ): JoinResult[] {
    const joins = Array.from({ length: count }, (_, index) => this.join(groupId, said(index)));
    for (let turn = 0; turn < 100 && joins.some(({ result }) => result === null); turn += 1)
      this.clock.advance(1000);
    const members = joins.map(({ value }) => value);
    for (const member of members) assert.is(member.error, 0);
    const leader = members.find(({ leader, memberId }) => leader === memberId) as JoinResult;
    const assignments = Object.fromEntries(members.map(({ memberId }) => [memberId, memberId]));
    const syncs = members.map((member) => this.sync(groupId, member, member === leader ? assignments : {}));
    for (const { value } of syncs) assert.is(value.error, 0);
    return [leader, ...members.filter((member) => member !== leader)];
  }

  state(groupId: string): string | null {
    return this.groups.registry.get(groupId)?.stateName ?? null;
  }

  /** Commits one offset, as a program without a group where no member is given; returns the error. */
  commit(
    groupId: string,
    topic: string,
    partition: number,
    offset: number,
    said: {
      readonly memberId?: string;
      readonly groupInstanceId?: string | null;
      readonly generationId?: number;
      readonly metadata?: string | null;
      readonly version?: number;
      readonly retentionMs?: number;
      readonly producerId?: number;
    } = {},
  ): Answered<number> {
    const answered = new Answered<number>();
    const request = {
      groupId,
      caller: {
        memberId: said.memberId ?? "",
        groupInstanceId: said.groupInstanceId ?? null,
        generationOrEpoch: said.generationId ?? -1,
      },
      version: said.version ?? 9,
      retentionMs: said.retentionMs ?? -1,
      topics: [
        {
          name: topic,
          id: (this.topics.get(topic) ?? this.topics.add(topic, 10)).id,
          partitions: [{ partition, offset, leaderEpoch: -1, metadata: said.metadata ?? null }],
        },
      ],
    };
    const take = (errors: readonly (readonly number[])[]): void => answered.take(errors[0]?.[0] ?? -1);
    const { offsets } = this.groups;
    if (said.producerId === undefined) offsets.commit(request, take);
    else offsets.commitTransactional({ producerId: said.producerId, producerEpoch: 0 }, request, take);
    return answered;
  }

  /** The offset that a fetch tells: -1 for none, the error below that where there is one. */
  offset(groupId: string, topic: string, partition: number, stable = false): number {
    const { error, offset } = this.groups.offsets.fetchOffset(groupId, topic, partition, stable);
    return error === 0 ? Number(offset) : -1000 - error;
  }

  end(producerId: number, outcome: "commit" | "abort"): void {
    const answered = new Answered<number>();
    this.groups.appendMarker({ producerId, producerEpoch: 0, coordinatorEpoch: 0, outcome }, answered.take);
    assert.is(answered.value, 0);
  }

  delete(groupId: string): Answered<number> {
    const answered = new Answered<number>();
    this.groups.delete(groupId, answered.take);
    return answered;
  }
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function text(of: Uint8Array): string {
  return new TextDecoder().decode(of);
}

/** What a consumer says about itself: the topics that it subscribes to. */
export function subscription(topics: readonly string[]): Uint8Array {
  const writer = new Writer();
  writer.int16(0);
  const message = { topics, userData: null, ownedPartitions: [], generationId: -1, rackId: null };
  CONSUMER_PROTOCOL_SUBSCRIPTION.write(writer, message, 0);
  return writer.toBytes();
}
