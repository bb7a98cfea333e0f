import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Packet } from "mqtt-packet";
import { startSiteBroker } from "../../../devices/site-broker/site-broker.ts";
import { startHeadwater } from "../../support/headwater.ts";
import { freePorts } from "../../support/kafka/real-kafka.ts";
import type { Barrier } from "./conversation.ts";
import { Device } from "./device.ts";

/** A broker that scripts are held against. */
export interface Broker {
  readonly port: number;
  readonly barrier: Barrier;
  stop(): Promise<void>;
}

const START_MS = 10_000;
const BARRIER_TOPIC = "barrier";

export async function startHeadwaterBroker(): Promise<Broker> {
  const headwater = await startHeadwater();
  return await brokerAt(Number(headwater.mqtt.split(":")[1]), () => headwater.dispose());
}

export async function startMosquittoBroker(): Promise<Broker> {
  const [port = 0] = await freePorts(1);
  const folder = mkdtempSync(join(tmpdir(), "headwater-mosquitto-"));
  const config = join(folder, "mosquitto.conf");
  writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous true\nlog_type error\n`);
  const child = Bun.spawn(["mosquitto", "-c", config], { stdio: ["ignore", "ignore", "ignore"] });
  return await brokerAt(port, async () => {
    child.kill("SIGTERM");
    await child.exited;
    rmSync(folder, { recursive: true, force: true });
  });
}

/** aedes, which speaks 3.1.1. */
export async function startAedesBroker(): Promise<Broker> {
  const broker = await startSiteBroker();
  return await brokerAt(broker.port, () => broker.close());
}

async function brokerAt(port: number, stop: () => Promise<void>): Promise<Broker> {
  const deadline = Date.now() + START_MS;
  for (;;) {
    try {
      const barrier = await PublishBarrier.to(port);
      return {
        port,
        barrier,
        stop: async () => {
          barrier.close();
          await stop();
        },
      };
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await Bun.sleep(20);
    }
  }
}

/** A message of QoS 1 whose PUBACK says that what was published before it is on its way. */
class PublishBarrier implements Barrier {
  #device: Device | null = null;
  #nextId = 0;
  readonly #waiting = new Map<number, () => void>();

  static async to(port: number): Promise<PublishBarrier> {
    const made = new PublishBarrier();
    const device = await Device.to(port, 4, (packet) => made.#arrived(packet));
    device.send({ cmd: "connect", protocolVersion: 4, clientId: "barrier", clean: true, keepalive: 0 });
    device.canAsk = true;
    await device.settle();
    made.#device = device;
    return made;
  }

  async pass(): Promise<void> {
    this.#nextId = (this.#nextId % 60_000) + 1;
    const messageId = this.#nextId;
    const passed = new Promise<void>((resolve) => this.#waiting.set(messageId, resolve));
    const message = { topic: BARRIER_TOPIC, payload: "", qos: 1, dup: false, retain: false } as const;
    this.#device?.send({ cmd: "publish", messageId, ...message });
    await passed;
  }

  close(): void {
    this.#device?.drop();
  }

  #arrived(packet: Packet): void {
    if (packet.cmd !== "puback") return;
    this.#waiting.get(packet.messageId ?? 0)?.();
    this.#waiting.delete(packet.messageId ?? 0);
  }
}
