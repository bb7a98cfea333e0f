import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LogFields, silentLogger } from "../../src/base/logger.ts";
import { defaultSettings } from "../../src/config/options.ts";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import { SimulatedMemory } from "../../src/io/simulated/memory.ts";
import { MEMORY_BUGS, MemoryWatch } from "../../src/wiring/memory-watch.ts";
import { brokerRunner } from "../../src/wiring/run-broker.ts";

const MIB = 1024 * 1024;
const LIMIT = 200 * MIB;
const MINUTE_MS = 60_000;

/** A watch over a process that can give back `cachedBytes`, and fills them again in between. */
class Rig {
  readonly clock = new ManualClock();
  readonly memory = new SimulatedMemory();
  readonly lines: { readonly message: string; readonly fields: LogFields | undefined }[] = [];
  readonly watch: MemoryWatch;
  cachedBytes = 40 * MIB;
  neededBytes = 100 * MIB;

  constructor(bug = "") {
    const note = (message: string, fields?: LogFields) => void this.lines.push({ message, fields });
    this.watch = new MemoryWatch({
      source: { read: () => this.#read() },
      clock: this.clock,
      logger: { ...silentLogger, warn: note, info: note },
      lowPercent: 15,
      shrinks: [
        () => {
          this.cachedBytes = 0;
        },
      ],
      residentBytes: () => this.neededBytes + this.cachedBytes,
      bug,
    });
    this.watch.start();
  }

  #read() {
    this.memory.set(LIMIT - this.neededBytes - this.cachedBytes, LIMIT);
    return this.memory.read();
  }
}

describe("a watch over memory", () => {
  test("has caches shrink before the bound is met, which a watch that never does so fails", () => {
    // A device brings more and more: it would fit, were it not for the caches.
    const survives = (bug: string) => {
      const rig = new Rig(bug);
      for (let step = 0; step < 20; step++) {
        rig.neededBytes += 4 * MIB;
        if (rig.neededBytes + rig.cachedBytes > LIMIT) return false;
        rig.clock.advance(5_000);
      }
      return true;
    };
    expect(survives("")).toBe(true);
    expect(MEMORY_BUGS.map((bug) => [bug, survives(bug)])).toEqual([["never-shrinks", false]]);
    expect(() => new Rig("other")).toThrow("unknown deliberate bug other");
  });

  test("shrinks once when a level is reached, and again while it stays so", () => {
    const rig = new Rig();
    rig.clock.advance(10 * MINUTE_MS);
    expect(rig.watch.status).toMatchObject({ level: "normal", shrinks: 0 });
    rig.neededBytes = 171 * MIB;
    rig.cachedBytes = 10 * MIB;
    rig.clock.advance(3_000);
    expect(rig.watch.status).toMatchObject({ level: "tight", shrinks: 1 });
    rig.clock.advance(27_000);
    expect(rig.watch.status.shrinks).toBe(1);
    rig.clock.advance(3_000);
    expect(rig.watch.status.shrinks).toBe(2);
    rig.neededBytes = 195 * MIB;
    rig.clock.advance(3_000);
    expect(rig.watch.status).toMatchObject({ level: "critical", shrinks: 3 });
    rig.clock.advance(MINUTE_MS);
    expect(rig.watch.status.shrinks).toBe(5);
    rig.neededBytes = 50 * MIB;
    rig.clock.advance(10 * MINUTE_MS);
    const { shrinks } = rig.watch.status;
    rig.clock.advance(10 * MINUTE_MS);
    expect(rig.watch.status).toMatchObject({ level: "normal", shrinks });
  });

  test("tells of each change, with what it was like and what it brought", () => {
    const rig = new Rig();
    rig.neededBytes = 150 * MIB;
    rig.clock.advance(3_000);
    const was = { bound: "group", limitBytes: LIMIT, stalledShare: 0 };
    expect(rig.lines).toEqual([
      {
        message: "memory is short: caches were given back",
        fields: {
          ...{ ...was, level: "critical", availableBytes: 10 * MIB },
          ...{ residentBytes: 150 * MIB, freedBytes: 40 * MIB },
        },
      },
    ]);
    rig.clock.advance(3 * MINUTE_MS);
    expect(rig.lines.slice(1).map(({ message, fields }) => [message, fields?.level])).toEqual([
      ["memory is less short", "tight"],
      ["memory is not short any more", "normal"],
    ]);
  });

  test("hinders only while it is critical", () => {
    const rig = new Rig();
    rig.neededBytes = 180 * MIB;
    rig.cachedBytes = 0;
    rig.clock.advance(3_000);
    expect([rig.watch.status.level, rig.watch.hindrance]).toEqual(["tight", null]);
    rig.neededBytes = 195 * MIB;
    rig.clock.advance(3_000);
    expect(rig.watch.hindrance).toContain("memory is short");
    rig.neededBytes = 100 * MIB;
    rig.clock.advance(MINUTE_MS + 6_000);
    expect([rig.watch.status.level, rig.watch.hindrance]).toEqual(["tight", null]);
  });

  test("ends with the gateway", () => {
    const rig = new Rig();
    rig.watch.stop();
    expect(rig.clock.pendingTimers).toBe(0);
  });
});

describe("a gateway", () => {
  /** Tells of a gateway on a machine without any memory, or with plenty. */
  async function gatewayWith(memory: SimulatedMemory, lowPercent: number) {
    const data = mkdtempSync(join(tmpdir(), "headwater-memory-"));
    const any = { host: "127.0.0.1", port: 0 };
    const settings = {
      ...defaultSettings(),
      ...{ data, "kafka.listen": any, "mqtt.listen": any, "http.listen": any },
      ...{ "journal.bytes": MIB, "disk.reserve.bytes": 0, "memory.low.percent": lowPercent },
    };
    const gateway = await brokerRunner({ version: "1", env: {}, memory })(settings, silentLogger);
    try {
      const get = async (path: string) => (await fetch(`http://${gateway.addresses.http}${path}`)).text();
      const status = JSON.parse(await get("/api/status")) as { memory: unknown };
      const metrics = (await get("/metrics")).split("\n");
      return { ready: await get("/readyz"), memory: status.memory, metrics };
    } finally {
      await gateway.stop();
      rmSync(data, { recursive: true });
    }
  }

  test("gives back what it can, and says so in status, metrics and /readyz", async () => {
    const memory = new SimulatedMemory();
    memory.set(1 * MIB, LIMIT, 0.5);
    const { ready, memory: status, metrics } = await gatewayWith(memory, 15);
    expect(status).toEqual({
      ...{ level: "critical", bound: "group", limitBytes: LIMIT, availableBytes: 1 * MIB },
      ...{ stalledShare: 0.5, shrinks: 1 },
    });
    expect(metrics).toContain("headwater_memory_level 2");
    expect(metrics).toContain(`headwater_memory_available_bytes ${1 * MIB}`);
    expect(metrics).toContain("headwater_memory_shrinks_total 1");
    expect(ready).toContain("memory is short");
  });

  test("does not look where it is told not to", async () => {
    const memory = new SimulatedMemory();
    memory.set(0, LIMIT);
    const { ready, memory: status } = await gatewayWith(memory, 0);
    expect([status, memory.reads]).toEqual([null, 0]);
    expect(ready).not.toContain("memory");
  });
});
