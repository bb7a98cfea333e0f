import { advertised, choice, door } from "./option.ts";
import type { Settings } from "./options.ts";

/** Settings of the ways in for Kafka clients, but for the plain one and the limits. */
export const KAFKA_DOOR_OPTIONS = {
  "kafka.tls.listen": door({
    default: "off",
    doc: "Where Kafka clients connect over TLS (security.protocol SSL or SASL_SSL); 9093 is a usual port for it. Needs tls.certificate.file and tls.key.file.",
  }),
  "kafka.tls.advertised": advertised({
    default: "auto",
    doc: "Address that Kafka clients over TLS are told to connect to; the gateway's certificate has to be for its host. auto: as for kafka.advertised.",
  }),
  "kafka.tls.client.auth": choice(["none", "requested", "required"], {
    default: "none",
    doc: "Whether Kafka clients over TLS show a certificate of tls.ca.file, whose name they then have. One that does not hold is refused, required or not.",
  }),
} as const;

type Blame = (key: string, fault: string, remedy: string) => void;

/** Says what of the settings of this door does not go together. */
export function checkKafkaDoor(settings: Settings, blame: Blame): void {
  if (settings["kafka.tls.listen"] === "off") return;
  for (const key of ["tls.certificate.file", "tls.key.file"] as const) {
    if (settings[key] === "")
      blame("kafka.tls.listen", `${key} is missing`, `write ${key} = "...", a file in PEM`);
  }
  if (settings["kafka.tls.client.auth"] !== "none" && settings["tls.ca.file"] === "") {
    const remedy = "name the authorities of client certificates there";
    blame("kafka.tls.client.auth", "tls.ca.file is missing", remedy);
  }
}
