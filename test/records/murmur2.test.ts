import { expect, test } from "bun:test";
import { murmur2, partitionForKey } from "../../src/records/murmur2.ts";
import { readJsonLines } from "./support.ts";

interface Vector {
  readonly key: string;
  readonly murmur2: number;
  readonly partitionOf3: number;
  readonly partitionOf12: number;
  readonly partitionOf50: number;
}

const vectors = readJsonLines<Vector>("murmur2.jsonl");

test("murmur2 and the partitions are those of Kafka's Java client", () => {
  expect(vectors.length).toBe(69);
  for (const vector of vectors) {
    const key = Uint8Array.fromHex(vector.key);
    expect(murmur2(key)).toBe(vector.murmur2);
    expect(partitionForKey(key, 3)).toBe(vector.partitionOf3);
    expect(partitionForKey(key, 12)).toBe(vector.partitionOf12);
    expect(partitionForKey(key, 50)).toBe(vector.partitionOf50);
  }
});

test("a key is read from where its view begins", () => {
  const around = Uint8Array.fromHex("ffff6465766963652d31ffff");
  expect(murmur2(around.subarray(2, 10))).toBe(1007784178);
});
