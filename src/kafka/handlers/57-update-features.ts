import type { Broker } from "../../broker/broker.ts";
import { type FeatureChange, featureFault } from "../../broker/features.ts";
import { accessOf, CAN } from "../access.ts";
import { noteChanges } from "../audit.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { ERROR } from "../wire/generated/errors.ts";
import {
  readUpdateFeaturesRequest,
  type UpdateFeaturesRequest,
} from "../wire/generated/update-features-request.ts";
import {
  type UpdateFeaturesResponse,
  writeUpdateFeaturesResponse,
} from "../wire/generated/update-features-response.ts";
import { CLUSTER_REFUSAL } from "./acl-answers.ts";

type Update = UpdateFeaturesRequest["featureUpdates"][number];

const FIRST_WITH_TYPES = 1;
const FIRST_WITHOUT_RESULTS = 2;
const TYPES: readonly FeatureChange[] = ["unknown", "upgrade", "safe-downgrade", "unsafe-downgrade"];

/** UpdateFeatures, 0 to 2 (KIP-584, KIP-778, KIP-1022): all of the updates or none, answered once durable. */
export const updateFeatures: ApiHandler<KafkaServices> = {
  apiKey: 57,
  minVersion: 0,
  maxVersion: 2,
  pipelined: false,
  handle(call, services) {
    const { broker } = services;
    const request = readUpdateFeaturesRequest(call.reader, call.version);
    const { featureUpdates, validateOnly } = request;
    const reply = (errorCode: number, errorMessage: string | null): void => {
      const listed = errorCode === 0 && call.version < FIRST_WITHOUT_RESULTS ? featureUpdates : [];
      const response: UpdateFeaturesResponse = {
        throttleTimeMs: 0,
        errorCode,
        errorMessage,
        results: listed.map(({ feature }) => ({ feature, errorCode: ERROR.NONE, errorMessage: null })),
      };
      const changes = featureUpdates.map(({ feature, maxVersionLevel }) => ({
        ...{ resource: `feature ${feature}`, error: errorCode, detail: `level ${maxVersionLevel}` },
      }));
      if (!validateOnly) noteChanges(call, services.audit, "feature.update", changes);
      call.reply((writer) => writeUpdateFeaturesResponse(writer, response, call.version));
    };
    if (!accessOf(call, services).cluster(CAN.alter)) {
      reply(CLUSTER_REFUSAL.error, CLUSTER_REFUSAL.message);
      return;
    }
    const fault = firstFault(featureUpdates, call.version, broker);
    if (fault !== null) {
      const message = `The update failed for all features since the following feature had an error: ${fault}`;
      reply(ERROR.INVALID_UPDATE_VERSION, message);
    } else if (validateOnly) reply(0, null);
    else store(featureUpdates, broker, (error) => reply(error, error === 0 ? null : "Not written."));
  },
};

function firstFault(updates: readonly Update[], version: number, broker: Broker): string | null {
  for (const update of updates) {
    const { feature, maxVersionLevel } = update;
    const fault = featureFault(feature, maxVersionLevel, changeOf(update, version), broker.changedFeatures);
    if (fault !== null) return fault;
  }
  return null;
}

function changeOf({ upgradeType, allowDowngrade }: Update, version: number): FeatureChange {
  if (version < FIRST_WITH_TYPES) return allowDowngrade ? "safe-downgrade" : "upgrade";
  return TYPES[upgradeType] ?? "unknown";
}

function store(updates: readonly Update[], broker: Broker, done: (error: number) => void): void {
  const levels = new Map(updates.map(({ feature, maxVersionLevel }) => [feature, maxVersionLevel]));
  const error = broker.setFeatures(levels, done);
  if (error !== 0) done(error);
}
