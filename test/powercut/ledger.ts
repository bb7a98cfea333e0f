import { sharedNowMs } from "./shared-clock.ts";

/** A topic from its creation to its end. Another of the same name has another id. Times are those of the ledger. */
export interface TopicLife {
  readonly name: string;
  readonly id: string;
  readonly partitions: number;
  /** When its creation was acknowledged. */
  readonly createdMs: number;
  deleteAskedMs: number | null;
  deletedMs: number | null;
}

export interface StreamOfRecords {
  readonly name: string;
  readonly life: number;
  /** -1 where the broker chooses. */
  readonly partition: number;
  /** Who numbers its batches from 0, or null. */
  readonly producer: Producer | null;
}

export interface Producer {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** Records [first, first + count) of a stream were acknowledged. */
export interface Ack {
  readonly atMs: number;
  readonly stream: number;
  readonly first: number;
  readonly count: number;
  /** Of the first; -1 where the acknowledgement does not say. */
  readonly baseOffset: number;
}

export interface LedgerData {
  readonly lives: readonly TopicLife[];
  readonly streams: readonly StreamOfRecords[];
  readonly acks: readonly Ack[];
}

/** What the broker promised, and when. */
export class Ledger implements LedgerData {
  readonly lives: TopicLife[] = [];
  readonly streams: StreamOfRecords[] = [];
  readonly acks: Ack[] = [];

  created(name: string, id: string, partitions: number): number {
    const createdMs = sharedNowMs();
    this.lives.push({ name, id, partitions, createdMs, deleteAskedMs: null, deletedMs: null });
    return this.lives.length - 1;
  }

  deleteAsked(life: number): void {
    this.#life(life).deleteAskedMs = sharedNowMs();
  }

  deleted(life: number): void {
    this.#life(life).deletedMs = sharedNowMs();
  }

  /** A new stream; its name is unique in the ledger. */
  stream(
    life: number,
    partition: number,
    producer: Producer | null,
  ): { readonly index: number; readonly name: string } {
    const index = this.streams.length;
    const name = `s${index}`;
    this.streams.push({ name, life, partition, producer });
    return { index, name };
  }

  acked(stream: number, first: number, count: number, baseOffset: number): void {
    this.acks.push({ atMs: sharedNowMs(), stream, first, count, baseOffset });
  }

  get ackedRecords(): number {
    return this.acks.reduce((sum, { count }) => sum + count, 0);
  }

  #life(index: number): TopicLife {
    const life = this.lives[index];
    if (life === undefined) throw new Error(`no topic ${index} in the ledger`);
    return life;
  }
}
