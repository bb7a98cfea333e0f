/**
 * Headwater with a planted bug in its MQTT sessions, started as `headwater` is. FAULT names the bug:
 *
 * - "forget-progress": a start knows nothing of what sessions have acknowledged.
 * - "forget-queues": a start finds no message that waits for a session.
 * - "forget-retained": a start takes what was retained first for a topic.
 * - "append-again": a start appends every QoS 2 message that was under way, whether or not it is there.
 * - "append-never": a start takes every QoS 2 message that was under way for appended.
 */
import { RetainedTopic } from "../../../src/mqtt/retained/storage.ts";
import { DurableQueue } from "../../../src/mqtt/sessions/durable/durable-queue.ts";
import { EntryRing } from "../../../src/mqtt/sessions/durable/entry-ring.ts";
import { BrokerRecordSearch } from "../../../src/mqtt/sessions/durable/record-search.ts";

function plantInQueue(forgets: "progress" | "entries"): void {
  const genuine = DurableQueue.prototype.restore;
  DurableQueue.prototype.restore = function (entries, progress, end, connected) {
    if (forgets === "progress") genuine.call(this, entries, null, end, connected);
    else genuine.call(this, new EntryRing(), progress, end, connected);
  };
}

function plantForgetRetained(): void {
  const genuine = RetainedTopic.prototype.replay;
  RetainedTopic.prototype.replay = function (onRecord) {
    const seen = new Set<string>();
    return genuine.call(this, (cursor) => {
      const key = Buffer.from(cursor.key() ?? []).toString();
      if (!seen.has(key)) onRecord(cursor);
      seen.add(key);
    });
  };
}

const FAULTS: ReadonlyMap<string, () => void> = new Map([
  ["forget-progress", () => plantInQueue("progress")],
  ["forget-queues", () => plantInQueue("entries")],
  ["forget-retained", plantForgetRetained],
  [
    "append-again",
    () => {
      BrokerRecordSearch.prototype.has = () => false;
    },
  ],
  [
    "append-never",
    () => {
      BrokerRecordSearch.prototype.has = () => true;
    },
  ],
]);

const plant = FAULTS.get(process.env.FAULT ?? "");
if (plant === undefined) throw new Error(`FAULT is none of ${[...FAULTS.keys()].join(", ")}`);
plant();
await import("../../../src/main.ts");
