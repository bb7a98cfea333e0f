import {
  ADD_PARTITIONS_TO_TXN_REQUEST,
  DEFAULT_ADD_PARTITIONS_TO_TXN_REQUEST,
} from "../../../src/kafka/wire/generated/add-partitions-to-txn-request.ts";
import { ADD_PARTITIONS_TO_TXN_RESPONSE } from "../../../src/kafka/wire/generated/add-partitions-to-txn-response.ts";
import { DESCRIBE_TRANSACTIONS_REQUEST } from "../../../src/kafka/wire/generated/describe-transactions-request.ts";
import { DESCRIBE_TRANSACTIONS_RESPONSE } from "../../../src/kafka/wire/generated/describe-transactions-response.ts";
import { errorName } from "../../../src/kafka/wire/generated/errors.ts";
import {
  DEFAULT_INIT_PRODUCER_ID_REQUEST,
  INIT_PRODUCER_ID_REQUEST,
} from "../../../src/kafka/wire/generated/init-producer-id-request.ts";
import { INIT_PRODUCER_ID_RESPONSE } from "../../../src/kafka/wire/generated/init-producer-id-response.ts";
import { LIST_TRANSACTIONS_REQUEST } from "../../../src/kafka/wire/generated/list-transactions-request.ts";
import { LIST_TRANSACTIONS_RESPONSE } from "../../../src/kafka/wire/generated/list-transactions-response.ts";
import {
  type Asks,
  committedOffset,
  type Producer,
  readCommitted,
  TransactionalClient,
} from "./transactional-client.ts";

/** Topics that every script finds, with two partitions each. */
export const SCRIPT_TOPICS: readonly string[] = ["one", "two", "in"];

/** What a broker answered, line by line; producers by the order in which they came up. */
export class Script {
  readonly client: Asks;
  readonly lines: string[] = [];
  readonly #producerIds: (number | bigint)[] = [];

  constructor(client: Asks) {
    this.client = client;
  }

  note(what: string, outcome: unknown): void {
    this.lines.push(`${what}: ${typeof outcome === "string" ? outcome : JSON.stringify(outcome)}`);
  }

  /** A producer's id and epoch as text that is the same on every broker. */
  named(producerId: number | bigint, producerEpoch: number): string {
    if (producerId === -1) return `nobody/${producerEpoch}`;
    if (!this.#producerIds.includes(producerId)) this.#producerIds.push(producerId);
    return `p${this.#producerIds.indexOf(producerId)}/${producerEpoch}`;
  }

  async init(what: string, fields: object, version: number): Promise<Producer> {
    const request = { ...DEFAULT_INIT_PRODUCER_ID_REQUEST, transactionTimeoutMs: 10_000, ...fields };
    for (;;) {
      const answer = await this.client.ask(
        INIT_PRODUCER_ID_REQUEST,
        INIT_PRODUCER_ID_RESPONSE,
        request,
        version,
      );
      const error = errorName(answer.errorCode);
      // How often a client has to ask depends on how quick the broker is.
      if (PASSING.has(error)) await Bun.sleep(20);
      else {
        this.note(`${what} v${version}`, `${error} ${this.named(answer.producerId, answer.producerEpoch)}`);
        return { producerId: Number(answer.producerId), producerEpoch: answer.producerEpoch };
      }
    }
  }

  async producer(transactionalId: string): Promise<TransactionalClient> {
    const producer = new TransactionalClient(this.client, transactionalId, Date.now());
    while (PASSING.has(await producer.init())) await Bun.sleep(20);
    this.note(`${transactionalId} begins`, this.#who(producer));
    return producer;
  }

  /** Ends a transaction, and waits until it is complete. */
  async end(producer: TransactionalClient, commit: boolean, version: number): Promise<void> {
    const error = await producer.end(commit, version);
    this.note(`${commit ? "commit" : "abort"} v${version}`, `${error} ${this.#who(producer)}`);
    await this.settled(producer.transactionalId);
  }

  async settled(transactionalId: string): Promise<void> {
    for (;;) {
      const state = await this.#state(transactionalId);
      if (state === undefined || !state.transactionState.startsWith("Prepare")) return;
      await Bun.sleep(20);
    }
  }

  async describe(transactionalId: string): Promise<void> {
    const state = await this.#state(transactionalId);
    if (state === undefined) return;
    this.note(`describe ${transactionalId}`, {
      ...state,
      transactionStartTimeMs: Number(state.transactionStartTimeMs) > 0,
      producerId: this.named(state.producerId, state.producerEpoch),
      topics: state.topics
        .map(({ topic, partitions }) => `${topic} ${[...partitions].sort().join(" ")}`)
        .sort(),
    });
  }

  async #state(transactionalId: string) {
    const request = { transactionalIds: [transactionalId] };
    const answer = await this.client.ask(
      DESCRIBE_TRANSACTIONS_REQUEST,
      DESCRIBE_TRANSACTIONS_RESPONSE,
      request,
      0,
    );
    return answer.transactionStates[0];
  }

  #who({ producer }: TransactionalClient): string {
    return this.named(producer.producerId, producer.producerEpoch);
  }
}

const PASSING: ReadonlySet<string> = new Set([
  "CONCURRENT_TRANSACTIONS",
  "COORDINATOR_NOT_AVAILABLE",
  "COORDINATOR_LOAD_IN_PROGRESS",
  "NOT_COORDINATOR",
]);

/** Scripts by name: what they note has to be the same from every broker. */
export const TRANSACTION_SCRIPTS: Readonly<Record<string, (script: Script) => Promise<void>>> = {
  "producers begin": begin,
  "producers go on after errors": goOn,
  "ends up to version 4": endsWithoutBump,
  "ends from version 5 on": endsWithBump,
  "partitions that are added": additions,
  "what brokers ask": brokers,
  "offsets and records together": together,
  "producers that were replaced": replaced,
  "time that is over": tooLate,
  "what operators see": operators,
};

async function begin(script: Script): Promise<void> {
  for (let version = 0; version <= 5; version += 1) {
    await script.init("first", { transactionalId: `begin-${version}` }, version);
    await script.init("second", { transactionalId: `begin-${version}` }, version);
    await script.init("none", { transactionalId: null }, version);
    await script.init("empty", { transactionalId: "" }, version);
    await script.init("no time", { transactionalId: "b", transactionTimeoutMs: 0 }, version);
    await script.init("negative time", { transactionalId: "b", transactionTimeoutMs: -1 }, version);
    await script.init("much time", { transactionalId: "b", transactionTimeoutMs: 900_001 }, version);
    await script.init("most time", { transactionalId: "b", transactionTimeoutMs: 900_000 }, version);
    if (version < 3) continue;
    await script.init("id only", { transactionalId: "b", producerId: 5 }, version);
    await script.init("epoch only", { transactionalId: "b", producerEpoch: 5 }, version);
    await script.init("idempotent", { transactionalId: null, producerId: 5, producerEpoch: 1 }, version);
    await script.init(
      "unheard of",
      { transactionalId: `new-${version}`, producerId: 5, producerEpoch: 1 },
      version,
    );
  }
}

async function goOn(script: Script): Promise<void> {
  const id = { transactionalId: "go-on" };
  const first = await script.init("first", id, 5);
  const second = await script.init("goes on", { ...id, ...first }, 5);
  await script.init("asks again", { ...id, ...first }, 5);
  await script.init("asks again, old version", { ...id, ...first }, 3);
  const third = await script.init("goes on", { ...id, ...second }, 5);
  await script.init("too old", { ...id, ...first }, 5);
  await script.init("too old, old version", { ...id, ...first }, 3);
  await script.init("from the future", { ...id, ...third, producerEpoch: 40 }, 5);
  await script.init("somebody else", { ...id, producerId: third.producerId + 100_000, producerEpoch: 0 }, 5);
  await script.init("a new one", id, 5);
  await script.init("after a new one", { ...id, ...third }, 5);
  const producer = await script.producer("go-on-2");
  const before = producer.producer;
  script.note("produce", await producer.produce("one", 0, "a"));
  await script.end(producer, true, 5);
  await script.init("with the epoch before", { transactionalId: "go-on-2", ...before }, 5);
  await script.init("with the epoch after", { transactionalId: "go-on-2", ...producer.producer }, 5);
}

async function endsWithoutBump(script: Script): Promise<void> {
  for (let version = 0; version <= 4; version += 1) {
    const producer = await script.producer(`old-${version}`);
    await script.end(producer, true, version);
    await script.end(producer, false, version);
    script.note("add", await producer.add("one", [0, 1], Math.min(version, 3)));
    await script.describe(`old-${version}`);
    await script.end(producer, true, version);
    await script.end(producer, true, version);
    await script.end(producer, false, version);
    script.note("add", await producer.add("one", [1], Math.min(version, 3)));
    await script.end(producer, false, version);
    await script.end(producer, false, version);
    await script.end(producer, true, version);
    await script.describe(`old-${version}`);
    for (const change of [{ producerEpoch: 7 }, { producerId: 999_999 }]) {
      const other = new TransactionalClient(script.client, producer.transactionalId);
      other.producer = { ...producer.producer, ...change };
      script.note("end by another", await other.end(true, version));
      script.note("add by another", await other.add("one", [0], Math.min(version, 3)));
      script.note("add offsets by another", await other.addOffsets("g", version));
    }
    const unknown = new TransactionalClient(script.client, `nobody-${version}`);
    unknown.producer = producer.producer;
    script.note("end of nothing", await unknown.end(true, version));
    script.note("add to nothing", await unknown.add("one", [0], Math.min(version, 3)));
    const unnamed = new TransactionalClient(script.client, "");
    unnamed.producer = producer.producer;
    script.note("end without an id", await unnamed.end(true, version));
    script.note("add without an id", await unnamed.add("one", [0], Math.min(version, 3)));
    script.note("add offsets without an id", await unnamed.addOffsets("g", version));
  }
}

async function endsWithBump(script: Script): Promise<void> {
  const producer = await script.producer("new");
  const earlier: Producer[] = [];
  for (const commit of [true, false, true, false, false]) {
    earlier.push(producer.producer);
    script.note("produce", await producer.produce("one", 0, "a"));
    await script.end(producer, commit, 5);
    await script.describe("new");
    for (const old of earlier.slice(-2)) {
      for (const again of [true, false]) {
        const retry = new TransactionalClient(script.client, "new");
        retry.producer = old;
        await script.end(retry, again, 5);
      }
    }
    await script.end(producer, true, 5);
    await script.end(producer, false, 5);
    await script.describe("new");
  }
  const empty = await script.producer("empty");
  await script.end(empty, true, 5);
  await script.end(empty, false, 5);
  await script.describe("empty");
}

async function additions(script: Script): Promise<void> {
  const producer = await script.producer("additions");
  for (let version = 0; version <= 3; version += 1) {
    script.note("missing", await producer.add("one", [0, 9], version));
    script.note("missing topic", await producer.add("no-such-topic", [0], version));
    script.note("none", await producer.add("one", [], version));
  }
  script.note("not added", await producer.produce("one", 0, "a", 9));
  script.note("not added, 10", await producer.produce("one", 0, "a", 10));
  script.note("not added, 11", await producer.produce("one", 0, "a", 11));
  script.note("add", await producer.add("one", [0], 3));
  script.note("added", await producer.produce("one", 0, "a", 9));
  script.note("another", await producer.produce("one", 1, "a", 11));
  script.note("offsets", await producer.addOffsets("g", 4));
  script.note("internal", await producer.add("__consumer_offsets", [0], 3));
  await script.describe("additions");
  await script.end(producer, false, 4);
}

async function brokers(script: Script): Promise<void> {
  const producer = await script.producer("brokers");
  const ask = async (version: number, verifyOnly: boolean, partitions: readonly number[], change = {}) => {
    const one = { transactionalId: "brokers", ...producer.producer, verifyOnly, ...change };
    const request = {
      ...DEFAULT_ADD_PARTITIONS_TO_TXN_REQUEST,
      transactions: [{ ...one, topics: [{ name: "one", partitions }] }],
    };
    const answer = await script.client.ask(
      ADD_PARTITIONS_TO_TXN_REQUEST,
      ADD_PARTITIONS_TO_TXN_RESPONSE,
      request,
      version,
    );
    const errors = answer.resultsByTransaction.flatMap(({ topicResults }) =>
      topicResults.flatMap(({ resultsByPartition }) =>
        resultsByPartition.map(({ partitionIndex, partitionErrorCode }) => [
          partitionIndex,
          errorName(partitionErrorCode),
        ]),
      ),
    );
    script.note(`brokers v${version} ${verifyOnly}`, [answer.errorCode, errors.sort()]);
  };
  for (const version of [4, 5]) {
    await ask(version, true, [0]);
    await ask(version, false, [0]);
    await ask(version, true, [0, 1]);
    await ask(version, true, [0, 9]);
    await ask(version, false, [0], { producerEpoch: 30 });
    await ask(version, true, [0], { producerEpoch: 30 });
    await ask(version, true, [0], { producerId: 999_999 });
    await ask(version, false, [0], { transactionalId: "unheard-of" });
    await ask(version, true, [0], { transactionalId: "" });
    await ask(version, false, [0], { transactionalId: "" });
    await script.end(producer, true, 5);
  }
}

async function together(script: Script): Promise<void> {
  for (const [produce, commit, end] of [
    [9, 3, 4],
    [12, 5, 5],
  ] as const) {
    const name = `together-${end}`;
    const producer = await script.producer(name);
    for (let round = 1; round <= 4; round += 1) {
      if (end < 5) {
        script.note("add", await producer.add("two", [0, 1]));
        script.note("add offsets", await producer.addOffsets(name));
      }
      script.note("produce", await producer.produce("two", 0, `${name}/${round}`, produce));
      script.note("produce", await producer.produce("two", 1, `${name}/${round}`, produce));
      script.note("offset", await producer.commitOffset(name, "in", round, commit));
      script.note("offset while open", await committedOffset(script.client, name, "in"));
      await script.end(producer, round % 2 === 1, end);
      script.note("offset", await committedOffset(script.client, name, "in"));
      script.note("read", await readCommitted(script.client, "two", 0));
    }
  }
}

async function replaced(script: Script): Promise<void> {
  for (const version of [4, 5]) {
    const id = `replaced-${version}`;
    const zombie = await script.producer(id);
    if (version < 5) script.note("add", await zombie.add("one", [0]));
    script.note("produce", await zombie.produce("one", 0, "old", version < 5 ? 11 : 12));
    const next = await script.producer(id);
    script.note("zombie writes", await zombie.produce("one", 0, "older", version < 5 ? 11 : 12));
    script.note("zombie elsewhere", await zombie.produce("one", 1, "older", version < 5 ? 11 : 12));
    script.note("zombie adds", await zombie.add("one", [0]));
    script.note("zombie adds offsets", await zombie.addOffsets("g"));
    script.note("zombie offset", await zombie.commitOffset("g", "in", 1, version));
    script.note("zombie commits", await zombie.end(true, version));
    script.note("zombie aborts", await zombie.end(false, version));
    await script.init("zombie", { transactionalId: id, ...zombie.producer }, 5);
    if (version < 5) script.note("add", await next.add("one", [0]));
    script.note("next writes", await next.produce("one", 0, "new", version < 5 ? 11 : 12));
    await script.end(next, true, version);
    await script.describe(id);
  }
}

async function tooLate(script: Script): Promise<void> {
  for (const version of [4, 5]) {
    const id = `late-${version}`;
    const producer = new TransactionalClient(script.client, id, Date.now());
    const short = { transactionalId: id, transactionTimeoutMs: 300 };
    producer.producer = await script.init("short", short, 5);
    if (version < 5) script.note("add", await producer.add("one", [0]));
    script.note("produce", await producer.produce("one", 0, "late", version < 5 ? 11 : 12));
    await Bun.sleep(1000);
    await script.settled(id);
    await script.describe(id);
    script.note("late write", await producer.produce("one", 0, "later", version < 5 ? 11 : 12));
    script.note("late commit", await producer.end(true, version));
    script.note("late abort", await producer.end(false, version));
    await script.init("goes on", { ...short, ...producer.producer }, 5);
    await script.describe(id);
  }
}

async function operators(script: Script): Promise<void> {
  const producer = await script.producer("list-1");
  await script.producer("list-2");
  script.note("produce", await producer.produce("two", 1, "a"));
  for (const id of ["list-1", "list-2", "unheard-of", ""]) await script.describe(id);
  const filters: readonly (readonly [number, object])[] = [
    [0, {}],
    [1, { durationFilter: 60_000 }],
    [2, { transactionalIdPattern: "list-.*" }],
    [2, { transactionalIdPattern: "list" }],
    [2, { transactionalIdPattern: "" }],
    [2, { transactionalIdPattern: "(" }],
    [2, { stateFilters: ["Ongoing"], transactionalIdPattern: "list-[12]" }],
    [2, { stateFilters: ["Nonsense"] }],
    [
      2,
      { stateFilters: ["Ongoing", "Dead", "PrepareEpochFence", "ongoing"], transactionalIdPattern: "list-." },
    ],
    [2, { producerIdFilters: [producer.producer.producerId] }],
    [2, { producerIdFilters: [-1, 2n ** 60n] }],
  ];
  for (const [version, filter] of filters) {
    const request = {
      stateFilters: [],
      producerIdFilters: [],
      durationFilter: -1,
      transactionalIdPattern: null,
      ...filter,
    };
    const answer = await script.client.ask(
      LIST_TRANSACTIONS_REQUEST,
      LIST_TRANSACTIONS_RESPONSE,
      request,
      version,
    );
    const found = answer.transactionStates
      .filter(({ transactionalId }) => transactionalId.startsWith("list"))
      .map(({ transactionalId, transactionState }) => `${transactionalId} ${transactionState}`);
    script.note(`list v${version} ${Object.keys(filter)}`, [
      errorName(answer.errorCode),
      answer.unknownStateFilters,
      found.sort(),
    ]);
  }
  await script.end(producer, false, 5);
}
