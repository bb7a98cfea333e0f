import type { Logger } from "../base/logger.ts";
import type { Broker } from "../broker/broker.ts";
import { RESOURCE } from "../broker/dynamic-configs.ts";
import type { Settings } from "../config/options.ts";
import type { Random } from "../io/random.ts";
import { type RedriveBug, Redriver } from "./dead-letters/redriver.ts";
import { GroupCoordinator } from "./groups/group-coordinator.ts";
import { type InternalTopic, InternalTopicLog } from "./runtime/internal-log.ts";
import { ShareCoordinator } from "./shares/share-coordinator.ts";
import type { ShareBugs } from "./shares/share-partitions.ts";
import type { GroupConfigs } from "./shares/share-settings.ts";
import { openTransactions } from "./transactions/open-transactions.ts";
import type { TransactionCoordinator } from "./transactions/transaction-coordinator.ts";

/** Groups of all kinds and committed offsets, under Kafka's own name. */
const GROUPS_TOPIC: InternalTopic = {
  name: "__consumer_offsets",
  configs: new Map([
    ["cleanup.policy", "compact"],
    ["compression.type", "producer"],
    ["segment.bytes", "4194304"],
    // A group is one record, with all that its members say.
    ["max.message.bytes", "8388608"],
    ["durability", "disk"],
  ]),
};

/** What handlers reach by `services.coordinators`. */
export interface Coordinators {
  readonly groups: GroupCoordinator;
  readonly transactions: TransactionCoordinator;
  readonly shares: ShareCoordinator;
  readonly deadLetters: Redriver;
  /** Ends all timers; what is written is written. */
  close(): void;
}

export interface CoordinatorParts {
  readonly broker: Broker;
  readonly random: Random;
  readonly logger: Logger;
  readonly settings: Settings;
  /** Settings of single groups. Default: those that the broker keeps. */
  readonly groupConfigs?: GroupConfigs;
  /** Deliberate bugs, for tests of the tests. */
  readonly shareBugs?: ShareBugs;
  readonly redriveBug?: RedriveBug;
}

/** Opens every coordinator there is, and replays what their topics hold. The doors open after this. */
export function openCoordinators(parts: CoordinatorParts): Coordinators {
  const { broker, random, logger, settings } = parts;
  const groupConfigs =
    parts.groupConfigs ?? ((name: string) => broker.configs.of({ type: RESOURCE.group, name }));
  const groups = new GroupCoordinator({
    openLog: (state) => new InternalTopicLog(broker, GROUPS_TOPIC, state),
    // A group may consume what one device sends.
    topics: broker.topics.readable,
    clock: broker.clock,
    random,
    logger,
    settings,
    groupConfigs,
  });
  const shares = new ShareCoordinator({
    broker,
    groups,
    settings,
    groupConfigs,
    logger,
    ...(parts.shareBugs === undefined ? {} : { bugs: parts.shareBugs }),
  });
  groups.load();
  shares.start();
  const deadLetters = new Redriver(broker, logger, parts.redriveBug);
  broker.markerOwners.set(GROUPS_TOPIC.name, {
    appendMarker: (_partition, marker, done) => groups.appendMarker(marker, done),
  });
  // After all that markers pass through: what was decided before the start is completed now.
  const transactions = openTransactions(broker, settings, logger);
  deadLetters.start();
  const stopListening = broker.onAppended((topic, partition) => {
    if (partition !== -1) return;
    shares.topicChanged();
    groups.topicChanged(topic);
  });
  return {
    groups,
    transactions,
    shares,
    deadLetters,
    close() {
      stopListening();
      shares.close();
      transactions.close();
      groups.close();
    },
  };
}
