import {
  NO_PARTITIONS,
  type Producer,
  type Transaction,
} from "../../../src/coordinators/transactions/transaction.ts";
import type { TransactionBugs } from "../../../src/coordinators/transactions/transaction-coordinator.ts";
import { ManualClock } from "../../../src/io/simulated/clock.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { ERROR } from "../../../src/kafka/wire/generated/errors.ts";
import { World } from "./world.ts";

const WORKERS = 3;
const INPUTS = 12;
const OUTPUTS = 3;
/** The partition that holds how far each worker got. */
const OFFSETS = OUTPUTS;
const TIMEOUT_MS = 1000;
const ANSWER_MS = 600;
const MAX_DURATION_MS = 120_000;

type Value =
  | { readonly kind: "output"; readonly input: string; readonly transaction: number }
  | {
      readonly kind: "position";
      readonly worker: number;
      readonly next: number;
      readonly transaction: number;
    };

export interface PipelineOptions {
  readonly seed: number;
  /** Transaction version of the clients. */
  readonly version: 0 | 2;
  readonly bugs?: TransactionBugs;
  /** Whether producers start near the end of their epochs. */
  readonly lastEpochs?: boolean;
}

export interface PipelineReport {
  readonly faults: readonly string[];
  readonly crashes: number;
  readonly incarnations: number;
  readonly commits: number;
  readonly producerIds: number;
}

/** What a worker waits for; it goes on with what `resume` is given. */
type Wait = (resume: (value: number) => void) => void;
type Steps = Generator<Wait, void, number>;

/**
 * Workers read inputs from a position, write outputs and the next position in one transaction, and are killed,
 * left behind as zombies and cut off from a broker that loses power, all by one seed.
 */
class Pipeline {
  readonly clock = new ManualClock();
  readonly random: SeededRandom;
  readonly world: World<Value>;
  readonly #options: PipelineOptions;
  readonly #done = new Set<number>();
  readonly #current = new Map<number, number>();
  readonly #acked = new Set<number>();
  readonly #producerIds = new Set<number>();
  #incarnations = 0;
  #over = false;
  #transactions = 0;
  #crashes = 0;

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.random = new SeededRandom(options.seed);
    this.world = new World({
      clock: this.clock,
      random: this.random.fork(),
      partitionCount: OUTPUTS + 1,
      refuseOneIn: 40,
      transactions: options.lastEpochs === true ? lastEpochs(this.clock.nowMs()) : [],
      ...(options.bugs === undefined ? {} : { bugs: options.bugs }),
    });
  }

  run(): PipelineReport {
    for (let worker = 0; worker < WORKERS; worker += 1) this.#start(worker);
    this.#disturb();
    const endMs = this.clock.monotonicMs() + MAX_DURATION_MS;
    while (this.#done.size < WORKERS && this.clock.monotonicMs() < endMs) this.clock.advance(100);
    // Timeouts and what zombies have sent have their last say.
    this.#over = true;
    this.clock.advance(30_000);
    return {
      faults: this.#faults(),
      crashes: this.#crashes,
      incarnations: this.#incarnations,
      commits: this.#acked.size,
      producerIds: this.#producerIds.size,
    };
  }

  #disturb(): void {
    this.clock.after(this.random.below(400), () => {
      if (this.#over || this.#done.size === WORKERS) return;
      if (this.random.chance(0.3)) {
        this.world.crash();
        this.#crashes += 1;
      } else this.#start(this.random.below(WORKERS));
      this.#disturb();
    });
  }

  /** A new incarnation of a worker; one that is there already goes on and does not know. */
  #start(worker: number): void {
    if (this.#over || this.#done.has(worker)) return;
    this.#incarnations += 1;
    const incarnation = this.#incarnations;
    this.#current.set(worker, incarnation);
    const steps = this.#work(worker);
    // Some are killed at a random step, others live on as zombies.
    let left = this.random.chance(0.5) ? this.random.below(80) : Number.POSITIVE_INFINITY;
    const step = (value: number): void => {
      if (this.#over) return;
      left -= 1;
      if (left < 0) {
        this.#replace(worker, incarnation);
        return;
      }
      const { done, value: wait } = steps.next(value);
      if (done === true) this.#replace(worker, incarnation);
      else wait(step);
    };
    step(0);
  }

  /** Starts another, unless there is one that came later already. */
  #replace(worker: number, incarnation: number): void {
    this.clock.after(50 + this.random.below(200), () => {
      if (this.#current.get(worker) === incarnation) this.#start(worker);
    });
  }

  *#work(worker: number): Steps {
    const id = `worker-${worker}`;
    const state = { producer: { producerId: -1, producerEpoch: -1 } as Producer };
    for (;;) {
      const error = yield this.#init(id, state);
      if (error === ERROR.NONE) break;
      if (error === ERROR.PRODUCER_FENCED) return;
      yield this.#sleep(10 + this.random.below(40));
    }
    this.#producerIds.add(state.producer.producerId);
    let position = this.#position(worker);
    while (position === null) {
      yield this.#sleep(20);
      position = this.#position(worker);
    }
    while (position < INPUTS) {
      if (this.random.chance(0.1)) yield this.#sleep(this.random.below(2 * TIMEOUT_MS));
      const count = Math.min(1 + this.random.below(3), INPUTS - position);
      const ended: { committed: boolean; alive: boolean } = yield* this.#transact(
        worker,
        state,
        position,
        count,
      );
      if (!ended.alive) return;
      if (ended.committed) position += count;
      this.#producerIds.add(state.producer.producerId);
    }
    this.#done.add(worker);
  }

  *#transact(
    worker: number,
    state: { producer: Producer },
    position: number,
    count: number,
  ): Generator<Wait, { committed: boolean; alive: boolean }, number> {
    const id = `worker-${worker}`;
    this.#transactions += 1;
    const transaction = this.#transactions;
    const values: { partition: number; value: Value }[] = [];
    for (let input = position; input < position + count; input += 1) {
      values.push({
        partition: this.random.below(OUTPUTS),
        value: { kind: "output", input: `${worker}/${input}`, transaction },
      });
    }
    values.push({
      partition: OFFSETS,
      value: { kind: "position", worker, next: position + count, transaction },
    });
    for (const { partition, value } of values) {
      const error = yield* this.#write(id, state.producer, partition, value);
      if (error !== ERROR.NONE) return { committed: false, alive: false };
      if (this.random.chance(0.05)) yield this.#sleep(this.random.below(2 * TIMEOUT_MS));
    }
    const outcome = this.random.chance(0.15) ? "abort" : "commit";
    for (;;) {
      const error = yield this.#end(id, state, outcome);
      if (error === ERROR.NONE) {
        if (outcome === "commit") this.#acked.add(transaction);
        return { committed: outcome === "commit", alive: true };
      }
      const again =
        error === ERROR.CONCURRENT_TRANSACTIONS ||
        error === NO_ANSWER ||
        error === ERROR.UNKNOWN_SERVER_ERROR;
      if (!again) return { committed: false, alive: false };
      yield this.#sleep(10 + this.random.below(40));
    }
  }

  *#write(id: string, producer: Producer, partition: number, value: Value): Generator<Wait, number, number> {
    if (this.#options.version === 0) {
      const added = yield* this.#again(() => this.#add(id, producer, partition));
      if (added !== ERROR.NONE) return added;
    }
    return yield* this.#again(() => this.#produce(id, producer, partition, value));
  }

  *#again(ask: () => Wait): Generator<Wait, number, number> {
    for (;;) {
      const error = yield ask();
      if (error !== ERROR.CONCURRENT_TRANSACTIONS) return error;
      yield this.#sleep(10 + this.random.below(40));
    }
  }

  #sleep(durationMs: number): Wait {
    return (resume) => void this.clock.after(durationMs, () => resume(0));
  }

  #init(transactionalId: string, state: { producer: Producer }): Wait {
    return this.#ask((answer) =>
      this.world.coordinator.initProducerId(
        { transactionalId, timeoutMs: TIMEOUT_MS, expected: null },
        (error, producer) => {
          answer(error, () => {
            if (error === ERROR.NONE) state.producer = { ...producer };
          });
        },
      ),
    );
  }

  #add(id: string, producer: Producer, partition: number): Wait {
    const request = {
      ...producer,
      partitions: [{ topic: "t", partition }],
      clientTransactionVersion: 0,
    };
    return this.#ask((answer) => this.world.coordinator.addPartitions(id, request, answer));
  }

  #produce(transactionalId: string, producer: Producer, partition: number, value: Value): Wait {
    const { producerId, producerEpoch } = producer;
    const admission = {
      transactionalId,
      producerId,
      producerEpoch,
      partitions: [{ topic: "t", partition }],
      implicit: this.#options.version === 2,
    };
    return this.#ask((answer) =>
      this.world.coordinator.admit(admission, ([error = -1]) => {
        const target = this.world.partitions[partition];
        if (error !== ERROR.NONE || target === undefined) answer(error);
        else target.append(producerId, producerEpoch, value, answer);
      }),
    );
  }

  #end(id: string, state: { producer: Producer }, outcome: "commit" | "abort"): Wait {
    const { version } = this.#options;
    const request = { ...state.producer, outcome, clientTransactionVersion: version };
    return this.#ask((answer) =>
      this.world.coordinator.endTransaction(id, request, (error, producer) =>
        answer(error, () => {
          if (error === ERROR.NONE && version === 2) state.producer = { ...producer };
        }),
      ),
    );
  }

  /** A request over a network that takes its time, to a broker that may be another by then or die over it. */
  #ask(send: (answer: (error: number, note?: () => void) => void) => void): Wait {
    return (resume) => {
      let open = true;
      const settle = (error: number, note: () => void = () => {}): void => {
        if (!open) return;
        open = false;
        note();
        resume(error);
      };
      this.clock.after(ANSWER_MS, () => settle(NO_ANSWER));
      this.clock.after(this.random.below(15), () => {
        const { life } = this.world;
        send((error, note) => {
          if (this.world.life !== life) return;
          this.clock.after(this.random.below(15), () => settle(error, note));
        });
      });
    };
  }

  /** Where a new incarnation goes on; null while that is not decided. */
  #position(worker: number): number | null {
    let next = 0;
    for (const { value, fate } of this.world.partitions[OFFSETS]?.read() ?? []) {
      if (value.kind !== "position" || value.worker !== worker) continue;
      if (fate === "open") return null;
      if (fate === "committed") next = value.next;
    }
    return next;
  }

  #faults(): string[] {
    const faults: string[] = [];
    if (this.#done.size < WORKERS) faults.push(`only ${this.#done.size} workers came to the end`);
    const fates = new Map<number, Set<string>>();
    const seen = new Map<string, number>();
    for (const { value, fate } of this.world.partitions.flatMap((partition) => partition.read())) {
      fates.set(value.transaction, (fates.get(value.transaction) ?? new Set()).add(fate));
      if (value.kind === "output" && fate === "committed") {
        seen.set(value.input, (seen.get(value.input) ?? 0) + 1);
      }
    }
    for (const [transaction, kinds] of fates) {
      if (kinds.size > 1) faults.push(`transaction ${transaction} is ${[...kinds].join(" and ")}`);
      if (kinds.has("open")) faults.push(`transaction ${transaction} was never ended`);
    }
    for (const transaction of this.#acked) {
      if (fates.get(transaction)?.has("committed") !== true) faults.push(`commit ${transaction} is lost`);
    }
    for (let worker = 0; worker < WORKERS; worker += 1) {
      for (let input = 0; input < INPUTS; input += 1) {
        const times = seen.get(`${worker}/${input}`) ?? 0;
        if (times !== 1) faults.push(`input ${worker}/${input} came out ${times} times`);
      }
    }
    return faults;
  }
}

/** In place of an error: the answer never came. */
const NO_ANSWER = -1000;

export function runPipeline(options: PipelineOptions): PipelineReport {
  return new Pipeline(options).run();
}

function lastEpochs(nowMs: number): Transaction[] {
  return Array.from({ length: WORKERS }, (_, worker) => ({
    transactionalId: `worker-${worker}`,
    producerId: worker,
    previousProducerId: worker,
    nextProducerId: -1,
    producerEpoch: 0x7ffe - 3 - worker,
    lastProducerEpoch: -1,
    timeoutMs: TIMEOUT_MS,
    state: "Empty",
    partitions: NO_PARTITIONS,
    startTimestampMs: -1,
    lastUpdateTimestampMs: nowMs,
    clientTransactionVersion: 0,
  }));
}
