import { expect } from "bun:test";
import type { MqttLimits } from "../../../../src/mqtt/limits.ts";
import type { FakeConnection } from "../../support/fake-network.ts";
import { FakeStateLog } from "../../support/fake-state-log.ts";
import { type ConnectMore, connectPacket, Rig, toHex } from "../../support/rig.ts";

/** A door whose sessions outlive their connections, and the process. */
export class DurableRig {
  readonly log = new FakeStateLog();
  rig: Rig;
  readonly #limits: Partial<MqttLimits>;

  constructor(limits: Partial<MqttLimits> = {}) {
    this.#limits = limits;
    this.rig = new Rig(limits, undefined, undefined, null, this.log);
  }

  /** The CONNACK in hex is the second of the two. */
  dial(version: 4 | 5, clientId: string, more: ConnectMore = {}): [FakeConnection, string] {
    const connection = this.rig.dial();
    const wants = version === 5 ? { properties: "11 00000e10", clean: false } : { clean: false };
    connection.feed(connectPacket(version, clientId, { ...wants, ...more }));
    this.rig.settle();
    // Before it ends or takes over what is there, a CONNECT waits for the log once more.
    this.rig.settle();
    return [connection, toHex(connection.take())];
  }

  /** A device of 3.1.1 whose session is kept, or of MQTT 5 for an hour. */
  connect(version: 4 | 5, clientId: string, more: ConnectMore = {}): FakeConnection {
    const [connection, connack] = this.dial(version, clientId, more);
    expect(connack.startsWith("20 ")).toBe(true);
    expect(connack.split(" ")[3]).toBe("00");
    return connection;
  }

  /** The power fails, and a new process starts on what was durable. */
  cut(): void {
    this.log.cut();
    this.#start();
  }

  /** The process ends with everything durable, but not properly. */
  restart(): void {
    this.rig.settle();
    this.#start();
  }

  #start(): void {
    const nowMs = this.rig.clock.nowMs();
    this.rig = new Rig(this.#limits, undefined, undefined, null, this.log, nowMs);
  }
}
