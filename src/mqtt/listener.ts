import type { Logger } from "../base/logger.ts";
import type { Ingest } from "../broker/ingest.ts";
import type { Clock } from "../io/clock.ts";
import type { Network } from "../io/network.ts";
import type { Random } from "../io/random.ts";
import { Client } from "./client.ts";
import { Door } from "./door.ts";
import { DEFAULT_MQTT_LIMITS, type MqttLimits } from "./limits.ts";
import { Reason } from "./packets/codes.ts";
import { type RouteConfig, RouteTable } from "./routes.ts";
import type { MqttStats } from "./stats.ts";

export interface MqttDoorOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly ingest: Ingest;
  readonly host: string;
  /** 0 picks one. */
  readonly port: number;
  /** In their order, as they stand: what none of them takes is refused. */
  readonly routes: readonly RouteConfig[];
  /** Those that are left out have their defaults. */
  readonly limits?: Partial<MqttLimits>;
  readonly log: Logger;
}

export interface MqttDoor {
  readonly host: string;
  readonly port: number;
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
 * Opens the door for MQTT 3.1, 3.1.1 and 5 over TCP. Throws PORT_TAKEN, or CONFIG_INVALID for a route that can't
 * work. The README of this folder has its promises and its deviations from the specifications.
 */
export function startMqttDoor(options: MqttDoorOptions): MqttDoor {
  const limits = { ...DEFAULT_MQTT_LIMITS, ...options.limits };
  const door = new Door({ ...options, limits, routes: new RouteTable(options.routes) });
  let closing: Promise<void> | null = null;
  const listener = options.network.listen({
    host: options.host,
    port: options.port,
    limits: { maxQueuedBytes: limits.maxSocketBacklogBytes + limits.maxPacketBytes + ANSWERS_BYTES },
    accept: (connection) => {
      if (door.connections.size >= limits.maxConnections) {
        door.stats.connectionsRefused++;
        door.log.warn("refused an MQTT connection: too many are open", {
          remoteAddress: connection.remoteAddress,
          maxConnections: limits.maxConnections,
        });
        return null;
      }
      const client = new Client(door, connection);
      door.connections.add(client);
      door.stats.connections = door.connections.size;
      return client;
    },
  });
  return {
    host: listener.host,
    port: listener.port,
    stats: () => ({ ...door.stats }),
    close: () => {
      listener.close();
      closing ??= closeDoor(door);
      return closing;
    },
  };
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
  door.wheel.stop();
}
