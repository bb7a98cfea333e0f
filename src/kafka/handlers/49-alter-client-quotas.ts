import type { Broker, QuotaChange } from "../../broker/broker.ts";
import { entityKey } from "../../broker/client-quotas.ts";
import { accessOf, CAN } from "../access.ts";
import { type NotedChange, noteChanges } from "../audit.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import {
  type AlterClientQuotasRequest,
  readAlterClientQuotasRequest,
} from "../wire/generated/alter-client-quotas-request.ts";
import {
  type AlterClientQuotasResponse,
  writeAlterClientQuotasResponse,
} from "../wire/generated/alter-client-quotas-response.ts";
import { ERROR } from "../wire/generated/errors.ts";
import type { Mutable } from "../wire/message.ts";
import { CLUSTER_REFUSAL, told } from "./acl-answers.ts";
import { countOf } from "./placement.ts";

type Entry = AlterClientQuotasRequest["entries"][number];
type Result = Mutable<AlterClientQuotasResponse["entries"][number]>;

/**
 * AlterClientQuotas, 0 and 1 (KIP-546, KIP-612), in force at once and answered once durable. Each entity is
 * changed whole or not at all.
 *
 * Deviations: the name of an ip has to be an address, since names are not looked up; a value that is no number is
 * refused, where Kafka takes it for no bound.
 */
export const alterClientQuotas: ApiHandler<KafkaServices> = {
  apiKey: 49,
  minVersion: 0,
  maxVersion: 1,
  pipelined: false,
  handle(call, services) {
    const { broker } = services;
    const { entries, validateOnly } = readAlterClientQuotasRequest(call.reader, call.version);
    if (!accessOf(call, services).cluster(CAN.alterConfigs)) {
      const refused = entries.map(({ entity }) => ({ ...told(CLUSTER_REFUSAL), entity }));
      const refusal = { throttleTimeMs: 0, entries: refused };
      call.reply((writer) => writeAlterClientQuotasResponse(writer, refusal, call.version));
      return;
    }
    const changes = entries.map(changeOf);
    const keys = changes.map(({ entity }) => entityKey(entity));
    const counts = countOf(keys);
    const accepted: QuotaChange[] = [];
    let added = 0;
    const results = new Map<string, Result>();
    entries.forEach((entry, index) => {
      const key = keys[index] ?? "";
      const change = changes[index];
      if (change === undefined || results.has(key)) return;
      const twice = counts.get(key) !== 1 || change.values.size !== entry.ops.length;
      const fault = twice
        ? "An entity or a quota comes twice."
        : broker.clientQuotas.fault(change.entity, change.values, added);
      if (fault === null) {
        accepted.push(change);
        if (broker.clientQuotas.adds(change.entity, change.values)) added += 1;
      }
      results.set(key, resultOf(entry, fault));
    });
    const reply = (error: number): void => {
      const all = [...results.values()].map((result) =>
        error !== 0 && result.errorCode === 0 ? { ...result, errorCode: error } : result,
      );
      if (!validateOnly) noteChanges(call, services.audit, "quota.alter", all.map(noted));
      const response = { throttleTimeMs: 0, entries: all };
      call.reply((writer) => writeAlterClientQuotasResponse(writer, response, call.version));
    };
    if (validateOnly) reply(0);
    else change(broker, accepted, reply);
  },
};

function noted({ entity, errorCode: error }: Result): NotedChange {
  const name = entity
    .map(({ entityType, entityName }) => `${entityType} ${entityName ?? "(default)"}`)
    .join(", ");
  return { resource: `quota of ${name}`, error };
}

function change(broker: Broker, changes: readonly QuotaChange[], done: (error: number) => void): void {
  const error = broker.setQuotas(changes, done);
  if (error !== 0) done(error);
}

function changeOf({ entity, ops }: Entry): QuotaChange {
  return {
    entity: new Map(entity.map(({ entityType, entityName }) => [entityType, entityName])),
    values: new Map(ops.map(({ key, value, remove }) => [key, remove ? null : value])),
  };
}

function resultOf({ entity }: Entry, fault: string | null): Result {
  const errorCode = fault === null ? ERROR.NONE : ERROR.INVALID_REQUEST;
  const parts = new Map(entity.map((part) => [part.entityType, part]));
  return { errorCode, errorMessage: fault, entity: [...parts.values()] };
}
