import { HeadwaterError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Broker } from "../broker/broker.ts";
import type { PendingBatch } from "../broker/ingest.ts";
import type { KeyedState } from "../broker/keyed-state.ts";
import { filledForGateway, mirroredTopic } from "../config/mirror-conflicts.ts";
import type { UplinkMirrorSettings } from "../config/uplink-mirror-options.ts";
import type { UplinkSettings as ConfiguredUplink } from "../config/uplink-options.ts";
import type { ClientSeams } from "../kafka/client/connection.ts";
import { errorName } from "../kafka/wire/generated/errors.ts";
import type { KafkaCentreOptions } from "../upstream/kafka-centre.ts";
import type { Hold } from "../upstream/link/governor.ts";
import { KafkaMirrorCentre } from "../upstream/mirror/kafka-centre.ts";
import { Mirror, type MirrorReports } from "../upstream/mirror/mirror.ts";
import { DEFAULT_MIRROR_LIMITS, type MirrorSettings } from "../upstream/mirror/settings.ts";
import type { MirrorTarget } from "../upstream/mirror/target.ts";
import { localSource } from "./local-source.ts";
import type { UplinkParts } from "./uplinks.ts";

const READ_BYTES = 128 * 1024;
/** Pieces in a second of a link with a cap, so that others get their turn. */
const PIECES_PER_SECOND = 2;
const WAITS_PER_ALARM = 3;
const SMALLEST_FETCH_BYTES = 4 * 1024;

/** What an uplink lends its mirrors. */
export interface MirrorParts extends Pick<UplinkParts, "broker" | "knownNowMs" | "ledger" | "settings"> {
  readonly configured: ConfiguredUplink;
  /** With the network of the uplink's link. */
  readonly seams: ClientSeams;
  readonly centre: KafkaCentreOptions;
  readonly openState: () => KeyedState;
  readonly hold: () => Hold | null;
  readonly logger: Logger;
}

/** Starts the mirrors of one uplink; a centre that is not there yet is waited for. */
export function startMirrors(parts: MirrorParts): readonly Mirror[] {
  const target = mirrorTarget(parts.broker);
  return parts.configured.mirror.map((configured) => {
    const mirror = startMirror(configured, target, parts);
    mirror.start();
    return mirror;
  });
}

function startMirror(configured: UplinkMirrorSettings, target: MirrorTarget, parts: MirrorParts): Mirror {
  const { seams, knownNowMs, openState, hold } = parts;
  const settings = settingsOf(configured, parts);
  // Names of uplinks have no slash: this is nobody's position.
  const key = `${settings.uplink}/mirror/${settings.topic}`;
  const store = {
    load: async () => openState().get(key),
    save: async (value: Uint8Array) => openState().set(key, value),
  };
  const centre = new KafkaMirrorCentre(seams, parts.centre);
  const world = { clock: seams.clock, random: seams.random, knownNowMs };
  return new Mirror(settings, centre, target, store, world, reportsTo(parts, settings), hold);
}

function settingsOf(
  configured: UplinkMirrorSettings,
  { configured: uplink, settings }: MirrorParts,
): MirrorSettings {
  const centralTopic = filledForGateway(configured.topic, settings);
  const rate = uplink["rate.limit"];
  const alarmMs = uplink["flow.alarm.ms"];
  const { maxWaitMs } = DEFAULT_MIRROR_LIMITS;
  const fetchBytes =
    rate > 0
      ? Math.min(
          DEFAULT_MIRROR_LIMITS.fetchBytes,
          Math.max(SMALLEST_FETCH_BYTES, Math.floor(rate / PIECES_PER_SECOND)),
        )
      : DEFAULT_MIRROR_LIMITS.fetchBytes;
  return {
    uplink: uplink.name,
    centralTopic,
    topic: mirroredTopic(configured, settings),
    keys: configured.keys.map((pattern) => filledForGateway(pattern, settings)),
    headers: Object.entries(configured.headers).map(([name, value]) => ({ name, value })),
    from: configured.from,
    partitions: configured.partitions,
    limits: {
      ...DEFAULT_MIRROR_LIMITS,
      fetchBytes,
      // An answer without records says that all is well: it has to come before the alarm does.
      maxWaitMs: alarmMs > 0 ? Math.min(maxWaitMs, Math.ceil(alarmMs / WAITS_PER_ALARM)) : maxWaitMs,
      backoffMs: uplink["retry.backoff.ms"],
      maxBackoffMs: uplink["retry.backoff.max.ms"],
    },
  };
}

function reportsTo({ ledger, logger }: MirrorParts, { topic }: MirrorSettings): MirrorReports {
  const about = logger.child({ mirror: topic });
  return {
    gaps: ledger,
    onState: (level, message) => about[level](message),
    onTrouble: (message, error) => about.warn(message, { error }),
  };
}

/** The broker's logs, as mirrors write them. */
export function mirrorTarget(broker: Broker): MirrorTarget {
  const source = localSource(broker);
  /** What was appended in one turn shares a batch. */
  const waiting = new Map<PendingBatch, PromiseWithResolvers<void>>();
  broker.ingest.onSettled(() => {
    for (const [batch, settled] of waiting) {
      if (batch.state === "waiting") continue;
      waiting.delete(batch);
      settled.resolve();
    }
  });
  return {
    open(name, partitionCount, configs) {
      const topic =
        broker.topics.get(name) ?? broker.createTopic({ name, partitionCount, configs }, () => {});
      if ("error" in topic) {
        const message = `topic ${name} can't be made (${errorName(topic.error)}): ${topic.message}`;
        throw new HeadwaterError("DISK_IO", message, { topic: name });
      }
      return { topicId: topic.id, partitions: topic.partitions.length };
    },
    find(name) {
      const topic = broker.topics.get(name);
      return topic === null ? null : { topicId: topic.id, partitions: topic.partitions.length };
    },
    keeping(name) {
      const config = broker.partition(name, 0)?.log.config;
      if (config === undefined) return null;
      const bound = (value: number) => (config.deletes && value >= 0 ? value : Number.POSITIVE_INFINITY);
      return { retentionMs: bound(config.retentionMs), retentionBytes: bound(config.retentionBytes) };
    },
    async madeDurable(name) {
      const logs = broker.topics.get(name)?.partitions.map(({ log }) => log) ?? [];
      const waiting = logs.filter((log) => log.config.durability === "memory" && log.fault === null);
      await Promise.all(waiting.map((log) => new Promise<void>((done) => log.makeDurable(done))));
    },
    append: (records, placement) => broker.ingest.appendTogether(records, placement),
    async settled(batch) {
      if (batch.state !== "waiting") return;
      const settled = waiting.get(batch) ?? Promise.withResolvers<void>();
      waiting.set(batch, settled);
      await settled.promise;
    },
    ends: (name) => broker.topics.get(name)?.partitions.map(({ log }) => log.durableEndOffset) ?? [],
    read(topic, partition, fromOffset) {
      const start = source.bounds(topic, partition)?.logStartOffset ?? fromOffset;
      const at = Math.max(start, fromOffset);
      const { bytes, nextOffset } = source.read(topic, partition, at, READ_BYTES);
      return { bytes, nextOffset };
    },
  };
}
