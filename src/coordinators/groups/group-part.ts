import type { Uuid } from "../../base/ids.ts";
import type { Logger } from "../../base/logger.ts";
import type { Settings } from "../../config/options.ts";
import type { Clock } from "../../io/clock.ts";
import type { Random } from "../../io/random.ts";
import type { Reader } from "../../kafka/wire/reader.ts";
import type { CoordinatorLog, LoggedRecord } from "../runtime/coordinator-log.ts";
import type { Deadlines } from "../runtime/deadlines.ts";
import type { GroupRegistry } from "./group-registry.ts";

/** A topic as groups see it. */
export interface TopicView {
  readonly name: string;
  readonly id: Uuid;
  readonly partitions: { readonly length: number };
}

/** The topics there are; a broker's `topics` is one. */
export interface TopicsView {
  get(name: string): TopicView | null;
  byId(id: Uuid): TopicView | null;
  all(): Iterable<TopicView>;
}

/** What every part of the group coordinator works with. */
export interface GroupContext {
  readonly log: CoordinatorLog;
  readonly registry: GroupRegistry;
  readonly topics: TopicsView;
  /** Of all parts together: names begin with the part's own, then the group's id. */
  readonly deadlines: Deadlines;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly settings: Settings;
}

/** The value of a record: a version, and a reader that stands behind it. */
export interface RecordValue {
  readonly version: number;
  readonly reader: Reader;
}

/** A part of the state that is kept in `__consumer_offsets`: offsets, or the groups of one kind. */
export interface GroupPart {
  /** The record types (first int16 of a key) that it replays. No two parts share one. */
  readonly recordTypes: readonly number[];
  /**
   * A record was appended or is read at start. `key` stands behind the type; `value` is null where the record is
   * taken back. Bytes are good during the call only. Throws MALFORMED for what is damaged.
   */
  apply(type: number, key: Reader, value: RecordValue | null, record: LoggedRecord): void;
  /** What a producer has written in a transaction counts from here on, or never will. */
  endTransaction?(producerId: number, outcome: "commit" | "abort"): void;
  /** The log has been read to its end: sessions begin. May append. */
  loaded?(): void;
  /** A topic has come, gone or changed its partitions; see `context.topics`. May append. */
  topicChanged?(topic: string): void;
}
