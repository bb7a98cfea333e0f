import { hasCode } from "../base/errors.ts";
import type { Connection, ConnectionHandler } from "../io/network.ts";
import type { Call } from "./call.ts";
import type { Dispatch } from "./dispatch.ts";
import { FrameReader } from "./frames.ts";
import type { Reader } from "./wire/reader.ts";
import { Writer } from "./wire/writer.ts";

export interface KafkaConnectionLimits {
  /** Largest request, length prefix excluded. */
  readonly maxFrameBytes: number;
  /** Requests of one connection that may wait for their answer. */
  readonly maxPendingCalls: number;
  /** Bytes of such requests. */
  readonly maxPendingBytes: number;
  /** Unsent response bytes above which the next request waits. */
  readonly maxUnsentBytes: number;
}

/**
 * One client. Requests run in order and are answered in order; produce requests run as they come, so that
 * several share one sync, and everything else once all before it is answered, as in Kafka.
 */
export class KafkaConnection implements ConnectionHandler {
  readonly #connection: Connection;
  readonly #dispatch: Dispatch;
  readonly #limits: KafkaConnectionLimits;
  readonly #advertised: { readonly host: string; readonly port: number };
  readonly #onClosed: (connection: KafkaConnection) => void;
  readonly #frames: FrameReader;
  readonly #pending: PendingCall[] = [];
  #pendingBytes = 0;
  #paused = false;
  #advancing = false;

  constructor(
    connection: Connection,
    dispatch: Dispatch,
    limits: KafkaConnectionLimits,
    advertised: { readonly host: string; readonly port: number },
    onClosed: (connection: KafkaConnection) => void,
  ) {
    this.#connection = connection;
    this.#dispatch = dispatch;
    this.#limits = limits;
    this.#advertised = advertised;
    this.#onClosed = onClosed;
    this.#frames = new FrameReader(limits.maxFrameBytes);
  }

  /** Bytes held for requests that have not come whole or are not answered. */
  get heldBytes(): number {
    return this.#pendingBytes + this.#frames.heldBytes;
  }

  get idle(): boolean {
    return this.#pending.length === 0;
  }

  data(chunk: Uint8Array): void {
    const fault = this.#frames.push(chunk, (frame) => this.#receive(frame));
    if (fault !== null) this.drop(fault);
    else this.#advance();
  }

  drained(): void {
    this.#advance();
  }

  closed(_error: Error | null): void {
    for (const call of this.#pending.splice(0)) call.abandon();
    this.#pendingBytes = 0;
    this.#onClosed(this);
  }

  /** Closes the connection with one log line that says why. */
  drop(reason: string): void {
    if (this.#connection.closed) return;
    this.#dispatch.refused(this.#connection.remoteAddress, reason);
    this.#connection.abort();
  }

  close(): void {
    this.#connection.close();
  }

  get remote(): Connection {
    return this.#connection;
  }

  get advertised(): { readonly host: string; readonly port: number } {
    return this.#advertised;
  }

  sent(bytes: number): void {
    this.#dispatch.sent(bytes);
  }

  /** A call was answered or ended. */
  answered(): void {
    if (!this.#advancing) this.#advance();
  }

  #receive(frame: Uint8Array): void {
    if (this.#connection.closed) return;
    const call = this.#open(frame);
    if (call === null) return;
    const runNow = call.pipelined && (this.#pending.at(-1)?.state ?? "answered") !== "queued";
    this.#pending.push(call);
    this.#pendingBytes += frame.length;
    if (runNow) this.#run(call);
    if (
      this.#pending.length >= this.#limits.maxPendingCalls ||
      this.#pendingBytes >= this.#limits.maxPendingBytes
    ) {
      this.#paused = true;
      this.#connection.pause();
    }
  }

  /** Sends what is answered at the head, runs what has become the head. */
  #advance(): void {
    this.#advancing = true;
    for (;;) {
      const head = this.#pending[0];
      if (head === undefined || this.#connection.closed) break;
      if (head.state === "queued") {
        if (this.#connection.queuedBytes > this.#limits.maxUnsentBytes) break;
        this.#run(head);
      }
      if (head.state !== "answered") break;
      this.#pending.shift();
      this.#pendingBytes -= head.sizeBytes;
      head.sendTo(this.#connection);
    }
    this.#advancing = false;
    if (
      this.#paused &&
      this.#pending.length * 2 <= this.#limits.maxPendingCalls &&
      this.#pendingBytes * 2 <= this.#limits.maxPendingBytes
    ) {
      this.#paused = false;
      this.#connection.resume();
    }
  }

  /** Whether this call's answer is the next on the connection. */
  isHead(call: PendingCall): boolean {
    return this.#pending[0] === call;
  }

  #open(frame: Uint8Array): PendingCall | null {
    const call = this.#guard("request header", () => this.#dispatch.open(this, frame));
    if (typeof call !== "string") return call;
    this.drop(call);
    return null;
  }

  #run(call: PendingCall): void {
    this.#guard(call.describe(), () => call.run());
  }

  /** Bytes that don't parse end the connection, as in Kafka, since nothing after them can be believed. */
  #guard<T>(what: string, read: () => T): T | null {
    try {
      return read();
    } catch (error) {
      if (!hasCode(error, "MALFORMED")) throw error;
      this.drop(`a malformed ${what}: ${error.message}`);
      return null;
    }
  }
}

type CallState = "queued" | "running" | "answered";

const scratch = new Writer();

/** A request on its way to its answer. */
export class PendingCall implements Call {
  readonly apiKey: number;
  readonly version: number;
  readonly clientId: string | null;
  readonly reader: Reader;
  readonly sizeBytes: number;
  readonly pipelined: boolean;
  readonly #correlationId: number;
  readonly #flexibleHeader: boolean;
  readonly #connection: KafkaConnection;
  readonly #handle: (call: Call) => void;
  readonly #name: string;
  #state: CallState = "queued";
  #response: Uint8Array | null = null;
  #onAbandoned: (() => void) | null = null;

  constructor(header: {
    apiKey: number;
    version: number;
    clientId: string | null;
    correlationId: number;
    flexibleResponseHeader: boolean;
    reader: Reader;
    sizeBytes: number;
    pipelined: boolean;
    name: string;
    connection: KafkaConnection;
    handle: (call: Call) => void;
  }) {
    this.apiKey = header.apiKey;
    this.version = header.version;
    this.clientId = header.clientId;
    this.reader = header.reader;
    this.sizeBytes = header.sizeBytes;
    this.pipelined = header.pipelined;
    this.#correlationId = header.correlationId;
    this.#flexibleHeader = header.flexibleResponseHeader;
    this.#connection = header.connection;
    this.#handle = header.handle;
    this.#name = header.name;
  }

  get state(): CallState {
    return this.#state;
  }

  get advertised(): { readonly host: string; readonly port: number } {
    return this.#connection.advertised;
  }

  get closed(): boolean {
    return this.#connection.remote.closed;
  }

  describe(): string {
    return `${this.#name} v${this.version} request`;
  }

  run(): void {
    this.#state = "running";
    this.#handle(this);
  }

  reply(encode: (writer: Writer) => void): void {
    if (this.#state === "answered" || this.closed) return;
    this.#state = "answered";
    this.#onAbandoned = null;
    scratch.reset();
    const lengthAt = scratch.reserveInt32();
    scratch.int32(this.#correlationId);
    if (this.#flexibleHeader) scratch.unsignedVarint(0);
    encode(scratch);
    scratch.patchInt32(lengthAt, scratch.sizeBytes - 4);
    this.#connection.sent(scratch.sizeBytes);
    // Only the head's answer may leave as views; it is sent by the advance that follows at once.
    if (this.#connection.isHead(this))
      for (const chunk of scratch.finish()) this.#connection.remote.send(chunk);
    else this.#response = scratch.toBytes();
    this.#connection.answered();
  }

  finish(): void {
    this.#state = "answered";
    this.#onAbandoned = null;
    this.#connection.answered();
  }

  drop(reason: string): void {
    this.#connection.drop(`${this.describe()}: ${reason}`);
  }

  onAbandoned(callback: () => void): void {
    this.#onAbandoned = callback;
  }

  abandon(): void {
    this.#onAbandoned?.();
    this.#onAbandoned = null;
  }

  sendTo(connection: Connection): void {
    if (this.#response !== null) connection.send(this.#response);
    this.#response = null;
  }
}
