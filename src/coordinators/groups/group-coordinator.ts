import { assert } from "../../base/assert.ts";
import { hasCode } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { AckCallback } from "../../broker/waiting.ts";
import type { Settings } from "../../config/options.ts";
import type { Clock } from "../../io/clock.ts";
import type { Random } from "../../io/random.ts";
import { ERROR } from "../../kafka/wire/generated/errors.ts";
import type { CoordinatorLog, CoordinatorState, LoggedRecord, Marker } from "../runtime/coordinator-log.ts";
import { Deadlines } from "../runtime/deadlines.ts";
import { openKey, openValue } from "../runtime/record-codec.ts";
import { ClassicGroups } from "./classic/classic-groups.ts";
import { ConsumerGroups } from "./consumer/consumer-groups.ts";
import type { Group, GroupKind, ListedGroup } from "./group.ts";
import type { GroupContext, GroupPart, TopicsView } from "./group-part.ts";
import { GroupRegistry } from "./group-registry.ts";
import { GroupOffsets } from "./offsets/group-offsets.ts";

/** A coordinator's log that can be read into its state once, at start. */
export interface LoadableLog extends CoordinatorLog {
  load(): void;
}

export interface GroupCoordinatorParts {
  /** Makes the log that is replayed into this state. */
  readonly openLog: (state: CoordinatorState) => LoadableLog;
  readonly topics: TopicsView;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly settings: Settings;
  /** What is set for one group alone, as strings by Kafka's names. Default: nothing is. */
  readonly groupConfigs?: (groupId: string) => ReadonlyMap<string, string>;
}

/**
 * Groups of every kind and their offsets, replayed from `__consumer_offsets`. What belongs to one kind of
 * group lives in a part of its own, which is registered before `load`.
 */
export class GroupCoordinator implements CoordinatorState {
  readonly context: GroupContext;
  readonly registry: GroupRegistry;
  readonly offsets: GroupOffsets;
  readonly classic: ClassicGroups;
  readonly consumers: ConsumerGroups;
  readonly #log: LoadableLog;
  readonly #deadlines: Deadlines;
  readonly #parts: GroupPart[] = [];
  readonly #partOfType = new Map<number, GroupPart>();
  #loaded = false;

  constructor(parts: GroupCoordinatorParts) {
    const { topics, clock, random, logger, settings } = parts;
    this.#log = parts.openLog(this);
    this.#deadlines = new Deadlines(clock);
    this.registry = new GroupRegistry(settings["group.max.groups"]);
    this.context = {
      log: this.#log,
      registry: this.registry,
      topics,
      deadlines: this.#deadlines,
      clock,
      random,
      logger,
      settings,
    };
    this.classic = this.register(new ClassicGroups(this.context, (id) => this.offsets.has(id)));
    this.offsets = this.register(new GroupOffsets(this.context, (id) => this.classic.addSimple(id)));
    this.consumers = this.register(
      new ConsumerGroups(this.context, this.classic, parts.groupConfigs ?? (() => new Map())),
    );
  }

  /** Adds a kind of group, or anything else that keeps records in this log. Before `load`. */
  register<Part extends GroupPart>(part: Part): Part {
    assert(!this.#loaded, "a part of the groups came after their log was read");
    for (const type of part.recordTypes) {
      assert(!this.#partOfType.has(type), `two parts replay record type ${type}`);
      this.#partOfType.set(type, part);
    }
    this.#parts.push(part);
    return part;
  }

  /** Reads the log; sessions of members that it tells of begin anew. */
  load(): void {
    this.#log.load();
    this.#loaded = true;
    for (const part of this.#parts) part.loaded?.();
  }

  /** Nothing happens by itself any more. */
  close(): void {
    this.#deadlines.clear();
  }

  apply(record: LoggedRecord): void {
    try {
      const key = openKey(record.key);
      const value = record.value === null ? null : openValue(record.value);
      this.#partOfType.get(key.type)?.apply(key.type, key.reader, value, record);
    } catch (error) {
      // One damaged record, or one of a later version, must not keep all groups from starting.
      if (!hasCode(error, "MALFORMED") && !hasCode(error, "UNSUPPORTED")) throw error;
      this.context.logger.warn("a record of the groups' log can't be read", {
        offset: record.offset,
        reason: error.message,
      });
    }
  }

  endTransaction(producerId: number, outcome: "commit" | "abort"): void {
    for (const part of this.#parts) part.endTransaction?.(producerId, outcome);
  }

  /** Ends a transaction whose offsets wait here. `done` gets 0 once that is durable. */
  appendMarker(marker: Marker, done: AckCallback): void {
    this.#log.appendMarker(marker, done);
  }

  /** A topic has come, gone or changed its partitions. */
  topicChanged(topic: string): void {
    for (const part of this.#parts) part.topicChanged?.(topic);
  }

  /** Calls back once all that the groups hold now is durable: answers to reads wait for it. */
  whenDurable(done: AckCallback): void {
    this.#log.whenDurable(done);
  }

  /**
   * The groups in any of these states and of any of these kinds, in whatever case they are written; an empty
   * filter lets all through.
   */
  list(states: readonly string[], kinds: readonly string[]): ListedGroup[] {
    const wantedStates = new Set(states.map((state) => state.toLowerCase()));
    const wantedKinds = new Set(kinds.map((kind) => kind.toLowerCase()));
    const listed: ListedGroup[] = [];
    for (const group of this.registry.all()) {
      if (wantedStates.size > 0 && !wantedStates.has(group.stateName.toLowerCase())) continue;
      if (wantedKinds.size > 0 && !wantedKinds.has(group.kind)) continue;
      listed.push(listedGroup(group));
    }
    return listed;
  }

  /** Deletes a group that has no members, and its offsets. `done` gets 0 once that is durable. */
  delete(groupId: string, done: AckCallback): void {
    const group = this.registry.get(groupId);
    const error = group === null ? ERROR.GROUP_ID_NOT_FOUND : group.deleteError();
    if (group === null || error !== ERROR.NONE) {
      done(error);
      return;
    }
    if (group.beforeDelete === undefined) {
      this.offsets.deleteGroup(group, done);
      return;
    }
    group.beforeDelete((failed) => {
      // Somebody may have joined meanwhile, or deleted it.
      const now = this.registry.get(groupId) === group ? group.deleteError() : ERROR.GROUP_ID_NOT_FOUND;
      const refused = failed === ERROR.NONE ? now : failed;
      if (refused === ERROR.NONE) this.offsets.deleteGroup(group, done);
      else done(refused);
    });
  }

  /** The groups of one kind, for whoever owns it. */
  *ofKind(kind: GroupKind): Iterable<Group> {
    for (const group of this.registry.all()) if (group.kind === kind) yield group;
  }
}

function listedGroup(group: Group): ListedGroup {
  return {
    groupId: group.id,
    protocolType: group.protocolType,
    groupState: group.stateName,
    groupType: group.kind,
  };
}
