import type { PendingBatch } from "../../broker/ingest.ts";
import { partitionForKey } from "../../records/murmur2.ts";
import { INSIDE_NAME } from "../access.ts";
import type { Door } from "../door.ts";
import type { HistorySource } from "../history/source.ts";
import { MESSAGE_TOO_LARGE } from "../settled-batches.ts";
import type { LocalDoor, LocalMessage, Settlement } from "./inbound.ts";
import type { RecordPlace } from "./state.ts";

// Kafka errors of a batch that say something about the message, and not about the disk.
const INVALID_TOPIC = 17;
const RECORD_LIST_TOO_LARGE = 18;
const TOPIC_AUTHORIZATION_FAILED = 29;

const DURABLE: Settlement = { kind: "durable" };
const encoder = new TextEncoder();

/**
 * The door as a bridge comes in: by the same way as a device's PUBLISH. `clientId` stands in dead letters; `logs` are
 * where records come to lie.
 */
export function localDoor(door: Door, logs: HistorySource, clientId: string): LocalDoor {
  const from = { clientId, userName: INSIDE_NAME };
  return {
    publish(message: LocalMessage, settled: (settlement: Settlement) => void): void {
      const { payload, properties, qos, retain, expirySec } = message;
      const topic = encoder.encode(message.topic);
      const entry = door.topics.find(topic, 0, topic.length);
      if ("reason" in entry) {
        door.clock.soon(() => settled({ kind: "never", reason: entry.what }));
        return;
      }
      const inside = { entry, payload, properties, qos, retain, expirySec, append: true };
      door.publish(inside, from, (batch) => settled(settlementOf(batch)));
    },
    placesOf(topic: string): readonly RecordPlace[] {
      const bytes = encoder.encode(topic);
      const entry = door.topics.find(bytes, 0, bytes.length);
      if ("reason" in entry || entry.destination === null) return [];
      const { topic: name, key, decoding } = entry.destination;
      const partitions = logs.topic(name)?.partitions ?? [];
      // What is not there will be made, and all of it is new.
      if (partitions.length === 0) return [{ topic: name, partition: -1, offset: 0 }];
      const placement = decoding === null ? key : decoding.placement;
      const index = placement === null ? -1 : partitionForKey(placement, partitions.length);
      return partitions
        .filter((partition) => index < 0 || partition.index === index)
        .map((partition) => ({ topic: name, partition: partition.index, offset: partition.endOffset }));
    },
  };
}

function settlementOf({ state, error }: PendingBatch): Settlement {
  if (state === "durable") return DURABLE;
  switch (error) {
    case TOPIC_AUTHORIZATION_FAILED:
      return { kind: "never", reason: "no route takes the topic" };
    case INVALID_TOPIC:
      return { kind: "never", reason: "its route makes no legal topic of it" };
    case MESSAGE_TOO_LARGE:
    case RECORD_LIST_TOO_LARGE:
      return { kind: "never", reason: "it is larger than message.max.bytes" };
    default:
      return { kind: "not-now", reason: `the local log takes no messages (Kafka error ${error})` };
  }
}
