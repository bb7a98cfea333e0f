const NAMESPACE = "spBv1.0";
const STATE = "STATE";

const NODE_TYPES = ["NBIRTH", "NDEATH", "NDATA", "NCMD"] as const;
const DEVICE_TYPES = ["DBIRTH", "DDEATH", "DDATA", "DCMD"] as const;

export type NodeMessage = (typeof NODE_TYPES)[number] | (typeof DEVICE_TYPES)[number];

/** What an MQTT topic says in Sparkplug (3.0, chapter 4). */
export type SparkplugTopic =
  | {
      readonly kind: "node";
      /** Levels before the namespace, with their slash; a bridge may have put them there. */
      readonly prefix: string;
      readonly group: string;
      readonly node: string;
      /** Null where the message is of the edge node itself. */
      readonly device: string | null;
      readonly type: NodeMessage;
    }
  | { readonly kind: "state"; readonly host: string };

/** Null where it is no topic of Sparkplug B. Host applications before 3.0 have STATE as the first level. */
export function sparkplugTopic(mqttTopic: string): SparkplugTopic | null {
  const levels = mqttTopic.split("/");
  if (levels.some((level) => level === "")) return null;
  const [first, second] = levels;
  if (first === STATE && second !== undefined && levels.length === 2) return { kind: "state", host: second };
  const start = levels.indexOf(NAMESPACE);
  if (start < 0 || first?.startsWith("$") === true) return null;
  const [, group = "", type = "", node, device = null, more] = levels.slice(start);
  if (group === STATE && type !== "" && node === undefined) return { kind: "state", host: type };
  if (node === undefined || more !== undefined) return null;
  const found =
    device === null ? NODE_TYPES.find((one) => one === type) : DEVICE_TYPES.find((one) => one === type);
  if (found === undefined) return null;
  const prefix = levels.slice(0, start).map((level) => `${level}/`);
  return { kind: "node", prefix: prefix.join(""), group, node, device, type: found };
}

/** Where commands for an edge node are published. */
export function commandTopic(topic: SparkplugTopic & { readonly kind: "node" }): string {
  return `${topic.prefix}${NAMESPACE}/${topic.group}/NCMD/${topic.node}`;
}

/** Where an aware server shows the latest birth of an edge node or device (Sparkplug 3.0, 10.1.3). */
export function certificateTopic({
  group,
  node,
  device,
}: SparkplugTopic & { readonly kind: "node" }): string {
  const top = `$sparkplug/certificates/${NAMESPACE}/${group}`;
  return device === null ? `${top}/NBIRTH/${node}` : `${top}/DBIRTH/${node}/${device}`;
}

/** What decides the partition of a message: an edge node with its devices keeps its order. */
export function placementOf(topic: SparkplugTopic): string {
  return topic.kind === "state" ? topic.host : nodeKeyOf(topic);
}

/** The key of what is said of an edge node, a device or a host. */
export function deviceKeyOf(topic: SparkplugTopic): string {
  if (topic.kind === "state") return topic.host;
  return topic.device === null ? nodeKeyOf(topic) : `${nodeKeyOf(topic)}/${topic.device}`;
}

/**
 * `group/node`, or `prefix/spBv1.0/group/node`: rights may differ from prefix to prefix, so none may write under a key
 * of another. The namespace keeps a prefixed node apart from a device of another group.
 */
function nodeKeyOf({ prefix, group, node }: SparkplugTopic & { readonly kind: "node" }): string {
  return prefix === "" ? `${group}/${node}` : `${prefix}${NAMESPACE}/${group}/${node}`;
}
