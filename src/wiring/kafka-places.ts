import type { Settings } from "../config/options.ts";
import type { KafkaPlace } from "../kafka/listeners.ts";

/** Where Kafka clients are served by the settings: nowhere, without TLS, with it, or both. */
export function kafkaPlaces(settings: Settings): readonly KafkaPlace[] {
  const place = (listen: "kafka.listen" | "kafka.tls.listen", tls: boolean): readonly KafkaPlace[] => {
    const address = settings[listen];
    if (address === "off") return [];
    const advertised = settings[tls ? "kafka.tls.advertised" : "kafka.advertised"];
    const asks = settings["kafka.sasl.listeners"];
    const mechanisms = asks === "all" || (asks === "tls") === tls ? settings["kafka.sasl.mechanisms"] : [];
    return [{ ...address, tls, mechanisms, advertised: advertised === "auto" ? null : advertised }];
  };
  return [...place("kafka.listen", false), ...place("kafka.tls.listen", true)];
}
