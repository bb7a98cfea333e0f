import { describe, expect, test } from "bun:test";
import {
  NO_PARTITIONS,
  type Transaction,
  type TransactionState,
  withPartitions,
} from "../../../src/coordinators/transactions/transaction.ts";
import {
  completed,
  type Decision,
  decideAdd,
  decideEnd,
  decideFence,
  decideInit,
  type Now,
  type Outcome,
  producerAfter,
} from "../../../src/coordinators/transactions/transitions.ts";
import { errorName } from "../../../src/kafka/wire/generated/errors.ts";

const NOW: Now = { nowMs: 5000, transactionVersion: 2, freshProducerId: null };
const FRESH: Now = { ...NOW, freshProducerId: 99 };
const ONE = withPartitions(NO_PARTITIONS, [{ topic: "t", partition: 0 }]);

function transaction(state: TransactionState, more: Partial<Transaction> = {}): Transaction {
  return {
    transactionalId: "x",
    producerId: 7,
    previousProducerId: 6,
    nextProducerId: -1,
    producerEpoch: 5,
    lastProducerEpoch: -1,
    timeoutMs: 1000,
    state,
    partitions: state === "Empty" || state.startsWith("Complete") ? NO_PARTITIONS : ONE,
    startTimestampMs: 4000,
    lastUpdateTimestampMs: 4000,
    clientTransactionVersion: 2,
    ...more,
  };
}

/** A decision in one line. */
function shown(decision: Decision): string {
  switch (decision.kind) {
    case "refuse":
      return errorName(decision.error);
    case "write":
      return `${decision.next.state} ${decision.next.producerId}/${decision.next.producerEpoch}`;
    default:
      return decision.kind;
  }
}

function init(current: Transaction | null, expected: [number, number] | null, now = NOW): string {
  const producer = expected === null ? null : { producerId: expected[0], producerEpoch: expected[1] };
  return shown(decideInit(current, { transactionalId: "x", timeoutMs: 2000, expected: producer }, now));
}

function end(
  current: Transaction | null,
  epoch: number,
  outcome: Outcome,
  version: number,
  now = NOW,
): string {
  const request = { producerId: 7, producerEpoch: epoch, outcome, clientTransactionVersion: version };
  return shown(decideEnd(current, request, now));
}

describe("a producer that begins", () => {
  test("gets a new id, epoch 0", () => {
    expect(init(null, null)).toBe("need-producer-id");
    expect(init(null, null, FRESH)).toBe("Empty 99/0");
    expect(init(null, [3, 4], FRESH)).toBe("Empty 99/0");
  });

  test("gets the next epoch of an id that is at rest", () => {
    for (const state of ["Empty", "CompleteCommit", "CompleteAbort"] as const) {
      expect(init(transaction(state), null)).toBe("Empty 7/6");
    }
  });

  test("waits for a transaction that is ending, and ends one that is not", () => {
    expect(init(transaction("PrepareCommit"), null)).toBe("CONCURRENT_TRANSACTIONS");
    expect(init(transaction("PrepareAbort"), null)).toBe("CONCURRENT_TRANSACTIONS");
    expect(init(transaction("Ongoing"), null)).toBe("PrepareAbort 7/6");
  });

  test("takes its timeout with it, and empties the id", () => {
    const decision = decideInit(
      transaction("CompleteCommit"),
      { transactionalId: "x", timeoutMs: 2000, expected: null },
      NOW,
    );
    expect(decision).toMatchObject({
      next: { timeoutMs: 2000, startTimestampMs: -1, lastUpdateTimestampMs: 5000, lastProducerEpoch: -1 },
    });
  });

  test("gets another id where the epochs are used up", () => {
    const last = transaction("CompleteCommit", { producerEpoch: 0x7ffe });
    expect(init(last, null)).toBe("need-producer-id");
    expect(init(last, null, FRESH)).toBe("Empty 99/0");
    expect(init(transaction("Ongoing", { producerEpoch: 0x7ffe }), null, FRESH)).toBe("PrepareAbort 7/32767");
    expect(init(transaction("CompleteAbort", { producerEpoch: 0x7fff }), null, FRESH)).toBe("Empty 99/0");
  });
});

describe("a producer that says who it is (KIP-360)", () => {
  const current = transaction("CompleteCommit", { lastProducerEpoch: 4 });

  test("goes on where nobody came between", () => {
    expect(init(current, [7, 5])).toBe("Empty 7/6");
    const next = decideInit(
      current,
      { transactionalId: "x", timeoutMs: 1, expected: { producerId: 7, producerEpoch: 5 } },
      NOW,
    );
    expect(next).toMatchObject({ next: { lastProducerEpoch: 5 } });
  });

  test("gets the same answer where it asks again", () => {
    expect(init(current, [7, 4])).toBe("Empty 7/5");
  });

  test("is fenced otherwise", () => {
    expect(init(current, [7, 3])).toBe("PRODUCER_FENCED");
    expect(init(current, [7, 6])).toBe("PRODUCER_FENCED");
    expect(init(current, [8, 5])).toBe("PRODUCER_FENCED");
    expect(init(current, [6, 5])).toBe("PRODUCER_FENCED");
    expect(init(transaction("Empty"), [7, -2])).toBe("PRODUCER_FENCED");
  });

  test("hears of the id that took the place of its own, whose epochs were used up", () => {
    const rotated = transaction("Empty", { producerEpoch: 0, lastProducerEpoch: 0x7ffe });
    expect(init(rotated, [6, 0x7ffe])).toBe("Empty 7/0");
    expect(init(rotated, [6, 0x7ffd])).toBe("PRODUCER_FENCED");
  });
});

describe("partitions", () => {
  const add = (current: Transaction | null, producerId: number, producerEpoch: number, partition = 1) =>
    decideAdd(
      current,
      { producerId, producerEpoch, partitions: [{ topic: "t", partition }], clientTransactionVersion: 2 },
      NOW,
    );

  test("begin a transaction and join it", () => {
    for (const state of ["Empty", "CompleteCommit", "CompleteAbort"] as const) {
      expect(add(transaction(state), 7, 5)).toMatchObject({
        next: { state: "Ongoing", startTimestampMs: 5000, partitions: new Map([["t", new Set([1])]]) },
      });
    }
    expect(add(transaction("Ongoing"), 7, 5)).toMatchObject({
      next: { state: "Ongoing", startTimestampMs: 4000, partitions: new Map([["t", new Set([0, 1])]]) },
    });
    expect(shown(add(transaction("Ongoing"), 7, 5, 0))).toBe("repeat");
  });

  test("are refused to others, and while the transaction before ends", () => {
    expect(shown(add(null, 7, 5))).toBe("INVALID_PRODUCER_ID_MAPPING");
    expect(shown(add(transaction("Empty"), 8, 5))).toBe("INVALID_PRODUCER_ID_MAPPING");
    expect(shown(add(transaction("Empty"), 7, 4))).toBe("PRODUCER_FENCED");
    expect(shown(add(transaction("Empty"), 7, 6))).toBe("PRODUCER_FENCED");
    expect(shown(add(transaction("PrepareCommit"), 7, 5))).toBe("CONCURRENT_TRANSACTIONS");
    expect(shown(add(transaction("PrepareAbort"), 7, 5))).toBe("CONCURRENT_TRANSACTIONS");
  });
});

describe("the end, up to transaction version 1", () => {
  const OLD = { clientTransactionVersion: 0 };
  const cases: readonly [TransactionState, string, string][] = [
    ["Empty", "INVALID_TXN_STATE", "INVALID_TXN_STATE"],
    ["Ongoing", "PrepareCommit 7/5", "PrepareAbort 7/5"],
    ["PrepareCommit", "CONCURRENT_TRANSACTIONS", "INVALID_TXN_STATE"],
    ["PrepareAbort", "INVALID_TXN_STATE", "CONCURRENT_TRANSACTIONS"],
    ["CompleteCommit", "repeat", "INVALID_TXN_STATE"],
    ["CompleteAbort", "INVALID_TXN_STATE", "repeat"],
  ];
  for (const [state, commit, abort] of cases) {
    test(`of ${state}`, () => {
      expect(end(transaction(state, OLD), 5, "commit", 0)).toBe(commit);
      expect(end(transaction(state, OLD), 5, "abort", 0)).toBe(abort);
      expect(end(transaction(state, OLD), 4, "commit", 0)).toBe("PRODUCER_FENCED");
      expect(end(transaction(state, OLD), 6, "abort", 0)).toBe("PRODUCER_FENCED");
    });
  }

  test("of an id that nobody knows", () => {
    expect(end(null, 5, "commit", 0)).toBe("INVALID_PRODUCER_ID_MAPPING");
    expect(end(transaction("Ongoing", { producerId: 8 }), 5, "commit", 0)).toBe(
      "INVALID_PRODUCER_ID_MAPPING",
    );
  });
});

describe("the end from transaction version 2 on", () => {
  const CONCURRENT = "CONCURRENT_TRANSACTIONS";
  // By state: commit and abort with the current epoch, and with the one before, as a request sent again has it.
  const cases: readonly [TransactionState, string, string, string, string][] = [
    ["Empty", "INVALID_TXN_STATE", "PrepareAbort 7/6", "PRODUCER_FENCED", "PRODUCER_FENCED"],
    ["Ongoing", "PrepareCommit 7/6", "PrepareAbort 7/6", "PRODUCER_FENCED", "PRODUCER_FENCED"],
    // The current epoch is that of the next transaction: its end comes before the last one's markers are written.
    ["PrepareCommit", CONCURRENT, CONCURRENT, CONCURRENT, "INVALID_TXN_STATE"],
    ["PrepareAbort", CONCURRENT, CONCURRENT, "INVALID_TXN_STATE", CONCURRENT],
    ["CompleteCommit", "INVALID_TXN_STATE", "PrepareAbort 7/6", "repeat", "INVALID_TXN_STATE"],
    ["CompleteAbort", "INVALID_TXN_STATE", "PrepareAbort 7/6", "INVALID_TXN_STATE", "repeat"],
  ];
  for (const [state, commit, abort, commitAgain, abortAgain] of cases) {
    test(`of ${state}`, () => {
      expect(end(transaction(state), 5, "commit", 2)).toBe(commit);
      expect(end(transaction(state), 5, "abort", 2)).toBe(abort);
      expect(end(transaction(state), 4, "commit", 2)).toBe(commitAgain);
      expect(end(transaction(state), 4, "abort", 2)).toBe(abortAgain);
      expect(end(transaction(state), 3, "commit", 2)).toBe("PRODUCER_FENCED");
      expect(end(transaction(state), 6, "abort", 2)).toBe("PRODUCER_FENCED");
    });
  }

  test("an abort of nothing has a start of its own", () => {
    const request = {
      producerId: 7,
      producerEpoch: 5,
      outcome: "abort",
      clientTransactionVersion: 2,
    } as const;
    expect(decideEnd(transaction("Empty", { startTimestampMs: -1 }), request, NOW)).toMatchObject({
      next: { startTimestampMs: 5000, lastProducerEpoch: 5 },
    });
  });

  test("of the last epoch goes on under another id, also where the answer was lost", () => {
    const last = transaction("Ongoing", { producerEpoch: 0x7ffe });
    expect(end(last, 0x7ffe, "commit", 2)).toBe("need-producer-id");
    const request = { producerId: 7, producerEpoch: 0x7ffe, outcome: "commit" } as const;
    const decision = decideEnd(last, { ...request, clientTransactionVersion: 2 }, FRESH);
    expect(shown(decision)).toBe("PrepareCommit 7/32767");
    if (decision.kind !== "write") throw new Error("nothing was written");
    expect(producerAfter(decision.next)).toEqual({ producerId: 99, producerEpoch: 0 });
    const done = completed(decision.next, NOW);
    expect(done).toMatchObject({
      state: "CompleteCommit",
      producerId: 99,
      producerEpoch: 0,
      nextProducerId: -1,
    });
    expect(end(done, 0x7ffe, "commit", 2)).toBe("repeat");
    expect(end(done, 0x7ffe, "abort", 2)).toBe("INVALID_TXN_STATE");
  });
});

describe("what nobody asked to end", () => {
  test("is aborted under the next epoch", () => {
    expect(shown(decideFence(transaction("Ongoing"), NOW))).toBe("PrepareAbort 7/6");
    expect(shown(decideFence(transaction("Ongoing"), { ...NOW, transactionVersion: 1 }))).toBe(
      "PrepareAbort 7/6",
    );
    expect(shown(decideFence(transaction("Ongoing", { producerEpoch: 0x7fff }), FRESH))).toBe(
      "PrepareAbort 7/32767",
    );
    expect(shown(decideFence(transaction("PrepareCommit"), NOW))).toBe("INVALID_TXN_STATE");
  });

  test("its producer may come back after that, another may not", () => {
    const decision = decideFence(transaction("Ongoing"), NOW);
    if (decision.kind !== "write") throw new Error("nothing was written");
    const done = completed(decision.next, NOW);
    expect(init(done, [7, 5])).toBe("Empty 7/6");
    expect(init(done, [7, 4])).toBe("PRODUCER_FENCED");
  });
});

test("a clock that is set back does not make an id look unused", () => {
  expect(completed(transaction("PrepareCommit"), { ...NOW, nowMs: 10 }).lastUpdateTimestampMs).toBe(4000);
});
