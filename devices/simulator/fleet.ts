import mqtt, { type MqttClient } from "mqtt";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import { type Measurements, PROFILES } from "../profiles/profiles.ts";
import { DeviceLedger } from "./ledger.ts";
import { encodeReading, type PayloadFormat, type Reading } from "./reading.ts";

export interface FleetOptions {
  readonly host: string;
  readonly port: number;
  readonly devices: number;
  /** Readings a second and device; 0 is as fast as acknowledgements come. */
  readonly rateHz: number;
  /** Readings a device sends at most; 0 is no bound. */
  readonly readings: number;
  readonly qos: 0 | 1 | 2;
  readonly seed: number;
  /** Name of a profile, or "mixed". */
  readonly profile: string;
  readonly format: PayloadFormat;
  /** 4 is MQTT 3.1.1. */
  readonly protocolVersion: 4 | 5;
  /** Readings of a device that may wait for their acknowledgement. */
  readonly window: number;
  /** Names: PREFIX-0, PREFIX-1, ... */
  readonly prefix: string;
}

export const DEFAULT_FLEET: FleetOptions = {
  host: "127.0.0.1",
  port: 1883,
  devices: 10,
  rateHz: 1,
  readings: 0,
  qos: 1,
  seed: 1,
  profile: "mixed",
  format: "json",
  protocolVersion: 5,
  window: 20,
  prefix: "device",
};

export interface FleetTotals {
  readonly connected: number;
  readonly sent: number;
  readonly acked: number;
  /** Connections that broke. */
  readonly breaks: number;
  /** Milliseconds from a reading's publish to its acknowledgement, of the last readings, ascending. */
  readonly latenciesMs: readonly number[];
}

const RECONNECT_MS = 200;
const KEPT_LATENCIES = 1000;

/**
 * A fleet of devices, each with an MQTT connection of its own. A device whose connection breaks does not repeat
 * what was not acknowledged, since it can't know whether it arrived, and goes on with its next reading. So a
 * reading is in the log at most once by the device's doing, and each acknowledged one has to be there.
 */
export class Fleet {
  readonly #devices: Device[];
  readonly #latencies: number[] = [];

  constructor(options: FleetOptions) {
    const names = [...PROFILES.keys()];
    this.#devices = Array.from({ length: options.devices }, (_, index) => {
      const profileName = options.profile === "mixed" ? names[index % names.length] : options.profile;
      const profile = PROFILES.get(profileName ?? "");
      if (profile === undefined) {
        throw new Error(`no profile '${options.profile}': choose mixed, ${names.join(", ")}`);
      }
      const measure = profile(new SeededRandom(options.seed * 100_003 + index));
      return new Device(`${options.prefix}-${index}`, profileName ?? "", measure, options, (ms) =>
        this.#note(ms),
      );
    });
  }

  start(): void {
    for (const device of this.#devices) device.start();
  }

  /** Stops taking readings, waits for what is under way up to `graceMs`, and disconnects. */
  async stop(graceMs = 5000): Promise<void> {
    await Promise.all(this.#devices.map((device) => device.stop(graceMs)));
  }

  /** Resolves once every device has sent the readings it was told to, and they are settled. */
  async finished(): Promise<void> {
    await Promise.all(this.#devices.map((device) => device.finished));
  }

  get ledgers(): ReadonlyMap<string, DeviceLedger> {
    return new Map(this.#devices.map((device) => [device.name, device.ledger]));
  }

  totals(): FleetTotals {
    let connected = 0;
    let sent = 0;
    let acked = 0;
    let breaks = 0;
    for (const device of this.#devices) {
      if (device.connected) connected += 1;
      sent += device.ledger.sent;
      acked += device.ledger.acked;
      breaks += device.breaks;
    }
    return { connected, sent, acked, breaks, latenciesMs: this.#latencies.toSorted((a, b) => a - b) };
  }

  #note(latencyMs: number): void {
    if (this.#latencies.length >= KEPT_LATENCIES) this.#latencies.shift();
    this.#latencies.push(latencyMs);
  }
}

class Device {
  readonly name: string;
  readonly ledger = new DeviceLedger();
  readonly finished: Promise<void>;
  readonly #options: FleetOptions;
  readonly #topic: string;
  readonly #measure: (number: number) => Measurements;
  readonly #onLatency: (ms: number) => void;
  #finish: () => void = () => {};
  #client: MqttClient | null = null;
  #timer: Timer | null = null;
  #inFlight = 0;
  #stopping = false;
  breaks = 0;

  constructor(
    name: string,
    profile: string,
    measure: (number: number) => Measurements,
    options: FleetOptions,
    onLatency: (ms: number) => void,
  ) {
    this.name = name;
    this.#options = options;
    this.#topic = `devices/${name}/${profile}`;
    this.#measure = measure;
    this.#onLatency = onLatency;
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  get connected(): boolean {
    return this.#client?.connected === true;
  }

  start(): void {
    this.#connect();
    if (this.#options.rateHz > 0) {
      this.#timer = setInterval(() => this.#publish(), 1000 / this.#options.rateHz);
    }
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    const deadline = performance.now() + graceMs;
    while (this.#inFlight > 0 && this.connected && performance.now() < deadline) await Bun.sleep(20);
    const client = this.#client;
    this.#client = null;
    client?.removeAllListeners("close");
    await client?.endAsync(true);
    this.#finish();
  }

  #connect(): void {
    const { host, port, protocolVersion } = this.#options;
    const client = mqtt.connect({
      host,
      port,
      protocolVersion,
      clientId: this.name,
      clean: true,
      // A connection of its own for every try: the library would repeat what was not acknowledged.
      reconnectPeriod: 0,
      queueQoSZero: false,
      connectTimeout: 5000,
    });
    this.#client = client;
    client.on("connect", () => this.#fill());
    client.on("error", () => {});
    client.on("close", () => {
      if (this.#client !== client) return;
      this.breaks += 1;
      this.#client = null;
      this.#inFlight = 0;
      client.end(true);
      setTimeout(() => {
        if (!this.#stopping) this.#connect();
      }, RECONNECT_MS);
    });
  }

  /** Sends up to the window where readings are not paced by a clock. */
  #fill(): void {
    if (this.#options.rateHz > 0) return;
    while (this.#inFlight < this.#options.window && this.#publish());
  }

  #publish(): boolean {
    const client = this.#client;
    const { readings, window, qos, format } = this.#options;
    if (this.#stopping || client === null || !client.connected || this.#inFlight >= window) return false;
    if (readings > 0 && this.ledger.sent >= readings) {
      if (this.#inFlight === 0) this.#finish();
      return false;
    }
    const n = this.ledger.next();
    const reading: Reading = { device: this.name, n, t: Date.now(), ...this.#measure(n) };
    const sentAt = performance.now();
    this.#inFlight += 1;
    client.publish(this.#topic, Buffer.from(encodeReading(reading, format)), { qos }, (error) => {
      // What a broken connection leaves behind is neither acknowledged nor waited for.
      if (this.#client !== client) return;
      this.#inFlight -= 1;
      if (error === undefined || error === null) {
        if (qos > 0) this.ledger.acknowledge(n);
        this.#onLatency(performance.now() - sentAt);
      }
      if (this.#options.rateHz === 0) this.#fill();
    });
    return true;
  }
}
