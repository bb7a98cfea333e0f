import type { Connection, ConnectionHandler, Listener, Network } from "../io/network.ts";
import type { KafkaDoor } from "../kafka/listener.ts";

export interface LateKafkaDoorOptions {
  readonly network: Network;
  readonly host: string;
  readonly port: number;
  readonly limits: { readonly maxConnections: number; readonly maxQueuedBytes: number };
  /** Opens the door, which listens on the network that it is given; called once, for the first client. */
  readonly open: (network: Network) => Promise<OpenDoor>;
}

/** What is asked of the open door. */
export type OpenDoor = Pick<KafkaDoor, "connectionCount" | "stopAccepting" | "close">;

/**
 * The place of the door for Kafka clients, whose sixty kinds of request are read into memory when the first client
 * comes: a gateway that only devices and uplinks use does without. It listens from the beginning, so that a port which
 * is taken is noticed at the start. Whoever comes while the door is being opened waits for it.
 */
export class LateKafkaDoor {
  readonly #options: LateKafkaDoorOptions;
  readonly #listener: Listener;
  readonly #waiting = new Set<WaitingClient>();
  /** The open door's own. */
  #accept: ((connection: Connection) => ConnectionHandler | null) | null = null;
  #door: OpenDoor | null = null;
  #opening = false;
  #closing = false;

  /** Listens from now on. Throws PORT_TAKEN. */
  constructor(options: LateKafkaDoorOptions) {
    this.#options = options;
    const { network, host, port, limits } = options;
    this.#listener = network.listen({
      host,
      port,
      limits: { maxQueuedBytes: limits.maxQueuedBytes },
      accept: (connection) =>
        this.#accept === null ? this.#keepWaiting(connection) : this.#accept(connection),
    });
  }

  get host(): string {
    return this.#listener.host;
  }

  get port(): number {
    return this.#listener.port;
  }

  get connectionCount(): number {
    return this.#waiting.size + (this.#door?.connectionCount ?? 0);
  }

  /** See KafkaDoor. */
  stopAccepting(): void {
    this.#closing = true;
    this.#listener.close();
    this.#door?.stopAccepting();
  }

  /** See KafkaDoor. */
  close(): void {
    this.stopAccepting();
    for (const client of this.#waiting) client.connection.close();
    this.#door?.close();
  }

  #keepWaiting(connection: Connection): ConnectionHandler | null {
    if (this.#closing || this.#waiting.size >= this.#options.limits.maxConnections) return null;
    const client = new WaitingClient(connection, () => this.#waiting.delete(client));
    this.#waiting.add(client);
    if (!this.#opening) {
      this.#opening = true;
      void this.#open();
    }
    return client;
  }

  async #open(): Promise<void> {
    const door = await this.#options.open({
      listen: ({ accept }) => {
        this.#accept = accept;
        return this.#listener;
      },
      connect: (options) => this.#options.network.connect(options),
    });
    this.#door = door;
    if (this.#closing) door.close();
    for (const client of [...this.#waiting]) {
      this.#waiting.delete(client);
      client.enter(this.#accept?.(client.connection) ?? null);
    }
  }
}

/** A client that came before the door was open. Nothing more is read of it once it has said something. */
class WaitingClient implements ConnectionHandler {
  readonly connection: Connection;
  readonly #onGone: () => void;
  /** What was read at once, before reading stopped. */
  readonly #chunks: Uint8Array[] = [];
  #handler: ConnectionHandler | null = null;

  constructor(connection: Connection, onGone: () => void) {
    this.connection = connection;
    this.#onGone = onGone;
  }

  /** Goes on with the door's handler; null: the door has refused it. */
  enter(handler: ConnectionHandler | null): void {
    this.#handler = handler;
    if (handler === null) {
      this.connection.abort();
      return;
    }
    if (this.#chunks.length === 0) return;
    // Before the handler hears of them, which may want to pause on its own account.
    this.connection.resume();
    for (const chunk of this.#chunks.splice(0)) if (!this.connection.closed) handler.data(chunk);
  }

  data(chunk: Uint8Array): void {
    if (this.#handler !== null) this.#handler.data(chunk);
    else {
      this.#chunks.push(chunk);
      this.connection.pause();
    }
  }

  drained(): void {
    this.#handler?.drained();
  }

  closed(error: Error | null): void {
    this.#onGone();
    this.#handler?.closed(error);
  }
}
