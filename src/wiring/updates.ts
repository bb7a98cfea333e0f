import type { Logger } from "../base/logger.ts";
import type { Broker } from "../broker/broker.ts";
import type { PendingBatch } from "../broker/ingest.ts";
import type { Clock } from "../io/clock.ts";
import type { GatewayState } from "./status.ts";
import { launchOf, UpdateWatch } from "./update-watch.ts";

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
  const { env, version, state, broker, clock, logger, restart } = parts;
  const { settings } = state;
  const watch = new UpdateWatch(
    {
      env,
      settings,
      version,
      clock,
      logger,
      hindrances: () => state.hindrances(),
      uplinks: () => state.uplinks(),
      report: (report) =>
        appendReport(broker, settings["update.report.topic"], settings["gateway.id"], report),
      restart,
    },
    launch,
  );
  state.update = () => watch.status();
  watch.start();
  return watch;
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
