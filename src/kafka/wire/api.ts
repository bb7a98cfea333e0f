import { API_KEY, APIS } from "./generated/apis.ts";

/** An API of the protocol: a request and its response, which share their versions. */
export interface Api {
  readonly key: number;
  readonly name: string;
  readonly minVersion: number;
  readonly maxVersion: number;
  /** Below `maxVersion` where Apache Kafka may still change the highest version, and so does not advertise it. */
  readonly maxStableVersion: number;
  /** The first version with compact lengths and tagged fields; null where there is none. */
  readonly flexibleFrom: number | null;
  /** Whether only brokers and controllers use it among themselves. */
  readonly clusterAction: boolean;
}

const BY_KEY: readonly (Api | undefined)[] = byKey();

/** The API of a key, or undefined where there is none. */
export function findApi(key: number): Api | undefined {
  return BY_KEY[key];
}

/** The version of the header before a request: 2 has tagged fields, 1 has none. */
export function requestHeaderVersion(api: Api, version: number): number {
  return isFlexible(api, version) ? 2 : 1;
}

/**
 * The version of the header before a response: 1 has tagged fields, 0 has none. A client reads the answer to ApiVersions
 * before it knows what the broker speaks, so that one is always 0 (KIP-511).
 */
export function responseHeaderVersion(api: Api, version: number): number {
  return api.key !== API_KEY.API_VERSIONS && isFlexible(api, version) ? 1 : 0;
}

function isFlexible(api: Api, version: number): boolean {
  return api.flexibleFrom !== null && version >= api.flexibleFrom;
}

function byKey(): (Api | undefined)[] {
  const table: (Api | undefined)[] = [];
  for (const api of APIS) table[api.key] = api;
  return table;
}
