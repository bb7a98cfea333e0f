import { describe, expect, test } from "bun:test";
import { releaseChunk, releaseMemory } from "../../src/io/release-chunk.ts";

describe("releaseChunk", () => {
  test("leaves nothing to be read through views that were kept", () => {
    const chunk = new Uint8Array(5000).fill(7);
    const kept = chunk.subarray(10, 20);
    releaseChunk(chunk);
    expect([chunk.length, kept.length, kept[0]]).toEqual([0, 0, undefined as unknown as number]);
  });

  test("leaves small chunks to the collector", () => {
    const chunk = new Uint8Array(100).fill(7);
    releaseChunk(chunk);
    expect(chunk[99]).toBe(7);
  });

  test("leaves memory alone of which the chunk is only a part", () => {
    const whole = new Uint8Array(10_000).fill(7);
    releaseChunk(whole.subarray(0, 5000));
    expect(whole[4999]).toBe(7);
  });

  test("gives back arrays of any kind", () => {
    const array = new Float64Array(1_000);
    releaseMemory(array);
    expect(array.length).toBe(0);
  });
});
