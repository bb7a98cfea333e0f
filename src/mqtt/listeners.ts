import { assert } from "../base/assert.ts";
import type { Logger } from "../base/logger.ts";
import type { Connection, ConnectionHandler, Listener, Network, TlsServer } from "../io/network.ts";
import type { Security } from "../security/security.ts";
import { TlsListeners } from "../security/tls-listeners.ts";
import { WebSocketConnection, type WebSocketHandler, WebSocketReceiver } from "./websocket/connection.ts";
import { FrameHeaders } from "./websocket/frames.ts";

/** Where a listener is. */
export interface Place {
  readonly host: string;
  /** 0 picks one. */
  readonly port: number;
}

/** Where MQTT is served, each way by itself; null for nowhere. */
export interface Places {
  readonly tcp: Place | null;
  readonly webSocket: Place | null;
  readonly tls: Place | null;
  readonly webSocketTls: Place | null;
}

export interface ListenersOptions {
  readonly network: Network;
  readonly places: Places;
  /** Unsent bytes at which a connection is closed. */
  readonly maxQueuedBytes: number;
  /** Has the certificates; null where no place has TLS. */
  readonly security: Security | null;
  readonly clientCertificate: TlsServer["clientCertificate"];
  readonly accept: (connection: Connection) => WebSocketHandler | null;
  readonly log: Logger;
}

/** Application protocols of MQTT over TCP: the registered one, and what devices of a large cloud ask for. */
const MQTT_PROTOCOLS = ["mqtt", "x-amzn-mqtt-ca"];
/** What browsers ask for when they connect to a WebSocket. */
const WEB_PROTOCOLS = ["http/1.1"];

/** All listeners of the door. They are opened together, or none is. */
export class Listeners {
  readonly places: Places;
  readonly #options: ListenersOptions;
  readonly #listeners: Listener[] = [];
  /** Null where no place has TLS. */
  readonly #secure: TlsListeners | null;
  readonly #headers = new FrameHeaders();

  /** Throws PORT_TAKEN, NETWORK, or CONFIG_INVALID where there are no certificates that can be served with. */
  constructor(options: ListenersOptions) {
    this.#options = options;
    const { security, clientCertificate, log } = options;
    this.#secure = security === null ? null : new TlsListeners(security, clientCertificate, "MQTT", log);
    const { tcp, webSocket, tls, webSocketTls } = options.places;
    const { accept } = options;
    const overWeb = (socket: Connection) => this.#acceptWebSocket(socket);
    try {
      this.places = {
        tcp: this.#listen("mqtt", tcp, accept, null),
        webSocket: this.#listen("mqtt.websocket", webSocket, overWeb, null),
        tls: this.#listen("mqtt.tls", tls, accept, MQTT_PROTOCOLS),
        webSocketTls: this.#listen("mqtt.websocket.tls", webSocketTls, overWeb, WEB_PROTOCOLS),
      };
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Serves with other certificates from now on, where they have changed. What can't be used changes nothing. */
  renew(): void {
    this.#secure?.renew();
  }

  /** See TlsListeners; null where no place has TLS. */
  get certificateExpiresAtMs(): number | null {
    return this.#secure?.expiresAtMs ?? null;
  }

  /** Takes no more connections; those that exist stay. */
  close(): void {
    for (const listener of this.#listeners) listener.close();
  }

  #listen(
    name: string,
    place: Place | null,
    accept: (connection: Connection) => ConnectionHandler | null,
    protocols: readonly string[] | null,
  ): Place | null {
    if (place === null) return null;
    const { network, maxQueuedBytes } = this.#options;
    const { host, port } = place;
    const plain = { name, host, port, limits: { maxQueuedBytes }, accept };
    assert(protocols === null || this.#secure !== null, "TLS without certificates");
    if (protocols === null || this.#secure === null) {
      const listener = network.listen(plain);
      this.#listeners.push(listener);
      return { host: listener.host, port: listener.port };
    }
    const listener = network.listen({ ...plain, tls: this.#secure.server(protocols) });
    this.#listeners.push(listener);
    this.#secure.add(listener, protocols);
    return { host: listener.host, port: listener.port };
  }

  #acceptWebSocket(socket: Connection): ConnectionHandler | null {
    const connection = new WebSocketConnection(socket, this.#headers);
    const handler = this.#options.accept(connection);
    return handler === null ? null : new WebSocketReceiver(connection, handler);
  }
}
