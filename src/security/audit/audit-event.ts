/** Doors that something came by; "gateway" is the gateway itself, or whoever has its files or its process. */
export const AUDIT_DOORS = ["kafka", "mqtt", "http", "gateway"] as const;
export type AuditDoor = (typeof AUDIT_DOORS)[number];

/** "refused": he may not. "failure": he may, and it could not be done; of a login, that it was none. */
export const AUDIT_RESULTS = ["success", "failure", "refused"] as const;
export type AuditResult = (typeof AUDIT_RESULTS)[number];

/** Why a login was none, or how a session ended: words that say nothing of what would have been right. */
export type AuditReason =
  /** User name or password is wrong, or a proof of it. */
  | "wrong-password"
  /** Too many wrong ones from there: it was not looked at. */
  | "locked-out"
  | "busy"
  | "certificate"
  | "token"
  /** A message, or a name, that is none. */
  | "malformed"
  /** Who logged in wants to be somebody else. */
  | "other-identity"
  /** Nobody may connect so. */
  | "anonymous"
  | "no-role"
  | "plain-text"
  | "too-many-connections"
  /** The user, password or certificate holds no longer. */
  | "revoked"
  | "forged";

/** Who did something, and from where. */
export interface AuditActor {
  /** Name of the principal, as it was said where a login failed; null for nobody in particular. */
  readonly user: string | null;
  readonly door: AuditDoor;
  /** Null where it came over no network. */
  readonly address: string | null;
  /** The door's port, by which its listeners are told apart; null where it has none. */
  readonly port: number | null;
}

/**
 * Something that somebody did, or tried to. Texts are of the gateway's own words but for names, and never have what
 * somebody has to show: no passwords, tokens, or bodies of requests. Names of settings go in, and not their values.
 */
export interface AuditEvent extends AuditActor {
  /** What is told of: "access" comes by the thousand where somebody tries doors, and is summed; "change" is not. */
  readonly kind: "access" | "change";
  /** `login`, `logout`, `denied`, or a thing and what was done to it: `topic.create`. */
  readonly action: string;
  readonly result: AuditResult;
  /** A type and a name, such as `topic orders`; left out where there is none. */
  readonly resource?: string;
  readonly reason?: AuditReason;
  /** What else matters, in few words, such as the names of settings. */
  readonly detail?: string;
  /** A change that programs make all the time; it is summed as access is. */
  readonly isRoutine?: boolean;
}

/** Takes notes of who did what. It never fails, and never makes anybody wait. */
export interface AuditNotes {
  note(event: AuditEvent): void;
}

/** For who keeps no notes. */
export const NO_AUDIT: AuditNotes = { note() {} };
