import type { Logger } from "../base/logger.ts";
import type { Acls } from "../broker/acls.ts";
import type { Broker } from "../broker/broker.ts";
import type { Settings } from "../config/options.ts";
import { noteRefusals } from "../kafka/audit.ts";
import { SERVED_VERSIONS } from "../kafka/dispatch.ts";
import { KafkaDoor, type KafkaDoorOptions } from "../kafka/listener.ts";
import type { KafkaServices } from "../kafka/services.ts";
import { KafkaViews } from "../kafka/views/kafka-views.ts";
import type { AuditNotes } from "../security/audit/audit-event.ts";
import { KafkaAuthorizer } from "../security/kafka-acls/authorizer.ts";
import { parseMappingRule } from "../security/mapping-rules.ts";
import { brokerConfigs } from "./broker-configs.ts";

/** What the door is made of, but for what only it needs. */
export interface KafkaDoorParts extends Omit<KafkaDoorOptions, "services" | "limits"> {
  readonly settings: Settings;
  readonly services: Pick<KafkaServices, "broker" | "coordinators" | "fetchSessions" | "counters" | "audit">;
}

function authorizerOf(
  settings: Settings,
  { acls }: Broker,
  audit: AuditNotes,
  logger: Logger,
): KafkaAuthorizer | null {
  if (settings["kafka.authorizer"] === "off") return null;
  const authorizer = new KafkaAuthorizer({
    acls,
    superUsers: settings["security.super.users"],
    allowIfNone: settings["kafka.acl.allow.if.none"],
  });
  noteRefusals(authorizer, audit);
  if (settings["security.super.users"].length === 0) tellOfFirstRule(acls, logger);
  return authorizer;
}

/** Where nobody stands above the rules, the first one locks out everybody whom it does not allow. */
export function tellOfFirstRule(acls: Pick<Acls, "count" | "onChange">, logger: Logger): void {
  acls.onChange((added) => {
    if (added.length === 0 || acls.count !== added.length) return;
    const remedy = "name an administrator in security.super.users, and start again";
    logger.warn("the first rules of the Kafka door are in force, and there is no super user", { remedy });
  });
}

/** Opens the door for Kafka clients. */
export function openKafkaDoor({ settings, services, ...parts }: KafkaDoorParts): KafkaDoor {
  return new KafkaDoor({
    ...parts,
    services: {
      ...services,
      authorizer: authorizerOf(settings, services.broker, services.audit, parts.logger),
      views: new KafkaViews(parts.clock),
      versions: SERVED_VERSIONS,
      brokerConfigs: () => brokerConfigs(settings),
      limits: { maxFetchBytes: settings["fetch.max.bytes"] },
    },
    mappingRules: settings["kafka.tls.principal.mapping.rules"]
      .map(parseMappingRule)
      .filter((rule) => typeof rule === "object" || rule === "DEFAULT"),
    limits: {
      maxConnections: settings["max.connections"],
      maxQueuedBytes: settings["kafka.max.queued.bytes"],
      maxTotalQueuedBytes: settings["kafka.max.total.queued.bytes"],
      maxFrameBytes: settings["socket.request.max.bytes"],
      maxHeldBytes: settings["kafka.max.pending.bytes"],
      maxIdleMs: settings["connections.max.idle.ms"],
      maxConnectionsOfUser: settings["kafka.max.connections.per.user"],
      loginTimeoutMs: settings["kafka.login.timeout.ms"],
      maxReauthMs: settings["connections.max.reauth.ms"],
      failedLoginDelayMs: settings["connection.failed.authentication.delay.ms"],
    },
  });
}
