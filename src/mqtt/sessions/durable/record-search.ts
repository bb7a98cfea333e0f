import type { Offset } from "../../../base/ids.ts";
import { decodeHeaders, RecordCursor } from "../../../records/reader.ts";
import type { MqttBroker } from "./state-log.ts";

/** Where records can be: from which offset on in which partition. */
export interface RecordPlace {
  readonly topic: string;
  readonly partition: number;
  readonly fromOffset: number;
}

/** Finds out whether a record was appended before the power failed. */
export interface RecordSearch {
  /** The ends of a topic's partitions as they are now; those that are made later begin at 0. */
  ends(topic: string): readonly RecordPlace[];
  /** Whether a record of the topic has this header, at one of the places or beyond. */
  has(topic: string, places: readonly RecordPlace[], name: string, value: Uint8Array): boolean;
}

const READ_BYTES = 1024 * 1024;

export class BrokerRecordSearch implements RecordSearch {
  readonly #broker: MqttBroker;

  constructor(broker: MqttBroker) {
    this.#broker = broker;
  }

  ends(topic: string): readonly RecordPlace[] {
    const partitions = this.#broker.topics.get(topic)?.partitions ?? [];
    return partitions.map(({ index, log }) => ({ topic, partition: index, fromOffset: log.logEndOffset }));
  }

  has(topic: string, places: readonly RecordPlace[], name: string, value: Uint8Array): boolean {
    const partitions = this.#broker.topics.get(topic)?.partitions ?? [];
    return partitions.some(({ index, log }) => {
      const known = places.find((place) => place.topic === topic && place.partition === index);
      let position: Offset = log.logStartOffset;
      if (known !== undefined && known.fromOffset > position) position = known.fromOffset as Offset;
      const cursor = new RecordCursor();
      while (position < log.logEndOffset) {
        const read = log.read(position, READ_BYTES, { minOneBatch: true, until: log.logEndOffset });
        if (!("nextOffset" in read) || read.nextOffset <= position) return false;
        cursor.open(read.bytes);
        while (cursor.next()) {
          if (cursor.offset >= position && holds(cursor, name, value)) return true;
        }
        position = read.nextOffset;
      }
      return false;
    });
  }
}

function holds(cursor: RecordCursor, name: string, value: Uint8Array): boolean {
  const encoded = cursor.encodedHeaders();
  // Nearly every record ends here.
  if (encoded === null || !viewOf(encoded).includes(value)) return false;
  // The bytes may stand in what a device has put into a header of its own.
  return decodeHeaders(cursor).some(
    (header) => header.key === name && header.value !== null && viewOf(header.value).equals(value),
  );
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
