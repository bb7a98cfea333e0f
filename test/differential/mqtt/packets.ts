import type { IConnectPacket, IPublishPacket, ISubscribePacket, Packet, QoS } from "mqtt-packet";
import type { Step, Version } from "./script.ts";

/** Names of one run of a script, so that runs beside each other don't meet. Their prefix has four characters. */
export class Names {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** A topic, or a filter: those that begin with a wildcard stay, and of a shared one the group gets a prefix, too. */
  topic(name: string): string {
    const shared = /^\$share\/([^/]+)\/(.*)$/.exec(name);
    if (shared !== null) return `$share/${this.#prefix}${shared[1]}/${this.topic(shared[2] ?? "")}`;
    return /^[#+$]/.test(name) || name === "" ? name : `${this.#prefix}/${name}`;
  }

  clientId(name: string): string {
    return name === "" ? "" : `${this.#prefix}-${name}`;
  }

  /** The name in the script, or null where the topic is none of it. */
  own(topic: string): string | null {
    if (topic === "") return "";
    return topic.startsWith(`${this.#prefix}/`) ? topic.slice(this.#prefix.length + 1) : null;
  }

  /** Raw bytes in hex: `{id}` is a client id of three characters, `{t}` the topic t, which is one of six. */
  filled(hex: string): string {
    const bytes = (text: string): string => Buffer.from(text).toString("hex");
    return hex.replaceAll("{id}", bytes(this.#prefix.slice(1))).replaceAll("{t}", bytes(this.topic("t")));
  }

  /** Texts that clients put into properties, such as response topics. */
  plain(text: string): string {
    return text.replaceAll(this.#prefix, "PREFIX");
  }
}

type Properties = Record<string, unknown>;

/** The packet that a step sends; `packetId` is the next one of its device. */
export function packetOf(step: Step, version: Version, names: Names, packetId: number): Packet {
  switch (step.verb) {
    case "connect":
      return connectOf(step, version, names);
    case "sub":
      return subscribeOf(step, names, packetId);
    case "unsub":
      return {
        cmd: "unsubscribe",
        messageId: packetId,
        unsubscriptions: step.words.map((filter) => names.topic(filter)),
      };
    case "pub":
      return publishOf(step, version, names, packetId);
    case "puback":
    case "pubrec":
    case "pubrel":
    case "pubcomp":
      return { cmd: step.verb, messageId: packetId, reasonCode: number(step, "rc") ?? 0 };
    case "ping":
      return { cmd: "pingreq" };
    case "disconnect":
      return {
        cmd: "disconnect",
        reasonCode: number(step, "rc") ?? 0,
        ...propertiesOf(version, { sessionExpiryInterval: number(step, "expiry") }),
      };
    case "auth":
      return { cmd: "auth", reasonCode: number(step, "rc") ?? 0 };
    default:
      throw new Error(`an unknown verb: ${step.text}`);
  }
}

function connectOf(step: Step, version: Version, names: Names): Packet {
  const { options } = step;
  const packet: IConnectPacket = {
    cmd: "connect",
    protocolId: options.get("v") === "3" ? "MQIsdp" : "MQTT",
    protocolVersion: options.get("v") === "3" ? 3 : version,
    clientId: names.clientId(options.get("id") ?? step.device),
    clean: options.get("clean") !== "0",
    keepalive: number(step, "keepalive") ?? 0,
    ...propertiesOf(version, {
      sessionExpiryInterval: number(step, "expiry"),
      receiveMaximum: number(step, "recvmax"),
      maximumPacketSize: number(step, "maxpkt"),
      topicAliasMaximum: number(step, "aliasmax"),
      requestProblemInformation: flag(step, "probleminfo"),
      requestResponseInformation: flag(step, "respinfo"),
      authenticationMethod: options.get("authmethod"),
      userProperties: userProperties(step),
    }),
  };
  const will = options.get("will");
  if (options.has("user")) packet.username = options.get("user") ?? "";
  if (options.has("pass")) packet.password = Buffer.from(options.get("pass") ?? "");
  if (will === undefined) return packet;
  const colon = will.indexOf(":");
  const [topic, payload] = [will.slice(0, colon), will.slice(colon + 1)];
  return {
    ...packet,
    will: {
      topic: names.topic(topic),
      payload,
      qos: qosOf(options.get("willq")),
      retain: options.has("willr"),
      ...propertiesOf(version, {
        willDelayInterval: number(step, "willdelay"),
        messageExpiryInterval: number(step, "willexpiry"),
        contentType: options.get("willct"),
        userProperties: userProperties(step, "willup"),
      }),
    },
  };
}

/** A filter is `FILTER@QOS`, with `nl`, `rap`, `rh1` or `rh2` behind more `@`. */
function subscribeOf(step: Step, names: Names, messageId: number): Packet {
  const subscriptions = step.words.map((word) => {
    const [filter = "", qos, ...more] = word.split("@");
    return {
      topic: names.topic(filter),
      qos: qosOf(qos),
      nl: more.includes("nl"),
      rap: more.includes("rap"),
      rh: more.includes("rh1") ? 1 : more.includes("rh2") ? 2 : 0,
    };
  });
  const packet: ISubscribePacket = { cmd: "subscribe", messageId, subscriptions };
  const subscriptionIdentifier = number(step, "sid");
  return subscriptionIdentifier === undefined
    ? packet
    : { ...packet, properties: { subscriptionIdentifier } };
}

function publishOf(step: Step, version: Version, names: Names, messageId: number): Packet {
  const { options, words } = step;
  const [topic = "", payload = ""] = words;
  const qos = qosOf(options.get("q"));
  const packet: IPublishPacket = {
    cmd: "publish",
    topic: topic === "-" ? "" : names.topic(topic),
    payload: payload.startsWith("*") ? "x".repeat(Number(payload.slice(1))) : payload,
    qos,
    dup: options.has("dup"),
    retain: options.has("r"),
    ...propertiesOf(version, {
      payloadFormatIndicator: flag(step, "pfi"),
      messageExpiryInterval: number(step, "expiry"),
      topicAlias: number(step, "alias"),
      responseTopic: options.get("rt"),
      correlationData: options.has("cd") ? Buffer.from(options.get("cd") ?? "") : undefined,
      contentType: options.get("ct"),
      subscriptionIdentifier: number(step, "sid"),
      userProperties: userProperties(step),
    }),
  };
  return qos === 0 ? packet : { ...packet, messageId };
}

function propertiesOf(version: Version, given: Properties): { properties?: Properties } {
  const properties = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return version === 5 && Object.keys(properties).length > 0 ? { properties } : {};
}

function userProperties(step: Step, option = "up"): Record<string, string[]> | undefined {
  const pairs = step.all.filter(([name]) => name === option).map(([, value]) => value.split(":"));
  if (pairs.length === 0) return undefined;
  const found: Record<string, string[]> = {};
  for (const [name = "", value = ""] of pairs) found[name] = [...(found[name] ?? []), value];
  return found;
}

export function number(step: Step, name: string): number | undefined {
  const text = step.options.get(name);
  return text === undefined ? undefined : Number(text);
}

function flag(step: Step, name: string): boolean | undefined {
  const text = step.options.get(name);
  return text === undefined ? undefined : text === "1";
}

function qosOf(text: string | undefined): QoS {
  return text === "1" ? 1 : text === "2" ? 2 : 0;
}
