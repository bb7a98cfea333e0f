import type { ConsumerGroupHeartbeatRequest } from "../../../kafka/wire/generated/consumer-group-heartbeat-request.ts";
import type { Reader } from "../../../kafka/wire/reader.ts";
import type { ClassicGroups } from "../classic/classic-groups.ts";
import type { GroupContext, GroupPart, RecordValue } from "../group-part.ts";
import { ClassicMembers } from "./classic-members.ts";
import { ConsumerGroup, subscribedNames } from "./group.ts";
import { type ConsumerClient, type HeartbeatAnswer, Heartbeats } from "./heartbeats.ts";
import { ConsumerRuntime } from "./runtime.ts";
import { CONSUMER_RECORD_TYPES, replayConsumerRecord } from "./state.ts";

/** Groups of the consumer protocol (KIP-848), the broker's part of it. */
export class ConsumerGroups implements GroupPart {
  readonly recordTypes = CONSUMER_RECORD_TYPES;
  readonly #context: GroupContext;
  readonly #runtime: ConsumerRuntime;
  readonly #heartbeats: Heartbeats;

  /** `ownSettings` gives what is set for one group alone, as strings by Kafka's names (`consumer.session.timeout.ms`). */
  constructor(
    context: GroupContext,
    classic: ClassicGroups,
    ownSettings: (groupId: string) => ReadonlyMap<string, string>,
  ) {
    this.#context = context;
    this.#runtime = new ConsumerRuntime(context, classic, ownSettings);
    this.#heartbeats = new Heartbeats(this.#runtime);
    classic.serveConsumerGroups(new ClassicMembers(this.#runtime));
  }

  /** Answers once, when what the answer tells is durable. */
  heartbeat(
    request: ConsumerGroupHeartbeatRequest,
    client: ConsumerClient,
    answer: (answer: HeartbeatAnswer) => void,
  ): void {
    this.#heartbeats.heartbeat(request, client, answer);
  }

  /** The consumer group of this id, or null. What is read of it may be told once `whenDurable` calls back. */
  get(groupId: string): ConsumerGroup | null {
    return this.#runtime.group(groupId);
  }

  apply(type: number, key: Reader, value: RecordValue | null): void {
    replayConsumerRecord(
      type,
      { registry: this.#context.registry, budget: this.#runtime.budget },
      key,
      value,
    );
  }

  /** Members that the log tells of have a session's time to be heard of. */
  loaded(): void {
    for (const group of this.#context.registry.all()) {
      if (!(group instanceof ConsumerGroup)) continue;
      // Views of devices are known by their ids once their names were asked for.
      for (const name of subscribedNames(group.members.values(), group.regexes))
        this.#context.topics.get(name);
      const { sessionTimeoutMs } = this.#runtime.times(group.id);
      for (const member of group.members.values()) {
        this.#runtime.keepSession(group.id, member.memberId, sessionTimeoutMs);
        const revokes = member.state === "unrevoked" && member.classic === null;
        if (revokes) this.#runtime.awaitRevocation(group.id, member);
      }
    }
  }

  topicChanged(): void {
    this.#runtime.topicsChanged();
  }
}
