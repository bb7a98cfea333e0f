import type { Uuid } from "../../base/ids.ts";
import { ERROR } from "../../kafka/wire/generated/errors.ts";

/** Begins a session. */
export const INITIAL_EPOCH = 0;
/** Ends it. */
export const FINAL_EPOCH = -1;

/** Partitions that one session may name. */
const MAX_SESSION_PARTITIONS = 20_000;
const MAX_INT32 = 0x7fffffff;

export interface SessionPartition {
  readonly topicId: Uuid;
  readonly partition: number;
}

/** What a member fetches from, request after request, without saying it again. */
export class ShareSession {
  readonly groupId: string;
  readonly memberId: string;
  /** The epoch that the next request has to bring. */
  epoch = 1;
  /** Which partition is looked at first moves on with each fetch, so that none starves. */
  turn = 0;
  readonly partitions = new Map<string, SessionPartition>();
  /** Partitions whose first answer is owed even where there is nothing to say. */
  readonly unanswered = new Set<string>();

  /** No other session of another member has it. */
  readonly name: string;

  constructor(groupId: string, memberId: string) {
    this.name = `share ${sessionKey(groupId, memberId)}`;
    this.groupId = groupId;
    this.memberId = memberId;
  }
}

/** The share sessions of all members, bounded. */
export class ShareSessions {
  readonly #sessions = new Map<string, ShareSession>();
  readonly #maxSessions: () => number;

  constructor(maxSessions: () => number) {
    this.#maxSessions = maxSessions;
  }

  get size(): number {
    return this.#sessions.size;
  }

  get(groupId: string, memberId: string): ShareSession | null {
    return this.#sessions.get(sessionKey(groupId, memberId)) ?? null;
  }

  /** Begins a session, in place of the member's last one. Null: there are too many. */
  begin(groupId: string, memberId: string, partitions: readonly SessionPartition[]): ShareSession | null {
    const key = sessionKey(groupId, memberId);
    this.#sessions.delete(key);
    if (this.#sessions.size >= this.#maxSessions()) return null;
    const session = new ShareSession(groupId, memberId);
    this.#add(session, partitions);
    this.#sessions.set(key, session);
    return session;
  }

  /** Kafka's error where a request does not continue the member's session, or 0; the session goes on by one. */
  continue(groupId: string, memberId: string, epoch: number): number {
    const session = this.get(groupId, memberId);
    if (session === null) return ERROR.SHARE_SESSION_NOT_FOUND;
    if (epoch !== session.epoch) return ERROR.INVALID_SHARE_SESSION_EPOCH;
    session.epoch = session.epoch === MAX_INT32 ? 1 : session.epoch + 1;
    return 0;
  }

  update(
    session: ShareSession,
    added: readonly SessionPartition[],
    forgotten: readonly SessionPartition[],
  ): void {
    this.#add(session, added);
    for (const partition of forgotten) {
      session.partitions.delete(partitionKey(partition));
      session.unanswered.delete(partitionKey(partition));
    }
  }

  end(groupId: string, memberId: string): ShareSession | null {
    const session = this.get(groupId, memberId);
    this.#sessions.delete(sessionKey(groupId, memberId));
    return session;
  }

  /** Whether this is still the member's session. */
  isCurrent(session: ShareSession): boolean {
    return this.get(session.groupId, session.memberId) === session;
  }

  #add(session: ShareSession, partitions: readonly SessionPartition[]): void {
    for (const partition of partitions) {
      const key = partitionKey(partition);
      if (session.partitions.has(key) || session.partitions.size >= MAX_SESSION_PARTITIONS) continue;
      session.partitions.set(key, partition);
      session.unanswered.add(key);
    }
  }
}

export function partitionKey({ topicId, partition }: SessionPartition): string {
  return `${topicId}/${partition}`;
}

/** Ids are any text: the length keeps one group's member from having another's name. */
function sessionKey(groupId: string, memberId: string): string {
  return `${groupId.length} ${groupId} ${memberId}`;
}
