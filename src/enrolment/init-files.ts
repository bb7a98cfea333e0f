import { isPrivateAddress } from "./names.ts";

/** What a gateway that is secured on the spot is like. */
export interface GatewayPlan {
  readonly id: string;
  /** Empty for none. */
  readonly site: string;
  /** Folder of the records. */
  readonly data: string;
  /** Names and addresses that clients reach it by; the first is what Kafka clients are told. */
  readonly hosts: readonly string[];
  /** The user who may do everything. */
  readonly administrator: string;
  /** Paths of its files. */
  readonly paths: GatewayPaths;
}

/** Where the files of a gateway are. */
export interface GatewayPaths {
  readonly folder: string;
  readonly config: string;
  readonly rules: string;
  readonly certificate: string;
  readonly key: string;
  readonly request: string;
  readonly authority: string;
  readonly authorityKey: string;
  readonly revoked: string;
  readonly devices: string;
  /** Says which files are being written. */
  readonly marker: string;
}

/** Where everything is in a folder such as /etc/headwater. */
export function gatewayPaths(folder: string): GatewayPaths {
  return {
    folder,
    config: `${folder}/headwater.toml`,
    rules: `${folder}/acl.toml`,
    certificate: `${folder}/tls/gateway.pem`,
    key: `${folder}/tls/gateway.key`,
    request: `${folder}/tls/gateway.csr`,
    authority: `${folder}/tls/authority.pem`,
    authorityKey: `${folder}/tls/authority.key`,
    revoked: `${folder}/tls/revoked.pem`,
    devices: `${folder}/tls/devices`,
    marker: `${folder}/init.unfinished`,
  };
}

/** Certificate and key of a device, by its name. */
export function devicePaths(
  paths: GatewayPaths,
  name: string,
): { readonly certificate: string; readonly key: string } {
  // A name may hold what leads out of a folder.
  const base = `${paths.devices}/${encodeURIComponent(name)}`;
  return { certificate: `${base}.pem`, key: `${base}.key` };
}

/** The configuration, with what each part is for. `revocations`: whether there is a list of revoked certificates. */
export function configText(plan: GatewayPlan, revocations: boolean): string {
  const { id, site, data, hosts, administrator, paths } = plan;
  const advertised = hosts[0] ?? "localhost";
  const names = hosts.filter((host) => !host.includes(":") && !/^[\d.]+$/.test(host));
  const lines = [
    "# Made by headwater init; yours from now on. headwater config docs explains all settings, headwater config check",
    "# FILE checks a file. Some take effect when the gateway is restarted: headwater config reload says which.",
    "",
    set("gateway.id", id),
    ...(site === "" ? [] : [set("gateway.site", site)]),
    set("data", data),
    "",
    "# Programs on this machine get in without a login.",
    set("kafka.listen", "127.0.0.1:9092"),
    set("mqtt.listen", "127.0.0.1:1883"),
    set("http.listen", "127.0.0.1:8080"),
    "",
    "# All others come over TLS, and say who they are: devices by certificates or as users, programs as users.",
    set("mqtt.tls.listen", "0.0.0.0:8883"),
    set("mqtt.tls.client.auth", "optional"),
    set("kafka.tls.listen", "0.0.0.0:9093"),
    set("kafka.tls.advertised", `${advertised.includes(":") ? `[${advertised}]` : advertised}:9093`),
    set("kafka.sasl.mechanisms", ["SCRAM-SHA-512"]),
    set("kafka.sasl.listeners", "tls"),
    set("http.tls.listen", "0.0.0.0:8443"),
    set("http.hosts", names),
    "",
    set("tls.certificate.file", paths.certificate),
    set("tls.key.file", paths.key),
    set("tls.ca.file", paths.authority),
    ...(revocations ? [set("tls.crl.file", paths.revoked)] : []),
    "",
    "# Who may do what: MQTT by this file, Kafka by rules of headwater acl or kafka-acls.sh, the console by roles.",
    set("security.acl.file", paths.rules),
    set("kafka.authorizer", "acl"),
    "# ANONYMOUS is whoever comes through kafka.listen: take it out before you open that to others.",
    set("security.super.users", [administrator, "ANONYMOUS"]),
    set("security.roles", [`user:${administrator}=admin`]),
  ];
  return `${lines.join("\n")}\n`;
}

/** The rules of MQTT: devices keep to their own topics. */
export function rulesText(administrator: string): string {
  return `# Who may publish and subscribe to which MQTT topics. What no rule allows is denied. Changes take effect within seconds.

[groups]
administrators = [${JSON.stringify(administrator)}]

# Anonymous are programs on this machine alone (security.anonymous).
[[rule]]
who = ["group:administrators", "anonymous"]
allow = "all"
topics = "#"

# Every device, by its certificate or its user, has the topics below its own name.
[[rule]]
who = "user:*"
allow = ["publish", "subscribe"]
topics = "devices/{user}/#"
`;
}

/** What a gateway is reached by where nobody says it: its name, also by mDNS, and its addresses on site. */
export function ownHosts(hostName: string, addresses: readonly string[]): readonly string[] {
  const name = hostName.toLowerCase();
  const names =
    name === "" || name === "localhost" ? [] : name.includes(".") ? [name] : [name, `${name}.local`];
  // Those of the world change, or are a router's.
  return [...names, ...addresses.filter(isPrivateAddress), "localhost", "127.0.0.1", "::1"];
}

function set(key: string, value: string | readonly string[]): string {
  return `${key} = ${JSON.stringify(value).replaceAll('","', '", "')}`;
}
