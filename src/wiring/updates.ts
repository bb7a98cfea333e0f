import type { Logger } from "../base/logger.ts";
import type { Broker } from "../broker/broker.ts";
import type { PendingBatch } from "../broker/ingest.ts";
import { PlainDisk } from "../io/bun/plain-disk.ts";
import type { Clock } from "../io/clock.ts";
import type { GatewayState } from "./status.ts";
import { UpdateFleet } from "./update-fleet.ts";
import { fetchUpdate } from "./update-process.ts";
import { launchOf, UpdateWatch } from "./update-watch.ts";
import { Wishes } from "./update-wishes.ts";

/** What looks after updates while a gateway runs. */
export interface Updates {
  stop(): void;
}

export interface UpdatesParts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly state: GatewayState;
  readonly broker: Broker;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly restart: (reason: string) => void;
}

/** Null where no launcher has started this process, so that nobody could start another version. */
export function startUpdates(parts: UpdatesParts): Updates | null {
  const launch = launchOf(parts.env);
  if (launch === null) return null;
  const { version, state, broker, clock, logger, restart } = parts;
  const { settings } = state;
  const topic = settings["update.report.topic"];
  const report = (value: object) => appendReport(broker, topic, settings["gateway.id"], value);
  let fleet: UpdateFleet | null = null;
  const watch = new UpdateWatch(
    {
      settings,
      version,
      clock,
      logger,
      hindrances: () => state.hindrances(),
      uplinks: () => state.uplinks(),
      desired: () => fleet?.status ?? null,
      report,
      restart,
    },
    launch,
  );
  state.update = () => watch.status();
  watch.start();
  if (!settings["update.from.centre"]) return watch;
  const wishes = new Wishes(
    broker,
    settings["update.topic"],
    settings["gateway.id"],
    settings["update.ring"],
    logger,
  );
  /** What fetches now; ended with the gateway. */
  let child: { kill(): void } | null = null;
  fleet = new UpdateFleet({
    settings,
    version,
    clock,
    logger,
    disk: new PlainDisk(),
    slots: launch.slots,
    wish: () => wishes.latest(),
    lastOutcome: () => watch.lastOutcome(),
    isBusy: () => watch.isBusy(),
    fetch: (decision) =>
      fetchUpdate(settings, decision, launch.slots, (started) => {
        child = started;
      }),
    report: (name, wanted, reason) => report(watch.reportOf(name, wanted, reason)),
  });
  fleet.start();
  return {
    stop() {
      fleet?.stop();
      child?.kill();
      watch.stop();
    },
  };
}

/** An ordinary record, for who is interested here and for uplinks. */
function appendReport(broker: Broker, topic: string, gatewayId: string, report: object): PendingBatch | null {
  if (broker.topics.get(topic) === null)
    broker.createTopic({ name: topic, partitionCount: 1, configs: new Map() }, () => {});
  const encoder = new TextEncoder();
  return broker.ingest.append({
    topic,
    key: encoder.encode(gatewayId),
    value: encoder.encode(JSON.stringify(report)),
    timestampMs: broker.clock.nowMs(),
    isArrival: true,
    headers: null,
  });
}
