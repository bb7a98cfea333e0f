import type { IConnackPacket, IPublishPacket, ISubackPacket, Packet } from "mqtt-packet";
import type { Names } from "./packets.ts";

/** Numbers that a broker gives to what it sends, by client id: `#1` is the first one that the client saw. */
export class PacketIds {
  readonly #numbers = new Map<number, number>();

  numberOf(id: number): number {
    const known = this.#numbers.get(id) ?? this.#numbers.size + 1;
    this.#numbers.set(id, known);
    return known;
  }

  /** The broker's identifier of `#n`; for one that was never seen, one that no broker uses so early. */
  idOf(numbered: number): number {
    return [...this.#numbers].find(([, known]) => known === numbered)?.[0] ?? 60_000 + numbered;
  }
}

/** Kinds of answers: within each of them the order counts, between them none is promised. */
const ORDER: readonly string[] = [
  "connack",
  "suback",
  "unsuback",
  "puback",
  "pubrec",
  "pubrel",
  "pubcomp",
  "auth",
  "disconnect",
];

/**
 * What a client heard, in words that don't depend on the broker: identifiers it chose by number, limits of its own and
 * texts left out, and messages of different topics in the order of their topics, since MQTT promises none between them.
 */
export function normalForm(packets: readonly Packet[], names: Names, ids: PacketIds): readonly string[] {
  const topicOf = ({ topic }: IPublishPacket): string => names.own(topic) ?? topic;
  const messages = packets
    .filter((packet) => packet.cmd === "publish")
    .toSorted((a, b) => (topicOf(a) < topicOf(b) ? -1 : topicOf(a) > topicOf(b) ? 1 : 0))
    .map((packet) => publishLine(packet, topicOf(packet), names, ids));
  const answers = packets
    .filter((packet) => packet.cmd !== "publish")
    .toSorted((a, b) => ORDER.indexOf(a.cmd) - ORDER.indexOf(b.cmd))
    .map((packet) => lineOf(packet, ids));
  return [...answers, ...messages];
}

function lineOf(packet: Exclude<Packet, IPublishPacket>, ids: PacketIds): string {
  const reason = "reasonCode" in packet && packet.reasonCode !== undefined ? packet.reasonCode : 0;
  const failed = reason === 0 ? "" : ` 0x${reason.toString(16)}`;
  switch (packet.cmd) {
    case "connack":
      return connackLine(packet);
    case "suback":
    case "unsuback":
      return `${packet.cmd} ${packet.messageId} [${granted(packet as ISubackPacket)}]`;
    case "puback":
    case "pubcomp":
      return `${packet.cmd} ${packet.messageId}${failed}`;
    case "pubrec":
      return `${packet.cmd} ${packet.messageId}${failed}`;
    case "pubrel":
      return `${packet.cmd} #${ids.numberOf(packet.messageId ?? 0)}${failed}`;
    default:
      return `${packet.cmd}${failed}`;
  }
}

function granted(packet: ISubackPacket): string {
  // The parser of UNSUBACK in 3.1.1 has no list.
  return (packet.granted ?? []).map((code) => `0x${Number(code).toString(16)}`).join(" ");
}

function connackLine(packet: IConnackPacket): string {
  const code = packet.reasonCode ?? packet.returnCode ?? 0;
  const { properties = {} } = packet;
  const told = [
    properties.assignedClientIdentifier === undefined ? "" : " assigned",
    properties.retainAvailable === false ? " no-retain" : "",
    properties.sharedSubscriptionAvailable === false ? " no-shared" : "",
    properties.maximumQoS === undefined ? "" : ` qos<=${properties.maximumQoS}`,
    properties.wildcardSubscriptionAvailable === false ? " no-wildcards" : "",
    properties.subscriptionIdentifiersAvailable === false ? " no-identifiers" : "",
    properties.sessionExpiryInterval === undefined ? "" : ` expiry=${properties.sessionExpiryInterval}`,
    properties.userProperties === undefined ? "" : " user-properties",
  ];
  return `connack 0x${code.toString(16)}${packet.sessionPresent ? " present" : ""}${told.join("")}`;
}

function publishLine(packet: IPublishPacket, topic: string, names: Names, ids: PacketIds): string {
  const { properties = {}, payload } = packet;
  const text = Buffer.from(payload).toString();
  const expiry = properties.messageExpiryInterval;
  const words = [
    `publish ${topic} ${text.length > 40 ? `(${text.length} bytes)` : JSON.stringify(text)}`,
    packet.qos === 0 ? "q0" : `q${packet.qos} #${ids.numberOf(packet.messageId ?? 0)}`,
    packet.dup ? "dup" : "",
    packet.retain ? "retain" : "",
    // What is left of it is told in whole seconds, which begin at another moment here and there.
    expiry === undefined ? "" : `expiry<=${Math.ceil(expiry / 10) * 10}`,
    properties.payloadFormatIndicator === true ? "utf8" : "",
    properties.contentType === undefined ? "" : `ct=${properties.contentType}`,
    properties.responseTopic === undefined ? "" : `rt=${names.plain(properties.responseTopic)}`,
    properties.correlationData === undefined ? "" : `cd=${properties.correlationData.toString()}`,
    identifiers(properties.subscriptionIdentifier),
    ...Object.entries(properties.userProperties ?? {}).map(([name, value]) => `${name}:${value}`),
  ];
  return words.filter((word) => word !== "").join(" ");
}

function identifiers(found: number | number[] | undefined): string {
  const list = found === undefined ? [] : Array.isArray(found) ? found : [found];
  return list.length === 0 ? "" : `sid=${list.toSorted((a, b) => a - b).join(",")}`;
}
