import { HeadwaterError } from "../base/errors.ts";

/** Filled in by the gateway: the folder that its files are in. */
export const FOLDER_PLACEHOLDER = "{{folder}}";
const PLACEHOLDER = /\{\{([^{}\n]*)\}\}/g;

/**
 * A template with its placeholders, `{{gateway}}` and the like, replaced; `{{folder}}` stays. Throws CONFIG_INVALID for one
 * that nothing is known for, and for a value that would not stay within its quotes.
 */
export function fillTemplate(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(PLACEHOLDER, (whole, name: string) => {
    if (whole === FOLDER_PLACEHOLDER) return whole;
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) {
      const known = Object.keys(values).map((one) => `{{${one}}}`);
      throw new HeadwaterError(
        "CONFIG_INVALID",
        `the template has ${whole}, and nothing is known for it; there are ${known.join(", ")}, ${FOLDER_PLACEHOLDER}`,
      );
    }
    const fault = valueFault(value);
    if (fault !== null) throw new HeadwaterError("CONFIG_INVALID", `the value of ${whole} ${fault}`);
    return value;
  });
}

/** The names that a template has placeholders for. */
export function placeholdersOf(template: string): readonly string[] {
  return [...new Set([...template.matchAll(PLACEHOLDER)].map(([, name = ""]) => name))];
}

/** Says why a value can't stand in a TOML text in quotes, or null. */
export function valueFault(value: string): string | null {
  return /["'\\\p{Cc}]/u.test(value) ? "has a quote, a backslash or a control character" : null;
}

/** The template of a new centre. `bootstrap` is where its Kafka is. */
export function newTemplate(bootstrap: string): string {
  return `# What every gateway of this centre is like: a configuration as headwater config docs explains it. What stands in double
# braces is replaced: gateway, site and the other columns of a list when it is issued, folder by the gateway, with the
# folder that its files are in. Those are authority.pem, gateway.pem, gateway.key and revoked.pem, and whatever lies in files beside this.

gateway.id = "{{gateway}}"
gateway.site = "{{site}}"

# Programs on the gateway get in without a login; devices by certificates of this centre's authority, over TLS.
# headwater certificate issue makes them.
kafka.listen = "127.0.0.1:9092"
mqtt.listen = "127.0.0.1:1883"
http.listen = "127.0.0.1:8080"
mqtt.tls.listen = "0.0.0.0:8883"
mqtt.tls.client.auth = "optional"
tls.certificate.file = "{{folder}}/gateway.pem"
tls.key.file = "{{folder}}/gateway.key"
tls.ca.file = "{{folder}}/authority.pem"
tls.crl.file = "{{folder}}/revoked.pem"
security.acl.file = "{{folder}}/acl.toml"

# By its certificate the gateway is known to the centre, which knows the authority: as CN=the gateway's name.
[uplink.central]
bootstrap = [${JSON.stringify(bootstrap)}]
security.protocol = "SSL"
ssl.ca = "{{folder}}/authority.pem"
ssl.certificate = "{{folder}}/gateway.pem"
ssl.key = "{{folder}}/gateway.key"
topics = ["telemetry", "mqtt"]
`;
}
