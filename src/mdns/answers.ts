import type { Clock, Timer } from "../io/clock.ts";
import { keyOf, nameBytes, type Packet, type Question, type Rr, TYPE } from "./packet.ts";
import { identityOf } from "./records.ts";

/** A record goes to the group once in this time, and where somebody is about to take its name, in the second one. */
const REPEAT_MS = 1_000;
const DEFEND_MS = 250;
/** Fixed part of an SRV record before its target. */
const SRV_HEAD_BYTES = 6;

/** What is said to the group on a link, when, and how often. */
export class Answers {
  readonly #clock: Clock;
  readonly #records: readonly Rr[];
  readonly #send: (packet: Partial<Packet>) => void;
  /** When each record went to the group last. */
  readonly #toldMs = new Map<string, number>();
  /** Records that are to go, and whether they defend a name. */
  readonly #waiting = new Map<string, { readonly record: Rr; readonly defends: boolean }>();
  #timer: Timer | null = null;
  #dueMs = 0;

  constructor(clock: Clock, records: readonly Rr[], send: (packet: Partial<Packet>) => void) {
    this.#clock = clock;
    this.#records = records;
    this.#send = send;
  }

  close(): void {
    this.#timer?.cancel();
    this.#waiting.clear();
  }

  /** What answers the questions; of a name that has other types alone, that it has no others. */
  to(questions: readonly Question[]): readonly Rr[] {
    const found = new Map<string, Rr>();
    for (const { name, type } of questions) {
      const key = keyOf(name);
      const named = this.#records.filter((record) => keyOf(record.name) === key);
      const asked = named.filter((record) =>
        type === TYPE.any ? record.type !== TYPE.nsec : record.type === type,
      );
      const fitting = asked.length > 0 ? asked : named.filter((record) => record.type === TYPE.nsec);
      for (const record of fitting) found.set(identityOf(record), record);
    }
    return [...found.values()];
  }

  /** What is asked for next by whoever has these answers: of an instance where it is, of that the addresses. */
  beside(answers: readonly Rr[]): readonly Rr[] {
    const found = new Map<string, Rr>();
    const add = (target: string) => {
      for (const record of this.#records) {
        if (Buffer.from(nameBytes(record.name)).toString("latin1") !== target) continue;
        if (answers.includes(record) || found.has(identityOf(record))) continue;
        found.set(identityOf(record), record);
        if (record.type === TYPE.srv) add(targetOf(record));
      }
    };
    for (const record of answers)
      if (record.type === TYPE.ptr || record.type === TYPE.srv) add(targetOf(record));
    return [...found.values()];
  }

  /** Whether the group has heard these of late, so that nobody but who asks needs them. */
  wereTold(records: readonly Rr[]): boolean {
    const nowMs = this.#clock.monotonicMs();
    return records.every((record) => {
      const toldMs = this.#toldMs.get(identityOf(record));
      return toldMs !== undefined && nowMs - toldMs < (record.ttlSec * 1_000) / 4;
    });
  }

  told(records: readonly Rr[]): void {
    const nowMs = this.#clock.monotonicMs();
    for (const record of records) this.#toldMs.set(identityOf(record), nowMs);
  }

  /** Tells the group, together with what waits already. */
  later(records: readonly Rr[], delayMs: number, defends: boolean): void {
    for (const record of records) {
      const key = identityOf(record);
      this.#waiting.set(key, { record, defends: defends || this.#waiting.get(key)?.defends === true });
    }
    const dueMs = this.#clock.monotonicMs() + delayMs;
    if (this.#timer !== null && this.#dueMs <= dueMs) return;
    this.#timer?.cancel();
    this.#dueMs = dueMs;
    this.#timer = this.#clock.after(delayMs, () => this.#tell());
  }

  /** Somebody who has asked knows these already. */
  suppress(known: readonly Rr[]): void {
    for (const [key, { record }] of this.#waiting) if (isKnown(record, known)) this.#waiting.delete(key);
  }

  #tell(): void {
    this.#timer = null;
    const nowMs = this.#clock.monotonicMs();
    const answers = Array.from(this.#waiting.values())
      .filter(({ record, defends }) => {
        const toldMs = this.#toldMs.get(identityOf(record)) ?? Number.NEGATIVE_INFINITY;
        return nowMs - toldMs >= (defends ? DEFEND_MS : REPEAT_MS);
      })
      .map(({ record }) => record);
    this.#waiting.clear();
    if (answers.length === 0) return;
    this.told(answers);
    this.#send({ isResponse: true, answers, additionals: this.beside(answers) });
  }
}

/** Whether somebody who asks has the record still for more than half of its life. */
export function isKnown(record: Rr, known: readonly Rr[]): boolean {
  const key = identityOf(record);
  return known.some((one) => one.ttlSec * 2 >= record.ttlSec && identityOf(one) === key);
}

/** The name that a record leads to, as bytes. */
function targetOf({ type, data }: Rr): string {
  return Buffer.from(type === TYPE.srv ? data.subarray(SRV_HEAD_BYTES) : data).toString("latin1");
}
