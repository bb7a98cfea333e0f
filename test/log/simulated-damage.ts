import type { Offset } from "../../src/base/ids.ts";
import type { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import type { PartitionLog } from "../../src/log/partition-log.ts";
import { batchBaseOffset, batchSizeBytes } from "../../src/records/batch.ts";
import type { ModelBatch, ModelLog } from "./simulation.ts";
import { type Reports, ROOT } from "./support.ts";

const MAX_DAMAGED_BYTES = 600;
/** So many of the batches that only their segment has are the likeliest to be behind the checkpoint. */
const RECENT = 12;

interface FileBytes {
  readonly path: string;
  readonly bytes: Buffer;
}

interface Range {
  readonly fromOffset: number;
  readonly toOffset: number;
}

/** A log of which something that was acknowledged is damaged, and what recovery may make of that. */
export class DamagedLog {
  readonly model: ModelLog;
  readonly #disk: SimulatedDisk;
  #segments: readonly FileBytes[] = [];
  #journal: readonly FileBytes[] = [];
  /** Acknowledged batches that were in their segments and still are. */
  #sound: readonly ModelBatch[] = [];
  #damaged: readonly ModelBatch[] = [];

  constructor(model: ModelLog, disk: SimulatedDisk) {
    this.model = model;
    this.#disk = disk;
  }

  damage(below: (bound: number) => number): void {
    const acknowledged = this.model.batches.filter(
      ({ baseOffset, nextOffset }) =>
        nextOffset <= this.model.ackedEnd && baseOffset >= this.model.wantedStart,
    );
    this.#readFiles();
    const before = acknowledged.filter((batch) => this.#place(batch) !== null);
    const isBulk = below(2) === 0;
    const choice = isBulk ? before.filter((batch) => !this.#isJournaled(batch)).slice(-RECENT) : before;
    const victim = choice[below(Math.max(1, choice.length))];
    const place = victim === undefined ? null : this.#place(victim);
    if (victim !== undefined && place !== null) {
      if (below(8) === 0) this.#disk.remove(place.path);
      else
        this.#garble(place.path, place.position + below(victim.bytes.length), 1 + below(MAX_DAMAGED_BYTES));
    }
    this.#readFiles();
    this.#sound = before.filter((batch) => this.#place(batch) !== null);
    this.#damaged = before.filter((batch) => !this.#sound.includes(batch));
  }

  /** What is wrong with what recovery made of it; null where nothing is. */
  fault(log: PartitionLog, reports: Reports, isKill: boolean): string | null {
    const name = `${this.model.topic}-${this.model.partition}`;
    const there = batchesOf(log);
    const told = reports
      .matching(`quarantined ${name} `)
      .map((line) => rangeOf(line, / (\d+) to (\d+): /))
      .filter((range) => range !== null);
    const cutAt = reports.matching(`cut ${name} at `).map((line) => Number(/ at (\d+): /.exec(line)?.[1]))[0];
    const isCut = (batch: ModelBatch) => cutAt !== undefined && batch.baseOffset >= cutAt;
    for (const batch of this.#sound) {
      const bytes = there.get(batch.baseOffset);
      const fate = bytes === undefined ? "gone" : Buffer.compare(bytes, batch.bytes) === 0 ? null : "another";
      // What a power cut leaves may not tell how far it was synced.
      if (fate !== null && (isKill || !isCut(batch)))
        return `the sound batch at ${batch.baseOffset} is ${fate}`;
    }
    for (const batch of this.#damaged) {
      const bytes = there.get(batch.baseOffset);
      if (bytes !== undefined && Buffer.compare(bytes, batch.bytes) === 0) continue;
      if (told.some((range) => range.fromOffset <= batch.baseOffset && range.toOffset >= batch.nextOffset))
        continue;
      const isEnd = batch.nextOffset > log.logEndOffset;
      if (isKill || !(isCut(batch) || isEnd))
        return `nothing was said of the damaged batch at ${batch.baseOffset}`;
    }
    return null;
  }

  #readFiles(): void {
    const folder = `${ROOT}/${this.model.topic}-${this.model.partition}`;
    const read = (path: string) => ({ path, bytes: Buffer.from(this.#disk.readFile(path, 2 ** 20) ?? []) });
    const names = this.#disk.list(folder).filter((name) => name.endsWith(".log"));
    this.#segments = names.map((name) => read(`${folder}/${name}`));
    this.#journal = ["0", "1"].map((half) => read(`${ROOT}/journal/${half}`));
  }

  #isJournaled(batch: ModelBatch): boolean {
    return this.#journal.some(({ bytes }) => bytes.includes(batch.bytes));
  }

  #garble(path: string, start: number, length: number): void {
    const file = this.#disk.openFile(path, "read");
    const end = Math.min(start + length, file.sizeBytes);
    file.close();
    for (let at = start; at < end; at++) this.#disk.flipBit(path, at * 8 + (at % 8));
  }

  #place(batch: ModelBatch): { readonly path: string; readonly position: number } | null {
    for (const { path, bytes } of this.#segments) {
      const position = bytes.indexOf(batch.bytes);
      if (position >= 0) return { path, position };
    }
    return null;
  }
}

function rangeOf(line: string, pattern: RegExp): Range | null {
  const match = pattern.exec(line);
  return match === null ? null : { fromOffset: Number(match[1]), toOffset: Number(match[2]) };
}

/** All batches that readers see, by base offset. */
function batchesOf(log: PartitionLog): ReadonlyMap<number, Uint8Array> {
  const batches = new Map<number, Uint8Array>();
  let next = log.logStartOffset as Offset;
  while (next < log.highWatermark) {
    const read = log.read(next, 4000, { minOneBatch: true, until: log.highWatermark });
    if (!("nextOffset" in read) || read.nextOffset <= next) break;
    for (let at = 0; at < read.bytes.length; at += batchSizeBytes(read.bytes, at)) {
      const batch = read.bytes.slice(at, at + batchSizeBytes(read.bytes, at));
      batches.set(batchBaseOffset(batch, 0), batch);
    }
    next = read.nextOffset;
  }
  return batches;
}
