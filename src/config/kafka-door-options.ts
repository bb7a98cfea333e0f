import { isLoopback } from "./address.ts";
import { advertised, bad, boolean, choice, count, door, duration, good, list, text } from "./option.ts";
import type { Settings } from "./options.ts";

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
const MECHANISMS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] as const;
export type KafkaSaslMechanism = (typeof MECHANISMS)[number];
/** Those that tell whoever listens what it takes to log in. */
const TELLING: readonly KafkaSaslMechanism[] = ["PLAIN", "OAUTHBEARER"];

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
  "kafka.tls.principal.mapping.rules": list<string>(
    "rules: RULE:pattern/replacement/[LU], DEFAULT",
    (raw) => {
      const fault = mappingRuleFault(raw);
      return fault === null ? good(raw) : bad(fault, "write RULE:^CN=([^,]+),.*$/$1/L, or DEFAULT");
    },
    String,
    {
      default: [],
      defaultText: "none: the name is that of tls.principal",
      minItems: 0,
      maxItems: 100,
      doc: "What the whole name of a certificate's holder, as RFC 2253 writes it (CN=pump-1,OU=press shop,O=Plant), becomes at Kafka's door, as Kafka's ssl.principal.mapping.rules have it: the first rule that fits wholly counts, DEFAULT takes the name as it is, and who fits none is refused. In a TOML list each rule is a text of its own.",
    },
  ),
  "kafka.sasl.mechanisms": list<KafkaSaslMechanism>(
    `mechanisms: ${MECHANISMS.join(", ")}`,
    (raw) => {
      const found = MECHANISMS.find((mechanism) => mechanism === raw);
      return found === undefined
        ? bad("there is no such mechanism", `write ${MECHANISMS.join(", ")}`)
        : good(found);
    },
    (mechanism) => mechanism,
    {
      default: [],
      defaultText: "none: nobody logs in",
      minItems: 0,
      maxItems: MECHANISMS.length,
      doc: "By what Kafka clients log in (SASL): as users of security.users.file, or of those that kafka-configs.sh has made, or with tokens (sasl.oauthbearer.*). Where there are any, nobody gets in without, at the listeners of kafka.sasl.listeners.",
    },
  ),
  "kafka.sasl.listeners": choice(["all", "plain", "tls"], {
    default: "all",
    doc: "Which listeners have clients log in by kafka.sasl.mechanisms: all of them, kafka.listen alone (security.protocol SASL_PLAINTEXT), or kafka.tls.listen alone (SASL_SSL).",
  }),
  "kafka.sasl.plain.unencrypted": boolean({
    default: false,
    doc: "Whether clients may send passwords (PLAIN) and tokens (OAUTHBEARER) without TLS to a kafka.listen that others than programs on this machine reach: whoever listens on the way reads them.",
  }),
  "sasl.oauthbearer.jwks.endpoint.url": text("https://..., file:///..., or nothing", keysFault, {
    default: "",
    defaultText: "none",
    doc: "Where the keys are that tokens of Kafka clients (OAUTHBEARER) are signed with: a JSON Web Key Set, over HTTPS or in a file. It is fetched when the first client comes with a token.",
  }),
  "sasl.oauthbearer.jwks.endpoint.refresh.ms": duration({
    default: 3_600 * SECOND_MS,
    min: 10 * SECOND_MS,
    max: 30 * DAY_MS,
    doc: "How often those keys are fetched again; sooner for a token of a key that is not among them.",
  }),
  "sasl.oauthbearer.expected.issuer": text("a text", lineFault, {
    default: "",
    doc: "Who has to have made a token: its claim iss.",
  }),
  "sasl.oauthbearer.expected.audience": list<string>("texts", good, String, {
    default: [],
    minItems: 0,
    maxItems: 100,
    doc: "Whom a token has to be for, one of these: its claim aud.",
  }),
  "sasl.oauthbearer.sub.claim.name": text("the name of a claim", claimFault, {
    default: "sub",
    doc: "The claim of a token that is its user's name.",
  }),
  "sasl.oauthbearer.clock.skew.seconds": count({
    default: 30,
    min: 0,
    max: 3_600,
    doc: "By how many seconds this clock and the one of who makes tokens may differ.",
  }),
  "connections.max.reauth.ms": duration({
    default: 0,
    min: 0,
    max: 365 * DAY_MS,
    doc: "How long a login of a Kafka client holds (KIP-368): clients log in again by themselves before it ends, and who does not is cut off. 0: as long as the connection.",
  }),
  "connection.failed.authentication.delay.ms": duration({
    default: 100,
    min: 0,
    max: 10 * SECOND_MS,
    doc: "How late a Kafka client hears that its login has failed. Wrong passwords make the next ones wait for longer in any case.",
  }),
  "kafka.login.timeout.ms": duration({
    default: 30 * SECOND_MS,
    min: 100,
    max: 10 * 60 * SECOND_MS,
    doc: "A Kafka connection whose TLS handshake and login are not over by then is closed.",
  }),
  "kafka.max.connections.per.user": count({
    default: -1,
    min: 1,
    max: 1_000_000,
    minusOne: "no bound but max.connections",
    doc: "Kafka connections of one user at once, by password, token or certificate; one more is refused. A client has several.",
  }),
} as const;

type Blame = (key: string, fault: string, remedy: string) => void;

/** Says what of the settings of this door does not go together. */
export function checkKafkaDoor(settings: Settings, blame: Blame): void {
  checkLogins(settings, blame);
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

function checkLogins(settings: Settings, blame: Blame): void {
  if (settings["kafka.sasl.mechanisms"].includes("OAUTHBEARER")) {
    for (const key of [
      "sasl.oauthbearer.jwks.endpoint.url",
      "sasl.oauthbearer.expected.issuer",
      "sasl.oauthbearer.expected.audience",
    ] as const) {
      if (settings[key].length === 0)
        blame("kafka.sasl.mechanisms", `OAUTHBEARER needs ${key}`, `write ${key} = ...`);
    }
  }
  const listen = settings["kafka.listen"];
  const telling = settings["kafka.sasl.mechanisms"].find((mechanism) => TELLING.includes(mechanism));
  const logsIn = settings["kafka.sasl.listeners"] !== "tls";
  if (listen === "off" || isLoopback(listen.host) || telling === undefined || !logsIn) return;
  if (settings["kafka.sasl.plain.unencrypted"]) return;
  blame(
    "kafka.sasl.mechanisms",
    `${telling} shows ${telling === "PLAIN" ? "passwords" : "tokens"} to whoever listens on the way to kafka.listen`,
    "take SCRAM-SHA-512, or use kafka.tls.listen and keep kafka.listen on 127.0.0.1, or write kafka.sasl.plain.unencrypted = true",
  );
}

/** As `parseMappingRule` of the room for security reads it, which is above this one. */
function mappingRuleFault(text: string): string | null {
  const match = /^(?:DEFAULT|RULE:((?:\\.|[^\\/])*)\/(?:\\.|[^\\/])*\/[LU]?)$/.exec(text.trim());
  if (match === null) return "it is neither DEFAULT nor a rule";
  try {
    new RegExp(`^(?:${match[1] ?? ""})$`);
    return null;
  } catch (error) {
    return `its pattern is none: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Whoever can change these keys lets in whom he likes: they come over HTTPS, or from this machine. */
function keysFault(value: string): string | null {
  if (value === "") return null;
  const url = URL.parse(value);
  if (url === null) return "it is no URL";
  if (url.protocol === "https:" || url.protocol === "file:") return null;
  return url.protocol === "http:" && isLoopback(url.hostname) ? null : "it is neither https:// nor file://";
}

function claimFault(value: string): string | null {
  return value === "" ? "it is empty" : lineFault(value);
}

function lineFault(value: string): string | null {
  return /\p{Cc}/u.test(value) ? "it holds a control character" : null;
}
