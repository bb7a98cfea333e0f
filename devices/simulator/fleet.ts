import mqtt, { type MqttClient } from "mqtt";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import { type Measurements, PROFILES } from "../profiles/profiles.ts";
import { DeviceLedger, type Expectation } from "./ledger.ts";
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
  /** TLS with the certificate of each device; null for a plain connection. */
  readonly tls: FleetTls | null;
}

export interface FleetTls {
  /** Authorities that the gateway's certificate may be of, in PEM. */
  readonly ca: string;
  /** What a device shows of itself, in PEM; null for one that shows nothing. */
  credentials(device: string): { readonly certificate: string; readonly key: string } | null;
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
  tls: null,
};

export interface FleetTotals {
  readonly connected: number;
  readonly sent: number;
  readonly acked: number;
  /** Readings that were due and not taken: the connection was broken, or the window full. */
  readonly skipped: number;
  /** Connections that broke. */
  readonly breaks: number;
  /** Milliseconds from a reading's publish to its acknowledgement, of the last readings, ascending. */
  readonly latenciesMs: readonly number[];
  /** What the gateway did against the specification; empty where it is sound. */
  readonly faults: readonly string[];
  /** Why a connection failed last, or null where none did. */
  readonly lastError: string | null;
}

const RECONNECT_MS = 200;
/** How often devices look whether a reading is due. */
const TICK_MS = 10;
const KEPT_LATENCIES = 1000;
const KEPT_FAULTS = 10;

/**
 * A fleet of devices, each with an MQTT connection of its own. A device whose connection breaks does not repeat
 * what was not acknowledged, since it can't know whether it arrived, and goes on with its next reading. So a
 * reading is in the log at most once by the device's doing, and each acknowledged one has to be there.
 */
export class Fleet {
  readonly #devices: Device[];
  readonly #observer = new Observer();
  #timer: Timer | null = null;

  /** Devices that are in `earlier` go on with the number after their last; throws on an unknown profile. */
  constructor(options: FleetOptions, earlier: ReadonlyMap<string, Expectation> = new Map()) {
    const names = [...PROFILES.keys()];
    this.#devices = Array.from({ length: options.devices }, (_, index) => {
      const profileName = options.profile === "mixed" ? names[index % names.length] : options.profile;
      const profile = PROFILES.get(profileName ?? "");
      if (profile === undefined) {
        throw new Error(`no profile '${options.profile}': choose mixed, ${names.join(", ")}`);
      }
      const name = `${options.prefix}-${index}`;
      return new Device(
        {
          name,
          topic: `devices/${name}/${profileName}`,
          measure: profile(new SeededRandom(options.seed * 100_003 + index)),
          // Spread over the period, as devices that were switched on one after the other are.
          phase: index / options.devices,
        },
        new DeviceLedger(earlier.get(name)),
        options,
        this.#observer,
      );
    });
  }

  start(): void {
    for (const device of this.#devices) device.start();
    const startedMs = performance.now();
    this.#timer = setInterval(() => {
      const elapsedMs = performance.now() - startedMs;
      for (const device of this.#devices) device.tick(elapsedMs);
    }, TICK_MS);
  }

  /** Stops taking readings, waits for what is under way up to `graceMs`, and disconnects. */
  async stop(graceMs = 5000): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
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
    let skipped = 0;
    let breaks = 0;
    for (const device of this.#devices) {
      if (device.connected) connected += 1;
      sent += device.sent;
      acked += device.acked;
      skipped += device.skipped;
      breaks += device.breaks;
    }
    const { faults, lastError } = this.#observer;
    return {
      connected,
      sent,
      acked,
      skipped,
      breaks,
      latenciesMs: this.#observer.latenciesMs(),
      faults: [...faults],
      lastError,
    };
  }
}

/** Keeps what devices notice, within bounds. */
class Observer {
  readonly #latencies: number[] = [];
  #latencyCount = 0;
  readonly faults: string[] = [];
  lastError: string | null = null;

  latency(ms: number): void {
    this.#latencies[this.#latencyCount % KEPT_LATENCIES] = ms;
    this.#latencyCount += 1;
  }

  latenciesMs(): readonly number[] {
    return this.#latencies.toSorted((a, b) => a - b);
  }

  fault(text: string): void {
    if (this.faults.length < KEPT_FAULTS) this.faults.push(text);
  }
}

interface Make {
  readonly name: string;
  readonly topic: string;
  readonly measure: (number: number) => Measurements;
  /** Part of a period, below 1, by which its readings come earlier than those of the first device. */
  readonly phase: number;
}

class Device {
  readonly name: string;
  readonly ledger: DeviceLedger;
  readonly finished: Promise<void>;
  skipped = 0;
  breaks = 0;
  readonly #make: Make;
  readonly #options: FleetOptions;
  readonly #observer: Observer;
  readonly #sentBefore: number;
  readonly #ackedBefore: number;
  readonly #tls: object;
  #finish: () => void = () => {};
  #client: MqttClient | null = null;
  #due = 0;
  #wasConnected = false;
  #inFlight = 0;
  #stopping = false;

  constructor(make: Make, ledger: DeviceLedger, options: FleetOptions, observer: Observer) {
    this.name = make.name;
    this.ledger = ledger;
    this.#make = make;
    this.#options = options;
    this.#observer = observer;
    this.#tls = options.tls === null ? {} : tlsOptions(options.tls, make.name);
    this.#sentBefore = ledger.sent;
    this.#ackedBefore = ledger.acked;
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  get connected(): boolean {
    return this.#client?.connected === true;
  }

  /** Readings sent by this fleet, without those of earlier runs. */
  get sent(): number {
    return this.ledger.sent - this.#sentBefore;
  }

  get acked(): number {
    return this.ledger.acked - this.#ackedBefore;
  }

  start(): void {
    this.#connect();
  }

  /** Takes the readings that are due by now. */
  tick(elapsedMs: number): void {
    const due = Math.floor((elapsedMs * this.#options.rateHz) / 1000 + this.#make.phase);
    for (; this.#due < due; this.#due += 1) {
      if (!this.#publish() && !this.#settle() && this.#wasConnected) this.skipped += 1;
    }
    this.#settle();
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
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
      ...this.#tls,
      protocolVersion,
      clientId: this.name,
      clean: true,
      // A connection of its own for every try: the library would repeat what was not acknowledged.
      reconnectPeriod: 0,
      queueQoSZero: false,
      connectTimeout: 5000,
    });
    let opened = false;
    this.#client = client;
    client.on("connect", () => {
      opened = true;
      this.#wasConnected = true;
      this.#fill();
    });
    client.on("error", (error) => {
      this.#observer.lastError = error.message;
    });
    client.on("close", () => {
      if (this.#client !== client) return;
      if (opened) this.breaks += 1;
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

  get #done(): boolean {
    return this.#options.readings > 0 && this.sent >= this.#options.readings;
  }

  /** Whether all readings are sent; ends the device's work once they are settled too. */
  #settle(): boolean {
    if (this.#done && this.#inFlight === 0) this.#finish();
    return this.#done;
  }

  #publish(): boolean {
    const client = this.#client;
    const { window, qos, format } = this.#options;
    if (this.#stopping || this.#done || !client?.connected || this.#inFlight >= window) return false;
    const n = this.ledger.next();
    const reading: Reading = { device: this.name, n, t: Date.now(), ...this.#make.measure(n) };
    const sentAt = performance.now();
    this.#inFlight += 1;
    client.publish(this.#make.topic, Buffer.from(encodeReading(reading, format)), { qos }, (error) => {
      // What a broken connection leaves behind is neither acknowledged nor waited for.
      if (this.#client !== client) return;
      this.#inFlight -= 1;
      if (error === undefined || error === null) this.#acknowledged(n, performance.now() - sentAt);
      else this.#observer.lastError = error.message;
      this.#fill();
    });
    return true;
  }

  #acknowledged(n: number, latencyMs: number): void {
    this.#observer.latency(latencyMs);
    if (this.#options.qos === 0) return;
    try {
      this.ledger.acknowledge(n);
    } catch (error) {
      this.#observer.fault(`${this.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function tlsOptions(tls: FleetTls, device: string) {
  const shown = tls.credentials(device);
  const own = shown === null ? {} : { cert: shown.certificate, key: shown.key };
  return { protocol: "mqtts", ca: tls.ca, ...own } as const;
}
