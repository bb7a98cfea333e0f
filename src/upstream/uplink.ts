import { HeadwaterError } from "../base/errors.ts";
import type { Clock, Timer } from "../io/clock.ts";
import type { Random } from "../io/random.ts";
import type { LogIdentity } from "../log/log-config.ts";
import type { CentreCall, CentreOutcome, CompressAsk } from "./centre.ts";
import { Forwarder } from "./forwarder.ts";
import type { Centre } from "./kafka-centre.ts";
import { LinkGovernor } from "./link/governor.ts";
import type { LinkMode } from "./link/link-record.ts";
import type { LinkSettings } from "./link/settings.ts";
import { UNKNOWN_TIME } from "./link/settings.ts";
import type { PartitionPosition } from "./position-desk.ts";
import type { PositionStore } from "./positions.ts";
import type { UplinkReports } from "./reports.ts";
import type { UplinkSettings } from "./settings.ts";
import type { LocalSource } from "./source.ts";
import type { UplinkStatus } from "./status.ts";
import type { LocalTimes } from "./times/local-times.ts";

export interface UplinkSeams {
  readonly clock: Clock;
  readonly random: Random;
  /** Left out where the clock is always right, and nobody minds what is old. */
  readonly times?: LocalTimes;
}

/** What an uplink's link is governed by, and where its state is kept. */
export interface UplinkLink {
  readonly governor: LinkGovernor;
  readonly store: PositionStore;
  /** Compresses beside the event loop; where there is none, batches are compressed as they are sealed. */
  readonly compressor?: Compressor;
}

export interface Compressor {
  /** Null where records do not shrink. Rejects with UNSUPPORTED where it can't be done there. */
  compress(ask: CompressAsk): Promise<Uint8Array | null>;
}

/** Bytes that name this run of the process among all copies of the gateway. */
const INSTANCE_BYTES = 6;
/** How often a stop looks whether what is on its way has arrived. */
const DRAIN_CHECK_MS = 10;

/** Calls that the centre does not hear of. */
const LOCAL: ReadonlySet<CentreCall["kind"]> = new Set([
  "load-position",
  "save-position",
  "load-link",
  "save-link",
  "compress",
]);

/** A link without limits, of which nothing is kept. */
function ungoverned({ link, limits }: UplinkSettings, random: Random): UplinkLink {
  const store: PositionStore = { load: async () => null, save: async () => {} };
  return { governor: new LinkGovernor(link, limits, UNKNOWN_TIME, random), store };
}

/**
 * Drives a forwarder: gives it turns when something happened or it is time, and carries its calls to the centre
 * and to the local store. Between two slices of work the event loop serves everybody else.
 */
export class Uplink {
  readonly #forwarder: Forwarder;
  readonly #source: LocalSource;
  readonly #centre: Centre;
  readonly #store: PositionStore;
  readonly #clock: Clock;
  readonly #link: UplinkLink;
  #unsubscribe: (() => void) | null = null;
  #timer: Timer | null = null;
  #timerMs = Number.POSITIVE_INFINITY;
  #soon = false;
  #running = false;
  /** Saves run one after the other, in the order of the calls. */
  #saves: Promise<unknown> = Promise.resolve();

  constructor(
    settings: UplinkSettings,
    source: LocalSource,
    centre: Centre,
    store: PositionStore,
    seams: UplinkSeams,
    reports: UplinkReports,
    link: UplinkLink = ungoverned(settings, seams.random),
  ) {
    const instance = seams.random.bytes(INSTANCE_BYTES).toHex();
    this.#forwarder = new Forwarder(
      settings,
      source,
      seams.random,
      instance,
      reports,
      link.governor,
      seams.times,
      link.compressor !== undefined,
    );
    this.#link = link;
    this.#source = source;
    this.#centre = centre;
    this.#store = store;
    this.#clock = seams.clock;
  }

  /** Begins. Returns at once: an unreachable centre is normal. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#unsubscribe = this.#source.onAppended((topic, partition) => {
      this.#forwarder.appended(topic, partition);
      this.#wake();
    });
    this.#wake();
  }

  /**
   * Ends: reads no more, waits up to `graceMs` for what is on its way, aborts what is left, closes connections.
   * What was not committed is forwarded after the next start.
   */
  async stop(graceMs: number): Promise<void> {
    if (!this.#running) return;
    this.#forwarder.drain();
    this.#wake();
    const deadlineMs = this.#clock.monotonicMs() + graceMs;
    while (!this.#forwarder.drained && this.#clock.monotonicMs() < deadlineMs) {
      await new Promise<void>((done) => {
        this.#clock.after(DRAIN_CHECK_MS, done);
      });
    }
    await this.#abort(Math.max(DRAIN_CHECK_MS, deadlineMs - this.#clock.monotonicMs()));
    this.abandon();
    const state = this.#link.governor.toStore(true);
    if (state !== null) this.#saves = this.#saves.then(() => this.#saveLast(state));
    await this.#saves;
  }

  /** A disk that is full keeps what was stored last, which counts a little too much as used: no reason not to end. */
  async #saveLast(state: Uint8Array): Promise<void> {
    try {
      await this.#link.store.save(state);
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
    }
  }

  /** Ends at once, as a crash would: nothing is sent any more. */
  abandon(): void {
    this.#running = false;
    this.#unsubscribe?.();
    this.#timer?.cancel();
    this.#centre.close();
  }

  /** Pauses, goes on, or carries what is stored now and pauses then. Resolves once a power cut would not change that. */
  async setMode(mode: LinkMode): Promise<void> {
    const { governor, store } = this.#link;
    if (!governor.isRestored) governor.restore(await store.load());
    this.#forwarder.setMode(mode);
    await this.#saveLink();
  }

  /** Lets no more pass a second than this, beside what is configured; null takes it back. Resolves as `setMode` does. */
  async setCap(bytesPerSecond: number | null): Promise<void> {
    const { governor, store } = this.#link;
    if (!governor.isRestored) governor.restore(await store.load());
    governor.operatorCap = bytesPerSecond;
    await this.#saveLink();
  }

  async #saveLink(): Promise<void> {
    this.#wake();
    const state = this.#link.governor.toStore();
    if (state === null) return;
    try {
      await this.#link.store.save(state);
      this.#link.governor.stored();
    } catch (error) {
      this.#link.governor.notStored();
      throw error;
    }
  }

  /** How much it may send from now on, and when. */
  setLink(link: LinkSettings): void {
    this.#link.governor.reconfigure(link, this.#clock.monotonicMs());
    this.#wake();
  }

  /** How far a local log is; see Carrier in broker/losses.ts. */
  progress(log: LogIdentity): { readonly next: number; readonly committed: number } | null {
    return this.#forwarder.positions.progress(log);
  }

  /** A log goes with its topic; see Carrier in broker/losses.ts. */
  gone(log: LogIdentity, endOffset: number): void {
    this.#forwarder.positions.gone(log, endOffset);
  }

  /** Every partition's position. */
  inspect(): readonly PartitionPosition[] {
    return this.#forwarder.positions.inspect();
  }

  /** Resolves once the centre has these positions of a topic; false where it is not being forwarded now. */
  rewind(topic: string, positions: ReadonlyMap<number, number>): Promise<boolean> {
    return new Promise((resolve) => {
      if (this.#forwarder.positions.rewind(topic, positions, resolve)) this.#wake();
      else resolve(false);
    });
  }

  /** A canary of this id was appended: it is looked for at the centre. */
  expectCanary(id: string): void {
    this.#forwarder.canary.released(id, this.#clock.monotonicMs());
  }

  status(): UplinkStatus {
    return this.#forwarder.status(this.#clock.monotonicMs());
  }

  #wake(): void {
    if (this.#soon || !this.#running) return;
    this.#soon = true;
    this.#clock.soon(() => {
      this.#soon = false;
      if (this.#running) this.#turn();
    });
  }

  #turn(): void {
    const nowMs = this.#clock.monotonicMs();
    const { calls, nextMs } = this.#forwarder.turn(nowMs);
    this.#perform(calls);
    if (nextMs === null) return;
    if (nextMs <= nowMs) this.#wake();
    else this.#wakeAt(nextMs, nowMs);
  }

  #wakeAt(atMs: number, nowMs: number): void {
    if (this.#timer !== null && this.#timerMs <= atMs) return;
    this.#timer?.cancel();
    this.#timerMs = atMs;
    this.#timer = this.#clock.after(atMs - nowMs, () => {
      this.#timer = null;
      this.#timerMs = Number.POSITIVE_INFINITY;
      this.#wake();
    });
  }

  #perform(calls: readonly CentreCall[]): void {
    const forCentre = calls.filter(({ kind }) => !LOCAL.has(kind));
    for (const call of calls) {
      if (call.kind === "compress") this.#compress(call.id, call.ask);
      else if (call.kind === "load-position") {
        this.#answerWith(call.id, () => this.#store.load());
      } else if (call.kind === "save-position") {
        this.#answerWith(call.id, () => this.#store.save(call.ask).then(() => null));
      } else if (call.kind === "load-link") {
        this.#answerWith(call.id, () => this.#link.store.load());
      } else if (call.kind === "save-link") {
        this.#answerWith(call.id, () => this.#link.store.save(call.ask).then(() => null));
      }
    }
    if (forCentre.length > 0) this.#centre.perform(forCentre, (id, outcome) => this.#answered(id, outcome));
  }

  #compress(id: number, ask: CompressAsk): void {
    const work = this.#link.compressor?.compress(ask) ?? Promise.resolve(null);
    work.then(
      (answer) => this.#answered(id, { kind: "answered", answer }),
      (error: unknown) => {
        if (!(error instanceof HeadwaterError)) throw error;
        this.#answered(id, { kind: "lost", reason: error.message });
      },
    );
  }

  #answerWith(id: number, work: () => Promise<Uint8Array | null>): void {
    this.#saves = this.#saves.then(work).then(
      (answer) => this.#answered(id, { kind: "answered", answer }),
      (error: unknown) => {
        if (!(error instanceof HeadwaterError)) throw error;
        this.#answered(id, { kind: "lost", reason: error.message });
      },
    );
  }

  #answered(id: number, outcome: CentreOutcome): void {
    if (!this.#running) return;
    this.#forwarder.answered(id, outcome, this.#clock.monotonicMs());
    this.#wake();
  }

  /** Aborts an open transaction, so that readers at the centre need not wait until it times out. */
  #abort(timeoutMs: number): Promise<void> {
    return new Promise((done) => {
      this.#forwarder.stop();
      const { calls } = this.#forwarder.turn(this.#clock.monotonicMs());
      if (calls.length === 0) {
        done();
        return;
      }
      const timer = this.#clock.after(timeoutMs, done);
      this.#centre.perform(calls, () => {
        timer.cancel();
        done();
      });
    });
  }
}
