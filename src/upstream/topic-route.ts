import { type Uuid, ZERO_UUID } from "../base/ids.ts";
import { encodeAccount } from "./account.ts";
import { type OriginHeaders, originHeaders } from "./central-batch.ts";
import type { CentralTopic } from "./central-topic.ts";
import type { Lane } from "./lane.ts";
import { type StoredTopicPosition, slotShift } from "./positions.ts";
import type { Destination } from "./routing.ts";
import { Selection } from "./selection.ts";
import type { RecreatedTopics } from "./settings.ts";
import { SourcePartition } from "./source-partition.ts";

/**
 * One local topic on its way to its central topic.
 *
 *   unknown -> (looked up) -> missing -> (made, or waited for) -> located -> (position found) -> ready
 *
 * `located` has its partitions but not yet its position: that is asked for, then, where the local store vouches
 * for it instead of the centre, records sent before a crash are looked up (`reconciling`).
 */
export type RouteState =
  | { readonly kind: "unknown" }
  | { readonly kind: "missing"; readonly reason: string; readonly retryAtMs: number }
  | { readonly kind: "blocked"; readonly reason: string; readonly retryAtMs: number }
  | { readonly kind: "located" }
  | { readonly kind: "reconciling" }
  | { readonly kind: "ready" };

export class TopicRoute {
  readonly topic: string;
  readonly topicId: Uuid;
  readonly destination: Destination;
  readonly central: CentralTopic;
  readonly partitions: SourcePartition[] = [];
  state: RouteState;
  /** What is known of this topic from before: the local store, or before a failure. */
  remembered: StoredTopicPosition | null = null;
  /** Whether `remembered` may be behind what was sent. */
  unsure = false;
  /** Id of the central topic that it was ready with last; "" before that, or where the centre has none. */
  centralId = "";
  /** What was done when the central topic was made again last. */
  madeAgain: { readonly decision: RecreatedTopics; readonly atMs: number } | null = null;
  /** The local topic is gone or was made again: nothing more is read. */
  stale = false;
  /** This run of the data folder; empty where it has no name. */
  run = "";
  readonly #gatewayId: string;
  readonly #uplink: string;

  /** With `uplink` its records say which uplink carried them. */
  constructor(
    topic: string,
    topicId: Uuid,
    gatewayId: string,
    destination: Destination,
    central: CentralTopic,
    uplink = "",
  ) {
    this.#uplink = uplink;
    this.topic = topic;
    this.topicId = topicId;
    this.destination = destination;
    this.slotShift = slotShift(topicId);
    this.central = central;
    central.routes.add(this);
    this.state = this.#beginning();
    this.#gatewayId = gatewayId;
  }

  /** See `slotShift`. */
  readonly slotShift: number;

  /** By the partition of the central topic; shared with all that leads there. */
  get lanes(): readonly Lane[] {
    return this.central.lanes;
  }

  /** Takes up partitions that the local topic has gained. */
  growSource(count: number): void {
    while (this.partitions.length < count) {
      const index = this.partitions.length;
      const partition = new SourcePartition(
        this,
        index,
        this.#origin(index, 0),
        Selection.of(this.destination.route),
      );
      if (this.state.kind === "ready") partition.begin(0, 0);
      this.partitions.push(partition);
    }
  }

  /** Has a partition's records carry this epoch. */
  setEpoch(partition: SourcePartition, epoch: number): void {
    if (partition.epoch === epoch) return;
    partition.setEpoch(epoch, this.#origin(partition.index, epoch));
  }

  #origin(index: number, epoch: number): OriginHeaders {
    return originHeaders(this.#gatewayId, this.topicId, index, epoch, this.#uplink);
  }

  /** Whether the central topic is another one than that which the position is of, though it has its name. */
  get isMadeAgain(): boolean {
    const { central, remembered } = this;
    const before =
      remembered !== null && (remembered.central ?? this.topic) === central.name ? remembered : null;
    const knownId = this.centralId === "" ? (before?.centralId ?? "") : this.centralId;
    return knownId !== "" && central.id !== ZERO_UUID && central.id !== knownId;
  }

  /** After a failure: the position has to be found again, and what was on its way is forgotten. */
  restart(): void {
    for (const lane of this.lanes) lane.clear();
    for (const partition of this.partitions) {
      partition.next = -1;
      partition.queued = false;
    }
    this.state = this.#beginning();
  }

  #beginning(): RouteState {
    const { fault } = this.destination;
    if (fault === null) return { kind: "unknown" };
    return { kind: "blocked", reason: fault, retryAtMs: Number.POSITIVE_INFINITY };
  }

  /**
   * Whether the position is past all that a look at the centre had found. Until then the ends at the centre stay
   * where that look began: the next one has to find the same records again.
   */
  get hasPassedFound(): boolean {
    return this.partitions.every(({ committed, foundEnd }) => foundEnd === 0 || committed >= foundEnd);
  }

  /** The position that finished rounds vouch for, or null where it was never known. */
  position(): StoredTopicPosition | null {
    if (this.partitions.every((partition) => partition.committed < 0)) return this.remembered;
    const epochs = this.partitions
      .filter(({ epoch }) => epoch > 0)
      .map(({ index, epoch }) => [index, epoch] as const);
    const accounts = this.partitions.flatMap((partition) => {
      const account = partition.committed < 0 ? null : partition.account();
      return account === null ? [] : [[partition.index, encodeAccount(account)] as const];
    });
    return {
      topic: this.topic,
      topicId: this.topicId,
      ...(this.central.name === this.topic ? {} : { central: this.central.name }),
      next: this.partitions
        .filter((partition) => partition.committed >= 0)
        .map((partition) => [partition.index, partition.committed] as const),
      ...(this.run === "" ? {} : { run: this.run }),
      ...(epochs.length === 0 ? {} : { epochs }),
      ...(accounts.length === 0 ? {} : { accounts }),
      ...(this.centralId === "" ? {} : { centralId: this.centralId }),
      centralEnds: this.lanes.map((lane) => lane.centralEnd),
    };
  }
}
