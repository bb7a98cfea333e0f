import { ZERO_UUID } from "../../../src/base/ids.ts";
import { SystemClock } from "../../../src/io/bun/clock.ts";
import { SystemNetwork } from "../../../src/io/bun/network.ts";
import type { Connection, ConnectionHandler } from "../../../src/io/network.ts";
import { FrameAssembler } from "../../../src/kafka/client/frame-assembler.ts";
import { findApi, responseHeaderVersion } from "../../../src/kafka/wire/api.ts";
import type { MessageCodec } from "../../../src/kafka/wire/message.ts";
import { Reader } from "../../../src/kafka/wire/reader.ts";
import { decodeRecords } from "../../../src/records/reader.ts";
import { encodeRequest } from "../support/door.ts";

const MAX_FRAME_BYTES = 16 * 1024 * 1024;
const CONNECT_MS = 10_000;
const ANSWER_MS = 10_000;

/** Fields that differ between two brokers that do the same. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  "throttleTimeMs",
  "unknownTaggedFields",
  "port",
  "errorMessage",
  "logAppendTimeMs",
]);

/**
 * Asks one broker, one request after the other, and writes down what it answered in words that another broker would
 * have to use as well: ids and names that are the broker's own stand under names of the script.
 */
export class Asker implements ConnectionHandler {
  /** A line for each answer that was noted. */
  readonly lines: string[] = [];
  readonly #frames: Uint8Array[] = [];
  readonly #assembler = new FrameAssembler(MAX_FRAME_BYTES);
  readonly #producers = new Map<unknown, string>();
  #connection: Connection | null = null;
  #correlationId = 0;
  #wake: () => void = () => {};
  #closed = false;

  static async open(address: string): Promise<Asker> {
    const asker = new Asker();
    const [host = "", port = ""] = address.split(":");
    asker.#connection = await new SystemNetwork(new SystemClock()).connect({
      host,
      port: Number(port),
      timeoutMs: CONNECT_MS,
      limits: { maxQueuedBytes: MAX_FRAME_BYTES },
      handler: asker,
    });
    return asker;
  }

  data(chunk: Uint8Array): void {
    this.#assembler.push(chunk, (frame) => this.#frames.push(frame.slice()));
    this.#wake();
  }

  drained(): void {}

  closed(): void {
    this.#closed = true;
    this.#wake();
  }

  close(): void {
    this.#connection?.close();
  }

  /** This producer stands under that name from now on. */
  nameProducer(producerId: unknown, name: string): void {
    this.#producers.set(producerId, name);
  }

  /** Throws where the broker closes the connection or says nothing. */
  async ask<Request, Response>(
    requests: MessageCodec<Request>,
    responses: MessageCodec<Response>,
    request: Request,
    version: number,
  ): Promise<Response> {
    this.#correlationId += 1;
    this.#connection?.send(encodeRequest(requests, request, version, this.#correlationId));
    this.#connection?.flush();
    const frame = await this.#nextFrame(requests.name);
    const reader = new Reader(frame);
    reader.int32();
    const api = findApi(responses.apiKey ?? -1);
    if (api !== undefined && responseHeaderVersion(api, version) === 1) reader.taggedFields();
    return responses.read(reader, version);
  }

  /** The same, and notes the answer. */
  async note<Request, Response>(
    what: string,
    requests: MessageCodec<Request>,
    responses: MessageCodec<Response>,
    request: Request,
    version: number,
  ): Promise<Response> {
    const response = await this.ask(requests, responses, request, version);
    this.lines.push(`${requests.name} ${version} ${what}: ${JSON.stringify(this.#plain(response))}`);
    return response;
  }

  async #nextFrame(name: string): Promise<Uint8Array> {
    const endMs = performance.now() + ANSWER_MS;
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) return frame;
      if (this.#closed) throw new Error(`the connection was closed on ${name}`);
      const leftMs = endMs - performance.now();
      if (leftMs <= 0) throw new Error(`no answer to ${name}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  #plain(value: unknown, key = ""): unknown {
    if (value instanceof Uint8Array) {
      return decodeRecords(value).map(({ offset, value: text }) => `${offset}:${text?.length ?? -1}`);
    }
    if (Array.isArray(value)) return inOrder(value).map((item) => this.#plain(item));
    if (typeof value === "object" && value !== null) {
      const fields = Object.entries(value).filter(([name]) => !OWN_FIELDS.has(name));
      return Object.fromEntries(fields.map(([name, field]) => [name, this.#plain(field, name)]));
    }
    return this.#named(key, value);
  }

  #named(key: string, value: unknown): unknown {
    switch (key) {
      case "producerId":
        return this.#producers.get(value) ?? value;
      case "sessionId":
        return value === 0 ? 0 : "a session";
      case "topicId":
        return value === ZERO_UUID ? "none" : "a topic";
      case "leaderId":
      case "nodeId":
        return Number(value) < 0 ? value : "the node";
      case "timestamp":
      case "lastTimestamp":
        return Number(value) < 0 ? value : "a time";
      case "host":
        return "the host";
      default:
        return value;
    }
  }
}

/** Partitions and producers that a broker keeps in a hash map come in any order. */
function inOrder(items: readonly unknown[]): unknown[] {
  const keyed = items.map((item) => ({ item, key: orderOf(item) }));
  if (keyed.some(({ key }) => key === null)) return [...items];
  return keyed.sort((a, b) => Number(a.key) - Number(b.key)).map(({ item }) => item);
}

function orderOf(item: unknown): number | null {
  if (typeof item !== "object" || item === null) return null;
  const fields = new Map(Object.entries(item));
  // The order of a fetch's partitions means something.
  if (fields.has("highWatermark")) return null;
  const key = fields.get("partitionIndex") ?? fields.get("index") ?? fields.get("producerId");
  return typeof key === "number" ? key : null;
}
