import { CLIENT_ID, IP, type QuotaFilter, USER } from "../../broker/client-quotas.ts";
import { accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import {
  type DescribeClientQuotasRequest,
  readDescribeClientQuotasRequest,
} from "../wire/generated/describe-client-quotas-request.ts";
import {
  type DescribeClientQuotasResponse,
  writeDescribeClientQuotasResponse,
} from "../wire/generated/describe-client-quotas-response.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { CLUSTER_REFUSAL } from "./acl-answers.ts";

type Component = DescribeClientQuotasRequest["components"][number];

const EXACT = 0;
const DEFAULT = 1;
const ANY_NAME = 2;

interface Fault {
  readonly error: number;
  readonly message: string;
}

/** DescribeClientQuotas, 0 and 1 (KIP-546, KIP-612). "Any specified" takes in the default, as in Kafka. */
export const describeClientQuotas: ApiHandler<KafkaServices> = {
  apiKey: 48,
  minVersion: 0,
  maxVersion: 1,
  pipelined: false,
  handle(call, services) {
    const { broker } = services;
    const request = readDescribeClientQuotasRequest(call.reader, call.version);
    const isAllowed = accessOf(call, services).cluster(CAN.describeConfigs);
    const fault = isAllowed ? componentsFault(request.components) : CLUSTER_REFUSAL;
    const found =
      fault === null ? broker.clientQuotas.find(request.components.map(filterOf), request.strict) : [];
    const response: DescribeClientQuotasResponse = {
      throttleTimeMs: 0,
      errorCode: fault?.error ?? ERROR.NONE,
      errorMessage: fault?.message ?? "",
      entries:
        fault === null
          ? found.map(({ entity, values }) => ({
              entity: Array.from(entity, ([entityType, entityName]) => ({ entityType, entityName })),
              values: Array.from(values, ([key, value]) => ({ key, value })),
            }))
          : null,
    };
    call.reply((writer) => writeDescribeClientQuotasResponse(writer, response, call.version));
  },
};

function filterOf({ entityType, matchType, match }: Component): QuotaFilter {
  if (matchType === ANY_NAME) return { type: entityType, match: "any" };
  return { type: entityType, match: { name: matchType === DEFAULT ? null : match } };
}

function componentsFault(components: readonly Component[]): Fault | null {
  const types = new Set<string>();
  for (const { entityType, matchType, match } of components) {
    const type = entityType.slice(0, 100);
    if (type === "") return invalid("Invalid empty entity type.");
    if (types.has(entityType))
      return invalid(`Entity type ${type} cannot appear more than once in the filter.`);
    types.add(entityType);
    const fault = matchFault(matchType, match);
    if (fault !== null) return invalid(fault);
    if (entityType !== USER && entityType !== CLIENT_ID && entityType !== IP)
      return { error: ERROR.UNSUPPORTED_VERSION, message: `Unsupported entity type ${type}` };
  }
  return types.has(IP) && types.size > 1
    ? invalid("A filter for an ip can't be combined with one for users or client ids.")
    : null;
}

function matchFault(matchType: number, match: string | null): string | null {
  switch (matchType) {
    case EXACT:
      return match === null ? "An exact match needs a name." : null;
    case DEFAULT:
    case ANY_NAME:
      return match === null ? null : `Match type ${matchType} takes no name.`;
    default:
      return `Unknown match type ${matchType}`;
  }
}

function invalid(message: string): Fault {
  return { error: ERROR.INVALID_REQUEST, message };
}
