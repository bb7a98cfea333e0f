import { offset } from "../../../src/base/ids.ts";
import type { SimulatedDisk } from "../../../src/io/simulated/disk.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { Bridge } from "../../../src/mqtt/bridge/bridge.ts";
import type { BridgeBug } from "../../../src/mqtt/bridge/bugs.ts";
import { localDoor } from "../../../src/mqtt/bridge/local-door.ts";
import {
  type BridgeLimits,
  type BridgeRule,
  type BridgeSettings,
  DEFAULT_BRIDGE_LIMITS,
} from "../../../src/mqtt/bridge/settings.ts";
import { placesOf } from "../../../src/mqtt/history/route-search.ts";
import { DEFAULT_ROUTES } from "../../../src/mqtt/routes.ts";
import { decodeRecords } from "../../../src/records/reader.ts";
import { BrokerRig } from "../support/broker-rig.ts";
import { ModelRemote, type RemoteWishes } from "./model-remote.ts";

export type SettingsWishes = Partial<Omit<BridgeSettings, "limits">> & {
  readonly limits?: Partial<BridgeLimits>;
};

export function rule(pattern: string, qos: 0 | 1 | 2 = 1, localPrefix = "", remotePrefix = ""): BridgeRule {
  return { pattern, qos, localPrefix, remotePrefix };
}

export function settingsOf(wishes: SettingsWishes = {}): BridgeSettings {
  return {
    name: "up",
    gatewayId: "gw",
    host: "remote",
    port: 1883,
    tls: false,
    version: 5,
    clientId: "headwater-gw-up",
    userName: null,
    keepAliveSec: 60,
    sessionExpirySec: 3600,
    tryPrivate: true,
    in: [],
    out: [],
    from: "latest",
    ...wishes,
    limits: { ...DEFAULT_BRIDGE_LIMITS, ...wishes.limits },
  };
}

export interface BridgeRigOptions {
  readonly disk?: SimulatedDisk;
  readonly settings?: SettingsWishes;
  readonly remote?: ModelRemote;
  readonly remoteWishes?: RemoteWishes;
  readonly bugs?: ReadonlySet<BridgeBug>;
  readonly seed?: number;
  /** Whether the routes note QoS and retain flag. */
  readonly notesDelivery?: boolean;
}

/** A gateway in memory with one bridge to a model of a remote. */
export class BridgeRig {
  readonly rig: BrokerRig;
  readonly bridge: Bridge;
  readonly remote: ModelRemote;
  readonly told: string[] = [];
  readonly gaps: string[] = [];
  /** Nothing can be saved while this is true. */
  failsSaves = false;

  static async start(options: BridgeRigOptions = {}): Promise<BridgeRig> {
    const routes = DEFAULT_ROUTES.map((route) => ({ ...route, deliveryHeaders: true }));
    const rig = await BrokerRig.start({
      ...(options.disk === undefined ? {} : { disk: options.disk }),
      ...(options.notesDelivery === true ? { door: { routes } } : {}),
    });
    return new BridgeRig(rig, options);
  }

  private constructor(rig: BrokerRig, options: BridgeRigOptions) {
    const { clock, broker } = rig.open;
    const random = new SeededRandom(options.seed ?? 1);
    const settings = settingsOf(options.settings);
    this.rig = rig;
    this.remote = options.remote ?? new ModelRemote(clock, random.fork(), options.remoteWishes);
    this.remote.clock = clock;
    const state = broker.openState("__mqtt_bridges");
    this.bridge = new Bridge({
      settings,
      clock,
      random,
      remote: this.remote,
      door: localDoor(rig.door.inside, rig.followers.source, settings.clientId),
      local: {
        followers: rig.followers,
        leadsTo: (filter, topic) =>
          placesOf(filter, DEFAULT_ROUTES).places.some(({ isTopic }) => isTopic(topic)),
      },
      store: {
        load: async () => state.get(settings.name),
        save: async (value) => {
          if (this.failsSaves) throw new Error("no room");
          await state.set(settings.name, value);
        },
      },
      reports: {
        onState: (level, message, { reason }) => this.told.push(`${level} ${message}: ${String(reason)}`),
        onTrouble: (message) => this.told.push(message),
        onGap: (topic, partition, from, to, reason) =>
          this.gaps.push(`${topic}-${partition} ${from}-${to} ${reason}`),
        onDropped: (topic, _bytes, reason) => this.gaps.push(`${topic}: ${reason}`),
      },
      ...(options.bugs === undefined ? {} : { bugs: options.bugs }),
    });
    this.bridge.start();
  }

  /** The bridge's state as it is on the disk. */
  saved(): Uint8Array | null {
    return this.rig.open.broker.openState("__mqtt_bridges").get("up");
  }

  /** A device publishes; `settled` hears whether it is on the disk. */
  publish(
    topic: string,
    text: string,
    settled: (isDurable: boolean) => void = () => {},
    retain = false,
  ): void {
    const door = this.rig.door.inside;
    const bytes = Buffer.from(topic);
    const entry = door.topics.find(bytes, 0, bytes.length);
    if ("reason" in entry) throw new Error(entry.what);
    const message = {
      entry,
      payload: new Uint8Array(Buffer.from(text)),
      properties: null,
      qos: 1,
      retain,
    } as const;
    door.publish({ ...message, expirySec: -1, append: true }, { clientId: "dev", userName: null }, (batch) =>
      settled(batch.state === "durable"),
    );
  }

  /** Time goes by, with everything that becomes due in it. */
  async run(durationMs: number, stepMs = 10): Promise<void> {
    for (let ms = 0; ms < durationMs; ms += stepMs) {
      this.rig.open.clock.advance(stepMs);
      await this.rig.open.clock.settleAll();
    }
  }

  /** Values of a Kafka topic's records, in their order. */
  values(topic: string): string[] {
    const log = this.rig.open.broker.partition(topic, 0)?.log;
    if (log === undefined) return [];
    const values: string[] = [];
    for (let at: number = log.logStartOffset; at < log.highWatermark; ) {
      const read = log.read(offset(at), 1024 * 1024, { minOneBatch: true, until: log.highWatermark });
      if (!("nextOffset" in read) || read.bytes.length === 0) break;
      for (const { value } of decodeRecords(read.bytes)) values.push(Buffer.from(value ?? []).toString());
      at = read.nextOffset;
    }
    return values;
  }
}

/** A gateway whose bridge is connected. */
export async function connectedRig(options: BridgeRigOptions): Promise<BridgeRig> {
  const rig = await BridgeRig.start(options);
  await rig.run(100);
  const { state } = rig.bridge.status();
  if (state !== "connected") throw new Error(`the bridge is ${state}`);
  return rig;
}

/** The same gateway after its power was cut, and whatever is given anew. */
export async function again(
  rig: BridgeRig,
  disk: SimulatedDisk,
  options: BridgeRigOptions,
): Promise<[BridgeRig, SimulatedDisk]> {
  rig.bridge.abandon();
  const crashed = disk.crash("everything", 1);
  const next = await BridgeRig.start({ disk: crashed, remote: rig.remote, ...options });
  await next.run(200);
  return [next, crashed];
}

/** Devices publish, and time goes by. */
export async function publish(rig: BridgeRig, topic: string, texts: readonly string[]): Promise<void> {
  for (const text of texts) rig.publish(topic, text);
  await rig.run(200);
}
