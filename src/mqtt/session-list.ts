import type { Client } from "./client.ts";
import type { Door } from "./door.ts";
import { Version } from "./packets/codes.ts";
import { DurableSession } from "./sessions/durable/durable-session.ts";
import { NEVER_SEC } from "./sessions/durable/session-store.ts";
import type { Session } from "./sessions/session.ts";

/** What an operator is told of a client: its connection, its session, or both. */
export interface ListedSession {
  readonly clientId: string;
  /** Null for nobody in particular. */
  readonly userName: string | null;
  /** "3.1", "3.1.1" or "5". */
  readonly version: string;
  /** Where it is connected from; null while it is away. */
  readonly remoteAddress: string | null;
  /** How long it has been away, as far as that counts for its expiry; null while it is connected. */
  readonly awayMs: number | null;
  /** Seconds that the session outlives its connection: 0 where it ends with it, null where it never ends. */
  readonly expirySec: number | null;
  readonly subscriptions: number;
  /** Messages that wait to be sent. */
  readonly queuedMessages: number;
  /** Messages that were sent and are not acknowledged. */
  readonly inFlightMessages: number;
  readonly hasWill: boolean;
}

/** Everybody who is connected, and every session that is kept, by client id; at most so many of them. */
export function listSessions(door: Door, limit: number): ListedSession[] {
  const sessions = new Map<string, Session>();
  for (const session of door.store?.all() ?? []) sessions.set(session.clientId, session);
  for (const [clientId, client] of door.clients) sessions.set(clientId, client.session);
  const clientIds = [...sessions.keys()].sort().slice(0, limit);
  return clientIds.flatMap((clientId) => {
    const session = sessions.get(clientId);
    return session === undefined ? [] : [listed(door, session, door.clients.get(clientId))];
  });
}

function listed(door: Door, session: Session, client: Client | undefined): ListedSession {
  const kept = session instanceof DurableSession ? session : null;
  const { clientId, userName, subscriptions, outbound } = session;
  const expirySec = kept?.expirySec ?? 0;
  return {
    clientId,
    userName,
    version: nameOf(client?.version ?? kept?.protocol ?? Version.V5),
    remoteAddress: client?.connection.remoteAddress ?? null,
    awayMs: client !== undefined || kept === null ? null : Math.floor(door.store?.awayMs(kept) ?? 0),
    expirySec: expirySec >= NEVER_SEC ? null : expirySec,
    subscriptions: subscriptions.size,
    queuedMessages: outbound.queuedMessages,
    inFlightMessages: outbound.flightMessages,
    hasWill: session.will !== null,
  };
}

function nameOf(version: Version): string {
  if (version === Version.V5) return "5";
  return version === Version.V311 ? "3.1.1" : "3.1";
}
