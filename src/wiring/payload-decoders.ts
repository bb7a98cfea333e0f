import type { Decoders } from "../http/record-lines.ts";
import { cborValue } from "../mqtt/payloads/cbor-values.ts";
import { PayloadFault } from "../mqtt/payloads/fault.ts";
import { jsonText, jsonValue } from "../mqtt/payloads/json-values.ts";
import { MAX_DECODED_BYTES } from "../mqtt/payloads/limits.ts";
import { resolveSenml } from "../mqtt/payloads/senml.ts";
import {
  metricFields,
  metricValue,
  newBudget,
  sparkplugPayload,
} from "../mqtt/payloads/sparkplug/payload.ts";

/** Reads what devices send in forms of their own, as MQTT's routes do, for who looks at records. */
export function payloadDecoders(nowMs: () => number): Decoders {
  return {
    cbor: (bytes) => (bytes.length > MAX_DECODED_BYTES ? null : shown(cborValue(bytes))),
    senml: (bytes) => {
      if (bytes.length > MAX_DECODED_BYTES) return null;
      const json = jsonValue(bytes, false);
      const pack = json instanceof PayloadFault ? cborValue(bytes) : json;
      if (pack instanceof PayloadFault) return null;
      const labels = json instanceof PayloadFault ? "cbor" : "json";
      const records = resolveSenml(pack.value, labels, nowMs());
      return records instanceof PayloadFault ? null : jsonText(records);
    },
    sparkplug: (bytes) => {
      const payload = sparkplugPayload(bytes);
      if (payload instanceof PayloadFault) return null;
      const budget = newBudget();
      const metrics = payload.metrics.map((metric) => ({
        ...metricFields(metric, metric.datatype),
        value: metricValue(metric, metric.datatype, budget),
      }));
      const { timestamp, seq, uuid, body } = payload;
      return budget.fault === null ? jsonText({ timestamp, metrics, seq, uuid, body }) : null;
    },
  };
}

function shown(decoded: { readonly value: unknown } | PayloadFault): string | null {
  return decoded instanceof PayloadFault ? null : jsonText(decoded.value);
}
