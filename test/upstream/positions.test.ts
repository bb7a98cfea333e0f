import { describe, expect, test } from "bun:test";
import type { Uuid } from "../../src/base/ids.ts";
import {
  branchesInSlots,
  decodeSlot,
  decodeStoredPosition,
  encodeSlot,
  encodeStoredPosition,
  MAX_METADATA_BYTES,
  newestClaim,
  positionsInSlots,
  type Slot,
} from "../../src/upstream/positions.ts";

const LOG = "AbCdEfGhIjKlMnOpQrStUv" as Uuid;
const OTHER = "ZZZZZZZZZZZZZZZZZZZZZZ" as Uuid;

function slot(
  partition: number,
  instance: string,
  sequence: number,
  next: readonly [number, number][],
): Slot {
  const metadata = encodeSlot({ instance, sequence, logs: [{ topicId: LOG, next: new Map(next) }] });
  return { topic: "t", partition, offset: 0, metadata };
}

describe("slots", () => {
  test("keep what they are given", () => {
    const content = {
      instance: "ab12",
      sequence: 7,
      logs: [
        {
          topicId: LOG,
          next: new Map([
            [0, 5],
            [4, 2 ** 53 - 1],
          ]),
        },
        { topicId: OTHER, next: new Map<number, number>() },
      ],
    };
    const text = encodeSlot(content);
    expect(text).toBe(`1;ab12;7;${LOG};0=5,4=9007199254740991;${OTHER};`);
    const { logs = [], ...claim } = decodeSlot(text) ?? {};
    expect(claim).toEqual({ instance: "ab12", sequence: 7 });
    expect(logs.map(({ topicId, next }) => ({ topicId, next }))).toEqual(content.logs);
  });

  test("keep the histories of a partition, the one in force first", () => {
    const old = { next: 20, epoch: 0, lineage: [{ run: "1.ab", startOffset: 0 }] };
    const own = { next: 14, epoch: 1, lineage: [...old.lineage, { run: "2.cd", startOffset: 11 }] };
    const next = new Map([[3, 14]]);
    const branches = new Map([[3, [own, old]]]);
    const text = encodeSlot({ instance: "ab12", sequence: 7, logs: [{ topicId: LOG, next, branches }] });
    expect(text).toBe(`1;ab12;7;${LOG};3=14~1@1.ab:0/2.cd:b|20@1.ab:0`);
    expect(decodeSlot(text)?.logs).toEqual([{ topicId: LOG, next, branches, accounts: new Map() }]);
    const accounts = new Map([[3, { firstOffset: 2, filtered: 0, gapped: 37, empty: 0 }]]);
    const told = encodeSlot({
      instance: "ab12",
      sequence: 7,
      logs: [{ topicId: LOG, next, branches, accounts }],
    });
    expect(told).toBe(`${text}!2.0.11`);
    expect(decodeSlot(told)?.logs).toEqual([{ topicId: LOG, next, branches, accounts }]);
    expect(decodeSlot(`${text}!`)?.logs[0]?.accounts?.get(3)?.gapped).toBe(0);
    for (const wrong of [`${text}!x!y`, `${text}!-1`, `${text}!1.2.3.4.5`])
      expect(decodeSlot(wrong)).toBeNull();
    const slots = [{ topic: "t", partition: 0, offset: 0, metadata: text }];
    expect(positionsInSlots(slots, LOG)).toEqual(next);
    expect(branchesInSlots(slots, LOG)).toEqual(branches);
    for (const broken of ["3=14~x", "3=14@1.ab:!", "3=14|", "3=-1", "3=1=2", "x=1"]) {
      expect(decodeSlot(`1;a;1;${LOG};${broken}`)).toBeNull();
    }
  });

  test("refuse what is not ours, and every truncation that changes a position's form", () => {
    for (const text of [
      null,
      "",
      "hello",
      "2;a;1",
      "1;a",
      "1;a;x",
      "1;a;1;log",
      "1;a;1;log;0",
      "1;a;1;log;0=-1",
      "1;a;1;log;0=x",
    ]) {
      expect(decodeSlot(text)).toBeNull();
    }
  });

  test("250 partitions fit one slot", () => {
    const next = Array.from({ length: 250 }, (_, index) => [index, 12_345_678] as [number, number]);
    expect(slot(0, "0123456789ab", 1_000_000, next).metadata.length).toBeLessThan(MAX_METADATA_BYTES);
  });

  test("the newer entry counts where a partition stands in two", () => {
    const slots = [
      slot(0, "a", 9, [
        [0, 10],
        [4, 100],
      ]),
      slot(1, "a", 12, [[4, 90]]),
    ];
    expect(positionsInSlots(slots, LOG)).toEqual(
      new Map([
        [0, 10],
        [4, 90],
      ]),
    );
    expect(positionsInSlots(slots.toReversed(), LOG)).toEqual(
      new Map([
        [4, 90],
        [0, 10],
      ]),
    );
  });

  test("positions of a log that was made again don't count", () => {
    expect(positionsInSlots([slot(0, "a", 1, [[0, 10]])], OTHER)).toEqual(new Map());
  });

  test("the claim is that of the newest commit", () => {
    const foreign = { topic: "t", partition: 2, offset: 3, metadata: "somebody's note" };
    expect(newestClaim([slot(0, "a", 3, []), foreign, slot(1, "b", 4, [])])).toEqual({
      instance: "b",
      sequence: 4,
    });
    expect(newestClaim([foreign])).toBeNull();
  });
});

describe("the stored position", () => {
  const position = {
    centre: "cluster",
    sending: true,
    topics: [{ topic: "t", topicId: LOG, next: [[0, 5] as const, [2, 7] as const], centralEnds: [3, -1] }],
  };

  test("keeps what it is given", () => {
    expect(decodeStoredPosition(encodeStoredPosition(position))).toMatchObject(position);
  });

  test("every truncation is refused", () => {
    const bytes = encodeStoredPosition(position);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(decodeStoredPosition(bytes.subarray(0, length))).toBeNull();
    }
    expect(decodeStoredPosition(null)).toBeNull();
  });

  test("another format is refused", () => {
    const text = new TextDecoder().decode(encodeStoredPosition(position)).replace('"format":1', '"format":2');
    expect(decodeStoredPosition(new TextEncoder().encode(text))).toBeNull();
  });
});
