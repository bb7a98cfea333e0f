import { parseAddress } from "./address.ts";
import {
  bad,
  boolean,
  choice,
  count,
  duration,
  good,
  kindOf,
  type Option,
  option,
  type Reading,
  type SectionValues,
  size,
  text,
} from "./option.ts";

export const MAX_BRIDGES = 16;
const MAX_RULES = 256;
const MAX_TOPIC_BYTES = 65_535;
const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 1440 * MINUTE_MS;
const MAX_UINT32 = 0xffff_ffff;
const PLAIN_PORT = 1883;
const TLS_PORT = 8883;

/** Which topics a bridge carries one way; the prefixes stand before the filter, each on its side. */
export interface BridgeRuleSettings {
  readonly filter: string;
  readonly qos: 0 | 1 | 2;
  readonly localPrefix: string;
  readonly remotePrefix: string;
}

/** Where a bridge's remote is. */
export interface BridgeUrl {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

/** Settings of one `[bridge.NAME]`: another MQTT broker that messages are carried from and to. */
export const BRIDGE_OPTIONS = {
  url: option<BridgeUrl>(
    "text",
    "mqtt://host:port or mqtts://host:port",
    {
      doc: "The other broker. mqtts is TLS; without a port it is 1883, or 8883 with TLS. User and password don't belong here: see user.name and password.file.",
    },
    formatBridgeUrl,
    readUrl,
  ),
  version: count({
    default: 5,
    min: 4,
    max: 5,
    doc: "MQTT version to speak: 5, or 4 for 3.1.1. Only 5 keeps properties and knows by them which way a message has come; with 4, what goes out may match nothing that comes in.",
  }),
  "client.id": text("1 to 128 characters, or nothing", clientIdFault, {
    default: "",
    defaultText: "headwater-GATEWAY-NAME",
    doc: "Client identifier at the remote: whose session there keeps what the bridge has not got yet. No two gateways may share one.",
  }),
  "user.name": text("a text", noZeroFault, { default: "", doc: "User name at the remote; empty for none." }),
  "password.file": text("a path, or nothing", noZeroFault, {
    default: "",
    doc: "File that holds the password, without the line's end. Read anew for every connection, as are the files of TLS.",
  }),
  "tls.ca.file": text("a path, or nothing", noZeroFault, {
    default: "",
    defaultText: "the authorities that Bun knows",
    doc: "PEM file of the authorities that the remote's certificate may come from.",
  }),
  "tls.certificate.file": text("a path, or nothing", noZeroFault, {
    default: "",
    doc: "PEM file of the certificate that the bridge shows, and those between it and a root.",
  }),
  "tls.key.file": text("a path, or nothing", noZeroFault, {
    default: "",
    doc: "PEM file of that certificate's key, not encrypted.",
  }),
  in: rules({
    default: [],
    doc: "What comes from the remote: subscribed to as remote.prefix and filter, published here under local.prefix and what the filter matched. The first rule that matches decides.",
  }),
  out: rules({
    default: [],
    doc: "What goes to the remote: messages here whose topic matches local.prefix and filter, under remote.prefix and what the filter matched, at this QoS at most. Read from the topics that the routes lead to, whose records are what the remote gets, with retain flag and QoS of the message unless the route says header.delivery = false.",
  }),
  from: choice(["latest", "earliest"], {
    default: "latest",
    doc: "Where a new bridge, or one with other filters in out, begins in topics that there are already: with what comes from now on, or with the oldest record.",
  }),
  "keep.alive.ms": duration({
    default: MINUTE_MS,
    min: SECOND_MS,
    max: 65_535 * SECOND_MS,
    doc: "Keep alive. A remote that doesn't answer for one and a half of it is given up. In whole seconds.",
  }),
  "session.expiry.ms": duration({
    default: 7 * DAY_MS,
    min: SECOND_MS,
    max: MAX_UINT32 * SECOND_MS,
    doc: "For how long the remote keeps messages for the bridge while it is away, if it agrees. MQTT 5; before, that is the remote's to say.",
  }),
  "try.private": boolean({
    default: true,
    doc: "With version 4: ask to be taken for a bridge, as mosquitto does (highest bit of the protocol level), so that nothing comes back and retain flags are kept. A remote that refuses is asked again without.",
  }),
  "max.in.flight": count({
    default: 100,
    min: 1,
    max: 10_000,
    doc: "QoS 1 and 2 messages that are under way to the remote without its acknowledgement, and with MQTT 5 from it. A remote may take fewer; with version 4, where it can't say so, it is 20 at most, since mosquitto acknowledges what comes beyond and forgets it.",
  }),
  "max.packet.bytes": size({
    default: MIB,
    min: KIB,
    max: 268_435_455,
    doc: "Largest packet, either way. A larger one for the remote is not sent and counts as a gap; a larger one from it ends the connection.",
  }),
  "connect.timeout.ms": duration({
    default: 10 * SECOND_MS,
    min: 100,
    max: 10 * MINUTE_MS,
    doc: "How long it may take from looking up the remote's name to its answer.",
  }),
  "ack.timeout.ms": duration({
    default: 30 * SECOND_MS,
    min: 100,
    max: 60 * MINUTE_MS,
    doc: "A remote that leaves a message unacknowledged for this long is given up, and connected to anew.",
  }),
  "retry.backoff.ms": duration({
    default: 500,
    min: 1,
    max: MINUTE_MS,
    doc: "First wait after a failure; each further one doubles it, with jitter.",
  }),
  "retry.backoff.max.ms": duration({
    default: MINUTE_MS,
    min: 1,
    max: 60 * MINUTE_MS,
    doc: "Longest wait between two attempts.",
  }),
} as const;

type BridgeValues = SectionValues<typeof BRIDGE_OPTIONS>;

/** One bridge, by the names of its settings. */
export type BridgeSettings = BridgeValues & { readonly name: string };

/** Something wrong with settings together: which one to blame, and what to do. */
export interface BridgeConflict {
  readonly name: keyof BridgeValues;
  readonly fault: string;
  readonly remedy: string;
}

/** Says what is wrong with a bridge's name, or null. It goes into client identifiers and metrics. */
export function bridgeNameFault(name: string): string | null {
  return /^[a-z0-9][a-z0-9_-]{0,31}$/.test(name) ? null : "it is not 1 to 32 of a-z, 0-9, '_' and '-'";
}

/** What does not go together. */
export function bridgeConflicts(bridge: BridgeValues): readonly BridgeConflict[] {
  const conflicts: BridgeConflict[] = [];
  const blame = (name: keyof BridgeValues, fault: string, remedy: string) =>
    conflicts.push({ name, fault, remedy });
  if (bridge.in.length === 0 && bridge.out.length === 0) {
    blame(
      "out",
      "nothing is carried either way",
      'give it rules, for example out = [{ filter = "devices/#" }]',
    );
  }
  if (bridge["retry.backoff.max.ms"] < bridge["retry.backoff.ms"]) {
    blame("retry.backoff.max.ms", "it is below retry.backoff.ms", "raise it");
  }
  if (bridge["password.file"] !== "" && bridge["user.name"] === "") {
    blame("password.file", "there is no user.name", "give it one: 3.1.1 knows no password without");
  }
  if ((bridge["tls.certificate.file"] === "") !== (bridge["tls.key.file"] === "")) {
    blame("tls.certificate.file", "certificate and key go together", "give both files, or none");
  }
  for (const name of ["tls.ca.file", "tls.certificate.file", "tls.key.file"] as const) {
    if (bridge[name] !== "" && !bridge.url.tls)
      blame(name, "the url is not encrypted", "write mqtts:// in url");
  }
  const echo = echoOf(bridge);
  if (echo !== null) {
    const [out, back] = echo;
    const fault = `what goes out as ${JSON.stringify(out)} comes back in by ${JSON.stringify(back)}`;
    blame(
      "in",
      fault,
      "speak version 5, whose subscriptions leave out one's own messages, or part the topics by prefixes",
    );
  }
  return conflicts;
}

/** In 3.1.1: two filters at the remote, of out and of in, that share a topic. Nothing would stop a message there. */
function echoOf({ version, in: inward, out }: BridgeValues): readonly [string, string] | null {
  if (version === 5) return null;
  for (const one of out) {
    for (const other of inward) {
      const sent = one.remotePrefix + one.filter;
      const asked = other.remotePrefix + other.filter;
      if (filtersOverlap(sent, asked)) return [sent, asked];
    }
  }
  return null;
}

/** Whether there is a topic that both filters match. */
export function filtersOverlap(one: string, other: string): boolean {
  const left = one.split("/");
  const right = other.split("/");
  const isWild = (level: string | undefined) => level === "#" || level === "+";
  const dollars = [left[0], right[0]].filter((level) => level?.startsWith("$") === true);
  // MQTT-4.7.2-1: no wildcard takes a first level that begins with `$`.
  if (dollars.length === 1 && (isWild(left[0]) || isWild(right[0]))) return false;
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const a = left[index];
    const b = right[index];
    if (a === "#" || b === "#") return true;
    if (a === undefined || b === undefined) return false;
    if (a !== b && !isWild(a) && !isWild(b)) return false;
  }
  return true;
}

export function formatBridgeUrl({ host, port, tls }: BridgeUrl): string {
  const shown = host.includes(":") ? `[${host}]` : host;
  return `${tls ? "mqtts" : "mqtt"}://${shown}:${port}`;
}

function readUrl(raw: unknown): Reading<BridgeUrl> {
  const remedy = "write mqtt://host:1883 or mqtts://host:8883";
  if (typeof raw !== "string") return bad(`it is ${kindOf(raw)}`, remedy);
  const match = /^([a-z]+):\/\/([^/?#]*)\/?$/i.exec(raw.trim());
  if (match === null) return bad("it is no URL of a broker alone", remedy);
  const [, scheme = "", authority = ""] = match;
  if (authority.includes("@")) {
    return bad("it holds a user or a password", "take them out: write user.name and password.file");
  }
  const tls = scheme === "mqtts" || scheme === "ssl" || scheme === "tls";
  if (!tls && scheme !== "mqtt" && scheme !== "tcp") return bad(`${scheme}:// is not spoken`, remedy);
  const hasPort = /:\d+$/.test(authority.replace(/^\[[^\]]*\]/, ""));
  const address = parseAddress(hasPort ? authority : `${authority}:${tls ? TLS_PORT : PLAIN_PORT}`, "");
  if (typeof address === "string") return bad(address, remedy);
  return address.port === 0 ? bad("port 0 cannot be reached", remedy) : good({ ...address, tls });
}

function rules(facts: {
  readonly default: readonly BridgeRuleSettings[];
  readonly doc: string;
}): Option<readonly BridgeRuleSettings[]> {
  const range =
    'a list of tables, for example [{ filter = "devices/#", qos = 1, remote.prefix = "site-7/" }]';
  return option("list", range, facts, showRules, (raw) => readRules(raw, range));
}

function showRules(value: readonly BridgeRuleSettings[]): string {
  const shown = value.map(({ filter, qos, localPrefix, remotePrefix }) => {
    const prefixes = `local.prefix = ${JSON.stringify(localPrefix)}, remote.prefix = ${JSON.stringify(remotePrefix)}`;
    return `{ filter = ${JSON.stringify(filter)}, qos = ${qos}, ${prefixes} }`;
  });
  return `[${shown.join(", ")}]`;
}

function readRules(raw: unknown, range: string): Reading<readonly BridgeRuleSettings[]> {
  if (!Array.isArray(raw)) return bad(`it is ${kindOf(raw)}`, `write ${range}`);
  if (raw.length > MAX_RULES) return bad(`${raw.length} rules are too many`, `write at most ${MAX_RULES}`);
  const read: BridgeRuleSettings[] = [];
  for (const item of raw as readonly unknown[]) {
    const rule = readRule(item);
    if (!rule.ok) return rule;
    read.push(rule.value);
  }
  return good<readonly BridgeRuleSettings[]>(read);
}

const RULE_KEYS = ["filter", "qos", "local.prefix", "remote.prefix"];

function readRule(raw: unknown): Reading<BridgeRuleSettings> {
  if (kindOf(raw) !== "a table") return bad(`a rule is ${kindOf(raw)}`, 'write { filter = "devices/#" }');
  const values = flattened(raw as Record<string, unknown>);
  const unknown = [...values.keys()].find((key) => !RULE_KEYS.includes(key));
  if (unknown !== undefined) return bad(`a rule has no ${unknown}`, `write ${RULE_KEYS.join(", ")}`);
  const filter = values.get("filter") ?? "";
  const qos = values.get("qos") ?? 1;
  const localPrefix = values.get("local.prefix") ?? "";
  const remotePrefix = values.get("remote.prefix") ?? "";
  if (qos !== 0 && qos !== 1 && qos !== 2)
    return bad("the qos of a rule is not 0, 1 or 2", "write 0, 1 or 2");
  if (typeof filter !== "string" || typeof localPrefix !== "string" || typeof remotePrefix !== "string") {
    return bad("filter and prefixes are texts", 'write { filter = "devices/#", local.prefix = "a/" }');
  }
  const fault = ruleFault(filter, localPrefix, remotePrefix);
  return fault === null ? good({ filter, qos, localPrefix, remotePrefix }) : fault;
}

function ruleFault(filter: string, localPrefix: string, remotePrefix: string): Reading<never> | null {
  if (/[+#\0]/.test(localPrefix + remotePrefix)) {
    return bad(
      "a prefix holds a wildcard",
      "put wildcards into filter; prefixes are plain text, slash included",
    );
  }
  for (const whole of [localPrefix + filter, remotePrefix + filter]) {
    const quoted = JSON.stringify(whole);
    if (whole === "") return bad("filter and prefix are empty", "name topics, # for all of them");
    if (whole.includes("\0") || Buffer.byteLength(whole) > MAX_TOPIC_BYTES) {
      return bad(
        `${quoted} is no topic filter`,
        `write at most ${MAX_TOPIC_BYTES} bytes without a zero character`,
      );
    }
    const levels = whole.split("/");
    const strays = levels.some(
      (level, index) =>
        (level.length > 1 && /[+#]/.test(level)) || (level === "#" && index < levels.length - 1),
    );
    if (strays) {
      return bad(
        `${quoted} is no topic filter`,
        "+ and # stand for whole levels, # for the last ones; a prefix before them ends in a slash",
      );
    }
    if (levels[0] === "$share" || levels[0] === "$SYS" || levels[0] === "$replay") {
      return bad(`${quoted} can't be bridged`, "leave topics of the brokers themselves out");
    }
  }
  return null;
}

/** A rule's table with its inner tables as dotted names. */
function flattened(table: Readonly<Record<string, unknown>>, before = ""): Map<string, unknown> {
  const values = new Map<string, unknown>();
  for (const [name, raw] of Object.entries(table)) {
    if (kindOf(raw) !== "a table") values.set(before + name, raw);
    else {
      for (const [inner, value] of flattened(raw as Record<string, unknown>, `${before}${name}.`)) {
        values.set(inner, value);
      }
    }
  }
  return values;
}

function clientIdFault(value: string): string | null {
  if (value.length > 128) return `it has ${value.length} characters`;
  return noZeroFault(value);
}

function noZeroFault(value: string): string | null {
  return value.includes("\0") ? "it holds a zero character" : null;
}
