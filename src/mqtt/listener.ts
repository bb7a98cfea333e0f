import { assert } from "../base/assert.ts";
import { HeadwaterError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { GapNotes } from "../broker/gap-ledger.ts";
import type { Ingest } from "../broker/ingest.ts";
import type { MqttDownlinkSettings } from "../config/mqtt-downlink-options.ts";
import type { Clock } from "../io/clock.ts";
import type { Connection, Network, TlsServer } from "../io/network.ts";
import type { Random } from "../io/random.ts";
import type { AuditNotes } from "../security/audit/audit-event.ts";
import type { Security } from "../security/security.ts";
import type { Access } from "./access.ts";
import { Client } from "./client.ts";
import { Door, type SenderListener } from "./door.ts";
import type { DownlinkCursors } from "./downlink/downlink-cursor.ts";
import { Downlinks } from "./downlink/downlinks.ts";
import type { DownlinkBugs } from "./downlink/partition-downlink.ts";
import { GuardedAccess } from "./guarded-access.ts";
import type { Followers } from "./history/followers.ts";
import { DEFAULT_MQTT_LIMITS, type MqttLimits } from "./limits.ts";
import { Listeners, type Place, type Places } from "./listeners.ts";
import { Reason } from "./packets/codes.ts";
import type { RetainedStorage } from "./retained/storage.ts";
import { type RouteConfig, RouteTable } from "./routes.ts";
import { type ListedSession, listSessions } from "./session-list.ts";
import type { SessionBugs } from "./sessions/durable/message-store.ts";
import type { RecordSearch } from "./sessions/durable/record-search.ts";
import type { StateLog } from "./sessions/durable/state-log.ts";
import type { MqttStats } from "./stats.ts";
import type { ProgramFigures } from "./sys/figures.ts";

export interface DownlinkOptions {
  readonly settings: readonly MqttDownlinkSettings[];
  /** Where left out, positions are in the log of sessions. */
  readonly cursors?: DownlinkCursors;
  readonly bugs?: DownlinkBugs;
}

export interface MqttDoorOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly ingest: Ingest;
  /** Where retained messages are kept. */
  readonly retained: RetainedStorage;
  /** What figures under `$SYS` tell of the program; left out, there are none. */
  readonly program?: ProgramFigures;
  /** The log of sessions; where left out, none outlives its connection. */
  readonly stateLog?: StateLog;
  /** Finds records of QoS 2 messages that were under way when the process ended. */
  readonly recordSearch?: RecordSearch;
  /** Deliberate bugs, for tests of the tests. */
  readonly sessionBugs?: SessionBugs;
  /** Where it is written down what subscribers did not get; nowhere where left out. */
  readonly gaps?: GapNotes;
  /** Takes notes of logins and refusals; nobody does where left out. */
  readonly audit?: AuditNotes;
  readonly host: string;
  /** 0 picks one; null where MQTT over plain TCP is not served. */
  readonly port: number | null;
  /** Where MQTT is served in other ways too; nowhere where left out. Those with TLS need `security`. */
  readonly webSocket?: Place;
  readonly tls?: Place;
  readonly webSocketTls?: Place;
  /** Whether clients over TLS show a certificate; "none" where left out. */
  readonly clientCertificate?: TlsServer["clientCertificate"];
  /** In their order, as they stand: what none of them takes is refused. */
  readonly routes: readonly RouteConfig[];
  /** Those that are left out have their defaults. */
  readonly limits?: Partial<MqttLimits>;
  /** What reads the logs, for replays and downlinks; where left out there are none. */
  readonly followers?: Followers;
  /** Topics whose records are published. */
  readonly downlinks?: DownlinkOptions;
  /** Told of the client that publishes records of a topic with a key, when it is another one than before. */
  readonly onSender?: SenderListener;
  /** Users, rights and certificates. Where left out, everybody gets in, and may do what `access` says. */
  readonly security?: Security;
  /** Where left out, and no `security` is there, everybody may do everything. */
  readonly access?: Access;
  readonly log: Logger;
}

export interface MqttDoor extends Places {
  /** Of plain TCP; port 0 where that is not served. */
  readonly host: string;
  readonly port: number;
  /** The way in for what is no connection of the door, as bridges are. */
  readonly inside: Door;
  /** Who is connected, and whose session is kept, by client id; at most so many. */
  sessions(limit: number): readonly ListedSession[];
  /**
   * Puts a client out and ends its session. False where there is neither. Resolves when a power cut would not undo it;
   * rejects with DISK_IO where the log does not take it: it has ended all the same, until the next start.
   */
  endSession(clientId: string): Promise<boolean>;
  /** When the certificate expires that is served with, as wall time; null without TLS. */
  certificateExpiresAtMs(): number | null;
  /** What was counted since the start; a copy. */
  stats(): MqttStats;
  /** Gives back memory that can be had again from the log. */
  shrink(): void;
  /**
   * Stops accepting and reading, acknowledges what the log settles within `CLOSE_WAIT_MS`, says goodbye to
   * everybody. Wills stay unpublished: the gateway goes down, not the devices.
   */
  close(): Promise<void>;
}

/** How long a closing door waits for the log. */
export const CLOSE_WAIT_MS = 5_000;
const CLOSE_POLL_MS = 5;

/** Unsent bytes beyond a subscriber's backlog that a socket may hold: one packet, and answers. */
const ANSWERS_BYTES = 1_048_576;

/**
 * Opens the door for MQTT 3.1, 3.1.1 and 5 over TCP and WebSocket, with TLS and without, under the same limits: all
 * count together. Throws PORT_TAKEN, NETWORK, or CONFIG_INVALID for a route that can't work or a certificate that
 * can't be used. The README of this folder has its promises and its deviations from the specifications.
 */
export function startMqttDoor(options: MqttDoorOptions): MqttDoor {
  const limits = { ...DEFAULT_MQTT_LIMITS, ...options.limits };
  const { followers, routes } = options;
  const history = followers === undefined ? {} : { history: { followers, routes } };
  const { security } = options;
  const guards = security === undefined ? {} : { gate: security, access: new GuardedAccess(security) };
  const door = new Door({ ...options, ...history, ...guards, limits, routes: new RouteTable(routes) });
  startDownlinks(door, options);
  // Who was a user when the last process ended may be none now.
  door.endAbandoned();
  let closing: Promise<void> | null = null;
  const listeners = listen(options, limits, (connection) => admit(door, connection));
  security?.onChanged(() => {
    if (closing !== null) return;
    listeners.renew();
    door.rightsChanged();
  });
  const { tcp } = listeners.places;
  return {
    ...listeners.places,
    host: tcp?.host ?? "",
    port: tcp?.port ?? 0,
    inside: door,
    sessions: (limit) => listSessions(door, limit),
    endSession: (clientId) => endSession(door, clientId),
    certificateExpiresAtMs: () => listeners.certificateExpiresAtMs,
    stats: () => ({ ...door.stats, downlinkLagRecords: door.downlinks?.lagRecords ?? 0 }),
    shrink: () => {
      door.retainedStore.shrink();
      door.store?.messages.shrink();
    },
    close: () => {
      listeners.close();
      closing ??= closeDoor(door);
      return closing;
    },
  };
}

function listen(
  options: MqttDoorOptions,
  limits: MqttLimits,
  accept: (connection: Connection) => Client | null,
): Listeners {
  const { network, host, port, webSocket = null, tls = null, webSocketTls = null, log } = options;
  return new Listeners({
    network,
    places: { tcp: port === null ? null : { host, port }, webSocket, tls, webSocketTls },
    maxQueuedBytes: limits.maxSocketBacklogBytes + limits.maxPacketBytes + ANSWERS_BYTES,
    security: options.security ?? null,
    clientCertificate: options.clientCertificate ?? "none",
    accept,
    log,
  });
}

/** Sessions are there by now, those of clients that are away too: nothing is published past them. */
function startDownlinks(door: Door, { followers, downlinks, ingest }: MqttDoorOptions): void {
  if (downlinks === undefined || followers === undefined || downlinks.settings.length === 0) return;
  const { store } = door;
  const { settings, bugs = {}, cursors = store?.cursors } = downlinks;
  assert(cursors !== undefined, "downlinks need a log of sessions for their positions");
  const running = new Downlinks({ door, followers, cursors, ingest, downlinks: settings, bugs });
  if (store !== null) store.messages.originOf = (bytes) => running.originOf(bytes);
  door.downlinks = running;
  running.start();
}

/** Makes a client of a connection, or refuses it. It has its time to connect in from here on, handshake included. */
function admit(door: Door, connection: Connection): Client | null {
  const { maxConnections } = door.limits;
  if (door.connections.size >= maxConnections) {
    door.stats.connectionsRefused++;
    door.log.warn("refused an MQTT connection: too many are open", {
      remoteAddress: connection.remoteAddress,
      maxConnections,
    });
    return null;
  }
  const client = new Client(door, connection);
  door.stats.socketsOpened++;
  door.connections.add(client);
  door.stats.connections = door.connections.size;
  return client;
}

function endSession(door: Door, clientId: string): Promise<boolean> {
  const batch = door.endClient(clientId);
  if (batch === null) return Promise.resolve(false);
  return new Promise((resolve, reject) => {
    door.afterwards(batch, ({ state, error }) => {
      if (state === "durable") resolve(true);
      else reject(new HeadwaterError("DISK_IO", `the log of sessions takes nothing (Kafka error ${error})`));
    });
  });
}

async function closeDoor(door: Door): Promise<void> {
  door.stopReading();
  door.downlinks?.close();
  const deadlineMs = door.clock.monotonicMs() + CLOSE_WAIT_MS;
  const settled = async (): Promise<void> => {
    while (!door.isSettled && door.clock.monotonicMs() < deadlineMs) {
      await new Promise<void>((resolve) => {
        door.clock.after(CLOSE_POLL_MS, resolve);
      });
    }
  };
  await settled();
  for (const client of [...door.connections]) client.leave(Reason.SERVER_SHUTTING_DOWN, "", "keep");
  door.wills.stop();
  if (door.store !== null && door.store.count > 0) {
    // When they were left counts for their expiry.
    door.afterwards(door.store.batch, () => {});
    door.store.flush();
    await settled();
  }
  door.store?.stop();
  door.retainedStore.close();
  door.sys?.close();
  door.stopWatching();
  door.wheel.stop();
}
