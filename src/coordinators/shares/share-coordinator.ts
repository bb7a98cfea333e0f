import { offset } from "../../base/ids.ts";
import type { Logger } from "../../base/logger.ts";
import type { Broker } from "../../broker/broker.ts";
import type { Settings } from "../../config/options.ts";
import type { GroupCoordinator } from "../groups/group-coordinator.ts";
import { Deadlines } from "../runtime/deadlines.ts";
import { type InternalTopic, InternalTopicLog } from "../runtime/internal-log.ts";
import { DeadLetters } from "./dead-letters.ts";
import { ShareGroups } from "./share-groups.ts";
import { type ShareBugs, SharePartitions } from "./share-partitions.ts";
import { ShareSessions } from "./share-sessions.ts";
import { type GroupConfigs, ShareSettings } from "./share-settings.ts";
import { ShareState } from "./share-state.ts";

/** What share groups have done, under Kafka's own name. Records that no start needs are removed by us, not by age. */
const STATE_TOPIC: InternalTopic = {
  name: "__share_group_state",
  configs: new Map([
    ["cleanup.policy", "delete"],
    ["compression.type", "producer"],
    ["retention.ms", "-1"],
    ["segment.bytes", "4194304"],
    ["durability", "disk"],
  ]),
};

export interface ShareCoordinatorParts {
  readonly broker: Broker;
  /** Not loaded yet: share groups are a part of it. */
  readonly groups: GroupCoordinator;
  readonly settings: Settings;
  readonly groupConfigs: GroupConfigs;
  readonly logger: Logger;
  readonly bugs?: ShareBugs;
}

/** Share groups: queues over topics (KIP-932). */
export class ShareCoordinator {
  readonly groups: ShareGroups;
  readonly state: ShareState;
  readonly partitions: SharePartitions;
  readonly sessions: ShareSessions;
  readonly settings: ShareSettings;
  readonly #broker: Broker;
  readonly #deadlines: Deadlines;

  /** Replays the state of share partitions; the groups come with the log of all groups. */
  constructor(parts: ShareCoordinatorParts) {
    const { broker, logger } = parts;
    this.#broker = broker;
    this.#deadlines = new Deadlines(broker.clock);
    this.settings = new ShareSettings(parts.settings, parts.groupConfigs);
    this.state = new ShareState({
      openLog: (state) => new InternalTopicLog(broker, STATE_TOPIC, state),
      clock: broker.clock,
      logger,
      prune: (before) => {
        broker.partition(STATE_TOPIC.name, 0)?.log.deleteRecordsBefore(offset(before));
      },
    });
    this.state.load();
    this.sessions = new ShareSessions(() => this.settings.maxSessions);
    this.partitions = new SharePartitions({
      broker,
      state: this.state,
      settings: this.settings,
      deadlines: this.#deadlines,
      deadLetters: new DeadLetters(broker),
      logger,
      ...(parts.bugs === undefined ? {} : { bugs: parts.bugs }),
      isInitialized: ({ groupId, topicId, partition }) =>
        this.groups.get(groupId)?.initialized.get(topicId)?.partitions.includes(partition) === true,
    });
    this.groups = parts.groups.register(
      new ShareGroups({
        // Queues are of topics: what one device sends is consumed by other groups.
        context: { ...parts.groups.context, topics: broker.topics },
        settings: this.settings,
        state: this.state,
        onMemberGone: (groupId, memberId) => this.endSession(groupId, memberId),
        onGroupEmpty: (groupId) => this.partitions.retireGroup(groupId),
        onStateChanged: (groupId) => this.partitions.dropGroup(groupId),
      }),
    );
  }

  /** After the log of all groups was read. */
  start(): void {
    this.partitions.resumeDeadLetters();
  }

  /** Ends a member's session: what it holds goes to others. */
  endSession(groupId: string, memberId: string): void {
    this.sessions.end(groupId, memberId);
    this.partitions.releaseMember(groupId, memberId);
  }

  /** A topic has come, gone or grown. */
  topicChanged(): void {
    for (const topicId of this.partitions.topicIds()) {
      if (this.#broker.topics.byId(topicId) === null) this.partitions.dropTopic(topicId);
    }
  }

  /** Nothing happens by itself any more. */
  close(): void {
    this.#deadlines.clear();
  }
}
