import type { Connection, ConnectionHandler } from "../io/network.ts";
import type { ConnectedClient, KafkaDoor } from "../kafka/listener.ts";
import { KafkaListeners, type KafkaListenersOptions, type OpenPlace } from "../kafka/listeners.ts";

export interface LateKafkaDoorOptions extends Omit<KafkaListenersOptions, "accept"> {
  readonly maxConnections: number;
  /** Opens the door; called once, for the first client. */
  readonly open: () => Promise<OpenDoor>;
}

/** What is asked of the open door. */
export interface OpenDoor
  extends Pick<KafkaDoor, "connectionCount" | "connections" | "stopAccepting" | "close"> {
  accept(connection: Connection, place: OpenPlace): ConnectionHandler | null;
}

/**
 * The place of the door for Kafka clients, whose sixty kinds of request are read into memory when the first client
 * comes: a gateway that only devices and uplinks use does without. It listens from the beginning, so that a port which
 * is taken is noticed at the start. Whoever comes while the door is being opened waits for it.
 */
export class LateKafkaDoor {
  readonly #options: LateKafkaDoorOptions;
  readonly #listeners: KafkaListeners;
  readonly #waiting = new Set<WaitingClient>();
  #door: OpenDoor | null = null;
  #opening = false;
  #closing = false;

  /** Listens from now on. Throws what `KafkaListeners` does. */
  constructor(options: LateKafkaDoorOptions) {
    this.#options = options;
    this.#listeners = new KafkaListeners({
      ...options,
      accept: (connection, place) =>
        this.#door === null ? this.#keepWaiting(connection, place) : this.#door.accept(connection, place),
    });
  }

  /** Where clients are served. */
  get places(): readonly OpenPlace[] {
    return this.#listeners.places;
  }

  /** See KafkaListeners. */
  get certificateExpiresAtMs(): number | null {
    return this.#listeners.certificateExpiresAtMs;
  }

  get connectionCount(): number {
    return this.#waiting.size + (this.#door?.connectionCount ?? 0);
  }

  /** See KafkaDoor. */
  connections(limit: number): readonly ConnectedClient[] {
    return this.#door?.connections(limit) ?? [];
  }

  /** See KafkaDoor. */
  stopAccepting(): void {
    this.#closing = true;
    this.#listeners.close();
    this.#door?.stopAccepting();
  }

  /** See KafkaDoor. */
  close(): void {
    this.stopAccepting();
    for (const client of this.#waiting) client.connection.close();
    this.#door?.close();
  }

  #keepWaiting(connection: Connection, place: OpenPlace): ConnectionHandler | null {
    if (this.#closing || this.#waiting.size >= this.#options.maxConnections) return null;
    const client = new WaitingClient(connection, place, () => this.#waiting.delete(client));
    this.#waiting.add(client);
    if (!this.#opening) {
      this.#opening = true;
      void this.#open();
    }
    return client;
  }

  async #open(): Promise<void> {
    const door = await this.#options.open();
    this.#door = door;
    if (this.#closing) door.close();
    for (const client of [...this.#waiting]) {
      this.#waiting.delete(client);
      client.enter(door.accept(client.connection, client.place));
    }
  }
}

/** A client that came before the door was open. Nothing more is read of it once it has said something. */
class WaitingClient implements ConnectionHandler {
  readonly connection: Connection;
  readonly place: OpenPlace;
  readonly #onGone: () => void;
  /** What was read at once, before reading stopped. */
  readonly #chunks: Uint8Array[] = [];
  #handler: ConnectionHandler | null = null;

  constructor(connection: Connection, place: OpenPlace, onGone: () => void) {
    this.connection = connection;
    this.place = place;
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
