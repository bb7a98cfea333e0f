import { describe, expect, test } from "bun:test";
import { AckQueue } from "../../src/broker/waiting.ts";

describe("AckQueue", () => {
  test("releases what ends at or below the durable offset, in order, once", () => {
    const queue = new AckQueue();
    const released: string[] = [];
    for (const endOffset of [10, 20, 30])
      queue.add(endOffset, (error) => released.push(`${endOffset}:${error}`));
    queue.release(9);
    expect(released).toEqual([]);
    queue.release(20);
    expect(released).toEqual(["10:0", "20:0"]);
    queue.release(20);
    queue.release(100);
    expect(released).toEqual(["10:0", "20:0", "30:0"]);
    expect(queue.size).toBe(0);
  });

  test("releases the retry of an old batch no sooner than what it stands behind", () => {
    const queue = new AckQueue();
    const released: number[] = [];
    queue.add(30, () => released.push(30));
    queue.add(10, () => released.push(10));
    queue.release(10);
    expect(released).toEqual([]);
    queue.release(30);
    expect(released).toEqual([30, 10]);
  });

  test("ends every wait with the error of the log", () => {
    const queue = new AckQueue();
    const errors: number[] = [];
    for (let i = 1; i <= 3000; i += 1) queue.add(i, (error) => errors.push(error));
    queue.release(1500);
    queue.fail(56);
    expect(errors.filter((error) => error === 0)).toHaveLength(1500);
    expect(errors.filter((error) => error === 56)).toHaveLength(1500);
    expect(queue.size).toBe(0);
  });

  test("an ack that is added while others are released waits for its own offset", () => {
    const queue = new AckQueue();
    const released: number[] = [];
    queue.add(1, () => queue.add(5, () => released.push(5)));
    queue.release(1);
    expect(released).toEqual([]);
    queue.release(5);
    expect(released).toEqual([5]);
  });
});
