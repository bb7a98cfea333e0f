import type { Answer, JoinResult, MemberProtocol, SyncResult } from "./classic-protocol.ts";

export const NO_ASSIGNMENT: Uint8Array = new Uint8Array(0);
/** What a member costs beside its texts and bytes, roughly. */
const MEMBER_BYTES = 1024;

/** What all members of all groups hold, ids that were handed out included, so that it can be bounded. */
export interface MemberBudget {
  members: number;
  heldBytes: number;
}

export interface MemberIdentity {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly protocolType: string;
  readonly rebalanceTimeoutMs: number;
  readonly sessionTimeoutMs: number;
  readonly protocols: readonly MemberProtocol[];
}

/** A member of a classic group. Its bytes belong to it. */
export class ClassicMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly protocolType: string;
  rebalanceTimeoutMs: number;
  sessionTimeoutMs: number;
  /** Has never been through a rebalance: it may be taken out while its join waits. */
  isNew = false;
  joining: Answer<JoinResult> | null = null;
  syncing: Answer<SyncResult> | null = null;
  readonly #budget: MemberBudget;
  #protocols: readonly MemberProtocol[] = [];
  #assignment: Uint8Array = NO_ASSIGNMENT;
  #heldBytes = 0;
  #released = false;

  constructor(identity: MemberIdentity, budget: MemberBudget) {
    this.memberId = identity.memberId;
    this.groupInstanceId = identity.groupInstanceId;
    this.clientId = identity.clientId;
    this.clientHost = identity.clientHost;
    this.protocolType = identity.protocolType;
    this.rebalanceTimeoutMs = identity.rebalanceTimeoutMs;
    this.sessionTimeoutMs = identity.sessionTimeoutMs;
    this.#budget = budget;
    this.#protocols = identity.protocols;
    budget.members += 1;
    this.#account();
  }

  get isStatic(): boolean {
    return this.groupInstanceId !== null;
  }

  get protocols(): readonly MemberProtocol[] {
    return this.#protocols;
  }

  set protocols(protocols: readonly MemberProtocol[]) {
    this.#protocols = protocols;
    this.#account();
  }

  get assignment(): Uint8Array {
    return this.#assignment;
  }

  set assignment(assignment: Uint8Array) {
    this.#assignment = assignment;
    this.#account();
  }

  /** Whether its session can't end now: a new member's can, and that of one who waits for the others can't. */
  get waits(): boolean {
    return !this.isNew && (this.joining !== null || this.syncing !== null);
  }

  /** What it says about itself in this protocol. */
  metadata(protocol: string | null): Uint8Array {
    return this.#protocols.find(({ name }) => name === protocol)?.metadata ?? NO_ASSIGNMENT;
  }

  /** The protocol it likes best of these. */
  vote(candidates: ReadonlySet<string>): string | null {
    return this.#protocols.find(({ name }) => candidates.has(name))?.name ?? null;
  }

  /** Whether it says the same about itself as before, in the same order. */
  matches(protocols: readonly MemberProtocol[]): boolean {
    const own = this.#protocols;
    return (
      own.length === protocols.length &&
      own.every(({ name, metadata }, index) => {
        const other = protocols[index];
        return other !== undefined && other.name === name && equalBytes(other.metadata, metadata);
      })
    );
  }

  /** It is out of its group: what it holds counts no more. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#budget.members -= 1;
    this.#budget.heldBytes -= this.#heldBytes;
    this.#heldBytes = 0;
  }

  #account(): void {
    if (this.#released) return;
    const { memberId, groupInstanceId, clientId, clientHost } = this;
    const bytes =
      memberBytes(memberId, groupInstanceId ?? "", clientId, clientHost) +
      protocolBytes(this.#protocols) +
      this.#assignment.length;
    this.#budget.heldBytes += bytes - this.#heldBytes;
    this.#heldBytes = bytes;
  }
}

/** What a member with these texts takes of the memory, which knows it under its id in several places. */
export function memberBytes(memberId: string, ...texts: readonly string[]): number {
  return texts.reduce((bytes, text) => bytes + text.length, MEMBER_BYTES + 3 * memberId.length);
}

/** What these protocols take of the memory. */
export function protocolBytes(protocols: readonly MemberProtocol[]): number {
  let bytes = 0;
  for (const { name, metadata } of protocols) bytes += name.length + metadata.length;
  return bytes;
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}
