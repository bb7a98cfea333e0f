import { SeededRandom } from "../../../src/io/simulated/random.ts";
import type { MqttStats } from "../../../src/mqtt/stats.ts";
import type { BatchBuilder } from "../../../src/records/builder.ts";
import { RecordCursor } from "../../../src/records/reader.ts";
import { withCpuMs } from "../../support/cpu-time.ts";
import type { FakeConnection } from "../support/fake-network.ts";
import { FakeRetained } from "../support/fake-retained.ts";
import { FakeStateLog } from "../support/fake-state-log.ts";
import { connectPacket, publishPacket, Rig, subscribePacket } from "../support/rig.ts";
import { binary, handshake } from "../support/web-frames.ts";
import { connects, corpus, type Version } from "./corpus.ts";
import { CHUNKINGS, type Chunking, chunksOf, mutate } from "./mutations.ts";

/** What a run has seen. */
export interface Figures {
  readonly packets: number;
  /** Of those, the ones that were still being read when they came: the others came to a closed connection. */
  readonly taken: number;
  readonly connections: number;
  readonly refused: number;
  /** CPU time of the go that took most. */
  readonly slowestMs: number;
  readonly bystanderTurns: number;
}

const OPEN_AT_ONCE = 12;
/** Packets in one go: after a length that lies, the rest of them is only its body. */
const MAX_IN_A_ROW = 8;
const MAX_PER_CONNECTION = 40;
const BYSTANDER_EVERY = 500;
const ADVANCE_MS = 700;
const KAFKA_STORAGE_ERROR = 56;
/** Small bounds: they are soon reached, and time goes into packets and not into what a reconnection gets again. */
const LIMITS = {
  maxPacketBytes: 4_096,
  maxSessionExpirySec: 60,
  maxDurableSessions: 200,
  maxQueuedMessages: 40,
  maxInFlight: 10,
  maxRetainedMessages: 2_000,
};
/** Batches of sessions whose messages can be had, as of a log that was damaged before. */
const MAX_STATE_BATCHES = 5_000;
/** Retained messages whose bytes can be had: older ones can't be read any more. */
const MAX_BATCHES = 500;

interface Attacker {
  readonly connection: FakeConnection;
  readonly version: Version;
  readonly web: boolean;
  packets: number;
}

/**
 * Throws mutated packets at a door in memory, over connections that live beside each other, while a bystander goes on
 * publishing and reading. What the door must not do shows as an exception; the same seed throws the same packets.
 */
export class Fuzzer {
  readonly seed: number;
  readonly #random: SeededRandom;
  readonly #rig: Rig;
  readonly #attackers: (Attacker | null)[] = new Array(OPEN_AT_ONCE).fill(null);
  readonly #corpora: Readonly<Record<Version, readonly Uint8Array[]>> = { 4: corpus(4), 5: corpus(5) };
  readonly #connects: Readonly<Record<Version, readonly Uint8Array[]>> = { 4: connects(4), 5: connects(5) };
  readonly #bystander: FakeConnection;
  #packets = 0;
  #taken = 0;
  #connections = 0;
  #slowestMs = 0;
  #bystanderTurns = 0;
  #nextBystander = 0;

  /** Sessions outlive their connections where they are `durable`. */
  constructor(seed: number, durable = true) {
    this.seed = seed;
    const stateLog = durable ? new ShortStateLog() : null;
    this.#rig = new Rig(LIMITS, undefined, new ShortRetained(), null, stateLog);
    this.#random = new SeededRandom(seed);
    this.#bystander = this.#rig.dial();
    this.#bystander.feed(connectPacket(4, "bystander"));
    this.#bystander.feed(subscribePacket(4, 1, [["bystander/+", 1]]));
    this.#settle();
    this.#bystander.take();
  }

  get figures(): Figures {
    return {
      packets: this.#packets,
      taken: this.#taken,
      connections: this.#connections,
      refused: this.#rig.door.stats().protocolErrors,
      slowestMs: this.#slowestMs,
      bystanderTurns: this.#bystanderTurns,
    };
  }

  /** Throws at least so many packets more. Throws where the door breaks a promise. */
  run(packets: number): void {
    const until = this.#packets + packets;
    while (this.#packets < until) {
      const slot = this.#random.below(OPEN_AT_ONCE);
      const attacker = this.#attackerAt(slot);
      this.#attack(attacker);
      if (this.#random.chance(0.3)) this.#settle();
      if (attacker.connection.closed) this.#attackers[slot] = null;
      else if (attacker.packets >= MAX_PER_CONNECTION) {
        attacker.connection.break();
        this.#attackers[slot] = null;
      }
      if (this.#packets >= this.#nextBystander) this.#turnOfTheBystander();
    }
  }

  /** Ends all connections but the bystander's, and says what the door has left. */
  end(): MqttStats {
    for (const attacker of this.#attackers) attacker?.connection.break();
    this.#attackers.fill(null);
    // Sessions that outlive their connections end, too, and whatever waited for them.
    for (let turn = 0; turn < 4; turn++) {
      this.#rig.clock.advance(LIMITS.maxSessionExpirySec * 1_000);
      this.#settle();
    }
    return this.#rig.door.stats();
  }

  #attackerAt(slot: number): Attacker {
    const known = this.#attackers[slot];
    if (known !== null && known !== undefined) return known;
    const random = this.#random;
    const web = random.chance(0.05);
    const version = random.pick([4, 5] as const);
    const connection = web ? this.#rig.dialWebSocket() : this.#rig.dial();
    const made: Attacker = { connection, version, web, packets: 0 };
    this.#connections++;
    this.#attackers[slot] = made;
    if (web) connection.feed(handshake());
    const connect = random.pick(this.#connects[version]);
    // Most get in, so that what they send next is read.
    if (random.chance(0.9)) this.#feed(made, connect);
    return made;
  }

  #attack(attacker: Attacker): void {
    const random = this.#random;
    const packets = this.#corpora[attacker.version];
    const count = 1 + random.below(MAX_IN_A_ROW);
    const thrown = Array.from({ length: count }, () =>
      mutate(random.pick(packets), random.pick(packets), random),
    );
    const chunking: Chunking = random.pick(CHUNKINGS);
    this.#packets += count;
    attacker.packets += count;
    const [, spentMs] = withCpuMs(() => this.#throw(attacker, thrown, chunking));
    this.#slowestMs = Math.max(this.#slowestMs, spentMs);
  }

  #throw(attacker: Attacker, thrown: readonly Uint8Array[], chunking: Chunking): void {
    if (chunking === "packets") {
      for (const one of thrown) {
        if (attacker.connection.closed) break;
        this.#taken++;
        this.#feed(attacker, one);
      }
    } else {
      this.#taken += thrown.length;
      for (const chunk of chunksOf(thrown, chunking, this.#random)) {
        if (attacker.connection.closed) break;
        this.#feed(attacker, chunk);
      }
    }
    attacker.connection.take();
  }

  #feed({ connection, web }: Attacker, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const chunk = web ? binary(bytes) : bytes;
    // A receiver may take the buffer's bytes away once they are read: packets of the corpus are fed as copies.
    connection.feed(chunk === bytes ? bytes.slice() : chunk);
  }

  /** It publishes with QoS 1, hears its own message and its acknowledgement, and nothing of the noise. */
  #turnOfTheBystander(): void {
    this.#nextBystander = this.#packets + BYSTANDER_EVERY;
    const said = `turn ${this.#bystanderTurns++}`;
    const packetId = 1 + (this.#bystanderTurns % 60_000);
    this.#bystander.feed(publishPacket("bystander/t", said, 1, packetId));
    this.#rig.clock.advance(ADVANCE_MS);
    this.#settle();
    const heard = Buffer.from(this.#bystander.take());
    const acked = heard.includes(Buffer.from([0x40, 2, packetId >> 8, packetId & 0xff]));
    if (!acked || !heard.includes(said) || this.#bystander.closed) {
      throw new Error(
        `seed ${this.seed}: after ${this.#packets} packets the bystander heard ${heard.toHex()}`,
      );
    }
    // Its message has the only identifier under way: it is acknowledged, whichever that is.
    const at = heard.indexOf("bystander/t") + "bystander/t".length;
    this.#bystander.feed(new Uint8Array([0x40, 2, heard[at] ?? 0, heard[at + 1] ?? 0]));
    for (const attacker of this.#attackers) attacker?.connection.take();
  }

  #settle(): void {
    const { ingest, gaps, lines } = this.#rig;
    this.#rig.settle();
    // A disk is full now and then; the bystander's records lie in another topic.
    if (this.#random.chance(0.05)) ingest.refusals.set("telemetry", KAFKA_STORAGE_ERROR);
    else ingest.refusals.clear();
    // What a test would look at is not kept here.
    for (const list of [ingest.records, ingest.placements, gaps, lines]) list.length = 0;
  }
}

/** A log of retained messages that keeps only its end. */
class ShortRetained extends FakeRetained {
  override settle(error = 0): void {
    super.settle(error);
    if (this.batches.length > MAX_BATCHES) this.batches.splice(0, this.batches.length - MAX_BATCHES);
  }
}

interface KeptBatch {
  readonly base: number;
  readonly end: number;
  readonly bytes: Uint8Array;
}

/** A log of sessions that keeps only its end, and finds a record at once. */
class ShortStateLog extends FakeStateLog {
  #kept: KeptBatch[] = [];
  #next = 0;
  #settled = 0;
  #due: ((error: number) => void)[] = [];

  override append(builder: BatchBuilder): number {
    const base = this.#next;
    this.#next += builder.count;
    this.#kept.push({ base, end: this.#next, bytes: builder.build({ baseOffset: base }) });
    return base;
  }

  override whenDurable(done: (error: number) => void): void {
    if (this.#settled === this.#next) done(0);
    else this.#due.push(done);
  }

  override read(offset: number): RecordCursor | null {
    let [low, high] = [0, this.#kept.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#kept[middle]?.end ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    const batch = this.#kept[low];
    if (batch === undefined || batch.base > offset) return null;
    const cursor = new RecordCursor();
    cursor.open(batch.bytes);
    while (cursor.next()) if (cursor.offset === offset) return cursor;
    return null;
  }

  override settle(): void {
    this.#settled = this.#next;
    const due = this.#due;
    this.#due = [];
    for (const done of due) done(0);
    if (this.#kept.length > 2 * MAX_STATE_BATCHES) this.#kept = this.#kept.slice(-MAX_STATE_BATCHES);
  }
}
