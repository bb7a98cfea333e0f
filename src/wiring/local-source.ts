import { HeadwaterError } from "../base/errors.ts";
import { offset } from "../base/ids.ts";
import type { Broker } from "../broker/broker.ts";
import type { LocalSource } from "../upstream/source.ts";

const NOTHING = new Uint8Array(0);

/** The broker's logs, as an uplink reads them: up to the high watermark, like any consumer. */
export function localSource(broker: Broker): LocalSource {
  return {
    topics: () =>
      Array.from(broker.topics.all(), ({ name, id, partitions }) => ({
        name,
        id,
        partitions: partitions.length,
      })),
    bounds(topic, partition) {
      const found = broker.partition(topic, partition);
      if (found === null) return null;
      const { logStartOffset, highWatermark } = found.log;
      return { topicId: found.topicId, logStartOffset, highWatermark };
    },
    read(topic, partition, fromOffset, maxBytes) {
      const log = broker.partition(topic, partition)?.log;
      if (log === undefined || fromOffset >= log.highWatermark) return NOTHING;
      const read = log.read(offset(fromOffset), maxBytes, { minOneBatch: true, until: log.highWatermark });
      if (read.error === 0) return read.bytes;
      const details = { topic, partition, offset: fromOffset };
      throw new HeadwaterError(
        "DISK_IO",
        `${topic}-${partition} can't be read (Kafka error ${read.error})`,
        details,
      );
    },
    onAppended: (listener) => broker.onAppended(listener),
  };
}
