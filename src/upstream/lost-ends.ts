import type { Uuid } from "../base/ids.ts";
import { walkRecords } from "../kafka/client/fetch.ts";
import { OFFSETS_TOPIC } from "../kafka/client/transactions.ts";
import { ERROR } from "../kafka/wire/generated/errors.ts";
import type { Calls } from "./calls.ts";
import type {
  CallKind,
  CentreCalls,
  InTransaction,
  OpenTransaction,
  Outcome,
  Refusal,
  ScanAnswer,
} from "./centre.ts";
import type { LocalPosition } from "./local-position.ts";
import { branchesInSlots, type Slot, type StoredEnd } from "./positions.ts";
import { type Origin, originOf } from "./reconciliation.ts";
import type { UplinkReports } from "./reports.ts";
import { positionGroup, transactionalId, type UplinkSettings } from "./settings.ts";
import type { Now, SetupHooks } from "./topic-setup.ts";
import { verdictOf } from "./verdicts.ts";

const RETRY_MS = 250;
/** Enough for the first batch of a transaction, which comes whole whatever its size. */
const SCAN_BYTES = 64 * 1024;

type How = "commit" | "abort" | "commit with positions" | "abort with positions";
type Ending = "add-partitions" | "add-offsets" | "end";

/**
 * Ends what the centre lost track of. A coordinator may write a transaction down as complete although partitions
 * never got its end: Apache Kafka 4.3, alone and killed between a commit and its markers, does so after the
 * restart for partitions that it has not learnt of yet. What they hold then stays undecided: careful readers stop
 * in front of it, positions can't be read, and the next end that comes, of another transaction, would decide it.
 *
 * What the coordinator has written down tells how it meant to end it, but for a moment only: it is asked before the
 * producer id is taken, which has it begin anew, and the answer is kept. Right after the id was given nothing of ours can
 * be open, so what is open is such a remainder. Where the positions are undecided, too, it is committed if that is
 * what the coordinator said of this very transaction, and else aborted, so that all of it is sent again. Where they
 * are decided it is ended as they went: they either cover its records or don't.
 */
export class LostEnds {
  readonly #settings: UplinkSettings;
  readonly #calls: Calls;
  readonly #local: LocalPosition;
  readonly #reports: UplinkReports;
  readonly #hooks: SetupHooks;
  readonly #now: Now;
  #next: (() => void) | null = null;
  #retryAtMs = 0;

  constructor(
    settings: UplinkSettings,
    calls: Calls,
    local: LocalPosition,
    reports: UplinkReports,
    hooks: SetupHooks,
    now: Now,
  ) {
    this.#settings = settings;
    this.#calls = calls;
    this.#local = local;
    this.#reports = reports;
    this.#hooks = hooks;
    this.#now = now;
  }

  /** Asks how the last transaction ended, before the producer id is taken. `then(false)`: ask again a little later. */
  learn(then: (isKnown: boolean) => void): void {
    this.#ask("last-end", transactionalId(this.#settings), (answer) => {
      const { error, committed, producerId, producerEpoch } = answer;
      if (error !== 0) then(verdictOf(error) !== "retry");
      else if (committed === null) then(true);
      else this.#local.keepEnded({ producerId, producerEpoch, committed }, () => then(true));
    });
  }

  /** Looks at these topics and at the group, and ends what it finds; `done` runs when nothing is left. */
  begin(who: InTransaction, topics: readonly string[], done: () => void): void {
    this.#next = null;
    const group = positionGroup(this.#settings);
    this.#ask("find-open", { producerId: who.producerId, group, topics }, ({ partitions, offsets }) => {
      const [first] = partitions;
      // The client of the first protocol says what its transaction is about before it writes: nothing, here.
      const as = { ...who, protocol: 1 } as const;
      if (offsets !== null) {
        const all = [...partitions, offsets];
        const committed = all.every((open) => wasCommitted(this.#local.ended, who.producerId, open));
        this.#end(as, all, committed ? "commit with positions" : "abort with positions", done);
      } else if (first === undefined) done();
      else this.#compare(first, (how) => this.#end(as, partitions, how, done));
    });
  }

  /** Asks again what the centre was not ready for. */
  advance(): void {
    const next = this.#next;
    if (next === null || this.#now.nowMs < this.#retryAtMs) return;
    this.#next = null;
    next();
  }

  /** When `advance` is wanted, or null. */
  nextMs(): number | null {
    return this.#next === null ? null : this.#retryAtMs;
  }

  /** Whether the committed positions cover the first of the undecided records. */
  #compare(open: OpenTransaction, then: (how: How) => void): void {
    const { topic, partition, startOffset } = open;
    const query = { group: positionGroup(this.#settings) };
    this.#ask("positions", query, ({ error, slots }) => {
      if (error === ERROR.UNSTABLE_OFFSET_COMMIT) then("abort with positions");
      else if (error !== 0) this.#refused(error, () => this.#compare(open, then));
      else {
        const ask = {
          topic,
          partition,
          fromOffset: startOffset,
          maxBytes: SCAN_BYTES,
          isolation: "read_uncommitted",
        } as const;
        this.#ask("scan", ask, (fetched) => {
          if (fetched.error !== 0) this.#refused(fetched.error, () => this.#compare(open, then));
          else then(covers(slots, firstOrigin(fetched)) ? "commit" : "abort");
        });
      }
    });
  }

  #end(who: InTransaction, partitions: readonly OpenTransaction[], how: How, done: () => void): void {
    const where = partitions.map(({ topic, partition }) => `${topic}-${partition}`).join(", ");
    this.#reports.onTrouble(
      `the centre lost the end of a transaction (${where}): it is ended with ${how}`,
      null,
    );
    if (how === "abort with positions") this.#endByTransaction(who, partitions, how, done);
    else {
      const commit = how !== "abort";
      this.#ask("write-markers", { producerId: who.producerId, commit, partitions }, ({ error }) => {
        if (error === 0) done();
        else if (error === ERROR.CLUSTER_AUTHORIZATION_FAILED)
          this.#endByTransaction(who, partitions, how, done);
        else this.#refused(error, () => this.#end(who, partitions, how, done));
      });
    }
  }

  /** What everybody may do. A transaction of this kind that fails half-way is aborted, and so is what it was for. */
  #endByTransaction(who: InTransaction, all: readonly OpenTransaction[], how: How, done: () => void): void {
    const commit = how === "commit" || how === "commit with positions";
    const end = () => this.#toCoordinator("end", { ...who, commit }, done);
    const group = positionGroup(this.#settings);
    const partitions = all.filter(({ topic }) => topic !== OFFSETS_TOPIC);
    const addOffsets =
      partitions.length < all.length ? () => this.#toCoordinator("add-offsets", { ...who, group }, end) : end;
    if (partitions.length === 0) addOffsets();
    else this.#toCoordinator("add-partitions", { ...who, partitions }, addOffsets);
  }

  #toCoordinator<Kind extends Ending>(kind: Kind, ask: CentreCalls[Kind]["ask"], then: () => void): void {
    this.#ask(kind, ask, (answer: Refusal) => {
      if (answer.error === 0) then();
      else this.#refused(answer.error, () => this.#toCoordinator(kind, ask, then));
    });
  }

  #refused(error: number, again: () => void): void {
    const verdict = verdictOf(error);
    if (verdict === "retry") {
      this.#retryAtMs = this.#now.nowMs + RETRY_MS;
      this.#next = again;
    } else this.#hooks.refused(verdict, error, "ending a transaction that the centre lost track of");
  }

  #ask<Kind extends CallKind>(
    kind: Kind,
    ask: CentreCalls[Kind]["ask"],
    then: (answer: CentreCalls[Kind]["answer"]) => void,
  ): void {
    this.#calls.ask(kind, ask, (outcome: Outcome<CentreCalls[Kind]["answer"]>) => {
      if (outcome.kind === "lost") this.#hooks.reset(`${kind}: ${outcome.reason}`);
      else then(outcome.answer);
    });
  }
}

/**
 * Whether what is open is of the transaction that the coordinator had committed: what is left of one is looked for before
 * the next, so it is of the last, unless somebody else has used the id since. That one was ended under a later epoch
 * where it was ended here before, by a transaction that was torn in its turn.
 */
function wasCommitted(ended: StoredEnd | null, producerId: number, open: OpenTransaction): boolean {
  return (
    ended?.committed === true && ended.producerId === producerId && open.producerEpoch <= ended.producerEpoch
  );
}

function firstOrigin(fetched: ScanAnswer): Origin | null {
  let first: Origin | null = null;
  walkRecords(fetched, "read_uncommitted", (record) => {
    first ??= record.offset >= fetched.offset ? originOf(record) : null;
    return undefined;
  });
  return first;
}

function covers(slots: readonly Slot[], origin: Origin | null): boolean {
  if (origin === null) return false;
  const branches = branchesInSlots(slots, origin.topicId as Uuid).get(origin.partition) ?? [];
  return branches.some(({ epoch, next }) => epoch === origin.epoch && origin.offset < next);
}
