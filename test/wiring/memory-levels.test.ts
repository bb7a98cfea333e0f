import { describe, expect, test } from "bun:test";
import { SimulatedMemory } from "../../src/io/simulated/memory.ts";
import { MemoryLevels } from "../../src/wiring/memory-levels.ts";

const MIB = 1024 * 1024;
/** Half of a machine with 512 MB, of which 15 % is 30 MiB, and a third of that 10. */
const LIMIT = 200 * MIB;
const SECOND_MS = 1000;

class Bench {
  readonly levels = new MemoryLevels(15);
  readonly memory = new SimulatedMemory();
  nowMs = 0;

  /** The level once so much is available, and after `forMs` more. */
  at(availableMib: number, forMs = 0, some = 0, full = 0): string {
    this.memory.set(availableMib * MIB, LIMIT, some, full);
    const endMs = this.nowMs + forMs;
    this.levels.judge(this.memory.read(), this.nowMs);
    for (; this.nowMs < endMs; this.nowMs += SECOND_MS) this.levels.judge(this.memory.read(), this.nowMs);
    return this.levels.judge(this.memory.read(), this.nowMs);
  }
}

describe("how short memory is", () => {
  test("rises at once, over a step too", () => {
    expect(new Bench().at(30.1)).toBe("normal");
    expect(new Bench().at(29.9)).toBe("tight");
    expect(new Bench().at(10.1)).toBe("tight");
    expect(new Bench().at(9.9)).toBe("critical");
    expect(new Bench().at(0)).toBe("critical");
  });

  test("falls by a step after each minute in which it was clearly better", () => {
    const bench = new Bench();
    expect(bench.at(5)).toBe("critical");
    expect(bench.at(150, 59 * SECOND_MS)).toBe("critical");
    expect(bench.at(150, 1 * SECOND_MS)).toBe("tight");
    expect(bench.at(150, 59 * SECOND_MS)).toBe("tight");
    expect(bench.at(150, 2 * SECOND_MS)).toBe("normal");
  });

  test("stays where it is while it is about the threshold", () => {
    const bench = new Bench();
    expect(bench.at(29)).toBe("tight");
    expect(bench.at(36, 600 * SECOND_MS)).toBe("tight");
    expect(bench.at(38, 59 * SECOND_MS)).toBe("tight");
    expect(bench.at(36)).toBe("tight");
    expect(bench.at(38, 59 * SECOND_MS)).toBe("tight");
    expect(bench.at(38, 2 * SECOND_MS)).toBe("normal");
    expect(bench.at(9)).toBe("critical");
    expect(bench.at(12, 600 * SECOND_MS)).toBe("critical");
    expect(bench.at(13, 61 * SECOND_MS)).toBe("tight");
    expect(bench.at(29, 600 * SECOND_MS)).toBe("tight");
  });

  test("is told by who waits for memory, too", () => {
    const bench = new Bench();
    expect(bench.at(150, 0, 0.09, 0.09)).toBe("normal");
    expect(bench.at(150, 0, 0.11, 0.09)).toBe("tight");
    expect(bench.at(150, 0, 0.9, 0.26)).toBe("critical");
    expect(bench.at(150, 61 * SECOND_MS)).toBe("tight");
    expect(bench.at(150, 300 * SECOND_MS, 0.09)).toBe("tight");
    expect(bench.at(150, 61 * SECOND_MS, 0.07)).toBe("normal");
  });

  test("is that of the bound that is nearest to being low, whatever is left of it in bytes", () => {
    const levels = new MemoryLevels(15);
    const group = { of: "group", limitBytes: LIMIT, availableBytes: 40 * MIB } as const;
    const small = { of: "machine", limitBytes: 460 * MIB, availableBytes: 60 * MIB } as const;
    expect(levels.nearest({ bounds: [group, small], stalled: null })).toBe(small);
    expect(levels.judge({ bounds: [group, small], stalled: null }, 0)).toBe("tight");
  });

  test("asks for no more than 128 MiB of a large machine", () => {
    const levels = new MemoryLevels(15);
    const large = (availableBytes: number) =>
      ({ of: "machine", limitBytes: 32_768 * MIB, availableBytes }) as const;
    expect(levels.judge({ bounds: [large(129 * MIB)], stalled: null }, 0)).toBe("normal");
    const group = { of: "group", limitBytes: LIMIT, availableBytes: 20 * MIB } as const;
    const bounds = [large(1000 * MIB), group];
    expect(levels.nearest({ bounds, stalled: null })).toBe(group);
    expect(levels.judge({ bounds, stalled: null }, 0)).toBe("tight");
    expect(levels.judge({ bounds: [large(42 * MIB)], stalled: null }, 0)).toBe("critical");
  });

  test("is normal where nobody tells, and becomes so again", () => {
    const bench = new Bench();
    const nothing = { bounds: [], stalled: null };
    expect(bench.levels.judge(nothing, 0)).toBe("normal");
    expect(bench.at(25)).toBe("tight");
    expect(bench.levels.judge(nothing, 1)).toBe("tight");
    expect(bench.levels.judge(nothing, 60_001)).toBe("normal");
    expect(bench.levels.nearest(nothing)).toBeNull();
  });
});
