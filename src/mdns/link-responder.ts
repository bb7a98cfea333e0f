import type { Clock, Timer } from "../io/clock.ts";
import type { Datagram } from "../io/multicast.ts";
import type { Random } from "../io/random.ts";
import { Answers, isKnown } from "./answers.ts";
import { decodePacket, encodePacket, keyOf, type Packet, type Rr, TYPE } from "./packet.ts";
import type { RecordSet } from "./records.ts";

/** As RFC 6762, section 8, has them. */
const PROBES = 3;
const PROBE_MS = 250;
const ANNOUNCEMENTS = 2;
const ANNOUNCE_MS = 1_000;
/** Whoever loses to another that asks for the same name at the same time waits for him to have it. */
const LOST_MS = 1_000;
const MDNS_PORT = 5_353;
/** Answers that others have too wait for theirs; where more known answers are to come, for those. */
const SHARED_MS = { from: 20, to: 120 } as const;
const TRUNCATED_MS = { from: 400, to: 500 } as const;
/** To resolvers that are none of multicast DNS, see section 6.7. */
const LEGACY_TTL_SEC = 10;
/** Messages that are looked at in a second: a link has tens of them at its busiest. */
const MAX_HEARD = 200;
const SECOND_MS = 1_000;

export interface LinkOptions {
  readonly records: RecordSet;
  readonly clock: Clock;
  readonly random: Random;
  /** To the group, or to one. */
  readonly send: (bytes: Uint8Array, to?: { readonly address: string; readonly port: number }) => void;
  /** Whether a record is one of this machine's, on whichever link. */
  readonly isOwn: (record: Rr) => boolean;
  /** Somebody else has one of the names. */
  readonly conflicted: () => void;
}

/**
 * Has the gateway's names on one link: asks whether they are free, tells that they are taken, and answers who asks. Bytes
 * from outside are never trusted: what is no message is dropped, and so is what comes faster than anybody asks.
 */
export class LinkResponder {
  readonly #options: LinkOptions;
  readonly #answers: Answers;
  #state: "probing" | "announced" | "closed" = "probing";
  #timer: Timer | null = null;
  #heard = 0;
  #heardSinceMs = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
    const { clock, records, send } = options;
    this.#answers = new Answers(clock, records.records, (packet) => send(encodePacket(packet)));
  }

  /** Has its names, or is about to. */
  start(): void {
    // Many machines start at once when the power comes back.
    this.#later(this.#between(0, PROBE_MS), () => this.#probe(1));
  }

  /** Takes its names from everybody's memory, where they were told of them. */
  stop(): void {
    if (this.#state === "announced") this.#sendAll(0);
    this.#close();
  }

  /** Ends without a word: the names are another's, or nobody is there to hear it. */
  abandon(): void {
    this.#close();
  }

  hear({ bytes, address, port }: Datagram): void {
    if (this.#state === "closed" || !this.#mayHear()) return;
    const packet = decodePacket(bytes);
    if (packet === null) return;
    if (packet.isResponse) {
      // Who answers from another port is none of multicast DNS.
      if (port === MDNS_PORT) this.#judge([...packet.answers, ...packet.additionals]);
    } else if (this.#state === "probing") this.#contest(packet);
    else this.#answer(packet, { address, port });
  }

  #probe(count: number): void {
    const { records, send } = this.#options;
    if (count > PROBES) {
      this.#state = "announced";
      this.#announce(1);
      return;
    }
    const questions = Array.from(records.unique.values(), (name) => ({
      name,
      type: TYPE.any,
      unicast: true,
    }));
    const authorities = this.#claims().map((record) => ({ ...record, unique: false }));
    send(encodePacket({ questions, authorities }));
    this.#later(PROBE_MS, () => this.#probe(count + 1));
  }

  #announce(count: number): void {
    this.#sendAll(1);
    if (count < ANNOUNCEMENTS) this.#later(ANNOUNCE_MS, () => this.#announce(count + 1));
  }

  /** What the names are claimed with. */
  #claims(): readonly Rr[] {
    return this.#options.records.records.filter(({ unique, type }) => unique && type !== TYPE.nsec);
  }

  /** Another's record of a name that is ours is a conflict; while we only ask for the name, any of his is. */
  #judge(told: readonly Rr[]): void {
    const { records, isOwn, conflicted } = this.#options;
    const claims = this.#claims();
    for (const record of told) {
      const key = keyOf(record.name);
      if (!records.unique.has(key) || record.ttlSec === 0 || record.type === TYPE.nsec || isOwn(record))
        continue;
      const isTaken = claims.some(({ name, type }) => keyOf(name) === key && type === record.type);
      if (this.#state !== "probing" && !isTaken) continue;
      this.#close();
      conflicted();
      return;
    }
  }

  /** Of two that ask for a name at once the one whose records come later in order has it (section 8.2). */
  #contest({ authorities }: Packet): void {
    const claims = this.#claims();
    for (const key of this.#options.records.unique.keys()) {
      const of = (all: readonly Rr[]) =>
        all.filter(({ name }) => keyOf(name) === key).toSorted(compareRecords);
      const [ours, theirs] = [of(claims), of(authorities)];
      if (theirs.length > 0 && compareAll(ours, theirs) < 0) {
        this.#later(LOST_MS, () => this.#probe(1));
        return;
      }
    }
  }

  #answer(packet: Packet, from: { readonly address: string; readonly port: number }): void {
    const { questions, answers, authorities, isTruncated } = packet;
    if (questions.length === 0) {
      this.#answers.suppress(answers);
      return;
    }
    const found = this.#answers.to(questions).filter((record) => !isKnown(record, answers));
    if (found.length === 0) return;
    if (from.port !== MDNS_PORT) {
      this.#answerLegacy(packet, found, from);
      return;
    }
    // Who asks before he takes a name has no time to wait.
    const isProbe = authorities.length > 0;
    const alone = !isProbe && questions.every(({ unicast }) => unicast) && this.#answers.wereTold(found);
    if (alone) {
      const additionals = this.#answers.beside(found);
      this.#options.send(encodePacket({ isResponse: true, answers: found, additionals }), from);
      return;
    }
    const isShared = found.some(({ unique }) => !unique);
    const delay = isTruncated ? TRUNCATED_MS : SHARED_MS;
    const delayMs = isTruncated || (isShared && !isProbe) ? this.#between(delay.from, delay.to) : 0;
    this.#answers.later(found, delayMs, isProbe);
  }

  /** As a plain name server would: with the question, to him alone, and not to be kept for long. */
  #answerLegacy(
    { id, questions }: Packet,
    found: readonly Rr[],
    from: { readonly address: string; readonly port: number },
  ): void {
    const plain = (record: Rr) => ({
      ...record,
      unique: false,
      ttlSec: Math.min(record.ttlSec, LEGACY_TTL_SEC),
    });
    const asked = questions.map((question) => ({ ...question, unicast: false }));
    const additionals = this.#answers.beside(found).map(plain);
    const answer = { id, isResponse: true, questions: asked, answers: found.map(plain), additionals };
    this.#options.send(encodePacket(answer), from);
  }

  /** `life` 0 takes all of it back. */
  #sendAll(life: 0 | 1): void {
    const { records, send } = this.#options;
    const answers = records.records.map((record) => ({ ...record, ttlSec: record.ttlSec * life }));
    send(encodePacket({ isResponse: true, answers }));
    if (life === 1) this.#answers.told(records.records);
  }

  #mayHear(): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#heardSinceMs >= SECOND_MS) {
      this.#heardSinceMs = nowMs;
      this.#heard = 0;
    }
    this.#heard += 1;
    return this.#heard <= MAX_HEARD;
  }

  #between(from: number, to: number): number {
    return from + Math.floor(this.#options.random.fraction() * (to - from + 1));
  }

  #later(delayMs: number, then: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(delayMs, then);
  }

  #close(): void {
    this.#state = "closed";
    this.#timer?.cancel();
    this.#answers.close();
  }
}

function compareRecords(a: Rr, b: Rr): number {
  return a.type - b.type || Buffer.compare(a.data, b.data);
}

function compareAll(ours: readonly Rr[], theirs: readonly Rr[]): number {
  for (const [index, own] of ours.entries()) {
    const other = theirs[index];
    if (other === undefined) return 1;
    const order = compareRecords(own, other);
    if (order !== 0) return order;
  }
  return ours.length - theirs.length;
}
