import { MAX_RECORDS } from "../limits.ts";
import type { Metric, SparkplugPayload } from "./payload.ts";
import type { NodeMessage, SparkplugTopic } from "./topic.ts";

/** What a birth said of a metric. */
export interface BornMetric {
  readonly name: string;
  readonly datatype: number | null;
}

/** What was counted of Sparkplug messages. */
export interface SparkplugStats {
  /** Messages whose sequence number did not follow. */
  sparkplugGaps: number;
  /** Metrics whose alias no birth has told. */
  sparkplugUnknownAliases: number;
  /** Rebirths that edge nodes were asked for. */
  sparkplugRebirths: number;
}

/** What a message did to what is known of its edge node. */
export interface NodeChange {
  /** Whether the edge node, or the device of the message, is online now. */
  readonly online: boolean;
  /** A death of a connection that the edge node has replaced since: nothing changed. */
  readonly late: boolean;
  /** Devices that went offline with their edge node. */
  readonly stale: readonly string[];
  /** Whether births are missing, so that the edge node should publish them again. */
  readonly rebirth: boolean;
}

/** What a device, or the edge node itself, said in its latest birth. */
interface Born {
  readonly byAlias: Map<number | bigint, BornMetric>;
  readonly byName: Map<string, BornMetric>;
  online: boolean;
  sizeBytes: number;
}

interface EdgeNode {
  born: boolean;
  bdSeq: number | bigint | null;
  /** The sequence number that comes next; null where none is known. */
  nextSeq: number | null;
  rebirthAtMs: number;
  /** By device; "" for the edge node itself. */
  readonly devices: Map<string, Born>;
}

export interface NodesLimits {
  /** What is remembered of all births, roughly; beyond it the edge node that was silent for longest is forgotten. */
  readonly maxBytes: number;
  /** Rebirths that are asked for within a second, of all edge nodes. */
  readonly maxRebirthsPerSec: number;
}

/** Roughly what an edge node, a device or a metric costs beside its name. */
const NODE_BYTES = 512;
const METRIC_BYTES = 160;
const MAX_NAME_LENGTH = 1_024;
/** Devices of one edge node: when it dies, each is told of in a record of the same message. */
const MAX_DEVICES = MAX_RECORDS - 2;
const SEQ_COUNT = 256;
const SECOND_MS = 1_000;
/** The name of the metric that joins a birth and the death that was announced with it. */
const BIRTH_DEATH = "bdSeq";

const NODE_ITSELF = "";

/** Births, deaths and sequence numbers of edge nodes, as a host application keeps them (Sparkplug 3.0, chapters 5 and 6). */
export class SparkplugNodes {
  readonly #limits: NodesLimits;
  readonly #stats: SparkplugStats;
  /** The one that was heard last stands last. */
  readonly #nodes = new Map<string, EdgeNode>();
  #sizeBytes = 0;
  #rebirthsFromMs = Number.NEGATIVE_INFINITY;
  #rebirths = 0;

  constructor(limits: NodesLimits, stats: SparkplugStats) {
    this.#limits = limits;
    this.#stats = stats;
  }

  /** Edge nodes that are known, and roughly the bytes that are. */
  get count(): number {
    return this.#nodes.size;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Takes note of a message that was read whole. */
  take(topic: SparkplugTopic & { readonly kind: "node" }, payload: SparkplugPayload): NodeChange {
    const node = this.#heard(nodeName(topic));
    const { type } = topic;
    const device = topic.device ?? NODE_ITSELF;
    this.#forgetSome();
    if (type === "NCMD" || type === "DCMD") return change(node.devices.get(device)?.online === true);
    if (type === "NDEATH") return this.#nodeDeath(node, payload);
    const gap = type === "NBIRTH" ? this.#nodeBirth(node, payload) : !this.#follows(node, payload);
    if (type === "NBIRTH" || type === "DBIRTH") this.#birth(node, device, payload);
    this.#forgetSome();
    const known = node.devices.get(device);
    if (type === "DDEATH" && known !== undefined) known.online = false;
    const isData = type === "NDATA" || type === "DDATA";
    const unknown = isData && known?.online !== true;
    return { ...change(known?.online === true), rebirth: gap || !node.born || unknown };
  }

  /** What a birth has told of a metric; null where none has. A metric that names itself needs no birth. */
  metricOf(topic: SparkplugTopic & { readonly kind: "node" }, metric: Metric): BornMetric | null {
    const born = this.#nodes.get(nodeName(topic))?.devices.get(topic.device ?? NODE_ITSELF);
    if (metric.name !== null) return born?.byName.get(metric.name) ?? null;
    if (metric.alias === null) return null;
    return born?.byAlias.get(metric.alias) ?? null;
  }

  /** Whether a rebirth may be asked for now: once per edge node and `intervalMs`, and not too many at once. */
  mayAskForRebirth(
    topic: SparkplugTopic & { readonly kind: "node" },
    nowMs: number,
    intervalMs: number,
  ): boolean {
    const node = this.#nodes.get(nodeName(topic));
    if (node === undefined || nowMs - node.rebirthAtMs < intervalMs) return false;
    if (nowMs - this.#rebirthsFromMs >= SECOND_MS) {
      this.#rebirthsFromMs = nowMs;
      this.#rebirths = 0;
    }
    if (this.#rebirths >= this.#limits.maxRebirthsPerSec) return false;
    this.#rebirths++;
    this.#stats.sparkplugRebirths++;
    node.rebirthAtMs = nowMs;
    return true;
  }

  #heard(name: string): EdgeNode {
    let node = this.#nodes.get(name);
    if (node === undefined) {
      node = {
        born: false,
        bdSeq: null,
        nextSeq: null,
        rebirthAtMs: Number.NEGATIVE_INFINITY,
        devices: new Map(),
      };
      this.#sizeBytes += nodeBytes(name);
    }
    this.#nodes.delete(name);
    this.#nodes.set(name, node);
    return node;
  }

  /** The births of devices that came before are void: they have to be published again. */
  #nodeBirth(node: EdgeNode, payload: SparkplugPayload): boolean {
    for (const [name, born] of node.devices) {
      if (name === NODE_ITSELF) continue;
      born.online = false;
    }
    node.born = true;
    node.bdSeq = bdSeqOf(payload);
    node.nextSeq = payload.seq === null ? null : (payload.seq + 1) % SEQ_COUNT;
    return false;
  }

  #nodeDeath(node: EdgeNode, payload: SparkplugPayload): NodeChange {
    const bdSeq = bdSeqOf(payload);
    // A connection that was taken over dies after the next one's birth.
    const late = node.born && bdSeq !== null && node.bdSeq !== null && bdSeq !== node.bdSeq;
    if (late) return { ...change(true), late };
    const stale: string[] = [];
    for (const [name, born] of node.devices) {
      if (born.online && name !== NODE_ITSELF) stale.push(name);
      born.online = false;
    }
    node.born = false;
    node.nextSeq = null;
    return { ...change(false), stale };
  }

  /** Whether a message's number is the one that comes next; numbers are known from the first message on. */
  #follows(node: EdgeNode, { seq }: SparkplugPayload): boolean {
    if (seq === null) return true;
    const follows = node.nextSeq === null || seq === node.nextSeq;
    if (!follows) this.#stats.sparkplugGaps++;
    node.nextSeq = (seq + 1) % SEQ_COUNT;
    return follows;
  }

  #birth(node: EdgeNode, device: string, { metrics }: SparkplugPayload): void {
    const before = node.devices.get(device);
    if (before === undefined && node.devices.size > MAX_DEVICES) return;
    this.#sizeBytes -= before?.sizeBytes ?? 0;
    const born: Born = { byAlias: new Map(), byName: new Map(), online: true, sizeBytes: nodeBytes(device) };
    for (const { name, alias, datatype } of metrics) {
      if (name === null || name.length > MAX_NAME_LENGTH) continue;
      const metric = { name, datatype };
      born.byName.set(name, metric);
      if (alias !== null) born.byAlias.set(alias, metric);
      born.sizeBytes += METRIC_BYTES + 2 * name.length;
    }
    node.devices.set(device, born);
    this.#sizeBytes += born.sizeBytes;
  }

  /** Forgets whole edge nodes; of the last one, which is at hand, the devices. */
  #forgetSome(): void {
    for (const [name, node] of this.#nodes) {
      if (this.#sizeBytes <= this.#limits.maxBytes) return;
      for (const [device, born] of node.devices) {
        this.#sizeBytes -= born.sizeBytes;
        node.devices.delete(device);
        if (this.#sizeBytes <= this.#limits.maxBytes && this.#nodes.size === 1) return;
      }
      if (this.#nodes.size === 1) return;
      this.#nodes.delete(name);
      this.#sizeBytes -= nodeBytes(name);
    }
  }
}

function nodeBytes(name: string): number {
  return NODE_BYTES + 2 * name.length;
}

/** Whether a message says what an edge node or device is from now on. */
export function isStatus(type: NodeMessage): boolean {
  return type.endsWith("BIRTH") || type.endsWith("DEATH");
}

/** The number that joins a birth and its death; null where the message has none. */
export function bdSeqOf({ metrics }: SparkplugPayload): number | bigint | null {
  const metric = metrics.find(({ name }) => name === BIRTH_DEATH);
  if (metric?.raw?.kind !== "integer") return null;
  return metric.raw.high === 0 ? metric.raw.low : (BigInt(metric.raw.high) << 32n) | BigInt(metric.raw.low);
}

function change(online: boolean): NodeChange {
  return { online, late: false, stale: [], rebirth: false };
}

function nodeName({ prefix, group, node }: SparkplugTopic & { readonly kind: "node" }): string {
  return `${prefix}${group}/${node}`;
}
