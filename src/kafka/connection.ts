import { hasCode } from "../base/errors.ts";
import type { QuotaKind, QuotaSession, Quotas } from "../broker/quotas.ts";
import type { Timer } from "../io/clock.ts";
import type { Connection, ConnectionHandler } from "../io/network.ts";
import { releaseChunk } from "../io/release-chunk.ts";
import type { Call } from "./call.ts";
import type { Dispatch } from "./dispatch.ts";
import { type AssemblyMemory, FrameReader, type FrameUse } from "./frames.ts";
import type { Login } from "./login.ts";
import { patchThrottleTime } from "./throttle-time.ts";
import { API_KEY } from "./wire/generated/apis.ts";
import type { Reader } from "./wire/reader.ts";
import { Writer } from "./wire/writer.ts";

/** Requests of one connection that may wait for their answer before no more are read. */
const MAX_PENDING_CALLS = 128;
/** Bytes of such requests; a single request may be larger. */
const MAX_PENDING_BYTES = 4 * 1024 * 1024;
/** Of whoever has not logged in: bytes of a request, as in Kafka (sasl.server.max.receive.size), and requests that wait. */
const MAX_LOGIN_FRAME_BYTES = 512 * 1024;
const MAX_LOGIN_CALLS = 8;
/** Unsent response bytes above which the next request waits. */
const MAX_UNSENT_BYTES = 256 * 1024;

/** What the connections of one door share. */
export interface ConnectionHost {
  readonly dispatch: Dispatch;
  /** Largest request, length prefix excluded. */
  readonly maxFrameBytes: number;
  readonly assembly: AssemblyMemory;
  /** Milliseconds that only grow. */
  monotonicMs(): number;
  after(delayMs: number, callback: () => void): Timer;
  /** Whether requests of all connections hold more than they may; their bytes have changed by `bytes`. */
  held(bytes: number): boolean;
  /** Responses that clients have not read have changed by `bytes`. */
  unsent(bytes: number): void;
  /** Most record bytes that the next response may carry. */
  responseBudget(): number;
  closed(connection: KafkaConnection): void;
}

/**
 * One client. Requests run in order and are answered in order; produce requests run once the records of those before
 * are in the log, so that several share one sync, and everything else once all before it is answered, as in Kafka.
 */
export class KafkaConnection implements ConnectionHandler {
  readonly login: Login;
  /** Monotonic. */
  readonly openedAtMs: number;
  readonly #connection: Connection;
  readonly #host: ConnectionHost;
  readonly #advertised: { readonly host: string; readonly port: number };
  readonly #frames: FrameReader;
  readonly #pending: PendingCall[] = [];
  readonly #onDisconnected = new Map<string, () => void>();
  #pendingBytes = 0;
  #accountedBytes = 0;
  #accountedUnsentBytes = 0;
  #lastActiveMs: number;
  /** More requests wait than may. */
  #backlogged = false;
  /** Until then no request is run: the client is over its quota (KIP-219). Monotonic. */
  #mutedUntilMs = 0;
  #muted: Timer | null = null;
  #paused = false;
  #advancing = false;
  /** Whether a call that could run beside others may wait for one that is not done with its request. */
  #heldBack = false;

  constructor(
    connection: Connection,
    host: ConnectionHost,
    advertised: { readonly host: string; readonly port: number },
    login: Login,
  ) {
    this.login = login;
    this.#connection = connection;
    this.#host = host;
    this.#advertised = advertised;
    this.#frames = new FrameReader(host.maxFrameBytes, host.assembly);
    this.openedAtMs = host.monotonicMs();
    this.#lastActiveMs = this.openedAtMs;
  }

  /**
   * Monotonic time since when the client neither sent nor read anything; null while it waits for an answer that
   * it has not been sent.
   */
  get idleSinceMs(): number | null {
    const waits = this.#pending.length > 0 && this.#connection.queuedBytes === 0 && this.#muted === null;
    return waits ? null : this.#lastActiveMs;
  }

  get responseBudget(): number {
    return this.#host.responseBudget();
  }

  data(chunk: Uint8Array): void {
    this.#lastActiveMs = this.#host.monotonicMs();
    const refusal = this.login.begin();
    if (refusal !== null) {
      this.drop(refusal);
      return;
    }
    const { isOpen, takesRawMessages } = this.login;
    const maxFrameBytes = this.#host.maxFrameBytes;
    const maxBytes = isOpen ? maxFrameBytes : Math.min(maxFrameBytes, MAX_LOGIN_FRAME_BYTES);
    this.#frames.limit(maxBytes, takesRawMessages);
    let use: FrameUse = "read";
    const fault = this.#frames.push(chunk, (frame) => {
      const frameUse = this.#receive(frame);
      if (frameUse === "kept") use = "kept";
      return frameUse;
    });
    if (fault !== null) {
      this.drop(fault);
      return;
    }
    this.#advance();
    if (use === "read") releaseChunk(chunk);
    // Who is in the middle of a request when memory is short has to begin again; whole requests are being served.
    if (this.#account() && this.#frames.heldBytes > 0) {
      this.drop("requests of all connections hold more than kafka.max.pending.bytes");
    }
  }

  onDisconnected(name: string, callback: (() => void) | null): void {
    if (callback === null) this.#onDisconnected.delete(name);
    else this.#onDisconnected.set(name, callback);
  }

  drained(): void {
    this.#lastActiveMs = this.#host.monotonicMs();
    this.#advance();
    this.#account();
  }

  closed(error: Error | null): void {
    if (hasCode(error, "TLS_HANDSHAKE")) {
      this.#host.dispatch.refused(this.#connection.remoteAddress, error.message);
      this.login.handshakeFailed();
    }
    this.#muted?.cancel();
    this.login.end();
    for (const call of this.#pending.splice(0)) call.abandon();
    for (const callback of this.#onDisconnected.values()) callback();
    this.#onDisconnected.clear();
    this.#host.held(-this.#accountedBytes);
    this.#host.unsent(-this.#accountedUnsentBytes);
    this.#accountedBytes = 0;
    this.#accountedUnsentBytes = 0;
    this.#host.closed(this);
  }

  /**
   * Tells the door what this connection holds: answers that were not read, and requests that have not come whole
   * or are not answered. Says whether all connections together hold too much of those.
   */
  #account(): boolean {
    if (this.#connection.closed) return false;
    const { queuedBytes } = this.#connection;
    this.#host.unsent(queuedBytes - this.#accountedUnsentBytes);
    this.#accountedUnsentBytes = queuedBytes;
    const bytes = this.#pendingBytes + this.#frames.heldBytes;
    const change = bytes - this.#accountedBytes;
    this.#accountedBytes = bytes;
    return this.#host.held(change);
  }

  /** Closes the connection with one log line that says why. */
  drop(reason: string): void {
    if (this.#connection.closed) return;
    this.#host.dispatch.refused(this.#connection.remoteAddress, reason);
    this.#connection.abort();
  }

  /** Closes the connection once what was sent has left, with one log line that says why. */
  leave(reason: string): void {
    if (this.#connection.closed) return;
    this.#host.dispatch.refused(this.#connection.remoteAddress, reason);
    this.#connection.close();
  }

  close(): void {
    this.#connection.close();
  }

  /** Ends a connection that was silent for too long; what its client does not read is dropped. */
  expire(): void {
    if (this.#connection.queuedBytes > 0) this.#connection.abort();
    else this.#connection.close();
  }

  get remote(): Connection {
    return this.#connection;
  }

  get advertised(): { readonly host: string; readonly port: number } {
    return this.#advertised;
  }

  sent(bytes: number): void {
    this.#host.dispatch.sent(bytes);
  }

  get quotas(): Quotas {
    return this.#host.dispatch.quotas;
  }

  monotonicMs(): number {
    return this.#host.monotonicMs();
  }

  /** Runs no further request for so long. What runs already is answered. */
  mute(durationMs: number): void {
    if (this.#connection.closed) return;
    const nowMs = this.#host.monotonicMs();
    if (nowMs + durationMs <= this.#mutedUntilMs) return;
    this.#mutedUntilMs = nowMs + durationMs;
    this.#muted?.cancel();
    this.#muted = this.#host.after(durationMs, () => this.#unmute());
    this.#pauseOrResume();
  }

  /** A call was answered or ended. */
  answered(): void {
    if (this.#advancing) return;
    this.#advance();
    this.#account();
  }

  #receive(frame: Uint8Array): FrameUse {
    if (this.#connection.closed) return "kept";
    if (this.login.takesRawMessages) {
      this.#takeMessage(frame);
      return "kept";
    }
    const call = this.#open(frame);
    if (call === null) return "kept";
    const { isOpen } = this.login;
    if (!isOpen && this.#pending.length >= MAX_LOGIN_CALLS) {
      this.drop("too many requests before a login is over");
      return "kept";
    }
    const last = this.#pending.at(-1);
    const inOrder = last === undefined || (last.state !== "queued" && !last.isUnderWay);
    const runNow = call.pipelined && inOrder && this.#muted === null && isOpen;
    this.#pending.push(call);
    this.#pendingBytes += frame.length;
    if (runNow) this.#run(call);
    else if (call.pipelined) this.#heldBack = true;
    if (this.#pending.length >= MAX_PENDING_CALLS || this.#pendingBytes >= MAX_PENDING_BYTES) {
      this.#backlogged = true;
      this.#pauseOrResume();
    }
    // What comes behind it in this chunk may be another kind of thing once it is answered.
    if (!isOpen) this.#advance();
    return call.use;
  }

  /** Takes a message of a login that is a frame of its own; so is the answer. A login that fails has none, as in Kafka. */
  #takeMessage(frame: Uint8Array): void {
    if (this.login.isBusy) {
      this.drop("a message of a login before the one before it was answered");
      return;
    }
    this.login.authenticate(frame, ({ bytes, ends }) => {
      if (ends !== null) {
        this.leave(ends);
        return;
      }
      const answer = new Uint8Array(LENGTH_BYTES + bytes.length);
      new DataView(answer.buffer).setInt32(0, bytes.length);
      answer.set(bytes, LENGTH_BYTES);
      this.#connection.send(answer);
    });
  }

  #unmute(): void {
    this.#muted = null;
    this.#lastActiveMs = this.#host.monotonicMs();
    this.#pauseOrResume();
    this.#advance();
    this.#account();
  }

  #pauseOrResume(): void {
    const pause = this.#backlogged || this.#muted !== null;
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (pause) this.#connection.pause();
    else this.#connection.resume();
  }

  /** A call is done with its request: those behind it that waited for that run now, up to the next that is not. */
  requestRead(): void {
    if (!this.#heldBack) return;
    this.#heldBack = false;
    for (const call of this.#pending) {
      if (this.#connection.closed) return;
      if (call.state === "queued") {
        this.#heldBack = !call.pipelined || this.#muted !== null || !this.login.isOpen;
        if (this.#heldBack) return;
        this.#run(call);
      }
      if (call.isUnderWay) {
        this.#heldBack = true;
        return;
      }
    }
  }

  /** Sends what is answered at the head, runs what has become the head. */
  #advance(): void {
    this.#advancing = true;
    for (;;) {
      const head = this.#pending[0];
      if (head === undefined || this.#connection.closed) break;
      if (head.state === "queued") {
        if (this.#connection.queuedBytes > MAX_UNSENT_BYTES || this.#muted !== null) break;
        this.#run(head);
      }
      if (head.state !== "answered") break;
      this.#pending.shift();
      this.#pendingBytes -= head.sizeBytes;
      head.sendTo(this.#connection);
    }
    this.#advancing = false;
    if (!this.#backlogged) return;
    if (this.#pending.length * 2 > MAX_PENDING_CALLS || this.#pendingBytes * 2 > MAX_PENDING_BYTES) return;
    this.#backlogged = false;
    this.#pauseOrResume();
  }

  /** Whether this call's answer is the next on the connection. */
  isHead(call: PendingCall): boolean {
    return this.#pending[0] === call;
  }

  #open(frame: Uint8Array): PendingCall | null {
    const call = this.#guard(null, () => this.#host.dispatch.open(this, frame));
    if (typeof call !== "string") return call;
    this.drop(call);
    return null;
  }

  #run(call: PendingCall): void {
    if (this.login.hasFailed) return;
    const refusal = this.login.refusal(call.apiKey);
    if (refusal !== null) {
      this.drop(refusal);
      return;
    }
    this.#guard(call, () => call.run());
  }

  /** Bytes that don't parse end the connection, as in Kafka, since nothing after them can be believed. */
  #guard<T>(call: PendingCall | null, read: () => T): T | null {
    try {
      return read();
    } catch (error) {
      if (!hasCode(error, "MALFORMED")) throw error;
      this.drop(`a malformed ${call?.describe() ?? "request header"}: ${error.message}`);
      return null;
    }
  }
}

type CallState = "queued" | "running" | "answered";

const LENGTH_BYTES = 4;
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
  /** Of the request's bytes. */
  use: FrameUse = "kept";
  #state: CallState = "queued";
  #response: Uint8Array | null = null;
  #startedMs = 0;
  /** Time the handler took until it returned; null while it runs. */
  #busyMs: number | null = null;
  #throttleTimeMs = 0;
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

  /** Whether others may not run beside it yet: it may still write what has to be before what they write. */
  get isUnderWay(): boolean {
    return this.pipelined && this.#state === "running" && this.use === "kept";
  }

  get advertised(): { readonly host: string; readonly port: number } {
    return this.#connection.advertised;
  }

  get clientHost(): string {
    return `/${this.#connection.remote.remoteAddress}`;
  }

  get localPort(): number {
    return this.#connection.remote.localPort;
  }

  get session(): QuotaSession {
    return { user: this.#connection.login.user, clientId: this.clientId ?? "" };
  }

  get closed(): boolean {
    return this.#connection.remote.closed;
  }

  get responseBudget(): number {
    const { responseBudget, quotas } = this.#connection;
    return quotas.active ? Math.min(responseBudget, quotas.maxBytes("fetch", this.session)) : responseBudget;
  }

  describe(): string {
    return `${this.#name} v${this.version} request`;
  }

  run(): void {
    this.#state = "running";
    if (!this.#connection.quotas.active) {
      this.#handle(this);
      return;
    }
    this.#startedMs = this.#connection.monotonicMs();
    if (this.apiKey === API_KEY.PRODUCE) this.#charge("produce", this.sizeBytes);
    this.#handle(this);
    this.#busyMs = this.#connection.monotonicMs() - this.#startedMs;
  }

  throttle(durationMs: number): void {
    if (durationMs <= 0) return;
    this.#throttleTimeMs = Math.max(this.#throttleTimeMs, durationMs);
    this.#connection.mute(durationMs);
  }

  #charge(kind: QuotaKind, amount: number): void {
    this.throttle(this.#connection.quotas.record(kind, this.session, amount));
  }

  /** Counts what the answer costs, before it leaves: it tells the client for how long to be quiet. */
  #chargeAnswer(bodyAt: number): void {
    if (this.#connection.quotas.active) {
      const { sizeBytes } = scratch;
      if (this.apiKey === API_KEY.FETCH || this.apiKey === API_KEY.SHARE_FETCH)
        this.#charge("fetch", sizeBytes);
      // A request that came before the first quota has no time.
      const sinceMs = this.#startedMs === 0 ? 0 : this.#connection.monotonicMs() - this.#startedMs;
      this.#charge("request", this.#busyMs ?? sinceMs);
    }
    if (this.#throttleTimeMs > 0)
      patchThrottleTime(scratch, bodyAt, this.apiKey, this.version, this.#throttleTimeMs);
  }

  reply(encode: (writer: Writer) => void): void {
    if (this.#state === "answered" || this.closed) return;
    this.#state = "answered";
    this.#onAbandoned = null;
    scratch.reset();
    const lengthAt = scratch.reserveInt32();
    scratch.int32(this.#correlationId);
    if (this.#flexibleHeader) scratch.unsignedVarint(0);
    const bodyAt = scratch.sizeBytes;
    try {
      encode(scratch);
    } catch (error) {
      // A request can ask for what its version has no answer for, by a name of 32,767 bytes that an error
      // message would repeat for one. Answers also leave from within a commit round, which must not suffer.
      if (!hasCode(error, "UNSUPPORTED")) throw error;
      this.drop(`no answer fits: ${error.message}`);
      return;
    }
    this.#chargeAnswer(bodyAt);
    scratch.patchInt32(lengthAt, scratch.sizeBytes - 4);
    this.#connection.sent(scratch.sizeBytes);
    // Only the head's answer may leave as views; it is sent by the advance that follows at once.
    if (this.#connection.isHead(this))
      for (const chunk of scratch.finish()) this.#connection.remote.send(chunk);
    else this.#response = scratch.toBytes();
    this.#connection.answered();
  }

  requestRead(): void {
    this.use = "read";
    this.#connection.requestRead();
  }

  finish(): void {
    this.#state = "answered";
    this.#onAbandoned = null;
    this.#connection.answered();
  }

  drop(reason: string): void {
    this.#connection.drop(`${this.describe()}: ${reason}`);
  }

  leave(reason: string): void {
    this.#connection.leave(`${this.describe()}: ${reason}`);
  }

  get login(): Login {
    return this.#connection.login;
  }

  onAbandoned(callback: () => void): void {
    this.#onAbandoned = callback;
  }

  onDisconnected(name: string, callback: (() => void) | null): void {
    this.#connection.onDisconnected(name, callback);
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
