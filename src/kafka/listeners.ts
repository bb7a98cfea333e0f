import { assert } from "../base/assert.ts";
import type { Logger } from "../base/logger.ts";
import type { Connection, ConnectionHandler, Listener, Network, TlsServer } from "../io/network.ts";
import type { Security } from "../security/security.ts";
import { TlsListeners } from "../security/tls-listeners.ts";
import type { LoginPlace } from "./login.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A way in for Kafka clients. */
export interface KafkaPlace extends Address, LoginPlace {
  /** What clients that came in here are told to connect to; null: the address that is listened on. */
  readonly advertised: Address | null;
}

/** One that is open: with its port, and an address to tell. */
export interface OpenPlace extends KafkaPlace {
  readonly advertised: Address;
}

export interface KafkaListenersOptions {
  readonly network: Network;
  readonly places: readonly KafkaPlace[];
  /** Response bytes that a slow client may leave unread before it is cut off. */
  readonly maxQueuedBytes: number;
  /** Has the certificates; null where no place has TLS. */
  readonly security: Security | null;
  readonly clientCertificate: TlsServer["clientCertificate"];
  readonly accept: (connection: Connection, place: OpenPlace) => ConnectionHandler | null;
  readonly logger: Logger;
}

/** Kafka has no name for its protocol: a client that asks for some (ALPN) gets in all the same. */
const NO_PROTOCOLS: readonly string[] = [];

/** All ways in for Kafka clients. They are opened together, or none is. */
export class KafkaListeners {
  readonly places: readonly OpenPlace[];
  readonly #listeners: Listener[] = [];
  readonly #secure: TlsListeners | null;
  #closed = false;

  /** Throws PORT_TAKEN, NETWORK, or CONFIG_INVALID where there are no certificates that can be served with. */
  constructor(options: KafkaListenersOptions) {
    const { security, clientCertificate, logger, places } = options;
    this.#secure = security === null ? null : new TlsListeners(security, clientCertificate, "Kafka", logger);
    try {
      this.places = places.map((place) => this.#listen(place, options));
    } catch (error) {
      this.close();
      throw error;
    }
    security?.onChanged(() => {
      if (!this.#closed) this.#secure?.renew();
    });
  }

  /** When the certificate expires that is served with, as wall time; null without TLS. */
  get certificateExpiresAtMs(): number | null {
    return this.#secure?.expiresAtMs ?? null;
  }

  /** Takes no more connections; those that exist stay. */
  close(): void {
    this.#closed = true;
    for (const listener of this.#listeners) listener.close();
  }

  #listen(place: KafkaPlace, { network, maxQueuedBytes, accept }: KafkaListenersOptions): OpenPlace {
    const { host, port, tls } = place;
    let open: OpenPlace | null = null;
    const plain = {
      name: tls ? "kafka.tls" : "kafka",
      host,
      port,
      limits: { maxQueuedBytes },
      accept: (connection: Connection) => (open === null ? null : accept(connection, open)),
    };
    assert(!tls || this.#secure !== null, "TLS without certificates");
    const secure = tls ? this.#secure : null;
    const listener = network.listen(secure === null ? plain : { ...plain, tls: secure.server(NO_PROTOCOLS) });
    this.#listeners.push(listener);
    secure?.add(listener, NO_PROTOCOLS);
    const reached = { host: listener.host, port: listener.port };
    const advertised = place.advertised ?? { ...reached, host: advertisable(reached.host) };
    open = { ...place, ...reached, advertised };
    return open;
  }
}

/** A wildcard is no address to connect to: then the local name is the best guess there is. */
function advertisable(host: string): string {
  return host === "0.0.0.0" || host === "::" ? "localhost" : host;
}
