import { createServer, type Server, type Socket, connect as tcpConnect } from "node:net";
import { SeededRandom } from "../../src/io/simulated/random.ts";

export interface SlowProxyOptions {
  /** 0 picks one. */
  readonly port?: number;
  readonly targetPort: number;
  /** In each direction, shared by all connections; Infinity for no limit. */
  readonly bytesPerSecond: number;
  readonly roundTripMs: number;
  /** Chance that a packet is lost, and comes once the sender has noticed. */
  readonly stalls: number;
  readonly seed: number;
}

type Direction = "to-target" | "to-client";

const PACKET_BYTES = 1_400;
/** How long a lost packet takes to be sent again, beside the round trip. */
const STALL_MS = 400;
/** What the link holds of a connection before the sender has to wait. */
const HELD_BYTES = 16 * 1024;

/** A narrow link on loopback: forwards TCP connections at a rate, late, and with stalls. Counts what passes. */
export class SlowProxy {
  bytesPerSecond: number;
  roundTripMs: number;
  stalls: number;
  /** Bytes that came in from clients and went out to them. */
  passedBytes = 0;
  readonly #random: SeededRandom;
  readonly #targetPort: number;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  /** When each direction has sent what it has. */
  readonly #freeAtMs = { "to-target": 0, "to-client": 0 };

  private constructor(options: SlowProxyOptions) {
    this.bytesPerSecond = options.bytesPerSecond;
    this.roundTripMs = options.roundTripMs;
    this.stalls = options.stalls;
    this.#random = new SeededRandom(options.seed);
    this.#targetPort = options.targetPort;
    this.#server = createServer((client) => this.#accept(client));
  }

  static async start(options: SlowProxyOptions): Promise<SlowProxy> {
    const proxy = new SlowProxy(options);
    await new Promise<void>((done, failed) => {
      proxy.#server.once("error", failed);
      proxy.#server.listen(options.port ?? 0, "127.0.0.1", done);
    });
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the proxy is closed");
    return address.port;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  async stop(): Promise<void> {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
    await new Promise((done) => this.#server.close(done));
  }

  #accept(client: Socket): void {
    const target = tcpConnect({ host: "127.0.0.1", port: this.#targetPort });
    const pair = [client, target] as const;
    this.#pairs.add(pair);
    const close = (): void => {
      client.destroy();
      target.destroy();
      this.#pairs.delete(pair);
    };
    for (const [from, to, direction] of [
      [client, target, "to-target"],
      [target, client, "to-client"],
    ] as const) {
      from.setNoDelay(true);
      let held = 0;
      from.on("data", (chunk: Uint8Array) => {
        held += chunk.length;
        this.passedBytes += chunk.length;
        if (held > HELD_BYTES) from.pause();
        for (let at = 0; at < chunk.length; at += PACKET_BYTES) {
          const packet = chunk.subarray(at, at + PACKET_BYTES);
          setTimeout(
            () => {
              held -= packet.length;
              if (held <= HELD_BYTES) from.resume();
              if (!to.destroyed) to.write(packet);
            },
            this.#delayMs(packet.length, direction),
          );
        }
      });
      from.on("error", close);
      from.on("close", close);
    }
  }

  /** How long a packet takes; those behind it come after it. */
  #delayMs(bytes: number, direction: Direction): number {
    const nowMs = performance.now();
    const stallMs = this.#random.chance(this.stalls) ? STALL_MS + this.roundTripMs : 0;
    const sendMs = Number.isFinite(this.bytesPerSecond) ? (bytes * 1000) / this.bytesPerSecond : 0;
    const freeAtMs = Math.max(nowMs, this.#freeAtMs[direction]) + sendMs + stallMs;
    this.#freeAtMs[direction] = freeAtMs;
    return freeAtMs - nowMs + this.roundTripMs / 2;
  }
}
