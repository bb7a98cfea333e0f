import { API_KEY } from "./wire/generated/apis.ts";
import type { Writer } from "./wire/writer.ts";

/** Responses that begin with the throttle time from this version on; those not listed do from 0 on. */
const FIRST_VERSION: ReadonlyMap<number, number> = new Map([
  [API_KEY.LIST_OFFSETS, 2],
  [API_KEY.METADATA, 3],
  [API_KEY.OFFSET_COMMIT, 3],
  [API_KEY.OFFSET_FETCH, 3],
  [API_KEY.FIND_COORDINATOR, 1],
  [API_KEY.JOIN_GROUP, 2],
  [API_KEY.HEARTBEAT, 1],
  [API_KEY.LEAVE_GROUP, 1],
  [API_KEY.SYNC_GROUP, 1],
  [API_KEY.DESCRIBE_GROUPS, 1],
  [API_KEY.LIST_GROUPS, 1],
]);

/** Responses that have no throttle time, or have it where only their own code finds it. */
const WITHOUT: ReadonlySet<number> = new Set([
  API_KEY.API_VERSIONS,
  API_KEY.SASL_HANDSHAKE,
  API_KEY.SASL_AUTHENTICATE,
  API_KEY.WRITE_TXN_MARKERS,
  API_KEY.CREATE_DELEGATION_TOKEN,
  API_KEY.RENEW_DELEGATION_TOKEN,
  API_KEY.EXPIRE_DELEGATION_TOKEN,
  API_KEY.DESCRIBE_DELEGATION_TOKEN,
  API_KEY.DESCRIBE_QUORUM,
  API_KEY.INITIALIZE_SHARE_GROUP_STATE,
  API_KEY.READ_SHARE_GROUP_STATE,
  API_KEY.WRITE_SHARE_GROUP_STATE,
  API_KEY.DELETE_SHARE_GROUP_STATE,
  API_KEY.READ_SHARE_GROUP_STATE_SUMMARY,
]);

const FIRST_FLEXIBLE_PRODUCE = 9;
const INT16_BYTES = 2;
const INT32_BYTES = 4;

/**
 * Puts the throttle time into a response that has been written from `bodyAt` on, so that handlers need not know of
 * quotas: nearly all responses begin with it. A response without room for it is left as it is; its client is
 * held back all the same.
 */
export function patchThrottleTime(
  writer: Writer,
  bodyAt: number,
  apiKey: number,
  version: number,
  throttleTimeMs: number,
): void {
  if (WITHOUT.has(apiKey) || version < (FIRST_VERSION.get(apiKey) ?? 0)) return;
  const value = Math.min(throttleTimeMs, 0x7fffffff);
  if (apiKey === API_KEY.PRODUCE) {
    // At the end, with nothing behind it but the count of tagged fields, of which this broker sends none.
    const tags = version >= FIRST_FLEXIBLE_PRODUCE ? 1 : 0;
    writer.patchInt32(writer.sizeBytes - tags - INT32_BYTES, value);
  } else {
    // OffsetDelete has its error code first.
    writer.patchInt32(apiKey === API_KEY.OFFSET_DELETE ? bodyAt + INT16_BYTES : bodyAt, value);
  }
}
