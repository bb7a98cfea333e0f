import type { Broker } from "../../broker/broker.ts";
import { FEATURES } from "../../broker/features.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { readApiVersionsRequest } from "../wire/generated/api-versions-request.ts";
import { writeApiVersionsResponse } from "../wire/generated/api-versions-response.ts";
import { ERROR } from "../wire/generated/errors.ts";

const CLIENT_NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;

/** Older clients can't read a feature that may be at level 0, so that they are not told of it. */
const FIRST_WITH_LEVEL_0 = 4;

/**
 * ApiVersions, 0 to 4 (KIP-35, KIP-511, KIP-584: features and the levels in force). A version that is not known is answered with a v0 body, error 35 and
 * the versions that are: a client asks its newest first and falls back.
 */
export const apiVersions: ApiHandler<KafkaServices> = {
  apiKey: 18,
  minVersion: 0,
  maxVersion: 4,
  pipelined: false,
  handle(call, services) {
    if (call.version > this.maxVersion || call.version < this.minVersion) {
      const own = services.versions.filter((range) => range.apiKey === 18);
      call.reply((writer) => writeApiVersionsResponse(writer, body(ERROR.UNSUPPORTED_VERSION, own), 0));
      return;
    }
    const request = readApiVersionsRequest(call.reader, call.version);
    const anonymous =
      call.version >= 3 &&
      !(CLIENT_NAME.test(request.clientSoftwareName) && CLIENT_NAME.test(request.clientSoftwareVersion));
    const response = anonymous
      ? body(ERROR.INVALID_REQUEST, [])
      : { ...body(ERROR.NONE, services.versions), ...featuresOf(services.broker, call.version) };
    call.reply((writer) => writeApiVersionsResponse(writer, response, call.version));
  },
};

export interface VersionRange {
  readonly apiKey: number;
  readonly minVersion: number;
  readonly maxVersion: number;
}

function body(errorCode: number, apiKeys: readonly VersionRange[]) {
  return {
    errorCode,
    apiKeys: [...apiKeys],
    throttleTimeMs: 0,
    supportedFeatures: [],
    finalizedFeaturesEpoch: -1,
    finalizedFeatures: [],
    zkMigrationReady: false,
  };
}

function featuresOf(broker: Broker, version: number) {
  const supported = FEATURES.filter(({ minLevel }) => version >= FIRST_WITH_LEVEL_0 || minLevel > 0);
  const finalized = FEATURES.map(({ name }) => ({ name, level: broker.featureLevel(name) }));
  return {
    supportedFeatures: supported.map(({ name, minLevel, maxLevel }) => ({
      name,
      minVersion: minLevel,
      maxVersion: maxLevel,
    })),
    finalizedFeaturesEpoch: broker.metadata.log.highWatermark,
    finalizedFeatures: finalized
      .filter(({ level }) => level > 0)
      .map(({ name, level }) => ({ name, maxVersionLevel: level, minVersionLevel: level })),
  };
}
