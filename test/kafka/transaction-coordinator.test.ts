import { describe, expect, test } from "bun:test";
import type { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { SimulatedDisk as Disk } from "../../src/io/simulated/disk.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import {
  ADD_PARTITIONS_TO_TXN_REQUEST,
  DEFAULT_ADD_PARTITIONS_TO_TXN_REQUEST,
} from "../../src/kafka/wire/generated/add-partitions-to-txn-request.ts";
import { ADD_PARTITIONS_TO_TXN_RESPONSE } from "../../src/kafka/wire/generated/add-partitions-to-txn-response.ts";
import { DESCRIBE_TRANSACTIONS_REQUEST } from "../../src/kafka/wire/generated/describe-transactions-request.ts";
import { DESCRIBE_TRANSACTIONS_RESPONSE } from "../../src/kafka/wire/generated/describe-transactions-response.ts";
import { ERROR, errorName } from "../../src/kafka/wire/generated/errors.ts";
import {
  DEFAULT_FIND_COORDINATOR_REQUEST,
  FIND_COORDINATOR_REQUEST,
} from "../../src/kafka/wire/generated/find-coordinator-request.ts";
import { FIND_COORDINATOR_RESPONSE } from "../../src/kafka/wire/generated/find-coordinator-response.ts";
import {
  DEFAULT_INIT_PRODUCER_ID_REQUEST,
  INIT_PRODUCER_ID_REQUEST,
} from "../../src/kafka/wire/generated/init-producer-id-request.ts";
import { INIT_PRODUCER_ID_RESPONSE } from "../../src/kafka/wire/generated/init-producer-id-response.ts";
import { LIST_TRANSACTIONS_REQUEST } from "../../src/kafka/wire/generated/list-transactions-request.ts";
import { LIST_TRANSACTIONS_RESPONSE } from "../../src/kafka/wire/generated/list-transactions-response.ts";
import { Gateway } from "./support/door.ts";
import {
  type Asks,
  committedOffset,
  readCommitted,
  TransactionalClient,
} from "./support/transactional-client.ts";

async function gatewayWith(...topics: readonly string[]): Promise<Gateway> {
  const gateway = await Gateway.open();
  makeTopics(gateway, topics);
  await gateway.clock.settleAll();
  return gateway;
}

function makeTopics(gateway: Gateway, topics: readonly string[], durability = "disk"): void {
  const configs = new Map([["durability", durability]]);
  for (const name of topics) gateway.broker.createTopic({ name, partitionCount: 2, configs }, () => {});
}

async function producerOf(gateway: Gateway, transactionalId: string): Promise<TransactionalClient> {
  const producer = new TransactionalClient(await gateway.connect(), transactionalId);
  for (let tries = 0; tries < 50; tries += 1) {
    const error = await producer.init();
    if (error === "NONE") return producer;
    gateway.clock.advance(100);
    await gateway.clock.settleAll();
  }
  throw new Error(`${transactionalId} gets no producer`);
}

function list(client: Asks, filter: object = {}, version = 2) {
  const request = {
    stateFilters: [],
    producerIdFilters: [],
    durationFilter: -1,
    transactionalIdPattern: null,
  };
  return client.ask(
    LIST_TRANSACTIONS_REQUEST,
    LIST_TRANSACTIONS_RESPONSE,
    { ...request, ...filter },
    version,
  );
}

describe("a transaction", () => {
  test("by a client that adds partitions itself: what it wrote and consumed counts together", async () => {
    const gateway = await gatewayWith("in", "out");
    const producer = await producerOf(gateway, "x");
    expect(await producer.produce("out", 0, "early", 9)).toBe("INVALID_TXN_STATE");
    expect(await producer.add("out", [0, 1])).toEqual(["NONE", "NONE"]);
    expect(await producer.produce("out", 0, "a", 9)).toBe("NONE");
    expect(await producer.produce("out", 1, "b", 9)).toBe("NONE");
    expect(await producer.addOffsets("g")).toBe("NONE");
    expect(await producer.commitOffset("g", "in", 7, 3)).toBe("NONE");
    expect(await readCommitted(producer.client, "out", 0)).toEqual([]);
    expect(await committedOffset(producer.client, "g", "in")).toBe("UNSTABLE_OFFSET_COMMIT");
    expect(await producer.end(true, 4)).toBe("NONE");
    expect(await readCommitted(producer.client, "out", 0)).toEqual(["a"]);
    expect(await readCommitted(producer.client, "out", 1)).toEqual(["b"]);
    expect(await committedOffset(producer.client, "g", "in")).toBe(7);
    expect(await producer.end(true, 4)).toBe("NONE");
    expect(await producer.end(false, 4)).toBe("INVALID_TXN_STATE");
  });

  test("by a client that just writes (KIP-890): its epoch moves on with every end", async () => {
    const gateway = await gatewayWith("in", "out");
    const producer = await producerOf(gateway, "x");
    const { producerId } = producer.producer;
    expect(await producer.produce("out", 0, "a")).toBe("NONE");
    expect(await producer.commitOffset("g", "in", 1)).toBe("NONE");
    expect(await producer.end(true)).toBe("NONE");
    expect(producer.producer).toEqual({ producerId, producerEpoch: 1 });
    expect(await producer.produce("out", 0, "b")).toBe("NONE");
    expect(await producer.commitOffset("g", "in", 2)).toBe("NONE");
    expect(await producer.end(false)).toBe("NONE");
    expect(producer.producer).toEqual({ producerId, producerEpoch: 2 });
    expect(await producer.end(false)).toBe("NONE");
    expect(producer.producer).toEqual({ producerId, producerEpoch: 3 });
    expect(await producer.produce("out", 0, "c")).toBe("NONE");
    expect(await producer.end(true)).toBe("NONE");
    expect(await readCommitted(producer.client, "out", 0)).toEqual(["a", "c"]);
    expect(await committedOffset(producer.client, "g", "in")).toBe(1);
  });

  test("of a producer that was replaced comes to nothing, and its epoch is told by version", async () => {
    const gateway = await gatewayWith("out");
    const zombie = await producerOf(gateway, "x");
    expect(await zombie.produce("out", 0, "old")).toBe("NONE");
    const next = await producerOf(gateway, "x");
    expect(next.producer.producerEpoch).toBe(2);
    expect(await zombie.produce("out", 0, "older")).toBe("INVALID_PRODUCER_EPOCH");
    for (const version of [0, 1, 2, 3, 4]) {
      const fenced = version < 2 ? "INVALID_PRODUCER_EPOCH" : "PRODUCER_FENCED";
      expect(await zombie.end(true, version)).toBe(fenced);
      expect(await zombie.addOffsets("g", version)).toBe(fenced);
      if (version < 4) expect(await zombie.add("out", [0], version)).toEqual([fenced]);
    }
    expect(await zombie.end(true)).toBe("PRODUCER_FENCED");
    for (const version of [3, 4, 5]) {
      const fenced = version < 4 ? "INVALID_PRODUCER_EPOCH" : "PRODUCER_FENCED";
      expect(await zombie.init(version, zombie.producer)).toBe(fenced);
    }
    expect(await next.produce("out", 0, "new")).toBe("NONE");
    expect(await next.end(true)).toBe("NONE");
    expect(await readCommitted(next.client, "out", 0)).toEqual(["new"]);
  });

  test("that takes too long is aborted, and readers go on", async () => {
    const gateway = await gatewayWith("out");
    const slow = await producerOf(gateway, "slow");
    const other = await producerOf(gateway, "other");
    await slow.produce("out", 0, "lost");
    await other.produce("out", 0, "kept");
    expect(await other.end(true)).toBe("NONE");
    expect(await readCommitted(other.client, "out", 0)).toEqual([]);
    gateway.clock.advance(10_001);
    await gateway.clock.settleAll();
    expect(await readCommitted(other.client, "out", 0)).toEqual(["kept"]);
    expect(await slow.end(true)).toBe("INVALID_TXN_STATE");
  });

  test("over a topic that is deleted meanwhile ends in the others", async () => {
    const gateway = await gatewayWith("kept", "deleted");
    const producer = await producerOf(gateway, "x");
    await producer.produce("kept", 0, "a");
    await producer.produce("deleted", 0, "b");
    gateway.broker.deleteTopic("deleted", () => {});
    await gateway.clock.settleAll();
    expect(await producer.end(true)).toBe("NONE");
    expect(await readCommitted(producer.client, "kept", 0)).toEqual(["a"]);
    const states = (await list(producer.client)).transactionStates;
    expect(states.map(({ transactionState }) => transactionState)).toEqual(["CompleteCommit"]);
  });
});

test("a transaction whose coordinator's log is lost is aborted at the next start, and readers go on", async () => {
  const gateway = await gatewayWith("out");
  const producer = await producerOf(gateway, "x");
  await producer.produce("out", 0, "lost");
  await producer.commitOffset("g", "out", 5);
  gateway.broker.deleteTopic("__transaction_state", () => {});
  await gateway.clock.settleAll();
  // Another seed, or the topic that is made anew would get an id that there is already.
  const broker = { random: new SeededRandom(12) };
  const after = await Gateway.open({ disk: gateway.disk.crash("everything"), broker });
  await after.clock.settleAll();
  const next = await producerOf(after, "x");
  expect(await readCommitted(next.client, "out", 0)).toEqual([]);
  expect(await committedOffset(next.client, "g", "out")).toBe(-1);
  expect(await next.produce("out", 0, "kept")).toBe("NONE");
  expect(await next.end(true)).toBe("NONE");
  expect(await readCommitted(next.client, "out", 0)).toEqual(["kept"]);
});

describe("InitProducerId", () => {
  const ask = async (client: Asks, fields: object, version = 5) => {
    const request = { ...DEFAULT_INIT_PRODUCER_ID_REQUEST, transactionTimeoutMs: 1000, ...fields };
    const answer = await client.ask(INIT_PRODUCER_ID_REQUEST, INIT_PRODUCER_ID_RESPONSE, request, version);
    return [errorName(answer.errorCode), answer.producerId, answer.producerEpoch];
  };

  test("in every version, with and without a transactional id", async () => {
    const client = await (await Gateway.open()).connect();
    for (let version = 0; version <= 5; version += 1) {
      expect(await ask(client, { transactionalId: "x" }, version)).toEqual(["NONE", 0, version]);
    }
    for (let version = 0; version <= 5; version += 1) {
      expect(await ask(client, { transactionalId: null }, version)).toEqual(["NONE", 1 + version, 0]);
    }
  });

  test("refuses what makes no sense", async () => {
    const client = await (await Gateway.open()).connect();
    const id = { transactionalId: "x" };
    expect(await ask(client, { transactionalId: "" })).toEqual(["INVALID_REQUEST", -1, -1]);
    expect(await ask(client, { ...id, transactionTimeoutMs: 0 })).toEqual([
      "INVALID_TRANSACTION_TIMEOUT",
      -1,
      -1,
    ]);
    expect(await ask(client, { ...id, producerId: 4 })).toEqual(["INVALID_REQUEST", -1, -1]);
    expect(await ask(client, { ...id, producerEpoch: 4 })).toEqual(["INVALID_REQUEST", -1, -1]);
    expect(await ask(client, id)).toEqual(["NONE", 0, 0]);
    const huge = { ...id, producerId: 2n ** 62n, producerEpoch: 0 };
    expect(await ask(client, huge)).toEqual(["PRODUCER_FENCED", -1, -1]);
  });
});

describe("AddPartitionsToTxn", () => {
  test("keeps all partitions out where one does not exist", async () => {
    const gateway = await gatewayWith("out");
    const producer = await producerOf(gateway, "x");
    for (const version of [0, 1, 2, 3]) {
      expect(await producer.add("out", [0, 9], version)).toEqual([
        "OPERATION_NOT_ATTEMPTED",
        "UNKNOWN_TOPIC_OR_PARTITION",
      ]);
      expect(await producer.add("out", [1], version)).toEqual(["NONE"]);
    }
  });

  test("as brokers send it: several transactions, some to be verified only", async () => {
    const gateway = await gatewayWith("out");
    const one = await producerOf(gateway, "one");
    const two = await producerOf(gateway, "two");
    const topics = [{ name: "out", partitions: [0, 1] }];
    for (const version of [4, 5]) {
      const request = {
        ...DEFAULT_ADD_PARTITIONS_TO_TXN_REQUEST,
        transactions: [
          { transactionalId: "one", ...one.producer, verifyOnly: false, topics },
          { transactionalId: "one", ...one.producer, verifyOnly: true, topics },
          { transactionalId: "two", ...two.producer, verifyOnly: true, topics },
          { transactionalId: "three", ...two.producer, verifyOnly: true, topics },
          { transactionalId: "", ...two.producer, verifyOnly: false, topics },
        ],
      };
      const answer = await one.client.ask(
        ADD_PARTITIONS_TO_TXN_REQUEST,
        ADD_PARTITIONS_TO_TXN_RESPONSE,
        request,
        version,
      );
      const errors = answer.resultsByTransaction.map(({ topicResults }) =>
        topicResults[0]?.resultsByPartition.map(({ partitionErrorCode }) => errorName(partitionErrorCode)),
      );
      expect(errors).toEqual([
        ["NONE", "NONE"],
        ["NONE", "NONE"],
        ["TRANSACTION_ABORTABLE", "TRANSACTION_ABORTABLE"],
        ["INVALID_PRODUCER_ID_MAPPING", "INVALID_PRODUCER_ID_MAPPING"],
        ["INVALID_REQUEST", "INVALID_REQUEST"],
      ]);
    }
  });
});

describe("what operators see", () => {
  test("transactions by state, producer and pattern", async () => {
    const gateway = await gatewayWith("out");
    const one = await producerOf(gateway, "pay-1");
    await producerOf(gateway, "pay-2");
    await one.produce("out", 0, "a");
    const ids = async (filter: object, version = 2) =>
      (await list(one.client, filter, version)).transactionStates.map(
        ({ transactionalId }) => transactionalId,
      );
    for (const version of [0, 1, 2]) expect((await ids({}, version)).sort()).toEqual(["pay-1", "pay-2"]);
    expect(await ids({ stateFilters: ["Ongoing"] })).toEqual(["pay-1"]);
    expect(await ids({ producerIdFilters: [one.producer.producerId] })).toEqual(["pay-1"]);
    expect(await ids({ durationFilter: 60_000 })).toEqual(["pay-2"]);
    expect(await ids({ transactionalIdPattern: "pay-[23]" })).toEqual(["pay-2"]);
    expect(await ids({ transactionalIdPattern: "pay" })).toEqual([]);
    for (const transactionalIdPattern of ["(", "(?=pay)", "p".repeat(3000), "(?:a{500}){20}"]) {
      const answer = await list(one.client, { transactionalIdPattern });
      expect(answer.errorCode).toBe(ERROR.INVALID_REGULAR_EXPRESSION);
    }
    const unknown = await list(one.client, { stateFilters: ["Ongoing", "Nonsense", "Dead"] });
    expect(unknown.unknownStateFilters).toEqual(["Nonsense"]);
  });

  test("one transaction, and that there is none", async () => {
    const gateway = await gatewayWith("out");
    const producer = await producerOf(gateway, "x");
    await producer.produce("out", 1, "a");
    const answer = await producer.client.ask(
      DESCRIBE_TRANSACTIONS_REQUEST,
      DESCRIBE_TRANSACTIONS_RESPONSE,
      { transactionalIds: ["x", "y", ""] },
      0,
    );
    expect(answer.transactionStates).toMatchObject([
      {
        errorCode: ERROR.NONE,
        transactionalId: "x",
        transactionState: "Ongoing",
        transactionTimeoutMs: 10_000,
        transactionStartTimeMs: gateway.clock.nowMs(),
        ...producer.producer,
        topics: [{ topic: "out", partitions: [1] }],
      },
      { errorCode: ERROR.TRANSACTIONAL_ID_NOT_FOUND, transactionalId: "y", transactionState: "" },
      { errorCode: ERROR.INVALID_REQUEST, transactionalId: "" },
    ]);
  });

  test("the coordinator of every id is here", async () => {
    const client = await (await Gateway.open()).connect();
    for (let version = 1; version <= 6; version += 1) {
      const keys = version < 4 ? { key: "x" } : { coordinatorKeys: ["x"] };
      const request = { ...DEFAULT_FIND_COORDINATOR_REQUEST, keyType: 1, ...keys };
      const answer = await client.ask(FIND_COORDINATOR_REQUEST, FIND_COORDINATOR_RESPONSE, request, version);
      const found = version < 4 ? answer : answer.coordinators[0];
      expect(found).toMatchObject({ errorCode: 0, nodeId: 1, host: "127.0.0.1", port: 9092 });
    }
  });
});

const SLOW_MS = 60_000;

describe("a power cut at any write or sync", () => {
  /** The disk as the cut leaves it, and what was answered by then. */
  interface Cut {
    readonly disk: SimulatedDisk;
    readonly acked: readonly string[];
  }

  /** Transactions over two partitions and a group's offset; cuts at every `each`-th operation of the disk. */
  async function cutsOf(seed: number, each: number, durability = "disk"): Promise<Cut[]> {
    const acked: string[] = [];
    const cuts: Cut[] = [];
    let operations = 0;
    let watching = false;
    const disk: SimulatedDisk = new Disk({
      seed,
      onOperation: () => {
        if (!watching) return;
        operations += 1;
        if (operations % each !== 0) return;
        watching = false;
        const mode = operations % 2 === 0 ? "pages" : "sectors";
        cuts.push({ disk: disk.crash(mode, seed + operations), acked: [...acked] });
        watching = true;
      },
    });
    const gateway = await Gateway.open({ disk });
    makeTopics(gateway, ["out"], durability);
    await gateway.clock.settleAll();
    const producer = await producerOf(gateway, "x");
    watching = true;
    for (let round = 1; round <= 6; round += 1) {
      await producer.produce("out", 0, `r${round}`);
      await producer.produce("out", 1, `r${round}`);
      await producer.commitOffset("g", "out", round);
      const commits = round % 3 !== 0;
      if ((await producer.end(commits)) === "NONE" && commits) acked.push(`r${round}`);
    }
    watching = false;
    return cuts;
  }

  test("leaves each transaction whole or absent, and none open", wholeOrAbsent, SLOW_MS);

  async function wholeOrAbsent(): Promise<void> {
    let cutCount = 0;
    for (let seed = 1; seed <= 4; seed += 1) {
      for (const { disk, acked } of await cutsOf(seed, 11)) {
        cutCount += 1;
        const gateway = await Gateway.open({ disk });
        await gateway.clock.settleAll();
        gateway.clock.advance(11_000);
        await gateway.clock.settleAll();
        const client = await gateway.connect();
        const [zero, one] = [await readCommitted(client, "out", 0), await readCommitted(client, "out", 1)];
        expect(one).toEqual(zero);
        expect(zero.slice(0, acked.length)).toEqual([...acked]);
        expect(zero.length).toBeLessThanOrEqual(acked.length + 1);
        const last = zero.at(-1);
        const offset = await committedOffset(client, "g", "out");
        expect(offset).toBe(last === undefined ? -1 : Number(last.slice(1)));
        for (const state of (await list(client)).transactionStates) {
          expect(["Empty", "CompleteCommit", "CompleteAbort"]).toContain(state.transactionState);
        }
        for (const partition of [0, 1]) {
          const log = gateway.broker.partition("out", partition)?.log;
          expect(log?.lastStableOffset).toBe(log?.highWatermark as never);
        }
      }
    }
    expect(cutCount).toBeGreaterThan(30);
  }

  test("leaves none open in topics that wait for no disk either", noneOpen, SLOW_MS);

  async function noneOpen(): Promise<void> {
    for (let seed = 1; seed <= 3; seed += 1) {
      for (const { disk } of await cutsOf(seed, 11, "memory")) {
        const gateway = await Gateway.open({ disk });
        await gateway.clock.settleAll();
        gateway.clock.advance(11_000);
        await gateway.clock.settleAll();
        for (const partition of [0, 1]) {
          const log = gateway.broker.partition("out", partition)?.log;
          expect(log?.lastStableOffset).toBe(log?.highWatermark as never);
        }
      }
    }
  }
});
