import { connect, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { FrameAssembler } from "../../../src/kafka/client/frame-assembler.ts";
import { findApi, responseHeaderVersion } from "../../../src/kafka/wire/api.ts";
import type { MessageCodec } from "../../../src/kafka/wire/message.ts";
import { Reader } from "../../../src/kafka/wire/reader.ts";
import { encodeRequest } from "./door.ts";

/** One connection to any broker: a request, then its answer. Nothing is sent again, nothing is hidden. */
export class RawClient {
  readonly #socket: Socket;
  readonly #frames = new FrameAssembler(0x7fffffff);
  #waiting: ((frame: Uint8Array | null) => void) | null = null;
  #correlationId = 0;
  readonly #closed: Promise<void>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#frames.push(chunk, (frame) => this.#answer(frame.slice()));
    });
    socket.once("error", () => this.#answer(null));
    socket.once("close", () => this.#answer(null));
    this.#closed = new Promise((resolve) => socket.once("close", () => resolve()));
  }

  /** Connects to `host:port`, over TLS by these. Rejects where that can't be; a server's refusal may come later. */
  static async to(address: string, tls: ConnectionOptions | null = null): Promise<RawClient> {
    const [host = "", port = ""] = address.split(":");
    const place = { host, port: Number(port) };
    const socket = tls === null ? connect(place) : connectTls({ ...tls, ...place });
    await new Promise<void>((connected, failed) => {
      socket.once(tls === null ? "connect" : "secureConnect", connected);
      socket.once("error", failed);
      socket.once("close", () => failed(new Error("closed")));
    });
    return new RawClient(socket);
  }

  /** Sends bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Resolves once the other end has closed. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  async ask<Request, Response>(
    requests: MessageCodec<Request>,
    responses: MessageCodec<Response>,
    request: Request,
    version: number,
  ): Promise<Response> {
    this.#correlationId += 1;
    const answered = new Promise<Uint8Array | null>((resolve) => {
      this.#waiting = resolve;
    });
    this.#socket.write(encodeRequest(requests, request, version, this.#correlationId));
    const frame = await answered;
    if (frame === null) throw new Error(`the connection ended over ${requests.name} ${version}`);
    const reader = new Reader(frame);
    reader.int32();
    const api = findApi(responses.apiKey ?? -1);
    if (api !== undefined && responseHeaderVersion(api, version) === 1) reader.taggedFields();
    return responses.read(reader, version);
  }

  close(): void {
    this.#socket.destroy();
  }

  #answer(frame: Uint8Array | null): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.(frame);
  }
}
