import type { Logger } from "../base/logger.ts";
import type { Listener, Network } from "../io/network.ts";
import { KafkaConnection, type KafkaConnectionLimits } from "./connection.ts";
import { Dispatch } from "./dispatch.ts";
import type { KafkaServices } from "./services.ts";

export interface KafkaDoorOptions {
  readonly network: Network;
  readonly host: string;
  readonly port: number;
  /** What Metadata tells clients to connect to; null: the address that is listened on. */
  readonly advertised: { readonly host: string; readonly port: number } | null;
  readonly services: KafkaServices;
  readonly limits: KafkaDoorLimits;
  readonly logger: Logger;
}

export interface KafkaDoorLimits extends KafkaConnectionLimits {
  readonly maxConnections: number;
  /** Response bytes that a slow client may leave unread before it is cut off. */
  readonly maxQueuedBytes: number;
}

/** The door for Kafka clients. */
export class KafkaDoor {
  readonly #listener: Listener;
  readonly #connections = new Set<KafkaConnection>();
  #closing = false;

  constructor(options: KafkaDoorOptions) {
    const { limits, logger } = options;
    const dispatch = new Dispatch(options.services, logger);
    this.#listener = options.network.listen({
      host: options.host,
      port: options.port,
      limits: { maxQueuedBytes: limits.maxQueuedBytes },
      accept: (connection) => {
        if (this.#closing) return null;
        if (this.#connections.size >= limits.maxConnections) {
          const reason = `${limits.maxConnections} connections are open, which is the limit (kafka.max.connections)`;
          dispatch.refused(connection.remoteAddress, reason);
          return null;
        }
        const advertised = options.advertised ?? { host: advertisable(this.host), port: this.port };
        const client = new KafkaConnection(connection, dispatch, limits, advertised, (closed) =>
          this.#connections.delete(closed),
        );
        this.#connections.add(client);
        return client;
      },
    });
  }

  get host(): string {
    return this.#listener.host;
  }

  get port(): number {
    return this.#listener.port;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Takes no more connections, and closes those that wait for nothing. */
  stopAccepting(): void {
    this.#closing = true;
    this.#listener.close();
  }

  /** Closes every connection; acks that the disk has covered have been sent. */
  close(): void {
    this.stopAccepting();
    for (const connection of [...this.#connections]) connection.close();
  }
}

/** A wildcard is no address to connect to: then the local name is the best guess there is. */
function advertisable(host: string): string {
  return host === "0.0.0.0" || host === "::" ? "localhost" : host;
}
