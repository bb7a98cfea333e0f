import { describe, expect, test } from "bun:test";
import type { Connection, ConnectionHandler } from "../../../src/io/network.ts";
import { ManualClock } from "../../../src/io/simulated/clock.ts";
import { SimulatedNetwork, type SimulatedNetworkOptions } from "../../../src/io/simulated/network.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";

class Recorder implements ConnectionHandler {
  chunks: Uint8Array[] = [];
  drains = 0;
  closes: (Error | null)[] = [];

  data(chunk: Uint8Array): void {
    this.chunks.push(chunk);
  }
  drained(): void {
    this.drains++;
  }
  closed(error: Error | null): void {
    this.closes.push(error);
  }
  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }
}

async function pair(options: SimulatedNetworkOptions = {}, maxQueuedBytes = 1 << 20) {
  const clock = new ManualClock();
  const network = new SimulatedNetwork(clock, options);
  const limits = { maxQueuedBytes };
  const serverSide = new Recorder();
  const clientSide = new Recorder();
  const servers: Connection[] = [];
  const listener = network.listen({
    host: "0.0.0.0",
    port: 0,
    limits,
    accept(connection) {
      servers.push(connection);
      return serverSide;
    },
  });
  const connecting = network.connect({
    host: "gateway",
    port: listener.port,
    timeoutMs: 100,
    limits,
    handler: clientSide,
  });
  clock.advance(options.latencyMs ?? 0);
  const client = await connecting;
  const [server] = servers;
  if (server === undefined) throw new Error("nobody was accepted");
  return { clock, network, listener, client, clientSide, server, serverSide };
}

describe("simulated network", () => {
  test("all bytes arrive in order, in chunks that the seed chooses", async () => {
    const chunkings = new Set<string>();
    for (let seed = 0; seed < 5; seed++) {
      const { clock, client, server, clientSide, serverSide } = await pair({ seed });
      const up = new SeededRandom(1).bytes(30_000);
      const down = new SeededRandom(2).bytes(20_000);
      for (let at = 0; at < up.length; at += 700) client.send(up.subarray(at, at + 700));
      server.send(down);
      expect(serverSide.chunks).toEqual([]);
      clock.settle();
      expect(Buffer.compare(serverSide.bytes, up)).toBe(0);
      expect(Buffer.compare(clientSide.bytes, down)).toBe(0);
      chunkings.add(serverSide.chunks.map((chunk) => chunk.length).join());
    }
    expect(chunkings.size).toBe(5);
  });

  test("pause, backpressure, drained, limit", async () => {
    const { clock, client, server, serverSide, clientSide } = await pair({ windowBytes: 1000 }, 5000);
    server.pause();
    client.send(new Uint8Array(4000).fill(1));
    clock.settle();
    expect([client.queuedBytes, serverSide.chunks.length]).toEqual([3000, 0]);
    server.resume();
    clock.settle();
    expect([client.queuedBytes, serverSide.bytes.length, clientSide.drains]).toEqual([0, 4000, 1]);
    server.pause();
    client.send(new Uint8Array(6001));
    expect(client.closed).toBe(true);
    clock.settle();
    expect(clientSide.closes[0]?.message).toContain("too slowly");
    expect(serverSide.closes.length).toBe(1);
  });

  test("close delivers what was sent, abort does not", async () => {
    const polite = await pair();
    polite.client.send(new Uint8Array(9000));
    polite.client.close();
    expect(polite.clientSide.closes).toEqual([]);
    polite.clock.settle();
    expect(polite.serverSide.bytes.length).toBe(9000);
    expect([polite.clientSide.closes, polite.serverSide.closes]).toEqual([[null], [null]]);
    const rude = await pair();
    rude.client.send(new Uint8Array(9000));
    rude.client.abort();
    rude.clock.settle();
    expect(rude.serverSide.bytes.length).toBe(0);
    expect(rude.serverSide.closes[0]?.message).toContain("reset");
    expect(rude.network.openConnections).toBe(0);
  });

  test("a link that is down", async () => {
    const { clock, network, listener, client, serverSide } = await pair({ latencyMs: 10 });
    network.setLink(false);
    client.send(new Uint8Array(10));
    const attempt = network.connect({
      host: "gateway",
      port: listener.port,
      timeoutMs: 100,
      limits: { maxQueuedBytes: 10 },
      handler: new Recorder(),
    });
    clock.advance(100);
    await expect(attempt).rejects.toMatchObject({ code: "TIMED_OUT" });
    expect(serverSide.chunks).toEqual([]);
    network.setLink(true);
    clock.advance(9);
    expect(serverSide.chunks).toEqual([]);
    clock.advance(1000);
    expect(serverSide.bytes.length).toBe(10);
    network.breakAll();
    clock.settle();
    expect(serverSide.closes.length).toBe(1);
  });

  test("ports", async () => {
    const { clock, network, listener } = await pair();
    const limits = { maxQueuedBytes: 10 };
    const options = { host: "0.0.0.0", port: listener.port, limits, accept: () => null };
    expect(() => network.listen(options)).toThrow("another program listens");
    listener.close();
    network.listen(options);
    const refused = new Recorder();
    const connecting = network.connect({ ...options, timeoutMs: 10, handler: refused });
    clock.settle();
    await connecting;
    clock.settle();
    expect(refused.closes.length).toBe(1);
    const nobody = network.connect({ ...options, port: 1, timeoutMs: 10, handler: refused });
    clock.settle();
    await expect(nobody).rejects.toMatchObject({ code: "NETWORK" });
  });
});
