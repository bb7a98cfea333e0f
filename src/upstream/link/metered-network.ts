import { HeadwaterError } from "../../base/errors.ts";
import { ByteQueue } from "../../io/byte-queue.ts";
import type { Clock, Timer } from "../../io/clock.ts";
import type {
  Connection,
  ConnectionHandler,
  ConnectOptions,
  Listener,
  ListenOptions,
  Network,
} from "../../io/network.ts";
import type { WireMeter } from "./wire-meter.ts";

/** Nothing is read for this long at most, so that a peer that is gone is noticed. */
const LONGEST_PAUSE_MS = 5_000;

/** TLS is below this: what it adds is reckoned. A handshake with a chain of two certificates, and a header and tag a record. */
const HANDSHAKE_BYTES = 4 * 1024;
const TLS_RECORD_BYTES = 16 * 1024;
const TLS_OVERHEAD_BYTES = 24;

/**
 * A network whose connections count what they send and receive in a meter, and write no faster than it allows. Several
 * connections take turns, a piece each. Without a limit bytes go through as they come.
 */
export class MeteredNetwork implements Network {
  readonly #network: Network;
  readonly #pacer: Pacer;

  constructor(network: Network, clock: Clock, meter: WireMeter) {
    this.#network = network;
    this.#pacer = new Pacer(clock, meter);
  }

  listen(options: ListenOptions): Listener {
    return this.#network.listen(options);
  }

  async connect(options: ConnectOptions): Promise<Connection> {
    const metered = new MeteredConnection(this.#pacer, options);
    metered.use(await this.#network.connect({ ...options, handler: metered.handler() }));
    return metered;
  }
}

/** Whose turn it is to write. */
class Pacer {
  readonly clock: Clock;
  readonly meter: WireMeter;
  /** Connections with something to write, in turn. */
  readonly #waiting: MeteredConnection[] = [];
  #timer: Timer | null = null;

  constructor(clock: Clock, meter: WireMeter) {
    this.clock = clock;
    this.meter = meter;
  }

  add(connection: MeteredConnection): void {
    this.#waiting.push(connection);
    this.write();
  }

  remove(connection: MeteredConnection): void {
    const index = this.#waiting.indexOf(connection);
    if (index !== -1) this.#waiting.splice(index, 1);
  }

  /** Writes what may be written now, and comes back for the rest. */
  write(): void {
    if (this.#timer !== null) return;
    for (;;) {
      const connection = this.#waiting[0];
      if (connection === undefined) return;
      const nowMs = this.clock.monotonicMs();
      const piece = this.meter.piece(connection.waitingBytes, nowMs);
      if (piece === 0) {
        const waitMs = Math.ceil(this.meter.waitMs(connection.waitingBytes, nowMs));
        this.#timer = this.clock.after(Math.max(1, waitMs), () => {
          this.#timer = null;
          this.write();
        });
        return;
      }
      this.#waiting.shift();
      connection.write(piece);
      if (connection.waitingBytes > 0) this.#waiting.push(connection);
    }
  }
}

class MeteredConnection implements Connection {
  readonly #pacer: Pacer;
  readonly #maxQueuedBytes: number;
  readonly #handler: ConnectionHandler;
  readonly #address: string;
  readonly #isEncrypted: boolean;
  #queue = new ByteQueue();
  #inner: Connection | null = null;
  #timer: Timer | null = null;
  /** Why it was closed from here. */
  #fault: HeadwaterError | null = null;

  constructor(pacer: Pacer, { host, port, limits, handler, tls }: ConnectOptions) {
    this.#isEncrypted = tls !== undefined;
    this.#pacer = pacer;
    this.#maxQueuedBytes = limits.maxQueuedBytes;
    this.#handler = handler;
    this.#address = `${host}:${port}`;
  }

  handler(): ConnectionHandler {
    const handler = this.#handler;
    return {
      data: (chunk) => {
        this.#pacer.meter.received(this.#onWire(chunk.length), this.#pacer.clock.monotonicMs());
        handler.data(chunk);
        this.#restReading();
      },
      drained: () => handler.drained(),
      closed: (error) => {
        this.#forget();
        handler.closed(this.#fault ?? error);
      },
    };
  }

  use(inner: Connection): void {
    this.#inner = inner;
    if (this.#isEncrypted) this.#pacer.meter.received(HANDSHAKE_BYTES, this.#pacer.clock.monotonicMs());
  }

  get remoteAddress(): string {
    return this.#inner?.remoteAddress ?? "";
  }

  get remotePort(): number {
    return this.#inner?.remotePort ?? 0;
  }

  get localPort(): number {
    return this.#inner?.localPort ?? 0;
  }

  get peerCertificate(): Uint8Array | null {
    return this.#inner?.peerCertificate ?? null;
  }

  get queuedBytes(): number {
    return this.#queue.sizeBytes + (this.#inner?.queuedBytes ?? 0);
  }

  get closed(): boolean {
    return this.#inner?.closed ?? false;
  }

  /** Bytes that have not been written yet. */
  get waitingBytes(): number {
    return this.#queue.sizeBytes;
  }

  send(bytes: Uint8Array): void {
    if (this.closed || bytes.length === 0) return;
    const { meter, clock } = this.#pacer;
    if (this.#queue.sizeBytes === 0 && !meter.isLimited) {
      meter.sent(this.#onWire(bytes.length), clock.monotonicMs());
      this.#inner?.send(bytes);
      return;
    }
    if (this.#queue.sizeBytes + bytes.length > this.#maxQueuedBytes) {
      this.#fault = new HeadwaterError("NETWORK", `${this.#maxQueuedBytes} bytes wait for ${this.#address}`);
      this.abort();
      return;
    }
    const isNew = this.#queue.sizeBytes === 0;
    this.#queue.add(bytes);
    if (isNew) this.#pacer.add(this);
  }

  /** Hands a piece of what waits to the socket. */
  write(pieceBytes: number): void {
    const inner = this.#inner;
    this.#pacer.meter.sent(this.#onWire(pieceBytes), this.#pacer.clock.monotonicMs());
    for (let left = pieceBytes; left > 0; ) {
      const bytes = this.#queue.peek().subarray(0, left);
      inner?.send(bytes);
      this.#queue.take(bytes.length);
      left -= bytes.length;
    }
    inner?.flush();
  }

  flush(): void {
    this.#inner?.flush();
  }

  pause(): void {
    this.#inner?.pause();
  }

  resume(): void {
    this.#inner?.resume();
  }

  close(): void {
    this.#forget();
    this.#inner?.close();
  }

  abort(): void {
    this.#forget();
    this.#inner?.abort();
  }

  /** What bytes become by encryption. */
  #onWire(bytes: number): number {
    return this.#isEncrypted ? bytes + Math.ceil(bytes / TLS_RECORD_BYTES) * TLS_OVERHEAD_BYTES : bytes;
  }

  /** What comes in can't be held back by not asking: so the peer is made to wait. */
  #restReading(): void {
    const { meter, clock } = this.#pacer;
    if (!meter.isLimited || this.#timer !== null || this.closed) return;
    const debtMs = meter.debtMs(clock.monotonicMs());
    if (debtMs === 0) return;
    this.#inner?.pause();
    this.#timer = clock.after(Math.min(LONGEST_PAUSE_MS, Math.ceil(debtMs)), () => {
      this.#timer = null;
      this.#inner?.resume();
    });
  }

  #forget(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#queue = new ByteQueue();
    this.#pacer.remove(this);
  }
}
