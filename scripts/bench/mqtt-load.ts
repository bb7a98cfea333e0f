/**
 * A load generator for MQTT brokers that costs next to nothing itself: raw sockets, packets made once, pipelined.
 *
 *     bun scripts/bench/mqtt-load.ts publish PORT CONNECTIONS WINDOW MESSAGES QOS SIZE
 *     bun scripts/bench/mqtt-load.ts idle PORT CONNECTIONS SECONDS
 *
 * Prints one JSON line: {"messages", "seconds", "p50Ms", "p99Ms"}; latencies with a window of 1 only.
 */

/** MQTT 3.1.1 packet types, in the high bits of the first byte. */
const CONNACK = 0x20;
const PUBACK = 0x40;
const PINGRESP = 0xd0;
const PINGREQ = Uint8Array.of(0xc0, 0);
const KEEP_ALIVE_SEC = 600;

interface Load {
  readonly window: number;
  readonly messages: number;
  readonly qos: number;
  readonly sizeBytes: number;
}

function connectPacket(clientId: string): Uint8Array {
  const id = new TextEncoder().encode(clientId);
  const keepAlive = [KEEP_ALIVE_SEC >> 8, KEEP_ALIVE_SEC & 255];
  return Uint8Array.of(0x10, 12 + id.length, 0, 4, 77, 81, 84, 84, 4, 2, ...keepAlive, 0, id.length, ...id);
}

/** One connection that publishes. QoS 0 ends with a ping, whose answer says that all before it was read. */
class Publisher {
  readonly connected: Promise<void>;
  readonly finished: Promise<void>;
  readonly latenciesMs: number[] = [];
  readonly #load: Load;
  readonly #packets: Uint8Array;
  readonly #stride: number;
  readonly #idAt: number;
  #setConnected = (): void => {};
  #setFinished = (): void => {};
  #socket: Bun.Socket | null = null;
  #toSend: number;
  #unacked = 0;
  #nextId = 1;
  #sentAt = 0;
  #tail: Uint8Array | null = null;
  #partial: number[] = [];
  #pinged = false;

  constructor(topic: string, load: Load) {
    this.#load = load;
    this.#toSend = load.messages;
    const name = new TextEncoder().encode(topic);
    const idBytes = load.qos > 0 ? [0, 0] : [];
    const remaining = 2 + name.length + idBytes.length + load.sizeBytes;
    const length = remaining < 128 ? [remaining] : [(remaining & 127) | 128, remaining >> 7];
    const head = [0x30 | (load.qos << 1), ...length, 0, name.length, ...name, ...idBytes];
    this.#stride = head.length + load.sizeBytes;
    this.#idAt = head.length - 2;
    this.#packets = new Uint8Array(this.#stride * load.window).fill(0x61);
    for (let i = 0; i < load.window; i += 1) this.#packets.set(head, i * this.#stride);
    this.connected = new Promise((resolve) => {
      this.#setConnected = resolve;
    });
    this.finished = new Promise((resolve) => {
      this.#setFinished = resolve;
    });
  }

  async connect(port: number, clientId: string): Promise<void> {
    this.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        open: (socket) => void socket.write(connectPacket(clientId)),
        data: (_, chunk) => this.#receive(chunk),
        drain: () => this.#drain(),
      },
    });
    await this.connected;
  }

  /** Sends what the window allows. */
  send(): void {
    while (this.#tail === null && this.#toSend > 0) {
      const { window, qos } = this.#load;
      const count = Math.min(this.#toSend, window - (qos > 0 ? this.#unacked : 0));
      if (count <= 0) return;
      if (qos > 0) this.#number(count);
      this.#toSend -= count;
      this.#sentAt = performance.now();
      this.#write(this.#packets.subarray(0, count * this.#stride));
    }
    if (this.#tail === null && this.#toSend === 0 && this.#load.qos === 0 && !this.#pinged) {
      this.#pinged = true;
      this.#write(PINGREQ);
    }
  }

  close(): void {
    this.#socket?.end();
  }

  #number(count: number): void {
    for (let i = 0; i < count; i += 1) {
      const at = i * this.#stride + this.#idAt;
      this.#packets[at] = this.#nextId >> 8;
      this.#packets[at + 1] = this.#nextId & 255;
      this.#nextId = this.#nextId === 0xffff ? 1 : this.#nextId + 1;
    }
    this.#unacked += count;
  }

  #write(bytes: Uint8Array): void {
    const written = Math.max(0, this.#socket?.write(bytes) ?? 0);
    if (written < bytes.length) this.#tail = bytes.slice(written);
  }

  #drain(): void {
    const tail = this.#tail;
    if (tail !== null) {
      this.#tail = null;
      this.#write(tail);
    }
    this.send();
  }

  /** CONNACK and PUBACK are four bytes, PINGRESP two; all begin with their type. */
  #receive(chunk: Uint8Array): void {
    for (const byte of chunk) {
      this.#partial.push(byte);
      const [type] = this.#partial;
      if (this.#partial.length < (type === PINGRESP ? 2 : 4)) continue;
      this.#partial = [];
      if (type === CONNACK) this.#setConnected();
      else if (type === PINGRESP) this.#setFinished();
      else if (type === PUBACK) this.#unacked -= 1;
      else throw new Error(`a packet of type ${type}`);
      if (type === PUBACK && this.#load.window === 1) this.latenciesMs.push(performance.now() - this.#sentAt);
    }
    if (this.#load.qos > 0 && this.#toSend === 0 && this.#unacked === 0) this.#setFinished();
    else if (this.#sentAt > 0 && this.#unacked <= this.#load.window / 2) this.send();
  }
}

async function publish(port: number, connections: number, load: Load): Promise<void> {
  const each = Math.floor(load.messages / connections);
  const publishers = Array.from(
    { length: connections },
    (_, index) => new Publisher(`devices/bench-${index}/t`, { ...load, messages: each }),
  );
  await Promise.all(publishers.map((publisher, index) => publisher.connect(port, `bench-${index}`)));
  const startedAt = performance.now();
  for (const publisher of publishers) publisher.send();
  await Promise.all(publishers.map((publisher) => publisher.finished));
  const seconds = (performance.now() - startedAt) / 1000;
  for (const publisher of publishers) publisher.close();
  const latencies = publishers.flatMap((publisher) => publisher.latenciesMs).sort((a, b) => a - b);
  const at = (quantile: number) => latencies[Math.floor((latencies.length - 1) * quantile)] ?? null;
  console.log(JSON.stringify({ messages: each * connections, seconds, p50Ms: at(0.5), p99Ms: at(0.99) }));
}

async function idle(port: number, connections: number, seconds: number): Promise<void> {
  for (let index = 0; index < connections; index += 1) {
    const publisher = new Publisher("idle", { window: 1, messages: 0, qos: 0, sizeBytes: 0 });
    await publisher.connect(port, `idle-${index}`);
  }
  console.log(JSON.stringify({ connections }));
  await Bun.sleep(seconds * 1000);
}

const [mode, ...numbers] = process.argv.slice(2);
const [port = 0, connections = 1, third = 1, messages = 1, qos = 1, sizeBytes = 100] = numbers.map(Number);
if (mode === "idle") await idle(port, connections, third);
else await publish(port, connections, { window: third, messages, qos, sizeBytes });
process.exit(0);
