import type { MqttStats } from "../stats.ts";
import { LOAD_MINUTES, LoadAverage } from "./load-averages.ts";

/** What the door can't know of itself. */
export interface ProgramFigures {
  /** Name and version, such as `headwater version 1.2.0`. */
  readonly version: string;
  /** Memory in use, in bytes. */
  readonly heapBytes: () => number;
}

/** What the figures are taken from. */
export interface FigureSource {
  readonly stats: MqttStats;
  /** Packets of any kind that were sent. */
  readonly packetsSent: number;
  /** Clients whose CONNECT was accepted. */
  readonly connected: number;
  readonly sharedSubscriptions: number;
  /** Whole seconds since the door opened. */
  readonly uptimeSec: number;
  /** Memory of the program, in bytes. */
  readonly heapBytes: number;
}

interface Load {
  readonly name: string;
  readonly total: (source: FigureSource) => number;
}

/** What there are load averages of, by the names of their topics. */
const LOADS: readonly Load[] = [
  { name: "messages/received", total: ({ stats }) => stats.packetsReceived },
  { name: "messages/sent", total: ({ packetsSent }) => packetsSent },
  { name: "publish/dropped", total: ({ stats }) => dropped(stats) },
  { name: "publish/received", total: ({ stats }) => stats.publishesReceived },
  { name: "publish/sent", total: ({ stats }) => stats.messagesSent },
  { name: "bytes/received", total: ({ stats }) => stats.bytesReceived },
  { name: "bytes/sent", total: ({ stats }) => stats.bytesSent },
  { name: "sockets", total: ({ stats }) => stats.socketsOpened },
  { name: "connections", total: ({ stats }) => stats.connectionsAccepted },
];

/**
 * The figures that monitors of MQTT brokers know, by the topics under `$SYS/broker` that mosquitto gives them
 * (mosquitto(8), "BROKER STATUS"), as the texts that it would send.
 */
export class Figures {
  readonly #version: string;
  readonly #loads = LOADS.map((load) => ({ ...load, average: new LoadAverage() }));
  #maxConnected = 0;
  #maxHeapBytes = 0;

  /** `version` is the name and version of the program. */
  constructor(version: string) {
    this.#version = version;
  }

  /** Brings the averages up to date; `elapsedMs` after the time before. */
  tick(source: FigureSource, elapsedMs: number): void {
    for (const { total, average } of this.#loads) average.tell(total(source), elapsedMs);
    this.#noteMaxima(source);
  }

  /** Notes a new connection: between two ticks there may have been more of them than at either. */
  noteConnected(connected: number): void {
    this.#maxConnected = Math.max(this.#maxConnected, connected);
  }

  /** Every figure, by its topic without `$SYS/broker/`. */
  read(source: FigureSource): [string, string][] {
    this.#noteMaxima(source);
    const { stats, connected } = source;
    const away = stats.sessionsAway;
    const stored = stats.retainedMessages + stats.queuedMessages + stats.storedMessages;
    const storedBytes = stats.retainedBytes + stats.queuedBytes + stats.storedBytes;
    const figures: [string, number][] = [
      ["clients/connected", connected],
      ["clients/active", connected],
      ["clients/disconnected", away],
      ["clients/inactive", away],
      ["clients/total", connected + away],
      ["clients/maximum", this.#maxConnected],
      ["clients/expired", stats.sessionsExpired],
      ["messages/received", stats.packetsReceived],
      ["messages/sent", source.packetsSent],
      ["messages/stored", stored],
      ["store/messages/count", stored],
      ["store/messages/bytes", storedBytes],
      ["publish/messages/dropped", dropped(stats)],
      ["publish/messages/received", stats.publishesReceived],
      ["publish/messages/sent", stats.messagesSent],
      ["publish/bytes/received", stats.publishBytesReceived],
      ["publish/bytes/sent", stats.publishBytesSent],
      ["bytes/received", stats.bytesReceived],
      ["bytes/sent", stats.bytesSent],
      ["subscriptions/count", stats.subscriptions],
      ["shared_subscriptions/count", source.sharedSubscriptions],
      ["retained messages/count", stats.retainedMessages],
      ["heap/current", source.heapBytes],
      ["heap/maximum", this.#maxHeapBytes],
    ];
    const loads = this.#loads.flatMap(({ name, average }) =>
      LOAD_MINUTES.map((minutes, index): [string, string] => [
        `load/${name}/${minutes}min`,
        (average.perMinute[index] ?? 0).toFixed(2),
      ]),
    );
    return [
      ["version", this.#version],
      ["uptime", `${source.uptimeSec} seconds`],
      ...figures.map(([name, value]): [string, string] => [name, String(value)]),
      ...loads,
    ];
  }

  #noteMaxima({ connected, heapBytes }: FigureSource): void {
    this.noteConnected(connected);
    this.#maxHeapBytes = Math.max(this.#maxHeapBytes, heapBytes);
  }
}

function dropped(stats: MqttStats): number {
  return stats.messagesDropped + stats.messagesUnstaged + stats.messagesTooLarge;
}
