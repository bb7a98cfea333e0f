import { generate, type IConnectPacket, type Packet, parser } from "mqtt-packet";

const WAIT_MS = 10_000;

/** One end of a real connection that may send whatever it likes, and keeps what comes. */
export class RawClient {
  readonly version: 4 | 5;
  received = Buffer.alloc(0);
  closed = false;
  /** Bytes that the kernel has not taken yet. */
  #unsent: Uint8Array[] = [];
  #socket: Bun.Socket<undefined> | null = null;
  #wake: () => void = () => {};
  #read = 0;

  private constructor(version: 4 | 5) {
    this.version = version;
  }

  /** Connects to host:port; with TLS where told how. Resolves too where the other side would not have it. */
  static async open(
    address: string,
    version: 4 | 5 = 5,
    tls: Bun.TLSOptions | null = null,
  ): Promise<RawClient> {
    const client = new RawClient(version);
    const [host = "", port = ""] = address.split(":");
    const opened = Bun.connect({
      hostname: host,
      port: Number(port),
      ...(tls === null ? {} : { tls }),
      socket: {
        data: (_, chunk) => {
          client.received = Buffer.concat([client.received, chunk]);
          client.#wake();
        },
        drain: () => client.#flush(),
        close: () => client.#end(),
        error: () => client.#end(),
        connectError: () => client.#end(),
        ...(tls === null ? {} : { handshake: () => client.#wake() }),
      },
    });
    client.#socket = await opened.catch(() => null);
    if (client.#socket === null) client.#end();
    return client;
  }

  write(bytes: Uint8Array): void {
    if (this.closed) return;
    this.#unsent.push(bytes);
    if (this.#unsent.length === 1) this.#flush();
  }

  hex(text: string): void {
    this.write(Uint8Array.fromHex(text.replaceAll(/\s/g, "")));
  }

  send(packet: Packet): void {
    this.write(generate(packet, { protocolVersion: this.version }));
  }

  connect(clientId: string, more: Partial<IConnectPacket> = {}): void {
    this.send({
      cmd: "connect",
      clientId,
      protocolId: "MQTT",
      protocolVersion: this.version,
      clean: true,
      keepalive: 0,
      ...more,
    });
  }

  publish(
    topic: string,
    payload: string | Buffer,
    qos: 0 | 1 | 2 = 1,
    messageId = 1,
    more: object = {},
  ): void {
    this.send({ cmd: "publish", topic, payload, qos, messageId, retain: false, dup: false, ...more });
  }

  subscribe(topic: string, qos: 0 | 1 | 2 = 1, messageId = 1): void {
    this.send({ cmd: "subscribe", messageId, subscriptions: [{ topic, qos }] });
  }

  /** Stops reading, so that the other side's sends pile up. */
  freeze(): void {
    this.#socket?.pause();
  }

  thaw(): void {
    this.#socket?.resume();
  }

  /** Leaves without a word. */
  close(): void {
    this.#socket?.terminate();
    this.#end();
  }

  /** The next packet, whatever it is. */
  async any(): Promise<Packet> {
    for (;;) {
      const packet = this.#next();
      if (packet !== null) return packet;
      if (this.closed) throw new Error("closed");
      await this.#something("a packet");
    }
  }

  /** The next packet of this kind; those before it are dropped. Rejects where none comes. */
  async packet(cmd: Packet["cmd"]): Promise<Packet> {
    for (;;) {
      const packet = this.#next();
      if (packet?.cmd === cmd) return packet;
      if (packet !== null) continue;
      if (this.closed) throw new Error(`closed before a ${cmd}`);
      await this.#something(`a ${cmd}`);
    }
  }

  /** The reason code of the next packet of this kind, or of the DISCONNECT or the end ("closed") that comes instead. */
  async code(cmd: Packet["cmd"]): Promise<number | "closed"> {
    for (;;) {
      const packet = this.#next();
      if (packet !== null && (packet.cmd === cmd || packet.cmd === "disconnect")) return codeOf(packet);
      if (packet !== null) continue;
      if (this.closed) return "closed";
      await this.#something(`a ${cmd}, or an end`);
    }
  }

  async untilClosed(): Promise<void> {
    while (!this.closed) await this.#something("an end");
  }

  /** Packets that have come and were not looked at. */
  rest(): Packet[] {
    const packets: Packet[] = [];
    for (let packet = this.#next(); packet !== null; packet = this.#next()) packets.push(packet);
    return packets;
  }

  #next(): Packet | null {
    const stream = this.received;
    let length = 0;
    let head = this.#read + 1;
    for (let shift = 0; ; shift += 7) {
      const byte = stream[head++];
      if (byte === undefined) return null;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    if (head + length > stream.length) return null;
    let found: Packet | null = null;
    const reader = parser({ protocolVersion: this.version });
    reader.on("packet", (packet: Packet) => {
      found = packet;
    });
    reader.parse(stream.subarray(this.#read, head + length));
    this.#read = head + length;
    return found;
  }

  #flush(): void {
    for (let bytes = this.#unsent[0]; bytes !== undefined && this.#socket !== null; bytes = this.#unsent[0]) {
      const taken = this.#socket.write(bytes);
      if (taken < 0) return;
      if (taken < bytes.length) {
        this.#unsent[0] = bytes.subarray(taken);
        return;
      }
      this.#unsent.shift();
    }
    this.#wake();
  }

  /** Resolves when the kernel has all that was written, or the connection has ended. */
  async flushed(): Promise<void> {
    while (this.#unsent.length > 0 && !this.closed) await this.#something("room to send");
  }

  #end(): void {
    this.closed = true;
    this.#wake();
  }

  #something(what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`waited for ${what} for too long`)), WAIT_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function codeOf(packet: Packet): number {
  if (packet.cmd === "suback") return Number(packet.granted[0]);
  if (packet.cmd === "connack") return Number(packet.reasonCode ?? packet.returnCode);
  return "reasonCode" in packet ? Number(packet.reasonCode ?? 0) : 0;
}
