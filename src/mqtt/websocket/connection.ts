import type { Connection, ConnectionHandler } from "../../io/network.ts";
import { releaseChunk } from "../../io/release-chunk.ts";
import { Reason, type Refusal } from "../packets/codes.ts";
import { CloseCode, type FrameHeaders, FrameReader, Opcode } from "./frames.ts";
import { HandshakeReader } from "./handshake.ts";

/**
 * A connection whose bytes leave in WebSocket frames, upon one whose bytes are those of the socket: what queues, what
 * is bounded and how reading stops are the socket's own. Each `send` is one binary message.
 */
export class WebSocketConnection implements Connection {
  readonly #socket: Connection;
  readonly #headers: FrameHeaders;
  #isOpen = false;
  #closeCode: number | null = CloseCode.NORMAL;

  /** `headers` may serve all connections. */
  constructor(socket: Connection, headers: FrameHeaders) {
    this.#socket = socket;
    this.#headers = headers;
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress;
  }

  get remotePort(): number {
    return this.#socket.remotePort;
  }

  get localPort(): number {
    return this.#socket.localPort;
  }

  get queuedBytes(): number {
    return this.#socket.queuedBytes;
  }

  get closed(): boolean {
    return this.#socket.closed;
  }

  get peerCertificate(): Uint8Array | null {
    return this.#socket.peerCertificate;
  }

  send(bytes: Uint8Array): void {
    if (bytes.length > 0) this.sendFrame(Opcode.BINARY, bytes);
  }

  flush(): void {
    this.#socket.flush();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Sends the close's frame and ends the socket. Nobody waits for the peer's: TCP delivers ours before its end. */
  close(): void {
    if (this.closed) return;
    const code = this.#closeCode;
    if (this.#isOpen) {
      this.sendFrame(Opcode.CLOSE, new Uint8Array(code === null ? [] : [code >> 8, code & 0xff]));
    }
    this.#isOpen = false;
    this.#socket.close();
  }

  abort(): void {
    this.#socket.abort();
  }

  // For the receiver of this connection.

  /** Sends the answer to the handshake. There are no frames before one that accepts it. */
  answer(bytes: Uint8Array, accepts: boolean): void {
    this.#socket.send(bytes);
    this.#isOpen = accepts;
  }

  sendFrame(opcode: number, payload: Uint8Array): void {
    this.#socket.send(this.#headers.of(opcode, payload.length));
    this.#socket.send(payload);
  }

  /** The code that `close` gives, null for none. */
  set closeCode(code: number | null) {
    this.#closeCode = code;
  }
}

/** A handler that can be told that its peer has broken the rules below it. */
export interface WebSocketHandler extends ConnectionHandler {
  /** Says so in the log, and closes. */
  refuse(refusal: Refusal): void;
}

/** A copy up to this size costs less than a view. */
const SMALL_BYTES = 1000;

/** What comes on the socket of a WebSocket connection: "handshake", then "open", and "ended" by a close or a fault. */
export class WebSocketReceiver implements ConnectionHandler {
  readonly #connection: WebSocketConnection;
  readonly #handler: WebSocketHandler;
  readonly #frames = new FrameReader();
  #handshake: HandshakeReader | null = new HandshakeReader();

  constructor(connection: WebSocketConnection, handler: WebSocketHandler) {
    this.#connection = connection;
    this.#handler = handler;
  }

  data(chunk: Uint8Array): void {
    const start = this.#handshake === null ? 0 : this.#shakeHands(this.#handshake, chunk);
    if (start < chunk.length && !this.#connection.closed) this.#readFrames(chunk, start);
    releaseChunk(chunk);
  }

  drained(): void {
    this.#handler.drained();
  }

  closed(error: Error | null): void {
    this.#handler.closed(error);
  }

  /** Returns where in the chunk the frames begin. */
  #shakeHands(handshake: HandshakeReader, chunk: Uint8Array): number {
    const request = handshake.push(chunk);
    if (request === null) return chunk.length;
    const { bytes, refusal } = request.answer;
    this.#connection.answer(bytes, refusal === null);
    if (refusal === null) this.#handshake = null;
    else this.#refuse(refusal);
    return request.end;
  }

  #readFrames(chunk: Uint8Array, start: number): void {
    const connection = this.#connection;
    const dataBytes = this.#frames.read(chunk, start, (ping) => connection.sendFrame(Opcode.PONG, ping));
    if (dataBytes > 0) {
      // Whoever takes a view may give the whole chunk back: it is not looked at again here.
      this.#handler.data(dataBytes > SMALL_BYTES ? chunk.subarray(0, dataBytes) : chunk.slice(0, dataBytes));
    }
    const { end } = this.#frames;
    if (end === null) return;
    connection.closeCode = end.closeCode;
    if (end.fault === null) connection.close();
    else this.#refuse(end.fault);
  }

  /** One line in the log; an MQTT 5 client that is there hears the reason, before the frame that closes. */
  #refuse(what: string): void {
    this.#handler.refuse({ reason: Reason.PROTOCOL_ERROR, what });
  }
}
