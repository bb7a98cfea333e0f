import { bad, boolean, choice, door, duration, good, list, text } from "./option.ts";

const SECOND_MS = 1000;
const HOUR_MS = 3_600_000;
const NAME_SOURCES = ["cn", "dns", "email", "uri"] as const;

/** Which part of a client certificate is its holder's name. */
export type CertificateNameSource = (typeof NAME_SOURCES)[number];

/** Settings of TLS, of users and of rights, which the doors share. */
export const SECURITY_OPTIONS = {
  "mqtt.tls.listen": door({
    default: "off",
    doc: "Where MQTT clients connect over TLS; 8883 is the port for it. Needs tls.certificate.file and tls.key.file.",
  }),
  "mqtt.websocket.tls.listen": door({
    default: "off",
    doc: "Where MQTT clients connect over WebSocket with TLS (wss).",
  }),
  "mqtt.tls.client.auth": choice(["none", "optional", "required"], {
    default: "none",
    doc: "Whether MQTT clients over TLS show a certificate of tls.ca.file, whose name they then have. One that does not hold is refused, required or not.",
  }),
  "tls.certificate.file": text("a path", fileFault, {
    default: "",
    defaultText: "none",
    doc: "The gateway's certificate and those between it and its authority's, in PEM. It, and the other files of TLS, are read again on SIGHUP and when they change; connections go on.",
  }),
  "tls.key.file": text("a path", fileFault, {
    default: "",
    defaultText: "none",
    doc: "The key of tls.certificate.file, in PEM, not encrypted.",
  }),
  "tls.ca.file": text("a path", fileFault, {
    default: "",
    defaultText: "none",
    doc: "Certificates of the authorities whose client certificates are taken, in PEM. Who is connected by one that is taken out of it is put out.",
  }),
  "tls.crl.file": text("a path", fileFault, {
    default: "",
    defaultText: "none",
    doc: "Lists of revoked client certificates, in PEM, one of each authority in tls.ca.file. Whoever is on one is put out; a list that is out of date lets nobody of its authority in.",
  }),
  "tls.min.version": choice(["1.2", "1.3"], {
    default: "1.2",
    doc: "Lowest version of TLS that is spoken.",
  }),
  "tls.principal": list<CertificateNameSource>(
    `sources: ${NAME_SOURCES.join(", ")}`,
    (raw) => {
      const found = NAME_SOURCES.find((source) => source === raw);
      return found === undefined
        ? bad("there is no such source", `write ${NAME_SOURCES.join(", ")}`)
        : good(found);
    },
    (source) => source,
    {
      default: ["cn"],
      minItems: 1,
      maxItems: NAME_SOURCES.length,
      doc: "Where the name of a client certificate's holder stands: the subject's common name, or a subject alternative name. The first of which the certificate has exactly one.",
    },
  ),
  "security.users.file": text("a path", fileFault, {
    default: "",
    defaultText: "users in the data folder",
    doc: "Users and hashes of their passwords; headwater user writes it. While there are no users, names and passwords that clients send mean nothing.",
  }),
  "security.acl.file": text("a path", fileFault, {
    default: "",
    defaultText: "acl.toml in the data folder",
    doc: "Who may publish and subscribe to which topics; its notation is in src/security/README.md. Without the file everybody who may connect may do everything; with it, what no rule allows is denied.",
  }),
  "security.acl.subscriptions": choice(["whole", "part"], {
    default: "whole",
    doc: "whole: a subscription is granted where all that its filter matches is allowed. part: where some of it may be, and only that is delivered, as mosquitto does.",
  }),
  "security.super.users": list<string>(
    "names of users",
    (raw) =>
      raw === "" || raw.includes("\0")
        ? bad("that is no user's name", "write the names of users")
        : good(raw),
    (name) => name,
    {
      default: [],
      minItems: 0,
      maxItems: 100,
      doc: "Users who may do everything at the Kafka door, whatever its rules deny. ANONYMOUS is whoever did not log in.",
    },
  ),
  "kafka.authorizer": choice(["off", "acl"], {
    default: "off",
    doc: "Who may do what at the Kafka door. off: everybody everything. acl: what Kafka's ACLs allow (kafka-acls.sh, headwater acl); without one that allows it nobody may do anything but security.super.users.",
  }),
  "kafka.acl.allow.if.none": boolean({
    default: false,
    doc: "Whether everybody may do everything with topics, groups and others that no ACL is about; Kafka's allow.everyone.if.no.acl.found.",
  }),
  "security.anonymous": choice(["loopback", "allow", "deny"], {
    default: "loopback",
    doc: "Who may connect to MQTT without a user or a certificate. loopback: programs on this machine; a proxy on it makes everybody one of them.",
  }),
  "security.client.id": choice(["any", "user"], {
    default: "any",
    doc: "Which client ids users of MQTT may have. any: each that is no other user's. user: their name, or it and more behind a slash, so that nobody takes an id before its owner comes. Whoever has no user name, or leaves the id to the gateway, is free of it.",
  }),
  "security.reload.interval.ms": duration({
    default: 5 * SECOND_MS,
    min: 100,
    max: HOUR_MS,
    doc: "How often it is looked whether files of users, rules and certificates have changed; SIGHUP has them read at once.",
  }),
} as const;

function fileFault(value: string): string | null {
  return value.includes("\0") ? "it holds a zero character" : null;
}
