import type { Logger } from "../base/logger.ts";
import type { GapNotes } from "../broker/gap-ledger.ts";
import type { Ingest } from "../broker/ingest.ts";
import type { Clock } from "../io/clock.ts";
import type { Connection, Listener, ListenOptions, Network } from "../io/network.ts";
import type { Random } from "../io/random.ts";
import type { Access } from "./access.ts";
import { Client } from "./client.ts";
import { Door } from "./door.ts";
import type { Followers } from "./history/followers.ts";
import { DEFAULT_MQTT_LIMITS, type MqttLimits } from "./limits.ts";
import { Reason } from "./packets/codes.ts";
import type { RetainedStorage } from "./retained/storage.ts";
import { type RouteConfig, RouteTable } from "./routes.ts";
import type { MqttStats } from "./stats.ts";
import type { ProgramFigures } from "./sys/figures.ts";
import { WebSocketConnection, WebSocketReceiver } from "./websocket/connection.ts";
import { FrameHeaders } from "./websocket/frames.ts";

export interface MqttDoorOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly ingest: Ingest;
  /** Where retained messages are kept. */
  readonly retained: RetainedStorage;
  /** What figures under `$SYS` tell of the program; left out, there are none. */
  readonly program?: ProgramFigures;
  /** Where it is written down what subscribers did not get; nowhere where left out. */
  readonly gaps?: GapNotes;
  readonly host: string;
  /** 0 picks one. */
  readonly port: number;
  /** Where MQTT over WebSocket is served too; nowhere where left out. Port 0 picks one. */
  readonly webSocket?: Place;
  /** In their order, as they stand: what none of them takes is refused. */
  readonly routes: readonly RouteConfig[];
  /** Those that are left out have their defaults. */
  readonly limits?: Partial<MqttLimits>;
  /** What reads the logs, for replays; where left out there are none. */
  readonly followers?: Followers;
  /** Where left out, everybody may do everything. */
  readonly access?: Access;
  readonly log: Logger;
}

/** Where a listener is. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

export interface MqttDoor {
  readonly host: string;
  readonly port: number;
  /** Null where MQTT over WebSocket is not served. */
  readonly webSocket: Place | null;
  /** What was counted since the start; a copy. */
  stats(): MqttStats;
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
 * Opens the door for MQTT 3.1, 3.1.1 and 5 over TCP and, where it is asked for, over WebSocket, under the same limits:
 * both count together. Throws PORT_TAKEN, or CONFIG_INVALID for a route that can't work. The README of this
 * folder has its promises and its deviations from the specifications.
 */
export function startMqttDoor(options: MqttDoorOptions): MqttDoor {
  const limits = { ...DEFAULT_MQTT_LIMITS, ...options.limits };
  const { followers, routes } = options;
  const history = followers === undefined ? {} : { history: { followers, routes } };
  const door = new Door({ ...options, ...history, limits, routes: new RouteTable(routes) });
  let closing: Promise<void> | null = null;
  const { network, host, port } = options;
  const listen = (place: Place, accept: ListenOptions["accept"]): Listener =>
    network.listen({
      ...place,
      limits: { maxQueuedBytes: limits.maxSocketBacklogBytes + limits.maxPacketBytes + ANSWERS_BYTES },
      accept,
    });
  const listener = listen({ host, port }, (connection) => admit(door, connection));
  const webListener = listenWeb(options.webSocket, listen, door, listener);
  return {
    host: listener.host,
    port: listener.port,
    webSocket: webListener === null ? null : { host: webListener.host, port: webListener.port },
    stats: () => ({ ...door.stats }),
    close: () => {
      listener.close();
      webListener?.close();
      closing ??= closeDoor(door);
      return closing;
    },
  };
}

/** The listener for WebSocket, or null where none is wanted. Where it fails, the one for TCP does not stay open. */
function listenWeb(
  place: Place | undefined,
  listen: (place: Place, accept: ListenOptions["accept"]) => Listener,
  door: Door,
  tcp: Listener,
): Listener | null {
  if (place === undefined) return null;
  const headers = new FrameHeaders();
  try {
    return listen({ host: place.host, port: place.port }, (socket) => {
      const connection = new WebSocketConnection(socket, headers);
      const client = admit(door, connection);
      return client === null ? null : new WebSocketReceiver(connection, client);
    });
  } catch (error) {
    tcp.close();
    throw error;
  }
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

async function closeDoor(door: Door): Promise<void> {
  door.stopReading();
  const deadlineMs = door.clock.monotonicMs() + CLOSE_WAIT_MS;
  while (!door.isSettled && door.clock.monotonicMs() < deadlineMs) {
    await new Promise<void>((resolve) => {
      door.clock.after(CLOSE_POLL_MS, resolve);
    });
  }
  for (const client of [...door.connections]) client.leave(Reason.SERVER_SHUTTING_DOWN, "", false);
  door.retainedStore.close();
  door.sys?.close();
  door.wheel.stop();
}
