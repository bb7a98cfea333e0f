import type { Packet } from "mqtt-packet";
import { Device } from "./device.ts";
import { normalForm, PacketIds } from "./normal-form.ts";
import { Names, packetOf } from "./packets.ts";
import type { Script, Step, Version } from "./script.ts";

/** What the devices of a script heard after one of its steps. */
export interface Heard {
  readonly step: string;
  readonly lines: readonly string[];
}

/** Says that a broker has done all that it was asked for, on whatever connection. */
export interface Barrier {
  pass(): Promise<void>;
}

interface Party {
  readonly device: Device;
  readonly ids: PacketIds;
  /** Whether it acknowledges by itself what it gets. */
  readonly manual: boolean;
  readonly heard: Packet[];
  nextId: number;
  wasClosed: boolean;
}

const MIN_ROUNDS = 3;
const QUIET_MS = 4;

/** Lets the devices of a script talk with the broker at `port`, step by step. */
export async function converse(
  port: number,
  barrier: Barrier,
  script: Script,
  version: Version,
  prefix: string,
): Promise<readonly Heard[]> {
  const conversation = new Conversation(port, barrier, version, new Names(prefix));
  const heard: Heard[] = [];
  try {
    for (const step of script.steps) heard.push({ step: step.text, lines: await conversation.take(step) });
  } finally {
    await conversation.end();
  }
  return heard;
}

class Conversation {
  readonly #port: number;
  readonly #barrier: Barrier;
  readonly #version: Version;
  readonly #names: Names;
  readonly #parties = new Map<string, Party>();
  /** Identifiers belong to a session, which outlives its connections. */
  readonly #ids = new Map<string, PacketIds>();
  #arrivals = 0;

  constructor(port: number, barrier: Barrier, version: Version, names: Names) {
    this.#port = port;
    this.#barrier = barrier;
    this.#version = version;
    this.#names = names;
  }

  async take(step: Step): Promise<readonly string[]> {
    if (step.device === "wait") await Bun.sleep(Number(step.verb));
    else await this.#act(step);
    await this.#settle();
    const parties = [...this.#parties].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return parties.flatMap(([name, party]) => {
      const lines = [...normalForm(party.heard.splice(0), this.#names, party.ids)];
      if (party.device.closed && !party.wasClosed) lines.push("closed");
      party.wasClosed = party.device.closed;
      return lines.map((line) => `${name}: ${line}`);
    });
  }

  /** Ends every session, so that the next script finds nothing of this one. */
  async end(): Promise<void> {
    for (const { device } of this.#parties.values()) device.drop();
    for (const clientId of this.#ids.keys()) {
      if (clientId === "") continue;
      const device = await Device.to(this.#port, 4, () => {});
      device.send({ cmd: "connect", protocolVersion: 4, clientId, clean: true, keepalive: 0 });
      device.canAsk = true;
      await device.settle();
      device.send({ cmd: "disconnect" });
    }
  }

  async #act(step: Step): Promise<void> {
    const { verb, words } = step;
    if (verb === "connect" || verb === "open") return await this.#open(step);
    const party = this.#parties.get(step.device);
    if (party === undefined) throw new Error(`nobody has connected: ${step.text}`);
    const { device } = party;
    switch (verb) {
      case "drop":
        party.wasClosed = true;
        device.drop();
        return;
      case "freeze":
        device.canAsk = false;
        device.freeze();
        return;
      case "thaw":
        device.canAsk = true;
        device.thaw();
        return;
      case "raw":
      case "part":
        // After a part of a packet, what comes next belongs to it.
        if (verb === "part") device.canAsk = false;
        device.write(Buffer.from(this.#names.filled(words.join("")), "hex"));
        return;
      case "burst": {
        const [count = "0", topic = ""] = words;
        for (let n = 1; n <= Number(count); n += 1)
          this.#send(party, { ...step, verb: "pub", words: [topic, `${n}`] });
        return;
      }
      default:
        this.#send(party, step);
    }
  }

  /** Opens a connection, and says CONNECT unless the script does that itself. */
  async #open(step: Step): Promise<void> {
    const clientId = this.#names.clientId(step.options.get("id") ?? step.device);
    const ids = this.#ids.get(clientId) ?? new PacketIds();
    this.#ids.set(clientId, ids);
    const heard: Packet[] = [];
    const version = step.options.get("v") === "3" ? 3 : this.#version;
    const device = await Device.to(this.#port, version, (packet) => this.#arrived(party, packet));
    const manual = step.options.has("manual");
    const party: Party = { device, ids, manual, heard, nextId: 1, wasClosed: false };
    this.#parties.set(step.device, party);
    if (step.verb === "connect") this.#send(party, step);
  }

  #send(party: Party, step: Step): void {
    const numbered = step.words[0]?.startsWith("#") === true && /^pub(ack|rec|rel|comp)$/.test(step.verb);
    const given = step.options.get("id");
    let packetId: number;
    if (numbered) packetId = party.ids.idOf(Number(step.words[0]?.slice(1)));
    else if (/^pub(ack|rec|rel|comp)$/.test(step.verb)) packetId = Number(step.words[0]);
    else packetId = given === undefined || step.verb === "connect" ? party.nextId++ : Number(given);
    party.device.send(packetOf(step, this.#version, this.#names, packetId));
    if (step.verb === "disconnect") party.device.canAsk = false;
  }

  #arrived(party: Party, packet: Packet): void {
    if (packet.cmd === "connack") party.device.canAsk = true;
    const foreign = packet.cmd === "publish" && packet.topic !== "" && this.#names.own(packet.topic) === null;
    const { device } = party;
    // What other scripts publish to a wildcard of this one is taken and forgotten.
    if (packet.cmd === "publish" && packet.qos > 0 && (foreign || !party.manual)) {
      const messageId = packet.messageId ?? 0;
      device.send({ cmd: packet.qos === 1 ? "puback" : "pubrec", messageId });
    }
    if (packet.cmd === "pubrec" && !party.manual && (packet.reasonCode ?? 0) < 0x80) {
      device.send({ cmd: "pubrel", messageId: packet.messageId ?? 0 });
    }
    if (packet.cmd === "pubrel" && !party.manual) {
      device.send({ cmd: "pubcomp", messageId: packet.messageId ?? 0 });
    }
    if (foreign) return;
    this.#arrivals += 1;
    party.heard.push(packet);
  }

  /** Until a round of questions to the broker brings nothing new any more. */
  async #settle(): Promise<void> {
    let before = -1;
    for (let rounds = 0; rounds < MIN_ROUNDS || before !== this.#arrivals; rounds += 1) {
      before = this.#arrivals;
      await this.#barrier.pass();
      // Time for a connection to close: a question to one that is closing could cost the goodbye on it.
      await Bun.sleep(QUIET_MS);
      await Promise.all([...this.#parties.values()].map(({ device }) => device.settle()));
    }
  }
}
