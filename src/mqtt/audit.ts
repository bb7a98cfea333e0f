import type { AuditEvent, AuditNotes, AuditReason } from "../security/audit/audit-event.ts";
import type { Admission } from "../security/security.ts";
import type { Client } from "./client.ts";

type Refused = Exclude<Admission, { readonly kind: "admitted" }>["kind"];

const REASONS: Readonly<Record<Refused, AuditReason>> = {
  unknown: "wrong-password",
  forbidden: "anonymous",
  busy: "busy",
  "too-many": "locked-out",
};

/** What the audit log is told of clients: who logs in, is refused, and leaves. Who has said no name comes and goes unseen. */
export class MqttAudit {
  readonly #notes: AuditNotes;
  /** Those who have logged in and are still there, and why they have to go. */
  readonly #there = new WeakMap<Client, AuditReason | null>();

  constructor(notes: AuditNotes) {
    this.#notes = notes;
  }

  /** It is accepted. */
  entered(client: Client): void {
    const { proof, session } = client;
    if (proof.kind === "anonymous") return;
    this.#there.set(client, null);
    this.#access(client, { action: "login", user: session.userName, result: "success", detail: proof.kind });
  }

  /** It is not let in; `user` is what it said. */
  refused(client: Client, user: string | null, kind: Refused): void {
    const isByCertificate = user === null && client.connection.peerCertificate !== null;
    const reason = isByCertificate && kind === "unknown" ? "certificate" : REASONS[kind];
    this.#access(client, { action: "login", user, result: "failure", reason });
  }

  /** It is who it says, and may not have this client id. */
  takenId(client: Client, user: string | null, clientId: string): void {
    const resource = `session ${clientId}`;
    this.#access(client, { action: "login", user, result: "failure", reason: "other-identity", resource });
  }

  /** Its user has as many connections as it may. */
  crowded(client: Client, user: string | null): void {
    this.#access(client, { action: "login", user, result: "failure", reason: "too-many-connections" });
  }

  /** Its handshake of TLS has failed. */
  handshakeFailed(client: Client): void {
    this.#access(client, { action: "login", user: null, result: "failure", reason: "certificate" });
  }

  /** What it was let in for holds no longer: it is about to go. */
  revoked(client: Client): void {
    if (this.#there.has(client)) this.#there.set(client, "revoked");
  }

  left(client: Client): void {
    const reason = this.#there.get(client);
    if (reason === undefined) return;
    this.#there.delete(client);
    const why = reason === null ? {} : { reason };
    this.#access(client, { action: "logout", user: client.session.userName, result: "success", ...why });
  }

  /** It asked for what no rule lets it have. */
  denied(client: Client, what: "publish" | "subscribe", topic: string): void {
    const { userName: user, clientId } = client.session;
    const resource = `mqtt topic ${topic}`;
    const detail = `${what} as ${clientId.slice(0, MAX_CLIENT_ID)}`;
    this.#access(client, { action: "denied", user, result: "refused", resource, detail });
  }

  #access(client: Client, event: Omit<AuditEvent, "kind" | "door" | "address" | "port">): void {
    const { remoteAddress: address, localPort: port } = client.connection;
    this.#notes.note({ kind: "access", door: "mqtt", address, port, ...event });
  }
}

const MAX_CLIENT_ID = 64;
