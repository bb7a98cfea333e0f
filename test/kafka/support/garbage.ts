import { silentLogger } from "../../../src/base/logger.ts";
import type {
  Connection,
  ConnectionHandler,
  Listener,
  ListenOptions,
  Network,
} from "../../../src/io/network.ts";
import type { ManualClock } from "../../../src/io/simulated/clock.ts";
import { SERVED_VERSIONS } from "../../../src/kafka/dispatch.ts";
import { KafkaDoor } from "../../../src/kafka/listener.ts";
import { KafkaListeners } from "../../../src/kafka/listeners.ts";
import type { KafkaServices } from "../../../src/kafka/services.ts";
import { findApi, requestHeaderVersion } from "../../../src/kafka/wire/api.ts";
import { Reader } from "../../../src/kafka/wire/reader.ts";
import { Writer } from "../../../src/kafka/wire/writer.ts";
import type { KnownMessage } from "../wire/schemas.ts";
import type { Random32 } from "../wire/seeded.ts";
import { batchOf } from "./door.ts";

/** Requests are told from each other by nothing but their bytes here. */
const CORRELATION_ID = 7;
/** No answer to a request of some hundred bytes may be larger. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
/** No request may hold the event loop for longer, on a machine that is busy with other things. */
const MAX_REQUEST_MS = 5000;
const PORT = 9092;

/** What became of a request. */
export type Outcome = "answered" | "closed" | "waits";

/** A door to throw bytes at, without a network between: what a request does is done when `send` returns. */
export class Target {
  readonly #clock: ManualClock;
  readonly #network = new DirectNetwork();
  readonly #door: KafkaDoor;
  #socket: Socket;

  constructor(services: KafkaServices, clock: ManualClock) {
    this.#clock = clock;
    this.#door = new KafkaDoor({
      services,
      limits: {
        maxConnections: 10,
        maxFrameBytes: 1024 * 1024,
        maxHeldBytes: 16 * 1024 * 1024,
        maxQueuedBytes: 32 * 1024 * 1024,
        maxTotalQueuedBytes: 32 * 1024 * 1024,
        maxIdleMs: -1,
        maxConnectionsOfUser: -1,
        loginTimeoutMs: 30_000,
        maxReauthMs: 0,
        failedLoginDelayMs: 0,
      },
      clock,
      logger: silentLogger,
    });
    new KafkaListeners({
      network: this.#network,
      places: [{ host: "127.0.0.1", port: PORT, advertised: null, tls: false, mechanisms: [] }],
      maxQueuedBytes: 32 * 1024 * 1024,
      security: null,
      clientCertificate: "none",
      accept: (connection, place) => this.#door.accept(connection, place),
      logger: silentLogger,
    });
    this.#socket = this.#network.connect();
  }

  /** Throws what the broker throws, and where an answer is too large or took too long. */
  async send(frame: Uint8Array): Promise<Outcome> {
    if (this.#socket.closed || this.#socket.asked) await this.#reconnect();
    const socket = this.#socket;
    socket.asked = true;
    const startMs = performance.now();
    socket.handler?.data(frame);
    this.#clock.settle();
    // Syncs of the simulated disk end in microtasks.
    for (let turn = 0; turn < 8 && socket.sentBytes === 0 && !socket.closed; turn += 1) {
      await Promise.resolve();
      this.#clock.settle();
    }
    const tookMs = performance.now() - startMs;
    if (tookMs > MAX_REQUEST_MS) throw new Error(`a request took ${Math.round(tookMs)} ms`);
    if (socket.sentBytes > MAX_ANSWER_BYTES) throw new Error(`an answer of ${socket.sentBytes} bytes`);
    if (socket.closed) return "closed";
    if (socket.sentBytes === 0) return "waits";
    socket.asked = false;
    socket.sentBytes = 0;
    return "answered";
  }

  close(): void {
    this.#door.close();
    this.#clock.settle();
  }

  async #reconnect(): Promise<void> {
    this.#socket.abort();
    await this.#clock.settleAll();
    this.#socket = this.#network.connect();
  }
}

class DirectNetwork implements Network {
  #options: ListenOptions | null = null;

  listen(options: ListenOptions): Listener {
    this.#options = options;
    return { host: options.host, port: options.port, renew: () => {}, close: () => {} };
  }

  connect(): never;
  connect(): Socket;
  connect(): Socket {
    const socket = new Socket();
    const handler = this.#options?.accept(socket) ?? null;
    if (handler === null) throw new Error("the door refuses connections");
    socket.handler = handler;
    return socket;
  }
}

/** The broker's end of a connection, of which only the number of bytes sent is kept. */
class Socket implements Connection {
  readonly remoteAddress = "127.0.0.1";
  readonly remotePort = 50_000;
  readonly localPort = PORT;
  readonly peerCertificate = null;
  readonly queuedBytes = 0;
  handler: ConnectionHandler | null = null;
  closed = false;
  /** A request was sent on it that is not answered. */
  asked = false;
  sentBytes = 0;

  send(bytes: Uint8Array): void {
    this.sentBytes += bytes.length;
  }

  flush(): void {}
  pause(): void {}
  resume(): void {}

  close(): void {
    this.abort();
  }

  abort(): void {
    if (this.closed) return;
    this.closed = true;
    this.handler?.closed(null);
  }
}

/** A request of one version: its bytes on the wire from the length on, and where the body begins. */
export interface GoldenRequest {
  readonly version: number;
  readonly frame: Uint8Array;
  readonly bodyAt: number;
  readonly message: KnownMessage;
}

export function frameOf(
  message: KnownMessage,
  version: number,
  body: Uint8Array,
): Pick<GoldenRequest, "frame" | "bodyAt"> {
  const apiKey = message.codec.apiKey ?? -1;
  const api = findApi(apiKey);
  const writer = new Writer();
  const lengthAt = writer.reserveInt32();
  writer.int16(apiKey);
  writer.int16(version);
  writer.int32(CORRELATION_ID);
  writer.nullableString("golden");
  if (api !== undefined && requestHeaderVersion(api, version) === 2) writer.unsignedVarint(0);
  const bodyAt = writer.sizeBytes;
  writer.view(body);
  writer.patchInt32(lengthAt, writer.sizeBytes - 4);
  return { frame: writer.toBytes(), bodyAt };
}

/** The same request cut to `length` bytes, with a length in front that says so. */
export function truncated(frame: Uint8Array, length: number): Uint8Array {
  const cut = frame.slice(0, length);
  new DataView(cut.buffer).setInt32(0, length - 4);
  return cut;
}

const ODD_BYTES = [0x00, 0x01, 0x7f, 0x80, 0xff];
const ODD_LENGTHS = [-2, -1, 0, 1, 0x7fff, 0x7fffffff, -0x80000000, 1_000_000];

/** The request with its body damaged in one to four places. */
export function mutated({ frame, bodyAt }: GoldenRequest, random: Random32): Uint8Array {
  let bytes = frame.slice();
  for (let count = 1 + (random() % 4); count > 0; count -= 1) bytes = damaged(bytes, bodyAt, random);
  new DataView(bytes.buffer).setInt32(0, bytes.length - 4);
  return bytes;
}

function damaged(bytes: Uint8Array<ArrayBuffer>, bodyAt: number, random: Random32): Uint8Array<ArrayBuffer> {
  const length = bytes.length - bodyAt;
  if (length <= 0) return bytes;
  const at = bodyAt + (random() % length);
  switch (random() % 6) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (random() % 8));
      return bytes;
    case 1:
      bytes[at] = ODD_BYTES[random() % ODD_BYTES.length] ?? 0;
      return bytes;
    case 2: {
      if (at + 4 > bytes.length) return bytes;
      new DataView(bytes.buffer).setInt32(at, ODD_LENGTHS[random() % ODD_LENGTHS.length] ?? 0);
      return bytes;
    }
    case 3: {
      const end = Math.min(bytes.length, at + 1 + (random() % 8));
      return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(end)]);
    }
    case 4: {
      const extra = Array.from({ length: 1 + (random() % 8) }, () => random() & 0xff);
      return Uint8Array.from([...bytes.subarray(0, at), ...extra, ...bytes.subarray(at)]);
    }
    default: {
      // A piece again: elements that come twice.
      const piece = bytes.subarray(at, at + 1 + (random() % 32));
      return Uint8Array.from([...bytes.subarray(0, at), ...piece, ...bytes.subarray(at)]);
    }
  }
}

/** What exists on the broker that is asked, and what is near it. */
export interface Vocabulary {
  readonly strings: readonly string[];
  readonly ids: readonly string[];
}

const NUMBERS = [-2, -1, 0, 1, 2, 3, 5, 100, 1000, 32767, -32768];

/**
 * The same message with values that mean something to the broker in place of some: requests that get beyond the
 * first check. Null where the version has no place for what came out.
 */
export function plausible(golden: GoldenRequest, words: Vocabulary, random: Random32): Uint8Array | null {
  const { message, version, frame, bodyAt } = golden;
  const value = message.codec.read(new Reader(frame, bodyAt), version);
  const writer = new Writer();
  try {
    message.codec.write(writer, replaced(value, words, random), version);
  } catch {
    return null;
  }
  return frameOf(message, version, writer.toBytes()).frame;
}

function replaced(value: unknown, words: Vocabulary, random: Random32): unknown {
  const pick = <T>(from: readonly T[]): T | undefined => from[random() % from.length];
  if (value instanceof Uint8Array) return random() % 2 === 0 ? value : batchOf(["a", "b"]);
  if (Array.isArray(value)) {
    const items: unknown[] = value.map((item) => replaced(item, words, random));
    if (items.length > 0 && random() % 8 === 0) items.push(items[0]);
    return random() % 16 === 0 ? [] : items;
  }
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) =>
        name === "unknownTaggedFields" ? [name, inner] : [name, replaced(inner, words, random)],
      ),
    );
  }
  if (random() % 4 === 0) return value;
  if (typeof value === "string") return /^[\w-]{22}$/.test(value) ? pick(words.ids) : pick(words.strings);
  if (typeof value === "boolean") return random() % 2 === 0;
  return typeof value === "number" ? pick(NUMBERS) : value;
}

/** The versions of an API that the broker serves. */
export function servedVersions(apiKey: number): readonly number[] {
  const range = SERVED_VERSIONS.find((served) => served.apiKey === apiKey);
  if (range === undefined) return [];
  return Array.from(
    { length: range.maxVersion - range.minVersion + 1 },
    (_, index) => range.minVersion + index,
  );
}
