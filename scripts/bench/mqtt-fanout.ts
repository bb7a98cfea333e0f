/**
 * Loads of MQTT brokers with subscribers:
 *
 *     bun scripts/bench/mqtt-fanout.ts fanout PORT GROUPS SUBSCRIBERS MESSAGES QOS WINDOW
 *     bun scripts/bench/mqtt-fanout.ts fill PORT SESSIONS MESSAGES own|shared
 *     bun scripts/bench/mqtt-fanout.ts storm PORT CLIENTS
 *     bun scripts/bench/mqtt-fanout.ts steady PORT
 *
 * `fanout`: in each group one publisher and so many subscribers of its topic; every message counts once for each that
 * gets it. `fill`: durable sessions that are away, and messages for each; `own`: no message is for two. `storm`: so many
 * clients whose sessions are known connect at once, while others publish (`steady`). Prints one JSON line.
 */
import { BenchClient, PublishPacket } from "./mqtt-clients.ts";

const SIZE_BYTES = 100;

async function fanout(
  port: number,
  groups: number,
  subscribers: number,
  messages: number,
  qos: 0 | 1,
  window: number,
): Promise<void> {
  const each = Math.ceil(messages / groups / subscribers);
  const wanted = each * groups * subscribers;
  let got = 0;
  const finished = Promise.withResolvers<void>();
  const publishers: Publisher[] = [];
  for (let group = 0; group < groups; group += 1) {
    const topic = `devices/fan-${group}/t`;
    const publisher = new Publisher(topic, qos, each, window, subscribers);
    publishers.push(publisher);
    await publisher.client.connect(port, `fan-${group}`);
    for (let index = 0; index < subscribers; index += 1) {
      const message = (): void => {
        publisher.delivered();
        if (++got === wanted) finished.resolve();
      };
      const subscriber = new BenchClient({ message });
      await subscriber.connect(port, `fan-${group}-${index}`);
      await subscriber.subscribe(topic, qos);
    }
  }
  const startedAt = performance.now();
  for (const publisher of publishers) publisher.send();
  await finished.promise;
  console.log(JSON.stringify({ messages: wanted, seconds: (performance.now() - startedAt) / 1000 }));
}

/** Has so many messages under way to the subscribers, so that queues stay short. */
class Publisher {
  readonly client = new BenchClient();
  readonly #packet: PublishPacket;
  readonly #qos: 0 | 1;
  readonly #window: number;
  readonly #subscribers: number;
  #left: number;
  #sent = 0;
  #delivered = 0;

  constructor(topic: string, qos: 0 | 1, messages: number, window: number, subscribers: number) {
    this.#packet = new PublishPacket(topic, qos, SIZE_BYTES);
    this.#qos = qos;
    this.#left = messages;
    this.#window = window;
    this.#subscribers = subscribers;
  }

  delivered(): void {
    this.#delivered += 1;
    if (this.#delivered % this.#subscribers === 0) this.send();
  }

  send(): void {
    const underWay = this.#sent - this.#delivered / this.#subscribers;
    const count = Math.min(this.#left, Math.floor(this.#window - underWay));
    // Half a window at a time, as a device that gathers does.
    if (count <= 0 || (count < this.#window / 2 && this.#left > count)) return;
    const { bytes } = this.#packet;
    const all = new Uint8Array(bytes.length * count);
    for (let index = 0; index < count; index += 1) {
      this.#sent += 1;
      if (this.#qos > 0) this.#packet.number(1 + (this.#sent % 65_000));
      all.set(bytes, index * bytes.length);
    }
    this.#left -= count;
    this.client.write(all);
  }
}

/** Sessions that are away, each with so many messages of QoS 1. */
async function fill(port: number, sessions: number, messages: number, own: boolean): Promise<void> {
  for (let index = 0; index < sessions; index += 1) {
    const client = new BenchClient();
    await client.connect(port, `away-${index}`, false);
    await client.subscribe(own ? `devices/away-${index}/t` : "devices/all/t", 1);
    client.close();
  }
  // Those that have just gone are away when their connections are closed.
  await Bun.sleep(500);
  const startedAt = performance.now();
  const count = own ? sessions * messages : messages;
  let acked = 0;
  const finished = Promise.withResolvers<void>();
  const WINDOW = 200;
  let sent = 0;
  const publisher = new BenchClient({
    acked: () => {
      acked += 1;
      if (acked === count) finished.resolve();
      else if (acked % (WINDOW / 2) === 0) send();
    },
  });
  const packets = own
    ? Array.from(
        { length: sessions },
        (_, index) => new PublishPacket(`devices/away-${index}/t`, 1, SIZE_BYTES),
      )
    : [new PublishPacket("devices/all/t", 1, SIZE_BYTES)];
  function send(): void {
    const bytes: Uint8Array[] = [];
    while (sent < count && sent - acked < WINDOW) {
      const packet = packets[sent % packets.length];
      if (packet === undefined) return;
      sent += 1;
      bytes.push(packet.number(1 + (sent % 65_000)).slice());
    }
    if (bytes.length > 0) publisher.write(new Uint8Array(Buffer.concat(bytes)));
  }
  await publisher.connect(port, "filler");
  send();
  await finished.promise;
  console.log(JSON.stringify({ messages: count, seconds: (performance.now() - startedAt) / 1000 }));
}

const PUBLISHERS = 20;
const PUBLISH_EVERY_MS = 10;

/**
 * Devices that publish one message at a time, in a process of their own: who makes thousands of connections hears of its
 * acknowledgements late. A line on standard input starts the count, the next one ends it.
 */
async function steady(port: number): Promise<void> {
  const latenciesMs: number[] = [];
  for (let index = 0; index < PUBLISHERS; index += 1) {
    const packet = new PublishPacket(`devices/steady-${index}/t`, 1, SIZE_BYTES);
    let sentAt = 0;
    let packetId = 0;
    const client = new BenchClient({
      acked: () => {
        latenciesMs.push(performance.now() - sentAt);
        sentAt = 0;
      },
    });
    await client.connect(port, `steady-${index}`);
    setInterval(() => {
      // One at a time: what waits longer than its turn counts as long as it waits.
      if (sentAt > 0) return;
      sentAt = performance.now();
      client.write(packet.number(1 + (packetId++ % 65_000)));
    }, PUBLISH_EVERY_MS);
  }
  console.log("ready");
  const lines = console[Symbol.asyncIterator]();
  await lines.next();
  latenciesMs.length = 0;
  await lines.next();
  latenciesMs.sort((a, b) => a - b);
  const p99Ms = latenciesMs[Math.floor((latenciesMs.length - 1) * 0.99)] ?? 0;
  console.log(JSON.stringify({ p99Ms, published: latenciesMs.length }));
}

/** All connect in one moment; before, each had a session, which stays. */
async function storm(port: number, clients: number): Promise<void> {
  const ids = Array.from({ length: clients }, (_, index) => `storm-${index}`);
  for (const id of ids) {
    const client = new BenchClient();
    await client.connect(port, id, false);
    client.close();
  }
  const others = Bun.spawn([process.execPath, import.meta.path, "steady", String(port)], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const printed = others.stdout.getReader();
  await printed.read();
  await Bun.sleep(500);
  const say = async () => {
    others.stdin.write("\n");
    await others.stdin.flush();
  };
  await say();
  const startedAt = performance.now();
  await Promise.all(ids.map((id) => new BenchClient().connect(port, id, false)));
  const seconds = (performance.now() - startedAt) / 1000;
  await say();
  const { value = new Uint8Array() } = await printed.read();
  console.log(JSON.stringify({ clients, seconds, ...JSON.parse(new TextDecoder().decode(value)) }));
}

const [mode, ...rest] = process.argv.slice(2);
const [port = 0, second = 1, third = 1, fourth = 1, fifth = 1, sixth = 1] = rest.map(Number);
if (mode === "fanout") await fanout(port, second, third, fourth, fifth === 0 ? 0 : 1, sixth);
else if (mode === "fill") await fill(port, second, third, rest[3] === "own");
else if (mode === "steady") await steady(port);
else await storm(port, second);
process.exit(0);
