/**
 * Stream sockets, as doors and clients see them. Backpressure is by bytes: what the kernel does not take is
 * queued up to `limits.maxQueuedBytes`, and a connection over that is closed.
 */
export interface Network {
  /** Listens on host:port (port 0 picks one). Throws PORT_TAKEN, or NETWORK where host or port can't be had. */
  listen(options: ListenOptions): Listener;
  /**
   * Connects, to each address of the host in turn. Rejects with NETWORK (refused, unknown host), TIMED_OUT,
   * TLS_HANDSHAKE (the server is not who it should be, or speaks no TLS) or CONFIG_INVALID (certificate, key or
   * authorities can't be used); the handler is not called then.
   */
  connect(options: ConnectOptions): Promise<Connection>;
}

export interface ListenOptions {
  /** Which listener of the gateway it is, for those who count: the name of its setting without `.listen`. */
  readonly name?: string;
  readonly host: string;
  readonly port: number;
  /** Counts what becomes of its connections; nobody does where left out. */
  readonly tally?: ListenerTally;
  readonly limits: ConnectionLimits;
  /** Connections are encrypted by these; plain where left out. CONFIG_INVALID is thrown where they can't be used. */
  readonly tls?: TlsServer;
  /**
   * Called for every new connection; null refuses and closes it. With TLS that is before the handshake, so that
   * whoever counts connections and gives them time counts this too: `data` comes only after a handshake that is
   * good, and one that fails is `closed` with TLS_HANDSHAKE.
   */
  readonly accept: (connection: Connection) => ConnectionHandler | null;
}

/** What a listener has seen since it was opened first. It is written to by the network alone. */
export interface ListenerTally {
  /** Connections that are open, those in a handshake included. */
  open: number;
  accepted: number;
  /** Those of them that `accept` would not have. */
  refused: number;
  /** Bytes that handlers were given, and that the kernel has taken: what TLS adds is not counted. */
  receivedBytes: number;
  sentBytes: number;
  /** TLS handshakes that were good, and connections that ended without one. */
  handshakes: number;
  failedHandshakes: number;
}

export function newListenerTally(): ListenerTally {
  return {
    ...{ open: 0, accepted: 0, refused: 0 },
    ...{ receivedBytes: 0, sentBytes: 0 },
    ...{ handshakes: 0, failedHandshakes: 0 },
  };
}

/** Who a listener is to its clients, and who it asks them to be. All texts are PEM. */
export interface TlsServer {
  /** The server's certificate, and those between it and a root, in this order. */
  readonly certificate: string;
  /** Not encrypted. */
  readonly key: string;
  /** Whose client certificates are taken. Null where none are asked for. */
  readonly authorities: string | null;
  /** Lists of certificates that the authorities have taken back, one of each authority; null for none. */
  readonly revocations: string | null;
  /** Whether clients show a certificate. One that does not hold is refused in any case. */
  readonly clientCertificate: "none" | "optional" | "required";
  readonly minVersion: "1.2" | "1.3";
  /** Names of application protocols (ALPN). A client that offers only others is refused; offering none is fine. */
  readonly protocols: readonly string[];
}

export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  /** For all addresses together, finding them and the handshakes included. */
  readonly timeoutMs: number;
  readonly limits: ConnectionLimits;
  /** The connection is encrypted by these; plain where left out. */
  readonly tls?: TlsClient;
  readonly handler: ConnectionHandler;
}

/** Whom a client takes for its server, and who it is to it. All texts are PEM. */
export interface TlsClient {
  /** The name, or address, that the server's certificate has to be for; also sent to the server (SNI). */
  readonly serverName: string;
  /** False takes a certificate for any name, as long as an authority vouches for it. */
  readonly checkName: boolean;
  /** Whose certificates are taken; null for the authorities that the runtime knows. */
  readonly authorities: string | null;
  /** Shown to a server that asks for one, with those between it and a root; null for none. */
  readonly certificate: string | null;
  /** Of that certificate, not encrypted; null for none. */
  readonly key: string | null;
}

export interface ConnectionLimits {
  /**
   * Unsent bytes above which the connection is closed. The largest single message must fit, since all of it may
   * have to wait for a slow peer.
   */
  readonly maxQueuedBytes: number;
}

export interface Listener {
  readonly host: string;
  readonly port: number;
  /**
   * Uses other keys and certificates for connections from now on; those that exist stay as they are. Only where it
   * has TLS. Throws CONFIG_INVALID, and nothing has changed, or NETWORK, and nobody is listening until it succeeds.
   */
  renew(tls: TlsServer): void;
  /** Stops accepting. Connections that exist stay. Idempotent. */
  close(): void;
}

export interface Connection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  /** The certificate that the peer has shown and that was found good, in DER, from the first `data` on; else null. */
  readonly peerCertificate: Uint8Array | null;
  /** Bytes sent here that the kernel has not taken yet. */
  readonly queuedBytes: number;
  /** True from `close` or `abort` on, and once the peer is gone. */
  readonly closed: boolean;
  /**
   * Sends bytes after everything sent before. They are copied or taken before this returns: the caller may
   * reuse them. Small sends of one turn leave together at the turn's end, or at `flush`. No effect once closed, or
   * while a TLS handshake is under way.
   */
  send(bytes: Uint8Array): void;
  flush(): void;
  /**
   * Stops reading from the socket; a peer that goes on sending fills its own buffers. That the peer has gone
   * may pass unnoticed until `resume` or a send.
   */
  pause(): void;
  resume(): void;
  /** Flushes what the kernel takes at once, then closes. */
  close(): void;
  /** Closes now, what is queued is dropped. */
  abort(): void;
}

/**
 * What happens on a connection. Nothing here is called from within a call of `Connection`. An error that is
 * thrown here is a bug: the connection is aborted, and the error goes to the process's last handler.
 */
export interface ConnectionHandler {
  /**
   * A chunk as it came; it belongs to the handler (nobody reuses its memory), which may give it back by
   * `releaseChunk`. Not called once closed.
   */
  data(chunk: Uint8Array): void;
  /** The queue that had built up is empty again. */
  drained(): void;
  /** Called once, whoever closed; the error says why where it was not the peer's or our own wish. */
  closed(error: Error | null): void;
}
