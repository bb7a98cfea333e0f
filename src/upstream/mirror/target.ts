import type { Uuid } from "../../base/ids.ts";
import type { IngestRecord, PendingBatch } from "../../broker/ingest.ts";
import type { Keeping } from "./keeping.ts";

/** How a mirror writes here. */
export interface MirrorTarget {
  /** The topic, made where it is missing. Throws HeadwaterError. */
  open(topic: string, partitions: number, configs: ReadonlyMap<string, string>): OpenTarget;
  /** The topic, or null where there is none. */
  find(topic: string): OpenTarget | null;
  /** What it keeps, or null where there is none. */
  keeping(topic: string): Keeping | null;
  /** Appends records of one partition as one batch; see Ingest. */
  append(records: readonly IngestRecord[], placement: Uint8Array): PendingBatch;
  /** Resolves once the batch is durable (appended, where the topic's durability is memory), or refused. */
  settled(batch: PendingBatch): Promise<void>;
  /** Resolves once no power cut can take what the topic has now, whatever its durability. */
  madeDurable(topic: string): Promise<void>;
  /** The end of what is durable, by partition. */
  ends(topic: string): readonly number[];
  /** Batches from an offset on, back to back, up to what is durable; none at the end. Throws HeadwaterError. */
  read(
    topic: string,
    partition: number,
    fromOffset: number,
  ): { readonly bytes: Uint8Array; readonly nextOffset: number };
}

export interface OpenTarget {
  readonly topicId: Uuid;
  readonly partitions: number;
}
