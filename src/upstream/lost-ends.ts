import type { Uuid } from "../base/ids.ts";
import { walkRecords } from "../kafka/client/fetch.ts";
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
import { branchesInSlots, type Slot } from "./positions.ts";
import { type Origin, originOf } from "./reconciliation.ts";
import type { UplinkReports } from "./reports.ts";
import { positionGroup, type UplinkSettings } from "./settings.ts";
import type { Now, SetupHooks } from "./topic-setup.ts";
import { verdictOf } from "./verdicts.ts";

const RETRY_MS = 250;
/** Enough for the first batch of a transaction, which comes whole whatever its size. */
const SCAN_BYTES = 64 * 1024;

type How = "commit" | "abort" | "abort with positions";
type Ending = "add-partitions" | "add-offsets" | "end";

/**
 * Ends what the centre lost track of. A coordinator may write a transaction down as complete although partitions
 * never got its end: Apache Kafka 4.3, alone and killed between a commit and its markers, does so after the
 * restart for partitions that it has not learnt of yet. What they hold then stays undecided: careful readers stop
 * in front of it, positions can't be read, and the next end that comes, of another transaction, would decide it.
 *
 * Right after the producer id was given nothing of ours can be open, so what is open is such a remainder. It is
 * aborted where the positions are undecided, too, so that all of it is sent again; else it is ended as the positions
 * went, which either cover its records or don't.
 */
export class LostEnds {
  readonly #settings: UplinkSettings;
  readonly #calls: Calls;
  readonly #reports: UplinkReports;
  readonly #hooks: SetupHooks;
  readonly #now: Now;
  #next: (() => void) | null = null;
  #retryAtMs = 0;

  constructor(settings: UplinkSettings, calls: Calls, reports: UplinkReports, hooks: SetupHooks, now: Now) {
    this.#settings = settings;
    this.#calls = calls;
    this.#reports = reports;
    this.#hooks = hooks;
    this.#now = now;
  }

  /** Looks at these topics and at the group, and ends what it finds; `done` runs when nothing is left. */
  begin(who: InTransaction, topics: readonly string[], done: () => void): void {
    this.#next = null;
    const group = positionGroup(this.#settings);
    this.#ask("find-open", { producerId: who.producerId, group, topics }, ({ partitions, offsets }) => {
      const [first] = partitions;
      // The client of the first protocol says what its transaction is about before it writes: nothing, here.
      const as = { ...who, protocol: 1 } as const;
      if (first === undefined && !offsets) done();
      else if (first === undefined || offsets) this.#end(as, partitions, "abort with positions", done);
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
      `the centre lost the end of a transaction (${where || "positions"}): it is ended with ${how}`,
      null,
    );
    if (how === "abort with positions") this.#endByTransaction(who, partitions, how, done);
    else {
      const ask = { producerId: who.producerId, commit: how === "commit", partitions };
      this.#ask("write-markers", ask, ({ error }) => {
        if (error === 0) done();
        else if (error === ERROR.CLUSTER_AUTHORIZATION_FAILED)
          this.#endByTransaction(who, partitions, how, done);
        else this.#refused(error, () => this.#end(who, partitions, how, done));
      });
    }
  }

  /** What everybody may do. A transaction of this kind that fails half-way is aborted, and so is what it was for. */
  #endByTransaction(
    who: InTransaction,
    partitions: readonly OpenTransaction[],
    how: How,
    done: () => void,
  ): void {
    const end = () => this.#toCoordinator("end", { ...who, commit: how === "commit" }, done);
    const group = positionGroup(this.#settings);
    const addOffsets =
      how === "abort with positions" ? () => this.#toCoordinator("add-offsets", { ...who, group }, end) : end;
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
