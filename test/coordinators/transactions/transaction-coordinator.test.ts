import { describe, expect, test } from "bun:test";
import {
  NO_PARTITIONS,
  type Producer,
  type Transaction,
} from "../../../src/coordinators/transactions/transaction.ts";
import {
  MAX_TRANSACTIONAL_IDS,
  type TransactionFilter,
} from "../../../src/coordinators/transactions/transaction-coordinator.ts";
import { ManualClock } from "../../../src/io/simulated/clock.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { ERROR, errorName } from "../../../src/kafka/wire/generated/errors.ts";
import { World, type WorldOptions } from "./world.ts";

const ALL: TransactionFilter = { states: [], producerIds: new Set(), durationMs: -1, pattern: null };

/** A coordinator whose answers are awaited in simulated time. */
class Bench {
  readonly clock = new ManualClock();
  readonly world: World<string>;

  constructor(options: Partial<WorldOptions> = {}) {
    const random = new SeededRandom(5);
    this.world = new World({ clock: this.clock, random, partitionCount: 3, ...options });
  }

  get coordinator() {
    return this.world.coordinator;
  }

  init(transactionalId: string, timeoutMs = 10_000): Producer & { readonly error: string } {
    let answer = { error: "no answer", producerId: -1, producerEpoch: -1 };
    this.coordinator.initProducerId({ transactionalId, timeoutMs, expected: null }, (error, producer) => {
      answer = { error: errorName(error), ...producer };
    });
    this.clock.advance(200);
    return answer;
  }

  /** A producer with a transaction that has a record in each of these partitions. */
  begin(transactionalId: string, partitions: readonly number[], timeoutMs = 10_000): Producer {
    const { producerId, producerEpoch } = this.init(transactionalId, timeoutMs);
    for (const partition of partitions) this.write(transactionalId, { producerId, producerEpoch }, partition);
    return { producerId, producerEpoch };
  }

  write(transactionalId: string, producer: Producer, partition: number, implicit = true): string {
    let answer = "no answer";
    const partitions = [{ topic: "t", partition }];
    this.coordinator.admit({ transactionalId, ...producer, partitions, implicit }, ([error = -1]) => {
      answer = errorName(error);
      const { producerId, producerEpoch } = producer;
      if (error === ERROR.NONE) {
        this.world.partitions[partition]?.append(producerId, producerEpoch, transactionalId, () => {});
      }
    });
    this.clock.advance(200);
    return answer;
  }

  end(transactionalId: string, producer: Producer, outcome: "commit" | "abort"): string {
    let answer = "no answer";
    const request = { ...producer, outcome, clientTransactionVersion: 2 };
    this.coordinator.endTransaction(transactionalId, request, (error) => {
      answer = errorName(error);
    });
    this.clock.advance(200);
    return answer;
  }

  state(transactionalId: string): Transaction | null {
    let found: Transaction | null = null;
    this.coordinator.describe(transactionalId, (_, transaction) => {
      found = transaction;
    });
    this.clock.advance(200);
    return found;
  }

  list(filter: Partial<TransactionFilter> = {}): string[] {
    let ids: string[] = ["no answer"];
    this.coordinator.list({ ...ALL, ...filter }, (_, transactions) => {
      ids = transactions.map(({ transactionalId }) => transactionalId);
    });
    this.clock.advance(200);
    return ids.sort();
  }

  fates(partition: number): string[] {
    return this.world.partitions[partition]?.read().map(({ fate }) => fate) ?? [];
  }
}

describe("time", () => {
  test("a transaction that takes too long is aborted, and its producer fenced", () => {
    const bench = new Bench();
    const producer = bench.begin("x", [0, 1], 5000);
    bench.clock.advance(4000);
    expect(bench.state("x")?.state).toBe("Ongoing");
    bench.clock.advance(2000);
    expect(bench.state("x")?.state).toBe("CompleteAbort");
    expect(bench.fates(0)).toEqual(["aborted"]);
    expect(bench.fates(1)).toEqual(["aborted"]);
    expect(bench.end("x", producer, "commit")).toBe("INVALID_TXN_STATE");
    expect(bench.write("x", producer, 0)).toBe("INVALID_PRODUCER_EPOCH");
  });

  test("the time runs from the first partition on, over restarts", () => {
    const bench = new Bench();
    const producer = bench.begin("x", [0], 5000);
    bench.clock.advance(3000);
    bench.write("x", producer, 1);
    bench.world.crash();
    bench.clock.advance(1000);
    expect(bench.state("x")?.state).toBe("Ongoing");
    bench.clock.advance(2000);
    expect(bench.state("x")?.state).toBe("CompleteAbort");
  });

  test("a wall clock that is wrong after a restart can't keep it open for longer than it asked for", () => {
    for (const jumpMs of [-400 * 86_400_000, 400 * 86_400_000]) {
      const bench = new Bench();
      bench.begin("x", [0], 5000);
      bench.clock.jumpTo(bench.clock.nowMs() + jumpMs);
      bench.world.crash();
      bench.clock.advance(6000);
      expect(bench.state("x")?.state).toBe("CompleteAbort");
    }
  });

  test("timeouts beyond the limit are refused", () => {
    const bench = new Bench();
    expect(bench.init("x", 900_001).error).toBe("INVALID_TRANSACTION_TIMEOUT");
    expect(bench.init("x", 0).error).toBe("INVALID_TRANSACTION_TIMEOUT");
    expect(bench.init("x", -5).error).toBe("INVALID_TRANSACTION_TIMEOUT");
    expect(bench.init("x", 900_000).error).toBe("NONE");
    expect(bench.init("", 1).error).toBe("INVALID_REQUEST");
  });

  test("ids that nobody uses are forgotten, those with something open are not", () => {
    const settings = {
      "transactional.id.expiration.ms": 600_000,
      "transaction.remove.expired.transaction.cleanup.interval.ms": 120_000,
    };
    const bench = new Bench({ settings });
    bench.init("idle");
    bench.begin("open", [0], 900_000);
    bench.clock.advance(840_000);
    expect(bench.list()).toEqual(["open"]);
    bench.world.crash();
    expect(bench.list()).toEqual(["open"]);
  });
});

describe("the end", () => {
  test("reaches every partition, and those that are gone need nothing", () => {
    const bench = new Bench();
    const producer = bench.begin("x", [0, 1, 2]);
    bench.world.missing.add(2);
    expect(bench.end("x", producer, "commit")).toBe("NONE");
    bench.clock.advance(30_000);
    expect([bench.fates(0), bench.fates(1)]).toEqual([["committed"], ["committed"]]);
    expect(bench.state("x")).toMatchObject({ state: "CompleteCommit", producerEpoch: 1 });
    expect(bench.end("x", producer, "commit")).toBe("NONE");
  });

  test("that was decided comes after a restart", () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      const bench = new Bench({ random: new SeededRandom(seed) });
      const producer = bench.begin("x", [0, 1, 2]);
      let answered = false;
      const request = { ...producer, outcome: "commit", clientTransactionVersion: 2 } as const;
      bench.coordinator.endTransaction("x", request, () => {
        answered = true;
      });
      bench.clock.advance(seed * 3);
      const wasAnswered = answered;
      bench.world.crash();
      bench.clock.advance(30_000);
      const fates = [0, 1, 2].flatMap((partition) => bench.fates(partition));
      expect(new Set(fates).size).toBe(1);
      if (wasAnswered) expect(fates[0]).toBe("committed");
      expect(fates[0]).not.toBe("open");
    }
  });

  test("lets records of the next transaction wait for a moment instead of sending them back", () => {
    const bench = new Bench();
    const producer = bench.begin("x", [0, 1]);
    const request = { ...producer, outcome: "commit", clientTransactionVersion: 2 } as const;
    const answers: string[] = [];
    bench.coordinator.endTransaction("x", request, (error, next) => {
      answers.push(errorName(error));
      const admission = { transactionalId: "x", ...next, partitions: [{ topic: "t", partition: 0 }] };
      bench.coordinator.admit({ ...admission, implicit: true }, ([admitted = -1]) => {
        answers.push(errorName(admitted));
      });
    });
    bench.clock.advance(1000);
    // Markers fail at times in this world: then it takes longer than a moment.
    expect(answers[0]).toBe("NONE");
    expect(["NONE", "CONCURRENT_TRANSACTIONS"]).toContain(answers[1] ?? "no answer");
    expect(answers[1] === "NONE").toBe(bench.world.markerFaults === 0);
  });
});

describe("a new producer of an id", () => {
  test("aborts what the one before left open, and is told to ask again", () => {
    const bench = new Bench();
    const old = bench.begin("x", [0]);
    expect(bench.init("x").error).toBe("CONCURRENT_TRANSACTIONS");
    bench.clock.advance(30_000);
    expect(bench.init("x")).toMatchObject({ error: "NONE", producerId: old.producerId, producerEpoch: 2 });
    expect(bench.fates(0)).toEqual(["aborted"]);
    expect(bench.write("x", old, 0)).toBe("INVALID_PRODUCER_EPOCH");
    expect(bench.end("x", old, "commit")).toBe("PRODUCER_FENCED");
  });

  test("two at the same moment get two epochs", () => {
    const bench = new Bench();
    const epochs: number[] = [];
    for (let count = 0; count < 2; count += 1) {
      const request = { transactionalId: "x", timeoutMs: 1000, expected: null };
      bench.coordinator.initProducerId(request, (_, { producerEpoch }) => epochs.push(producerEpoch));
    }
    bench.clock.advance(1000);
    expect(epochs.sort()).toEqual([0, 1]);
  });
});

describe("records of clients that add partitions themselves", () => {
  test("are let in where their partition was added", () => {
    const bench = new Bench();
    const producer = bench.begin("x", [0]);
    expect(bench.write("x", producer, 0, false)).toBe("NONE");
    expect(bench.write("x", producer, 1, false)).toBe("TRANSACTION_ABORTABLE");
    expect(bench.write("y", producer, 0, false)).toBe("INVALID_PRODUCER_ID_MAPPING");
    expect(bench.write("", producer, 0, false)).toBe("INVALID_REQUEST");
    expect(bench.write("x", { ...producer, producerEpoch: 9 }, 0, false)).toBe("INVALID_PRODUCER_EPOCH");
  });
});

describe("what a partition holds open", () => {
  const orphan = (bench: Bench, producer: Producer, partition: number) => {
    bench.coordinator.endOrphans([{ ...producer, topic: "t", partition }]);
    bench.clock.advance(30_000);
    return bench.fates(partition);
  };
  /** Records whose transaction the coordinator does not know of. */
  const write = (bench: Bench, { producerId, producerEpoch }: Producer, partition: number) => {
    bench.world.partitions[partition]?.append(producerId, producerEpoch, "stray", () => {});
  };

  test("of a transaction that nobody knows is aborted", () => {
    const bench = new Bench();
    const stranger = { producerId: 77, producerEpoch: 3 };
    write(bench, stranger, 0);
    expect(orphan(bench, stranger, 0)).toEqual(["aborted"]);
  });

  test("of one that is ongoing there is left alone", () => {
    const bench = new Bench();
    const producer = bench.begin("x", [0], 600_000);
    expect(orphan(bench, producer, 0)).toEqual(["open"]);
    write(bench, producer, 1);
    expect(orphan(bench, producer, 1)).toEqual(["aborted"]);
  });

  test("of the one that was committed last is committed, of an earlier one not", () => {
    const bench = new Bench();
    const producer = bench.begin("x", [0]);
    write(bench, producer, 1);
    bench.end("x", producer, "commit");
    bench.clock.advance(30_000);
    expect(orphan(bench, producer, 1)).toEqual(["committed"]);
    const next = { ...producer, producerEpoch: producer.producerEpoch + 1 };
    bench.write("x", next, 0);
    bench.end("x", next, "commit");
    bench.clock.advance(30_000);
    write(bench, producer, 2);
    expect(orphan(bench, producer, 2)).toEqual(["aborted"]);
  });
});

test("lists go by state, producer, age and pattern", () => {
  const bench = new Bench();
  const producer = bench.begin("open", [0], 900_000);
  bench.init("empty");
  bench.clock.advance(5000);
  bench.begin("young", [1], 900_000);
  expect(bench.list()).toEqual(["empty", "open", "young"]);
  expect(bench.list({ states: ["Ongoing"] })).toEqual(["open", "young"]);
  expect(bench.list({ states: ["Dead"] })).toEqual([]);
  expect(bench.list({ producerIds: new Set([producer.producerId]) })).toEqual(["open"]);
  // As in Kafka, what has no start counts as begun in 1970.
  expect(bench.list({ durationMs: 4000 })).toEqual(["empty", "open"]);
  expect(bench.list({ pattern: { steps: 2, matches: (id) => id.endsWith("n") } })).toEqual(["open"]);
});

test("a pattern that would take too long over all ids is refused", () => {
  const bench = new Bench();
  bench.init("an-id");
  expect(bench.list({ pattern: { steps: 1_000_000_000, matches: () => true } })).toEqual([]);
  expect(bench.list({ pattern: { steps: 1000, matches: () => true } })).toEqual(["an-id"]);
});

/** As many as there may be at most; `openCount` of them are ongoing. */
function manyTransactions(openCount: number, lastUpdateTimestampMs: number): Transaction[] {
  return Array.from({ length: MAX_TRANSACTIONAL_IDS }, (_, index) => ({
    transactionalId: `id-${index}`,
    producerId: index,
    previousProducerId: index,
    nextProducerId: -1,
    producerEpoch: 0,
    lastProducerEpoch: -1,
    timeoutMs: 900_000,
    state: index < openCount ? ("Ongoing" as const) : ("Empty" as const),
    partitions: NO_PARTITIONS,
    startTimestampMs: Date.UTC(2026, 0, 1),
    lastUpdateTimestampMs,
    clientTransactionVersion: 2,
  }));
}

test("where there are too many ids, those unused for longest go", () => {
  const bench = new Bench({ transactions: manyTransactions(1, Date.UTC(2026, 0, 1)) });
  bench.clock.advance(60_000);
  expect(bench.init("one-more").error).toBe("NONE");
  expect(bench.list().length).toBeLessThanOrEqual(MAX_TRANSACTIONAL_IDS);
  expect(bench.state("id-0")?.state).toBe("Ongoing");
  expect(bench.state("id-1")).toBeNull();
  expect(bench.state("one-more")?.state).toBe("Empty");
});

test("an id used a moment ago is not forgotten for another, which has to wait", () => {
  const clock = new ManualClock();
  const count = MAX_TRANSACTIONAL_IDS;
  const bench = new Bench({ transactions: manyTransactions(count - 1, clock.nowMs()) });
  const youngest = `id-${count - 1}`;
  expect(bench.init("one-more").error).toBe("COORDINATOR_LOAD_IN_PROGRESS");
  expect(bench.init("another").error).toBe("COORDINATOR_LOAD_IN_PROGRESS");
  expect(bench.coordinator.count).toBe(count);
  // Ids that are known go on.
  expect(bench.init(youngest).error).toBe("NONE");
  bench.clock.advance(59_000);
  expect(bench.init("one-more").error).toBe("COORDINATOR_LOAD_IN_PROGRESS");
  expect(bench.state(youngest)?.state).toBe("Empty");
  bench.clock.advance(2000);
  expect(bench.init("one-more").error).toBe("NONE");
  expect(bench.state(youngest)).toBeNull();
  expect(bench.coordinator.count).toBe(count);
});

test("a log that refuses a record leaves everything as it was", () => {
  const bench = new Bench({ refuseOneIn: 1 });
  expect(bench.init("x").error).toBe("UNKNOWN_SERVER_ERROR");
  expect(bench.list()).toEqual([]);
});
