/** The largest sizes that rounds and batches may have; see UplinkLimits. */
export interface SizeLimits {
  readonly maxRoundBytes: number;
  readonly batchBytes: number;
  readonly transactionTimeoutMs: number;
}

/** What a round has told of the link. */
export interface RoundFigures {
  readonly records: number;
  /** Before compression. */
  readonly sizeBytes: number;
  /** Of batches, as they were sent. */
  readonly sentBytes: number;
  /** From the first request to the answer to the last. */
  readonly durationMs: number;
}

/** A round begins with so many bytes, before anything is known. */
const FIRST_ROUND_BYTES = 32 * 1024;
/** However slow the link: less than this is mostly headers. */
const SMALLEST_BYTES = 512;
/** Rounds last at least this long where there is enough to send, so that their ends cost little. */
const SHORTEST_TARGET_MS = 1_000;
const LONGEST_TARGET_MS = 5_000;
/** The same in round trips: the end of a transaction takes two or three. */
const TARGET_ROUND_TRIPS = 16;
/** The share of a transaction's timeout that a round is made for. */
const TIMEOUT_SHARE = 1 / 12;
/** The best of so many rounds is what the link can do: a stall of one of them says nothing. */
const REMEMBERED_ROUNDS = 8;
/** A round that takes so many times longer than meant, twice in a row, says that the link has changed. */
const LATE = 3;
/** What one request may take of the link, in seconds. */
const REQUEST_SECONDS = 0.5;
const WINDOW_SECONDS = 1;
/** Rounds that end within this are read for in advance. */
const QUICK_MS = 500;

/**
 * Sizes that follow the link. From the goodput and the round trips of the rounds so far: as much in a round as goes up in a
 * second or a few, at most four times what the one before had; as much in a request as the link carries in half a second; as
 * much on its way as covers a round trip. On a LAN that is soon the limits.
 */
export class Adaptation {
  readonly #limits: SizeLimits;
  #roundBytes = FIRST_ROUND_BYTES;
  /** Sent bytes a byte of records: a guess until it is known. */
  #ratio = USUAL_RATIO;
  #minRoundTripMs: number | null = null;
  #goodputs: number[] = [];
  #lateRounds = 0;
  #lastRoundMs: number | null = null;
  /** Bytes a second that the link lets pass by setting; Infinity for all. */
  #capBytesPerSecond = Number.POSITIVE_INFINITY;

  constructor(limits: SizeLimits) {
    this.#limits = limits;
  }

  /** Bytes of records, before compression, that a round may have. */
  get roundBytes(): number {
    const capped = (this.#capBytesPerSecond * this.#targetMs) / 1000 / this.#ratio;
    return Math.max(
      1,
      Math.min(this.#limits.maxRoundBytes, Math.max(SMALLEST_BYTES, Math.min(this.#roundBytes, capped))),
    );
  }

  /** Bytes of records, before compression, that a batch may have. */
  get batchBytes(): number {
    const wanted = (this.#bytesPerSecond * REQUEST_SECONDS) / this.#ratio;
    return Math.min(this.#limits.batchBytes, Math.max(SMALLEST_BYTES, wanted));
  }

  /** Bytes of batches that may be on their way; one batch may be, whatever its size. */
  get windowBytes(): number {
    const roundTripMs = this.#minRoundTripMs ?? 0;
    return Math.max(SMALLEST_BYTES, this.#bytesPerSecond * (WINDOW_SECONDS + roundTripMs / 1000));
  }

  /** Whether rounds are so short that the next one may be read while one goes up. */
  get isQuick(): boolean {
    return this.#lastRoundMs !== null && this.#lastRoundMs <= QUICK_MS;
  }

  /** Sent bytes a second, null before the first round. */
  get goodputBytesPerSecond(): number | null {
    return this.#goodputs.length === 0 ? null : Math.max(...this.#goodputs);
  }

  /** Sent bytes for each byte of records. */
  get ratio(): number {
    return this.#ratio;
  }

  get minRoundTripMs(): number | null {
    return this.#minRoundTripMs;
  }

  set capBytesPerSecond(bytesPerSecond: number) {
    this.#capBytesPerSecond = bytesPerSecond;
  }

  answered(roundTripMs: number): void {
    this.#minRoundTripMs = Math.min(this.#minRoundTripMs ?? Number.POSITIVE_INFINITY, roundTripMs);
  }

  roundEnded({ sizeBytes, sentBytes, durationMs }: RoundFigures): void {
    if (sentBytes === 0) return;
    this.#lastRoundMs = durationMs;
    this.#ratio += (sentBytes / sizeBytes - this.#ratio) * (this.#goodputs.length === 0 ? 1 : RATIO_WEIGHT);
    const isLate = durationMs > LATE * this.#targetMs;
    this.#lateRounds = isLate ? this.#lateRounds + 1 : 0;
    if (this.#lateRounds >= 2) this.#goodputs = [];
    const goodput = (sentBytes * 1000) / Math.max(1, durationMs);
    // A round that was not full says what there was to send, not what the link carries: unless that is more.
    const saysMuch = sizeBytes >= FULL_SHARE * this.roundBytes || isLate;
    if (saysMuch || goodput > (this.goodputBytesPerSecond ?? 0)) this.#goodputs.push(goodput);
    if (this.#goodputs.length > REMEMBERED_ROUNDS) this.#goodputs.shift();
    const wanted = (Math.max(...this.#goodputs) * this.#targetMs) / 1000 / this.#ratio;
    // What was not tried is not known to work: a round that was not full allows no larger one.
    this.#roundBytes = Math.min(wanted, Math.max(this.#roundBytes, GROWTH * sizeBytes));
  }

  /** A transaction did not end in time, or the connection was lost in it: smaller from here on. */
  roundFailed(): void {
    this.#roundBytes = Math.max(SMALLEST_BYTES, Math.min(this.#roundBytes, this.roundBytes) / 4);
    this.#goodputs = this.#goodputs.map((goodput) => goodput / 4);
  }

  get #targetMs(): number {
    const roundTrips = TARGET_ROUND_TRIPS * (this.#minRoundTripMs ?? 0);
    const wanted = Math.min(LONGEST_TARGET_MS, Math.max(SHORTEST_TARGET_MS, roundTrips));
    return Math.min(wanted, this.#limits.transactionTimeoutMs * TIMEOUT_SHARE);
  }

  get #bytesPerSecond(): number {
    return Math.min(this.#capBytesPerSecond, this.goodputBytesPerSecond ?? FIRST_ROUND_BYTES);
  }
}

const RATIO_WEIGHT = 0.2;
const FULL_SHARE = 0.5;
const USUAL_RATIO = 0.3;
/** How much larger than the one before a round may be. */
const GROWTH = 4;
