import { dlopen, ptr } from "bun:ffi";
import { afterEach, describe, expect, spyOn, test } from "bun:test";
import { hasCode } from "../../../src/base/errors.ts";
import { SystemClock } from "../../../src/io/bun/clock.ts";
import { SystemNetwork } from "../../../src/io/bun/network.ts";
import type { Connection, ConnectionHandler, Listener } from "../../../src/io/network.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";

const bugs: unknown[] = [];
const network = new SystemNetwork(new SystemClock(), (error) => bugs.push(error));
const PLENTY = { maxQueuedBytes: 1 << 30 };

const open: { close(): void }[] = [];
afterEach(() => {
  for (const item of open.splice(0)) item.close();
  expect(bugs.splice(0)).toEqual([]);
});

/** A handler that keeps what happens, and lets a test wait for it. */
class Recorder implements ConnectionHandler {
  readonly chunks: Uint8Array[] = [];
  sizeBytes = 0;
  drains = 0;
  closes: (Error | null)[] = [];
  onData: (chunk: Uint8Array) => void = () => {};
  onClosed: (error: Error | null) => void = () => {};
  #wake: () => void = () => {};

  data(chunk: Uint8Array): void {
    this.chunks.push(chunk);
    this.sizeBytes += chunk.length;
    this.onData(chunk);
    this.#wake();
  }

  drained(): void {
    this.drains++;
    this.#wake();
  }

  closed(error: Error | null): void {
    this.closes.push(error);
    this.onClosed(error);
    this.#wake();
  }

  get bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.chunks));
  }

  get text(): string {
    return new TextDecoder().decode(this.bytes);
  }

  /** Resolves when `condition` holds, after whatever event makes it so. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

interface Pair {
  readonly client: Connection;
  readonly clientSide: Recorder;
  readonly server: Connection;
  readonly serverSide: Recorder;
}

function listen(
  accept: (connection: Connection) => ConnectionHandler | null,
  limits = PLENTY,
  port = 0,
): Listener {
  const listener = network.listen({ host: "127.0.0.1", port, limits, accept });
  open.push(listener);
  return listener;
}

async function connect(port: number, handler: ConnectionHandler = new Recorder(), limits = PLENTY) {
  const connection = await network.connect({ host: "127.0.0.1", port, timeoutMs: 5000, limits, handler });
  open.push(connection);
  return connection;
}

async function pair(limits = PLENTY): Promise<Pair> {
  const serverSide = new Recorder();
  const clientSide = new Recorder();
  const accepted = Promise.withResolvers<Connection>();
  const listener = listen((connection) => {
    accepted.resolve(connection);
    return serverSide;
  }, limits);
  const client = await connect(listener.port, clientSide);
  const server = await accepted.promise;
  open.push(server);
  return { client, clientSide, server, serverSide };
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

describe("sending", () => {
  test("bytes go both ways, and both ends know each other", async () => {
    const { client, clientSide, server, serverSide } = await pair();
    client.send(bytesOf("ping"));
    await serverSide.until(() => serverSide.text === "ping");
    server.send(bytesOf("pong"));
    await clientSide.until(() => clientSide.text === "pong");
    expect(server.remoteAddress).toBe("127.0.0.1");
    expect(client.remotePort).toBe(server.localPort);
    expect(server.remotePort).toBe(client.localPort);
  });

  test("an IPv4 peer of an IPv6 socket is shown as what it is: rules and bounds go by addresses", async () => {
    const accepted = Promise.withResolvers<Connection>();
    const accept = (connection: Connection) => {
      accepted.resolve(connection);
      return new Recorder();
    };
    const listener = network.listen({ host: "::", port: 0, limits: PLENTY, accept });
    open.push(listener);
    await connect(listener.port);
    const server = await accepted.promise;
    open.push(server);
    expect(server.remoteAddress).toBe("127.0.0.1");
  });

  test("small sends of a turn leave together, when it ends or at flush", async () => {
    const { client, serverSide } = await pair();
    client.send(bytesOf("a"));
    client.send(bytesOf("b"));
    client.send(bytesOf("c"));
    expect(client.queuedBytes).toBe(3);
    await serverSide.until(() => serverSide.sizeBytes === 3);
    expect(serverSide.chunks.length).toBe(1);
    expect(client.queuedBytes).toBe(0);
    client.send(bytesOf("d"));
    client.flush();
    expect(client.queuedBytes).toBe(0);
    client.flush();
    await serverSide.until(() => serverSide.text === "abcd");
  });

  test("the sender may reuse its buffer", async () => {
    const { client, serverSide } = await pair();
    const small = bytesOf("first");
    client.send(small);
    small.fill(0);
    const large = new Uint8Array(8 << 20).fill(7);
    client.send(large);
    large.fill(0);
    await serverSide.until(() => serverSide.sizeBytes === 5 + (8 << 20));
    expect(serverSide.text.slice(0, 5)).toBe("first");
    expect(Buffer.compare(serverSide.bytes.subarray(5), new Uint8Array(8 << 20).fill(7))).toBe(0);
  });

  test("order is kept over sizes, connections, flushes and turns", async () => {
    const random = new SeededRandom(11);
    const pairs = [await pair(), await pair(), await pair()];
    const sent = pairs.map(() => [] as Uint8Array[]);
    for (let round = 0; round < 3000; round++) {
      const index = random.below(pairs.length);
      const length = random.chance(0.02)
        ? 30_000 + random.below(200_000)
        : random.below(random.chance(0.1) ? 5000 : 40);
      const bytes = new Uint8Array(length).fill(round % 251);
      pairs[index]?.client.send(bytes);
      sent[index]?.push(bytes);
      if (random.chance(0.02)) pairs[index]?.client.flush();
      if (random.chance(0.01)) await new Promise<void>((resolve) => setImmediate(resolve));
    }
    for (const [index, { serverSide }] of pairs.entries()) {
      const expected = Buffer.concat(sent[index] ?? []);
      await serverSide.until(() => serverSide.sizeBytes === expected.length);
      expect(Buffer.compare(serverSide.bytes, expected)).toBe(0);
    }
  });

  test("more small sends in a turn than the turn's buffer has pieces and room for", async () => {
    const pairs = [await pair(), await pair()];
    for (let index = 0; index < 20_000; index++) {
      for (const { client } of pairs) client.send(Uint8Array.of(index & 0xff));
    }
    for (let index = 0; index < 40; index++) pairs[0]?.client.send(new Uint8Array(20_000).fill(index));
    const [first, second] = pairs;
    await second?.serverSide.until(() => second.serverSide.sizeBytes === 20_000);
    await first?.serverSide.until(() => first.serverSide.sizeBytes === 820_000);
    for (const { serverSide } of pairs) {
      const { bytes } = serverSide;
      for (let index = 0; index < 20_000; index++)
        if (bytes[index] !== (index & 0xff)) throw new Error(`at ${index}`);
    }
    expect(first?.serverSide.bytes.at(-1)).toBe(39);
  });

  test("500 connections at once", async () => {
    const listener = listen((connection) => {
      const echo = new Recorder();
      echo.onData = (chunk) => connection.send(chunk);
      return echo;
    });
    const sides: Recorder[] = [];
    const clients = await Promise.all(
      Array.from({ length: 500 }, () => {
        const side = new Recorder();
        sides.push(side);
        return connect(listener.port, side);
      }),
    );
    for (const [index, client] of clients.entries()) client.send(bytesOf(`hello ${index}`));
    for (const [index, side] of sides.entries()) await side.until(() => side.text === `hello ${index}`);
    for (const client of clients) client.abort();
  });
});

describe("a peer that reads slowly", () => {
  test("gets every byte, while the queue stays below what was sent", async () => {
    const { client, clientSide, server, serverSide } = await pair();
    serverSide.onData = (chunk) => server.send(chunk);
    client.pause();
    const sent = new SeededRandom(5).bytes(1 << 20);
    const rounds = 24;
    let peak = 0;
    for (let round = 0; round < rounds; round++) client.send(sent);
    await serverSide.until(() => {
      peak = Math.max(peak, server.queuedBytes);
      return serverSide.sizeBytes === rounds << 20;
    });
    expect(peak).toBeGreaterThan(1 << 20);
    expect(server.queuedBytes).toBe(peak);
    expect(clientSide.sizeBytes).toBe(0);
    client.resume();
    await clientSide.until(() => clientSide.sizeBytes === rounds << 20);
    const received = clientSide.bytes;
    for (let round = 0; round < rounds; round++) {
      const part = received.subarray(round << 20, (round + 1) << 20);
      expect(Buffer.compare(part, sent)).toBe(0);
    }
    await serverSide.until(() => server.queuedBytes === 0);
    expect(serverSide.drains).toBeGreaterThan(0);
  }, 20_000);

  test("gets them in order, also where the turn's buffer overflows as the kernel stops taking", async () => {
    for (const length of [100, 5000, 50_000, 65_535, 65_536]) {
      const { client, clientSide, server, serverSide } = await pair();
      client.pause();
      const parts: Uint8Array[] = [];
      for (let index = 0; index < 100 || server.queuedBytes < 600_000; index++) {
        const part = new Uint8Array(length).fill(index % 251);
        parts.push(part);
        server.send(part);
      }
      client.resume();
      const expected = Buffer.concat(parts);
      await clientSide.until(() => clientSide.sizeBytes === expected.length);
      expect(Buffer.compare(clientSide.bytes, expected)).toBe(0);
      await serverSide.until(() => server.queuedBytes === 0);
    }
  });

  test("is cut off when more than the limit waits for it", async () => {
    const { client, server, serverSide } = await pair({ maxQueuedBytes: 1_000_000 });
    client.pause();
    let sentBytes = 0;
    while (!server.closed && sentBytes < 64 << 20) {
      server.send(new Uint8Array(50_000));
      sentBytes += 50_000;
      expect(server.queuedBytes).toBeLessThanOrEqual(1_000_000);
    }
    expect(server.closed).toBe(true);
    expect(serverSide.closes).toEqual([]);
    await serverSide.until(() => serverSide.closes.length > 0);
    expect(hasCode(serverSide.closes[0], "NETWORK")).toBe(true);
    expect(serverSide.closes[0]?.message).toContain("too slowly");
  });

  test("holds acks of a few bytes without an object for each", async () => {
    const { client, server, clientSide } = await pair();
    client.pause();
    let sentBytes = 0;
    while (server.queuedBytes === 0) {
      server.send(new Uint8Array(1 << 20));
      sentBytes += 1 << 20;
    }
    const ack = Uint8Array.of(0x40, 2, 0, 1);
    for (let index = 0; index < 100_000; index++) server.send(ack);
    client.resume();
    await clientSide.until(() => clientSide.sizeBytes === sentBytes + 400_000);
    expect(clientSide.bytes.subarray(sentBytes, sentBytes + 8)).toEqual(
      Uint8Array.of(0x40, 2, 0, 1, 0x40, 2, 0, 1),
    );
  });
});

describe("pause", () => {
  test("nothing arrives until resume", async () => {
    const { client, server, serverSide } = await pair();
    server.pause();
    client.send(bytesOf("held"));
    client.flush();
    const probe = await pair();
    probe.client.send(bytesOf("probe"));
    await probe.serverSide.until(() => probe.serverSide.sizeBytes === 5);
    expect(serverSide.sizeBytes).toBe(0);
    server.resume();
    await serverSide.until(() => serverSide.text === "held");
  });

  test("a peer that left meanwhile is noticed at resume, after its last bytes", async () => {
    const { client, server, serverSide } = await pair();
    server.pause();
    client.send(bytesOf("last words"));
    client.close();
    server.resume();
    await serverSide.until(() => serverSide.closes.length > 0);
    expect(serverSide.text).toBe("last words");
    expect(server.closed).toBe(true);
  });

  test("a peer that left is noticed by sending to it", async () => {
    const { client, server, serverSide } = await pair();
    server.pause();
    client.abort();
    for (let turn = 0; turn < 1000 && !server.closed; turn++) {
      server.send(new Uint8Array(100_000));
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    expect(server.closed).toBe(true);
    await serverSide.until(() => serverSide.closes.length === 1);
  });
});

describe("closing", () => {
  test("close sends what is there, and each side hears of it once", async () => {
    const { client, clientSide, server, serverSide } = await pair();
    server.send(bytesOf("good"));
    server.send(bytesOf("bye"));
    server.close();
    expect(server.closed).toBe(true);
    expect(serverSide.closes).toEqual([]);
    server.send(bytesOf("never"));
    server.close();
    server.abort();
    server.pause();
    server.resume();
    server.flush();
    await clientSide.until(() => clientSide.closes.length > 0);
    expect(clientSide.text).toBe("goodbye");
    await serverSide.until(() => serverSide.closes.length > 0);
    expect(serverSide.closes).toEqual([null]);
    expect(clientSide.closes).toEqual([null]);
    expect(client.closed).toBe(true);
  });

  test("abort drops what waits, and the peer sees a broken connection", async () => {
    const { clientSide, server, serverSide } = await pair();
    server.send(bytesOf("dropped"));
    server.abort();
    expect(server.queuedBytes).toBe(0);
    await clientSide.until(() => clientSide.closes.length > 0);
    expect(clientSide.text).toBe("");
    expect(hasCode(clientSide.closes[0], "NETWORK")).toBe(true);
    await serverSide.until(() => serverSide.closes.length > 0);
    expect(serverSide.closes).toEqual([null]);
  });

  test("nothing is delivered after close, even of what had arrived", async () => {
    const { client, server, serverSide } = await pair();
    serverSide.onData = () => server.close();
    client.send(new Uint8Array(3 << 20));
    await serverSide.until(() => serverSide.closes.length > 0);
    expect(serverSide.chunks.length).toBe(1);
  });

  test("a refused connection is closed", async () => {
    const listener = listen(() => null);
    const side = new Recorder();
    await connect(listener.port, side);
    await side.until(() => side.closes.length > 0);
  });

  test("a connection closed while it is accepted still tells its handler", async () => {
    const side = new Recorder();
    const listener = listen((connection) => {
      connection.close();
      return side;
    });
    await connect(listener.port);
    await side.until(() => side.closes.length > 0);
    expect(side.closes).toEqual([null]);
  });

  test("a closed listener leaves its connections alone and takes no more", async () => {
    const serverSide = new Recorder();
    const listener = listen(() => serverSide);
    const client = await connect(listener.port);
    listener.close();
    listener.close();
    client.send(bytesOf("still here"));
    await serverSide.until(() => serverSide.text === "still here");
    await expect(connect(listener.port)).rejects.toMatchObject({ code: "NETWORK" });
  });
});

describe("failures", () => {
  test("a port that is taken", () => {
    const { port } = listen(() => null);
    try {
      listen(() => null, PLENTY, port);
      throw new Error("expected a refusal");
    } catch (error) {
      if (!hasCode(error, "PORT_TAKEN")) throw error;
      expect(error.message).toContain(`127.0.0.1:${port}`);
      expect(error.message).toContain("choose another port");
    }
  });

  test("an address that is not ours", () => {
    const attempt = () => network.listen({ host: "192.0.2.1", port: 0, limits: PLENTY, accept: () => null });
    expect(attempt).toThrow(/cannot listen on 192\.0\.2\.1:0: EADDRNOTAVAIL/);
  });

  test("nobody listens", async () => {
    const listener = listen(() => null);
    listener.close();
    const side = new Recorder();
    await expect(connect(listener.port, side)).rejects.toThrow(
      `cannot connect to 127.0.0.1:${listener.port}: nobody listens there`,
    );
    expect(side.closes).toEqual([]);
  });

  test("an unknown host", async () => {
    const attempt = network.connect({
      host: "gateway.invalid",
      port: 9092,
      timeoutMs: 10_000,
      limits: PLENTY,
      handler: new Recorder(),
    });
    await expect(attempt).rejects.toMatchObject({ code: "NETWORK" });
    await expect(attempt).rejects.toThrow("gateway.invalid:9092");
  });

  test("a host with several addresses is tried at each, and one that is not known yet is looked up anew", async () => {
    const listener = listen(() => new Recorder());
    const lookup = spyOn(Bun.dns, "lookup");
    const address = (text: string, family: 4 | 6) => ({ address: text, family, ttl: 0 });
    const dial = () =>
      network.connect({
        host: "several.example",
        port: listener.port,
        timeoutMs: 2_000,
        limits: PLENTY,
        handler: new Recorder(),
      });
    try {
      lookup.mockRejectedValueOnce(Object.assign(new Error("no"), { code: "DNS_ENOTFOUND" }));
      await expect(dial()).rejects.toThrow("several.example");
      lookup.mockResolvedValueOnce([address("::1", 6), address("127.0.0.9", 4), address("127.0.0.1", 4)]);
      const connection = await dial();
      expect(connection.remoteAddress).toBe("127.0.0.1");
      open.push(connection);
      lookup.mockResolvedValueOnce([address("127.0.0.8", 4), address("127.0.0.9", 4)]);
      await expect(dial()).rejects.toThrow(/nobody listens there.*\(tried 127\.0\.0\.8, 127\.0\.0\.9\)/);
    } finally {
      lookup.mockRestore();
    }
  });

  test("a host that does not answer", async () => {
    const deaf = listenDeaf();
    try {
      const attempts = Array.from({ length: 4 }, () =>
        network.connect({
          host: "127.0.0.1",
          port: deaf.port,
          timeoutMs: 100,
          limits: PLENTY,
          handler: new Recorder(),
        }),
      );
      const results = await Promise.allSettled(attempts);
      for (const result of results) if (result.status === "fulfilled") result.value.abort();
      const refused = results.filter((result) => result.status === "rejected");
      expect(refused.length).toBeGreaterThan(0);
      for (const { reason } of refused) {
        expect(reason).toMatchObject({ code: "TIMED_OUT" });
        // What finding the address took is taken off.
        const [, withinMs] = /127\.0\.0\.1:\d+ within (\d+) ms/.exec(String(reason)) ?? [];
        expect(Number(withinMs)).toBeGreaterThan(0);
        expect(Number(withinMs)).toBeLessThanOrEqual(100);
      }
    } finally {
      deaf.close();
    }
  });

  test("what a handler throws is a bug: reported, and its connection aborted, others not", async () => {
    const serverSides: Recorder[] = [];
    const listener = listen(() => {
      const side = new Recorder();
      side.onData = (chunk) => {
        if (chunk[0] === 1) throw new Error("planted bug");
      };
      serverSides.push(side);
      return side;
    });
    const clientSide = new Recorder();
    const client = await connect(listener.port, clientSide);
    const bystander = await connect(listener.port);
    client.send(Uint8Array.of(1));
    await clientSide.until(() => clientSide.closes.length > 0);
    expect(bugs.splice(0).map(String)).toEqual(["Error: planted bug"]);
    bystander.send(Uint8Array.of(2));
    const other = serverSides[1];
    await other?.until(() => other.sizeBytes === 1);
    expect(serverSides[0]?.closes.map(String)).toEqual(["Error: planted bug"]);
    expect(bystander.closed).toBe(false);
  });

  test("by default a bug ends the process", () => {
    const program = `
      import { SystemClock } from ${JSON.stringify(`${import.meta.dir}/../../../src/io/bun/clock.ts`)};
      import { SystemNetwork } from ${JSON.stringify(`${import.meta.dir}/../../../src/io/bun/network.ts`)};
      const network = new SystemNetwork(new SystemClock());
      const limits = { maxQueuedBytes: 1000 };
      const quiet = { data() {}, drained() {}, closed() {} };
      const { port } = network.listen({ host: "127.0.0.1", port: 0, limits,
        accept: () => ({ ...quiet, data() { throw new Error("planted bug"); } }) });
      const client = await network.connect({ host: "127.0.0.1", port, timeoutMs: 1000, limits, handler: quiet });
      client.send(new Uint8Array(1));
      setTimeout(() => process.exit(0), 5000);
    `;
    const { exitCode, stderr } = Bun.spawnSync([process.execPath, "-e", program]);
    expect(exitCode).toBe(1);
    expect(stderr.toString()).toContain("planted bug");
  });
});

/** A socket that listens with no room for connections that wait: the kernel drops what comes beyond one. */
function listenDeaf(): { port: number; close(): void } {
  const { symbols } = dlopen("libc.so.6", {
    socket: { args: ["i32", "i32", "i32"], returns: "i32" },
    bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
    listen: { args: ["i32", "i32"], returns: "i32" },
    getsockname: { args: ["i32", "ptr", "ptr"], returns: "i32" },
    close: { args: ["i32"], returns: "i32" },
  });
  const fd = symbols.socket(2, 1, 0);
  // sockaddr_in: family (host order), port and address (network order).
  const address = Uint8Array.of(2, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
  expect(symbols.bind(fd, ptr(address), address.length)).toBe(0);
  expect(symbols.listen(fd, 0)).toBe(0);
  expect(symbols.getsockname(fd, ptr(address), ptr(Uint32Array.of(address.length)))).toBe(0);
  return {
    port: ((address[2] ?? 0) << 8) | (address[3] ?? 0),
    close: () => void symbols.close(fd),
  };
}
