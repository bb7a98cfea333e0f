import { HeadwaterError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Clock, Timer } from "../io/clock.ts";
import type { CompressAsk } from "../upstream/centre.ts";
import type { Compressor } from "../upstream/uplink.ts";
import type { CompressionJob, CompressionResult } from "./compression-worker.ts";

/** A Worker that does not answer for this long is given up, and its jobs with it. */
const PATIENCE_MS = 30_000;
/** Idle for this long it is ended: it has memory of its own. */
const IDLE_MS = 60_000;
/** After a failure nothing is asked of a Worker for so long. */
const REST_MS = 60_000;

/** In the binary all modules are one file, which lies where src/ would be; entry points keep their places below it. */
const IS_BINARY = import.meta.url.startsWith("file:///$bunfs/");
const WORKER = new URL(IS_BINARY ? "wiring/compression-worker.ts" : "compression-worker.ts", import.meta.url)
  .href;

interface Waiting {
  readonly done: (bytes: Uint8Array | null) => void;
  readonly failed: (error: HeadwaterError) => void;
}

/** One Worker for all uplinks, started when it is needed first. */
export class CompressionPool implements Compressor {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #nextId = 1;
  #restUntilMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | null = null;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Whether there is a Worker. */
  get isOpen(): boolean {
    return this.#worker !== null;
  }

  compress({ code, level, records }: CompressAsk): Promise<Uint8Array | null> {
    return new Promise((done, failed) => {
      const worker = this.#open();
      if (worker === null) {
        failed(new HeadwaterError("UNSUPPORTED", "there is no Worker to compress in"));
        return;
      }
      const id = this.#nextId++;
      this.#waiting.set(id, { done, failed });
      // A copy goes over: where the Worker fails, the records are still here.
      const copy = Uint8Array.from(records);
      const job: CompressionJob = { id, code, level, records: copy };
      worker.postMessage(job, [copy.buffer]);
      this.#watch(PATIENCE_MS);
    });
  }

  /** Ends the Worker where it has nothing to do; the next job starts another. */
  shrink(): void {
    if (this.#waiting.size === 0) this.close();
  }

  /** Ends the Worker; what it has not answered fails. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#worker?.terminate();
    this.#worker = null;
    const error = new HeadwaterError("UNSUPPORTED", "the Worker that compresses has ended");
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { failed } of waiting) failed(error);
  }

  #open(): Worker | null {
    if (this.#worker !== null) return this.#worker;
    if (this.#clock.monotonicMs() < this.#restUntilMs) return null;
    try {
      const worker = new Worker(WORKER);
      worker.onmessage = ({ data }: MessageEvent<CompressionResult>) => this.#answered(data);
      worker.onerror = ({ message }) => this.#fail(message);
      worker.unref();
      this.#worker = worker;
      return worker;
    } catch (error) {
      this.#fail(String(error));
      return null;
    }
  }

  #answered({ id, bytes }: CompressionResult): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.done(bytes);
    this.#watch(this.#waiting.size === 0 ? IDLE_MS : PATIENCE_MS);
  }

  #fail(reason: string): void {
    this.#logger.warn("compressing on the event loop: the Worker for it failed", { reason });
    this.#restUntilMs = this.#clock.monotonicMs() + REST_MS;
    this.close();
  }

  #watch(forMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(forMs, () => {
      if (this.#waiting.size > 0) this.#fail(`no answer within ${PATIENCE_MS / 1000} s`);
      else this.close();
    });
  }
}
