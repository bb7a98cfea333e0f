/**
 * The classic group protocol as requests and results, whatever version they came in. A consumer group serves
 * members of this protocol, too (KIP-848), so it answers in the same terms. Errors are Kafka's codes, 0 for none.
 */

export interface MemberProtocol {
  readonly name: string;
  /** What the member says about itself, which only members understand. Owned by whoever was given it. */
  readonly metadata: Uint8Array;
}

export interface JoinRequest {
  readonly groupId: string;
  /** Empty for one that has no id yet. */
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocolType: string;
  readonly protocols: readonly MemberProtocol[];
  /** Version 4 and up (KIP-394): one without id is given one, and comes back with it. */
  readonly requireKnownMemberId: boolean;
  /** Version 9 and up: a leader that comes back under the same generation need not share out anew (KIP-814). */
  readonly supportsSkippingAssignment: boolean;
  /** Topics that expressions of a consumer group may bring to this client; all where it is left out. */
  readonly maySee?: (topic: string) => boolean;
}

export interface JoinResult {
  readonly error: number;
  readonly memberId: string;
  /** -1 with an error. */
  readonly generationId: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  /** Empty with an error. */
  readonly leader: string;
  readonly skipAssignment: boolean;
  /** For the leader alone. */
  readonly members: readonly JoinedMember[];
}

export interface JoinedMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly metadata: Uint8Array;
}

export interface SyncRequest {
  readonly groupId: string;
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  /** Version 5 and up; null where it is not said. */
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  /** Of the leader. Owned by whoever was given it. */
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Uint8Array }[];
}

export interface SyncResult {
  readonly error: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignment: Uint8Array;
}

export interface HeartbeatRequest {
  readonly groupId: string;
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
}

export interface LeavingMember {
  /** Empty where only the instance is known, as an administrator has it (KIP-345). */
  readonly memberId: string;
  readonly groupInstanceId: string | null;
}

export interface LeaveRequest {
  readonly groupId: string;
  readonly members: readonly LeavingMember[];
}

export interface LeaveResult {
  readonly error: number;
  readonly members: readonly (LeavingMember & { readonly error: number })[];
}

export type Answer<Result> = (result: Result) => void;

/** Who answers members of the classic protocol. Each answer comes once, now or later. */
export interface ClassicProtocol {
  join(request: JoinRequest, answer: Answer<JoinResult>): void;
  sync(request: SyncRequest, answer: Answer<SyncResult>): void;
  heartbeat(request: HeartbeatRequest, answer: Answer<number>): void;
  leave(request: LeaveRequest, answer: Answer<LeaveResult>): void;
}

const NO_ASSIGNMENT = new Uint8Array(0);

export function joinError(error: number, memberId: string): JoinResult {
  return {
    error,
    memberId,
    generationId: -1,
    protocolType: null,
    protocolName: null,
    leader: "",
    skipAssignment: false,
    members: [],
  };
}

export function syncError(error: number): SyncResult {
  return { error, protocolType: null, protocolName: null, assignment: NO_ASSIGNMENT };
}
