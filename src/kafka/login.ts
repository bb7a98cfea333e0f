import { ANONYMOUS } from "../broker/quotas.ts";
import type { Connection } from "../io/network.ts";
import type { Proof, Security } from "../security/security.ts";

/** Who is at the other end of a connection, and what says so. */
export class Login {
  readonly #connection: Connection;
  readonly #security: Security | null;
  /** What it was let in for; empty where nobody asked. */
  readonly #proofs: Proof[] = [];
  #begun = false;
  #user = ANONYMOUS;

  constructor(connection: Connection, security: Security | null) {
    this.#connection = connection;
    this.#security = security;
  }

  /** Name of the principal, ANONYMOUS for nobody in particular. */
  get user(): string {
    return this.#user;
  }

  /** Whether all that it was let in for still holds. */
  get holds(): boolean {
    const security = this.#security;
    return security === null || this.#proofs.every((proof) => security.holds(proof));
  }

  /** Looks at the certificate once there are bytes, which come after a good handshake only. Says why it can't go on, or null. */
  begin(): string | null {
    if (this.#begun) return null;
    this.#begun = true;
    const { peerCertificate } = this.#connection;
    if (peerCertificate === null || this.#security === null) return null;
    const holder = this.#security.holder(peerCertificate);
    if (holder.kind !== "admitted") return holder.what;
    this.#proofs.push(holder.proof);
    if (holder.userName !== null) this.#user = holder.userName;
    return null;
  }
}
