import { TokenBucket } from "./token-bucket.ts";

/** How much is written at once where there is a limit: so many milliseconds' worth. */
const PIECE_MS = 50;
const SMALLEST_PIECE_BYTES = 64;
const LARGEST_PIECE_BYTES = 64 * 1024;

/**
 * What the sockets of one uplink send and receive, and how fast they may. All bytes count, whatever they are for: of records,
 * of requests around them, of answers.
 */
export class WireMeter {
  sentBytes = 0;
  receivedBytes = 0;
  /** Hears of every use, before the bytes are handed over. */
  onUse: () => void = () => {};
  readonly #bucket = new TokenBucket(Number.POSITIVE_INFINITY);

  get totalBytes(): number {
    return this.sentBytes + this.receivedBytes;
  }

  get isLimited(): boolean {
    return this.#bucket.bytesPerSecond !== Number.POSITIVE_INFINITY;
  }

  get bytesPerSecond(): number {
    return this.#bucket.bytesPerSecond;
  }

  setRate(bytesPerSecond: number, nowMs: number): void {
    this.#bucket.setRate(bytesPerSecond, nowMs);
  }

  sent(bytes: number, nowMs: number): void {
    this.sentBytes += bytes;
    this.#bucket.take(bytes, nowMs);
    this.onUse();
  }

  received(bytes: number, nowMs: number): void {
    this.receivedBytes += bytes;
    this.#bucket.take(bytes, nowMs);
    this.onUse();
  }

  /** How much of `waitingBytes` may be written now: 0, or a piece that is worth a packet. */
  piece(waitingBytes: number, nowMs: number): number {
    const piece = this.#pieceBytes(waitingBytes);
    return this.#bucket.allowance(nowMs) < piece ? 0 : piece;
  }

  /** Milliseconds until a piece of `waitingBytes` may be written. */
  waitMs(waitingBytes: number, nowMs: number): number {
    return this.#bucket.waitMs(this.#pieceBytes(waitingBytes), nowMs);
  }

  /** Milliseconds for which nothing should be read: while what came in has not been paid for. */
  debtMs(nowMs: number): number {
    return this.#bucket.waitMs(0, nowMs);
  }

  #pieceBytes(waitingBytes: number): number {
    const rate = this.#bucket.bytesPerSecond;
    if (rate === Number.POSITIVE_INFINITY) return waitingBytes;
    const worth = Math.ceil((rate * PIECE_MS) / 1000);
    const piece = Math.max(SMALLEST_PIECE_BYTES, Math.min(LARGEST_PIECE_BYTES, worth));
    // The bucket never holds more than a second's worth.
    return Math.min(waitingBytes, piece, Math.max(1, Math.floor(rate)));
  }
}
