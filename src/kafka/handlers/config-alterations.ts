import type { Broker, Refusal } from "../../broker/broker.ts";
import { brokerConfigFault, dynamicBrokerConfig } from "../../broker/broker-config.ts";
import { clientMetricsFault } from "../../broker/client-metrics-config.ts";
import { type ConfigDefinition, parts, shortened } from "../../broker/config-definition.ts";
import { type ConfigResource, RESOURCE } from "../../broker/dynamic-configs.ts";
import { ledgerConfigFault } from "../../broker/gap-ledger.ts";
import { groupConfigFault } from "../../broker/group-config.ts";
import { AUDIT_TOPIC } from "../../broker/own-topics.ts";
import { topicConfigDefinition, topicConfigFault } from "../../broker/topic-config.ts";
import { topicNameFault } from "../../broker/topic-name.ts";
import type { AuditNotes } from "../../security/audit/audit-event.ts";
import { type Access, CAN } from "../access.ts";
import { noteChanges } from "../audit.ts";
import type { Gather } from "../gather.ts";
import type { KafkaServices } from "../services.ts";
import type { AlterConfigsResponse } from "../wire/generated/alter-configs-response.ts";
import { ERROR } from "../wire/generated/errors.ts";
import type { Mutable } from "../wire/message.ts";
import { configRefusal } from "./acl-answers.ts";

/** AlterConfigOp.OpType. */
const OPERATION = { set: 0, delete: 1, append: 2, subtract: 3 } as const;

/** Groups, or subscriptions to metrics, that may have settings of their own. */
const MAX_RESOURCES = 10_000;
/** Settings that nobody knows, of one broker or of all. */
const MAX_UNKNOWN_CONFIGS = 100;

export interface ConfigOperation {
  readonly name: string;
  /** One of AlterConfigOp.OpType. */
  readonly operation: number;
  readonly value: string | null;
}

/** Settings of one resource that are to change. */
export interface Alteration {
  readonly resource: ConfigResource;
  readonly operations: readonly ConfigOperation[];
  /** Whether settings that no operation names are taken back, as AlterConfigs does. */
  readonly replaces: boolean;
}

/** Values that the broker was started with, by name: built once for a request, however many resources it names. */
type StartedConfigs = ReadonlyMap<string, string | null>;

export type AlterationResult = Mutable<AlterConfigsResponse["responses"][number]>;

/**
 * Changes settings as Kafka does, resource by resource: each as a whole or not at all. `gather` waits for what has
 * to be durable; results are final when it ends.
 */
export function alterConfigs(
  alterations: readonly Alteration[],
  validateOnly: boolean,
  services: KafkaServices,
  gather: Gather,
  access: Access,
): AlterationResult[] {
  const seen = new Map<string, number>();
  for (const { resource } of alterations) {
    const key = `${resource.type} ${resource.name}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  const started = new Map(services.brokerConfigs().map((config) => [config.name, config.value]));
  return alterations.map((alteration) => {
    const { resource } = alteration;
    const isTwice = seen.get(`${resource.type} ${resource.name}`) !== 1;
    const planned = isTwice
      ? invalid("Each resource must appear at most once.")
      : (configRefusal(resource, CAN.alterConfigs, access) ?? plan(alteration, services.broker, started));
    const result: AlterationResult = {
      errorCode: ERROR.NONE,
      errorMessage: null,
      resourceType: resource.type,
      resourceName: resource.name,
    };
    if ("error" in planned) return { ...result, errorCode: planned.error, errorMessage: planned.message };
    if (validateOnly) return result;
    const ended = gather.begin((error) => {
      result.errorCode = error;
    });
    const error = services.broker.alterConfigs(resource, planned, ended);
    if (error !== 0) ended(error);
    return result;
  });
}

/** Notes them, by the names of settings: a value may be a secret. */
export function noteAlterations(
  call: Parameters<typeof noteChanges>[0],
  audit: AuditNotes,
  alterations: readonly Alteration[],
  results: readonly AlterationResult[],
): void {
  const changes = results.map(({ errorCode: error, resourceType, resourceName }, index) => ({
    resource: `${typeName(resourceType)} ${resourceName}`.trimEnd(),
    error,
    detail: (alterations[index]?.operations ?? []).map(({ name }) => name).join(", "),
  }));
  noteChanges(call, audit, "config.alter", changes);
}

function typeName(type: number): string {
  return Object.entries(RESOURCE).find(([, code]) => code === type)?.[0] ?? "resource";
}

/** What changes: values to set, and null for what is taken back. */
function plan(
  alteration: Alteration,
  broker: Broker,
  started: StartedConfigs,
): ReadonlyMap<string, string | null> | Refusal {
  const { resource, operations, replaces } = alteration;
  const refusal =
    operationsRefusal(operations) ??
    (resource.type === RESOURCE.brokerLogger && !replaces
      ? loggerRefusal(resource.name, operations, broker)
      : resourceRefusal(resource, broker));
  if (refusal !== null) return refusal;
  const current = currentConfigs(resource, broker);
  const next = new Map(replaces ? [] : current);
  for (const operation of operations) {
    const fault = apply(operation, resource, next);
    if (fault !== null) return fault;
  }
  const fault = valuesRefusal(resource, next, broker, started);
  if (fault !== null) return fault;
  const changes = new Map<string, string | null>();
  for (const [name, value] of next) if (current.get(name) !== value) changes.set(name, value);
  for (const name of current.keys()) if (!next.has(name)) changes.set(name, null);
  return changes;
}

function operationsRefusal(operations: readonly ConfigOperation[]): Refusal | null {
  if (new Set(operations.map(({ name }) => name)).size !== operations.length) {
    return invalid("Error due to duplicate config keys");
  }
  const nulls = operations.filter(({ operation, value }) => operation !== OPERATION.delete && value === null);
  if (nulls.length === 0) return null;
  return invalid(`Null value not supported for : ${shortened(nulls.map(({ name }) => name).join(", "))}`);
}

/** The one logger there is keeps the level that the broker was started with. */
function loggerRefusal(name: string, operations: readonly ConfigOperation[], broker: Broker): Refusal | null {
  const refusal = name === "" ? invalid("Broker id must not be empty") : brokerRefusal(name, broker);
  if (refusal !== null) return refusal;
  const unknown = operations.find((operation) => operation.name !== "root");
  if (unknown !== undefined) {
    const message = `Logger ${shortened(unknown.name)} does not exist!`;
    return { error: ERROR.INVALID_CONFIG, message };
  }
  return operations.length === 0 ? null : invalid("The level of a logger changes with a restart only.");
}

function brokerRefusal(name: string, broker: Broker): Refusal | null {
  if (name === String(broker.nodeId)) return null;
  if (!/^[+-]?\d{1,10}$/.test(name)) {
    return invalid(`Node id must be an integer, but it is: ${shortened(name)}`);
  }
  return invalid(`Unexpected broker id, expected ${broker.nodeId}, but received ${name}`);
}

function resourceRefusal({ type, name }: ConfigResource, broker: Broker): Refusal | null {
  switch (type) {
    case RESOURCE.topic:
    case RESOURCE.clientMetrics:
    case RESOURCE.group:
      return null;
    case RESOURCE.broker:
      return name === "" ? null : brokerRefusal(name, broker);
    default:
      return invalid(`Unknown resource type ${type}`);
  }
}

function currentConfigs(resource: ConfigResource, broker: Broker): ReadonlyMap<string, string> {
  if (resource.type !== RESOURCE.topic) return broker.configs.of(resource);
  return broker.topics.get(resource.name)?.configs ?? new Map();
}

function apply(
  { name, operation, value }: ConfigOperation,
  resource: ConfigResource,
  next: Map<string, string>,
): Refusal | null {
  switch (operation) {
    case OPERATION.set:
      next.set(name, value ?? "");
      return null;
    case OPERATION.delete:
      next.delete(name);
      return null;
    case OPERATION.append:
    case OPERATION.subtract: {
      const definition = definitionOf(resource.type, name);
      if (definition?.type !== "list") return notAList(resource.type, name, operation, definition);
      const had = parts(next.get(name) ?? definition.default);
      const named = parts(value ?? "");
      const has =
        operation === OPERATION.append ? [...had, ...named] : had.filter((part) => !named.includes(part));
      next.set(name, [...new Set(has)].join(","));
      return null;
    }
    default:
      return invalid(`Unknown operations type ${operation}`);
  }
}

/** Of settings that may be lists; Kafka has none of those of groups and subscriptions among them. */
function definitionOf(type: number, name: string): ConfigDefinition | null {
  if (type === RESOURCE.topic) return topicConfigDefinition(name);
  return type === RESOURCE.broker ? dynamicBrokerConfig(name) : null;
}

function notAList(
  type: number,
  name: string,
  operation: number,
  definition: ConfigDefinition | null,
): Refusal {
  const isAppend = operation === OPERATION.append;
  const shown = shortened(name);
  const message =
    type !== RESOURCE.broker
      ? `Can't ${isAppend ? "APPEND" : "SUBTRACT"} to key ${shown} because its type is not LIST.`
      : definition === null
        ? `Unknown config name: ${shown}`
        : `Config value ${isAppend ? "append" : "subtract"} is not allowed for config key: ${shown}`;
  return { error: ERROR.INVALID_CONFIG, message };
}

function valuesRefusal(
  { type, name }: ConfigResource,
  values: ReadonlyMap<string, string>,
  broker: Broker,
  started: StartedConfigs,
): Refusal | null {
  switch (type) {
    case RESOURCE.topic:
      return topicRefusal(name, values, broker);
    case RESOURCE.brokerLogger:
      return null;
    case RESOURCE.broker: {
      const fault = brokerConfigFault(values, (config) => started.has(config)) ?? crowdFault(values);
      return fault === null ? null : invalid(fault);
    }
    case RESOURCE.group: {
      if (name === "") return invalid("Default group resources are not allowed.");
      const fault = groupConfigFault(values, (config) => started.get(config) ?? null);
      if (fault !== null) return { error: ERROR.INVALID_CONFIG, message: fault };
      return roomRefusal(type, name, broker);
    }
    default: {
      const fault = clientMetricsFault(name, values);
      if (fault === null) return roomRefusal(type, name, broker);
      const error = fault.invalidConfig ? ERROR.INVALID_CONFIG : ERROR.INVALID_REQUEST;
      return { error, message: fault.message };
    }
  }
}

function topicRefusal(name: string, values: ReadonlyMap<string, string>, broker: Broker): Refusal | null {
  if (name === "") return invalid("Default topic resources are not allowed.");
  if (name === AUDIT_TOPIC) {
    const message = `Topic '${name}' says who did what: its settings are the gateway's (audit.max.bytes, audit.retention.ms).`;
    return { error: ERROR.POLICY_VIOLATION, message };
  }
  const nameFault = topicNameFault(name);
  if (nameFault !== null) return { error: ERROR.INVALID_TOPIC_EXCEPTION, message: nameFault };
  const fault = topicConfigFault(values, broker.topicDefaults) ?? ledgerConfigFault(name, values);
  if (fault !== null) return { error: ERROR.INVALID_CONFIG, message: fault };
  if (broker.topics.get(name) !== null) return null;
  return { error: ERROR.UNKNOWN_TOPIC_OR_PARTITION, message: `The topic '${name}' does not exist.` };
}

function crowdFault(values: ReadonlyMap<string, string>): string | null {
  let count = 0;
  for (const name of values.keys()) if (dynamicBrokerConfig(name) === null) count += 1;
  return count > MAX_UNKNOWN_CONFIGS ? `More than ${MAX_UNKNOWN_CONFIGS} configs that nobody knows` : null;
}

function roomRefusal(type: number, name: string, broker: Broker): Refusal | null {
  if (broker.configs.of({ type, name }).size > 0 || broker.configs.count(type) < MAX_RESOURCES) return null;
  const message = `More than ${MAX_RESOURCES} resources of this type with settings of their own`;
  return { error: ERROR.POLICY_VIOLATION, message };
}

function invalid(message: string): Refusal {
  return { error: ERROR.INVALID_REQUEST, message };
}
