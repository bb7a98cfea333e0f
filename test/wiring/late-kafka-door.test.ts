import { expect, test } from "bun:test";
import { silentLogger } from "../../src/base/logger.ts";
import type { Connection, ConnectionHandler } from "../../src/io/network.ts";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import { SimulatedNetwork } from "../../src/io/simulated/network.ts";
import { LateKafkaDoor, type OpenDoor } from "../../src/wiring/late-kafka-door.ts";

const PLACE = { host: "127.0.0.1", port: 9092 };
const LIMITS = { maxConnections: 3, maxQueuedBytes: 65536 };

/** Sends back what it is sent, and takes no more than two clients. */
class Echo implements OpenDoor {
  readonly accepted = new Set<Connection>();
  isOpen = true;

  accept(connection: Connection): ConnectionHandler | null {
    if (!this.isOpen || this.accepted.size === 2) return null;
    this.accepted.add(connection);
    return {
      data: (chunk) => connection.send(chunk),
      drained: () => {},
      closed: () => void this.accepted.delete(connection),
    };
  }

  connections(): readonly [] {
    return [];
  }

  get connectionCount(): number {
    return this.accepted.size;
  }

  stopAccepting(): void {
    this.isOpen = false;
  }

  close(): void {
    this.stopAccepting();
    for (const connection of this.accepted) connection.close();
  }
}

class Client implements ConnectionHandler {
  connection: Connection | null = null;
  heard = "";
  isClosed = false;

  data(chunk: Uint8Array): void {
    this.heard += new TextDecoder().decode(chunk);
  }

  drained(): void {}

  closed(): void {
    this.isClosed = true;
  }

  say(text: string): void {
    this.connection?.send(new TextEncoder().encode(text));
  }
}

function setUp() {
  const clock = new ManualClock();
  const network = new SimulatedNetwork(clock, { seed: 7, maxChunkBytes: 3 });
  const gate = Promise.withResolvers<void>();
  const doors: Echo[] = [];
  let openings = 0;
  const late = new LateKafkaDoor({
    network,
    places: [{ ...PLACE, advertised: null, tls: false, mechanisms: [] }],
    ...LIMITS,
    security: null,
    clientCertificate: "none",
    logger: silentLogger,
    open: async () => {
      openings += 1;
      await gate.promise;
      const door = new Echo();
      doors.push(door);
      return door;
    },
  });
  const connect = async (): Promise<Client> => {
    const client = new Client();
    const connecting = network.connect({ ...PLACE, timeoutMs: 1000, limits: LIMITS, handler: client });
    await clock.settleAll();
    client.connection = await connecting;
    return client;
  };
  const open = async (): Promise<void> => {
    gate.resolve();
    await clock.settleAll();
  };
  return { clock, late, doors, connect, open, openings: () => openings };
}

test("the door is opened once, for the first client", async () => {
  const { late, connect, open, openings } = setUp();
  expect(openings()).toBe(0);
  await connect();
  await connect();
  expect(openings()).toBe(1);
  expect(late.connectionCount).toBe(2);
  await open();
  expect(late.connectionCount).toBe(2);
  expect(openings()).toBe(1);
});

test("what clients say before it is open is heard whole, and they go on as any other", async () => {
  const { clock, connect, open } = setUp();
  const [talker, listener] = [await connect(), await connect()];
  talker.say("a request in more than one chunk");
  await clock.settleAll();
  expect(talker.heard).toBe("");
  await open();
  expect(talker.heard).toBe("a request in more than one chunk");
  talker.say(", and more");
  listener.say("first");
  await clock.settleAll();
  expect(talker.heard).toBe("a request in more than one chunk, and more");
  expect(listener.heard).toBe("first");
});

test("clients that come once it is open are the door's", async () => {
  const { clock, late, doors, connect, open } = setUp();
  (await connect()).connection?.close();
  await open();
  expect(late.connectionCount).toBe(0);
  const client = await connect();
  client.say("hello");
  await clock.settleAll();
  expect(client.heard).toBe("hello");
  expect(doors[0]?.accepted.size).toBe(1);
});

test("no more wait than may be connected, and the door refuses whom it will", async () => {
  const { clock, late, connect, open } = setUp();
  const clients = [await connect(), await connect(), await connect(), await connect()];
  await clock.settleAll();
  expect(clients.map(({ isClosed }) => isClosed)).toEqual([false, false, false, true]);
  await open();
  expect(clients.map(({ isClosed }) => isClosed)).toEqual([false, false, true, true]);
  expect(late.connectionCount).toBe(2);
});

test("closed before it is open, it lets nobody in", async () => {
  const { clock, late, doors, connect, open } = setUp();
  const client = await connect();
  late.close();
  await clock.settleAll();
  expect(client.isClosed).toBe(true);
  await open();
  expect(doors[0]?.isOpen).toBe(false);
  expect(late.connectionCount).toBe(0);
});

test("those who wait when it stops accepting are sent away once it is open", async () => {
  const { late, connect, open } = setUp();
  const client = await connect();
  late.stopAccepting();
  await open();
  expect(client.isClosed).toBe(true);
  expect(late.connectionCount).toBe(0);
});
