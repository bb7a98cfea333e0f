import type { Logger } from "../base/logger.ts";
import type { Listener, TlsServer } from "../io/network.ts";
import type { Security } from "./security.ts";

interface SecureListener {
  readonly listener: Listener;
  readonly protocols: readonly string[];
  /** Of the certificates that it serves with. */
  expiresAtMs: number | null;
}

/** The listeners of a door that have TLS, and the certificates that they serve with. */
export class TlsListeners {
  readonly #security: Security;
  readonly #clientCertificate: TlsServer["clientCertificate"];
  /** For the log: what is spoken there. */
  readonly #what: string;
  readonly #log: Logger;
  readonly #listeners: SecureListener[] = [];
  #certificates: object | null;

  constructor(
    security: Security,
    clientCertificate: TlsServer["clientCertificate"],
    what: string,
    log: Logger,
  ) {
    this.#security = security;
    this.#clientCertificate = clientCertificate;
    this.#what = what;
    this.#log = log;
    this.#certificates = security.certificates;
  }

  /** What a listener of this door serves with. Throws CONFIG_INVALID where there is no certificate. */
  server(protocols: readonly string[]): TlsServer {
    return this.#security.tlsServer(this.#clientCertificate, protocols);
  }

  /** Minds a listener that was opened with `server`. */
  add(listener: Listener, protocols: readonly string[]): void {
    this.#listeners.push({ listener, protocols, expiresAtMs: this.#security.certificateExpiresAtMs });
  }

  /** When the first certificate expires that one of them serves with, which may not be the newest; null where that is not known. */
  get expiresAtMs(): number | null {
    const times = this.#listeners.flatMap(({ expiresAtMs }) => expiresAtMs ?? []);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Serves with other certificates from now on, where they have changed. What can't be used changes nothing. */
  renew(): void {
    if (this.#security.certificates === this.#certificates) return;
    this.#certificates = this.#security.certificates;
    for (const secure of this.#listeners) {
      const { port } = secure.listener;
      try {
        secure.listener.renew(this.server(secure.protocols));
        secure.expiresAtMs = this.#security.certificateExpiresAtMs;
        this.#log.info(`serves ${this.#what} with new certificates`, { port });
      } catch (error) {
        this.#log.error(`new certificates for ${this.#what} can't be used; those of before stay`, {
          port,
          error,
        });
      }
    }
  }
}
