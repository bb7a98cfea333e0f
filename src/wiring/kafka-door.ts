import type { Settings } from "../config/options.ts";
import { SERVED_VERSIONS } from "../kafka/dispatch.ts";
import { KafkaDoor, type KafkaDoorOptions } from "../kafka/listener.ts";
import type { KafkaServices } from "../kafka/services.ts";
import { KafkaViews } from "../kafka/views/kafka-views.ts";
import { brokerConfigs } from "./broker-configs.ts";

/** What the door is made of, but for what only it needs. */
export interface KafkaDoorParts extends Omit<KafkaDoorOptions, "services" | "limits"> {
  readonly settings: Settings;
  readonly services: Pick<KafkaServices, "broker" | "coordinators" | "fetchSessions" | "counters">;
}

/** Opens the door for Kafka clients. */
export function openKafkaDoor({ settings, services, ...parts }: KafkaDoorParts): KafkaDoor {
  return new KafkaDoor({
    ...parts,
    services: {
      ...services,
      authorizer: null,
      views: new KafkaViews(parts.clock),
      versions: SERVED_VERSIONS,
      brokerConfigs: () => brokerConfigs(settings),
      limits: { maxFetchBytes: settings["fetch.max.bytes"] },
    },
    limits: {
      maxConnections: settings["max.connections"],
      maxQueuedBytes: settings["kafka.max.queued.bytes"],
      maxTotalQueuedBytes: settings["kafka.max.total.queued.bytes"],
      maxFrameBytes: settings["socket.request.max.bytes"],
      maxHeldBytes: settings["kafka.max.pending.bytes"],
      maxIdleMs: settings["connections.max.idle.ms"],
    },
  });
}
