import { connect, type Socket } from "node:net";
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

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#frames.push(chunk, (frame) => this.#answer(frame.slice()));
    });
    socket.once("error", () => this.#answer(null));
    socket.once("close", () => this.#answer(null));
  }

  /** Connects to `host:port`. */
  static async to(address: string): Promise<RawClient> {
    const [host = "", port = ""] = address.split(":");
    const socket = connect(Number(port), host);
    await new Promise<void>((connected, failed) => {
      socket.once("connect", connected);
      socket.once("error", failed);
    });
    return new RawClient(socket);
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
