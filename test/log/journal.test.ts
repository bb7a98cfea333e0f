import { expect, test } from "bun:test";
import { uuidBytes } from "../../src/base/ids.ts";
import type { DiskFile } from "../../src/io/disk.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import {
  entryBatches,
  findStoreId,
  Journal,
  MAX_ENDS_AHEAD,
  ROUND_ALIGNMENT_BYTES,
  readJournal,
} from "../../src/log/journal.ts";
import { text, topicId } from "./support.ts";

const ID = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);
const TOPIC = uuidBytes(topicId(1));
/** The last block is only for what is written ahead. */
const ROUNDS = 7;
const HALF_BYTES = (ROUNDS + 1) * ROUND_ALIGNMENT_BYTES;

function setUp(generation = 5): { journal: Journal; files: [DiskFile, DiskFile] } {
  const disk = new SimulatedDisk({ expireViews: false });
  const files: [DiskFile, DiskFile] = [disk.createFile("/0", HALF_BYTES), disk.createFile("/1", HALF_BYTES)];
  const journal = new Journal({ files, storeId: ID, generation, maxRoundBytes: 8192, fresh: false });
  return { journal, files };
}

function write(journal: Journal, ...words: string[]): void {
  for (const word of words) journal.addBatches(TOPIC, 3, word.length, text(word));
  journal.write();
}

function words(file: DiskFile): string[][] {
  return readJournal(file, ID).rounds.map((round) =>
    round.entries.map((entry) => new TextDecoder().decode(entryBatches(entry))),
  );
}

test("rounds come back in order, with their entries", () => {
  const { journal, files } = setUp();
  write(journal, "one", "three");
  journal.addLogStart(TOPIC, 4, 2 ** 40);
  journal.write();
  write(journal, "x".repeat(5000));
  expect(words(files[0])).toEqual([["one", "three"], [""], ["x".repeat(5000)]]);
  const { rounds, highestGeneration, missingRounds } = readJournal(files[0], ID);
  expect([highestGeneration, missingRounds]).toEqual([5, 0]);
  expect(rounds[1]?.entries[0]).toMatchObject({
    kind: "log-start",
    partition: 4,
    offset: 2 ** 40,
    topicId: topicId(1),
  });
  expect(rounds[0]?.entries[1]).toMatchObject({ kind: "batches", partition: 3, offset: 5, sizeBytes: 5 });
});

test("every round starts on a block of its own", () => {
  const { journal, files } = setUp();
  write(journal, "a");
  const before = files[0].view(0, ROUND_ALIGNMENT_BYTES).slice();
  write(journal, "b");
  expect(files[0].view(0, ROUND_ALIGNMENT_BYTES)).toEqual(before);
  expect(journal.bytesWritten).toBe(2 * ROUND_ALIGNMENT_BYTES);
});

test("a half is reused only once it was given free", () => {
  const { journal, files } = setUp();
  for (let i = 0; i < ROUNDS; i++) write(journal, `first ${i}`);
  journal.addBatches(TOPIC, 3, 0, text("moves along"));
  expect(journal.hasRoomFor(0)).toBe(false);
  expect(journal.switchHalf()).toBe(5);
  journal.write();
  expect(words(files[1])).toEqual([["moves along"]]);
  expect(journal.switchHalf()).toBeNull();
  journal.release(4);
  expect(journal.switchHalf()).toBeNull();
  journal.release(5);
  expect(journal.switchHalf()).toBe(6);
  write(journal, "reused");
  // What the earlier use left behind is told by its generation.
  expect(words(files[0])).toEqual([["reused"]]);
  expect(readJournal(files[0], ID).highestGeneration).toBe(7);
});

test("a torn last round is nothing, a damaged one before it is told", () => {
  const { journal, files } = setUp();
  for (const word of ["a", "b", "c"]) write(journal, word);
  const flip = (position: number) => {
    const bytes = files[0].view(position, 1).slice();
    bytes[0] = (bytes[0] as number) ^ 1;
    files[0].write(position, bytes);
  };
  flip(2 * ROUND_ALIGNMENT_BYTES + 60);
  expect(words(files[0])).toEqual([["a"], ["b"]]);
  expect(readJournal(files[0], ID).missingRounds).toBe(0);
  flip(2 * ROUND_ALIGNMENT_BYTES + 60);
  flip(ROUND_ALIGNMENT_BYTES + 60);
  expect(words(files[0])).toEqual([["a"], ["c"]]);
  expect(readJournal(files[0], ID).missingRounds).toBe(1);
});

test("no byte of a round can change unnoticed", () => {
  const { journal, files } = setUp();
  write(journal, "something");
  const size = 40 + 36 + 9;
  for (let at = 0; at < size; at++) {
    const byte = files[0].view(at, 1).slice();
    files[0].write(at, new Uint8Array([(byte[0] as number) ^ 4]));
    expect(words(files[0])).toEqual([]);
    files[0].write(at, byte);
  }
  expect(words(files[0])).toEqual([["something"]]);
});

test("a record can't forge a round: it would have to know the store's id", () => {
  const { journal, files } = setUp();
  const forger = setUp(99);
  write(forger.journal, "forged");
  const round = forger.files[0].view(0, ROUND_ALIGNMENT_BYTES).slice();
  const foreign = new Uint8Array([9, 9, 9, 9, 9, 9, 9, 9]);
  write(journal, "good");
  files[0].write(ROUND_ALIGNMENT_BYTES, round);
  expect(readJournal(files[0], foreign).rounds).toEqual([]);
  expect(findStoreId(files[0])).toEqual(ID);
});

test("what is written ahead stands until the next round, which takes its place", () => {
  const { journal, files } = setUp();
  for (let i = 0; i < ROUNDS; i++) write(journal, `round ${i}`);
  const end = (endOffset: number) => ({ topicId: TOPIC, partition: 3, endOffset });
  expect(journal.hasRoomFor(0)).toBe(false);
  journal.writeAhead([end(2 ** 40)]);
  for (const endOffset of [7, 8]) journal.writeAhead([end(endOffset)]);
  const { rounds, missingRounds } = readJournal(files[0], ID);
  expect([rounds.length, missingRounds]).toEqual([ROUNDS + 1, 0]);
  expect(rounds.at(-1)?.entries).toMatchObject([
    { kind: "synced", topicId: topicId(1), partition: 3, offset: 8, sizeBytes: 0 },
  ]);
  expect(journal.bytesWritten).toBe(ROUNDS * ROUND_ALIGNMENT_BYTES);
  expect(journal.switchHalf()).toBe(5);
  write(journal, "next");
  journal.addBatches(TOPIC, 3, 0, text("in its place"));
  // The round that is being built is another.
  journal.writeAhead([end(9)]);
  expect(readJournal(files[1], ID).rounds.at(-1)?.entries).toMatchObject([{ kind: "synced", offset: 9 }]);
  journal.addSynced(end(10));
  journal.write();
  expect(words(files[1])).toEqual([["next"], ["in its place", ""]]);
});

test("as much is written ahead as a block holds", () => {
  const { journal, files } = setUp();
  const ends = Array.from({ length: MAX_ENDS_AHEAD }, (_, i) => ({
    topicId: TOPIC,
    partition: i,
    endOffset: i,
  }));
  journal.writeAhead(ends);
  expect(readJournal(files[0], ID).rounds[0]?.entries.length).toBe(MAX_ENDS_AHEAD);
  expect(() => journal.writeAhead([...ends, ...ends.slice(0, 1)])).toThrow();
});

test("a new journal is zeroed ahead of what is written", () => {
  const disk = new SimulatedDisk();
  const files: [DiskFile, DiskFile] = [disk.createFile("/0", 3 << 20), disk.createFile("/1", 3 << 20)];
  const journal = new Journal({ files, storeId: ID, generation: 1, maxRoundBytes: 8192, fresh: true });
  write(journal, "kept");
  let slices = 0;
  while (journal.zeroAhead()) slices += 1;
  expect(slices).toBeGreaterThan(3);
  expect(readJournal(files[0], ID).rounds.length).toBe(1);
  expect(journal.zeroAhead()).toBe(false);
});
