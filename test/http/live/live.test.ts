import { afterEach, describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { silentLogger } from "../../../src/base/logger.ts";
import { HttpDoor } from "../../../src/http/door.ts";
import { Registry } from "../../../src/metrics/registry.ts";
import { append, batchOf, text } from "../../kafka/views/support.ts";
import { accessOf, QUIET, RestGateway } from "../support.ts";

/** A broker in memory behind a real door: its clock is moved by whoever waits. */
class LiveGateway {
  readonly rest: RestGateway;
  readonly door: HttpDoor;

  constructor(rest: RestGateway) {
    this.rest = rest;
    this.door = new HttpDoor({
      host: "127.0.0.1",
      port: 0,
      source: QUIET,
      access: accessOf(),
      gateway: () => rest.gateway,
      metrics: new Registry(),
      logger: silentLogger,
    });
  }

  static async open(partitionCount = 2, configs = new Map<string, string>()): Promise<LiveGateway> {
    const rest = await RestGateway.open();
    const topic = rest.kafka.broker.createTopic({ name: "telemetry", partitionCount, configs }, () => {});
    if ("error" in topic) throw new Error(topic.message);
    await rest.clock.settleAll();
    return new LiveGateway(rest);
  }

  write(partition: number, values: readonly string[], key = "a"): Promise<void> {
    const found = this.rest.kafka.broker.partition("telemetry", partition);
    if (found === null) throw new Error("no partition");
    append(found, batchOf(values.map((value) => ({ key, value }))));
    return this.rest.clock.settleAll();
  }

  /** Goes on until it is so, in real time and the clock's. */
  async until(condition: () => boolean): Promise<void> {
    for (let n = 0; n < 4_000 && !condition(); n++) {
      await this.rest.clock.settleAll();
      await Bun.sleep(1);
    }
    expect(condition()).toBe(true);
  }

  /** Reads server-sent events from now on. */
  follow(query = "", headers: Record<string, string> = {}) {
    const abort = new AbortController();
    const read = { text: "", status: 0, ended: false, stop: () => abort.abort() };
    const url = `http://127.0.0.1:${this.door.port}/api/topics/telemetry/live${query}`;
    void fetch(url, { headers, signal: abort.signal })
      .then(async (response) => {
        read.status = response.status;
        for await (const chunk of response.body ?? []) read.text += new TextDecoder().decode(chunk);
      })
      .catch(() => {})
      .finally(() => {
        read.ended = true;
      });
    return read;
  }

  async close(): Promise<void> {
    await this.door.stop(true);
    await this.rest.close();
  }
}

let open: LiveGateway | null = null;
const sockets: (Socket | WebSocket)[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) {
    if (socket instanceof WebSocket) socket.close();
    else socket.destroy();
  }
  await open?.close();
  open = null;
});

async function opened(partitions = 2, configs = new Map<string, string>()): Promise<LiveGateway> {
  open = await LiveGateway.open(partitions, configs);
  return open;
}

const valuesOf = (events: string) => Array.from(events.matchAll(/"value":("?\w+"?)/g), ([, value]) => value);
const lastId = (events: string) =>
  Array.from(events.matchAll(/^id: (.*)$/gm), ([, id]) => id ?? "").at(-1) ?? "";

describe("server-sent events", () => {
  test("come from now on, of all partitions or one, of all keys or one, or from a little before", async () => {
    const live = await opened();
    await live.write(0, ["1", "2", "3"]);
    const now = live.follow();
    const last = live.follow("?last=2");
    const second = live.follow("?partition=1");
    const keyed = live.follow("?key=b");
    await live.until(() => [now, second, keyed].every(({ status }) => status === 200) && last.text !== "");
    await live.write(0, ["4"]);
    await live.write(1, ["5"], "b");
    await live.until(() => now.text.includes("5") && keyed.text.includes("5") && second.text.includes("5"));
    await live.until(() => valuesOf(last.text).length === 4);
    expect(valuesOf(now.text).sort()).toEqual(["4", "5"]);
    expect(valuesOf(last.text).slice(0, 2)).toEqual(["2", "3"]);
    expect(valuesOf(second.text)).toEqual(["5"]);
    expect(valuesOf(keyed.text)).toEqual(["5"]);
  });

  test("go on behind the last that was seen, none twice and none left out", async () => {
    const live = await opened();
    const first = live.follow();
    await live.until(() => first.status === 200);
    await live.write(0, ["1", "2"]);
    await live.write(1, ["3"]);
    await live.until(() => valuesOf(first.text).length === 3);
    first.stop();
    await live.until(() => first.ended);
    await live.write(0, ["4"]);
    await live.write(1, ["5", "6"]);
    const second = live.follow("", { "last-event-id": lastId(first.text) });
    await live.until(() => valuesOf(second.text).length === 3);
    expect(valuesOf(second.text).sort()).toEqual(["4", "5", "6"]);
    // In the middle of what was sent together.
    const ids = Array.from(second.text.matchAll(/^id: (.*)$/gm), ([, id]) => id ?? "");
    const third = live.follow(`?after=${ids[0]}`);
    await live.until(() => valuesOf(third.text).length === 2);
    expect(valuesOf(third.text)).toEqual(valuesOf(second.text).slice(1));
  });

  test("tell of what retention took before it was sent, and end with the topic", async () => {
    const live = await opened(1);
    await live.write(0, ["1", "2"]);
    await live.write(0, ["3"]);
    const partition = live.rest.kafka.broker.partition("telemetry", 0);
    if (partition !== null) live.rest.kafka.broker.deleteRecords(partition, 2, () => {});
    await live.rest.clock.settleAll();
    const read = live.follow("?after=0:0");
    await live.until(() => read.text.includes('data: {"partition":0,"offset":2'));
    expect(read.text).toContain('event: gap\ndata: {"partition":0,"from":0,"to":2}\n\n');
    live.rest.kafka.broker.deleteTopic("telemetry", () => {});
    await live.until(() => read.ended);
  });

  test("say so when there is nothing, so that a lost connection is noticed", async () => {
    const live = await opened();
    const read = live.follow();
    await live.until(() => read.status === 200);
    live.rest.clock.advance(5_000);
    await live.until(() => read.text.startsWith(":\n\n:\n\n"));
  });

  test("wait in the log for a reader who takes none: memory does not grow, and others go on", async () => {
    const live = await opened(1);
    const socket = connect(live.door.port, "127.0.0.1", () =>
      socket.write("GET /api/topics/telemetry/live?after=0:0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
    );
    sockets.push(socket);
    socket.on("error", () => {});
    socket.pause();
    const value = "x".repeat(64_000);
    for (let n = 0; n < 40; n++)
      await live.write(
        0,
        Array.from({ length: 10 }, () => value),
      );
    let reads = 0;
    const { log } = live.rest.kafka.broker.partition("telemetry", 0) ?? {};
    const read = log?.read.bind(log);
    Object.defineProperty(log, "read", {
      value: (...asked: Parameters<NonNullable<typeof read>>) => {
        reads += 1;
        return read?.(...asked);
      },
    });
    for (let n = 0; n < 100; n++) {
      await live.rest.clock.settleAll();
      await Bun.sleep(2);
    }
    // The sockets' own buffers hold some MiB; then nothing is read for it any more, of 25 MB.
    const before = reads;
    for (let n = 0; n < 50; n++) {
      await live.rest.clock.settleAll();
      await Bun.sleep(1);
    }
    expect([reads, before < 300]).toEqual([before, true]);
    const other = live.follow("?last=1");
    await live.until(() => other.text.length > 64_000);
  });

  test("are bounded in number, and a place is free again once somebody has gone", async () => {
    const live = await opened(1);
    const many = Array.from({ length: 64 }, () => live.follow());
    await live.until(() => many.every(({ status }) => status === 200));
    const more = live.follow();
    await live.until(() => more.status === 503);
    for (const one of many) one.stop();
    await live.until(() => many.every(({ ended }) => ended));
    await live.until(() => {
      const again = live.follow();
      return again.status !== 503;
    });
  });
});

describe("a WebSocket", () => {
  function socketTo(live: LiveGateway, query = "", headers: Record<string, string> = {}) {
    const read: { messages: Record<string, unknown>[]; closed: number } = { messages: [], closed: 0 };
    const url = `ws://127.0.0.1:${live.door.port}/api/topics/telemetry/live${query}`;
    const socket = new WebSocket(url, { headers } as never);
    sockets.push(socket);
    let isOpen = false;
    socket.onopen = () => {
      isOpen = true;
    };
    socket.onmessage = ({ data }) => void read.messages.push(JSON.parse(String(data)));
    socket.onclose = ({ code }) => {
      read.closed = code;
    };
    return { read, socket, isOpen: () => isOpen };
  }

  test("gets the same, with the place to go on at", async () => {
    const live = await opened(1);
    const { read, isOpen, socket } = socketTo(live);
    await live.until(isOpen);
    // What a reader sends means nothing.
    socket.send("hello");
    await live.write(0, ["1", "2"]);
    await live.until(() => read.messages.length === 2);
    expect(read.messages[1]).toMatchObject({
      after: "0:2",
      record: { partition: 0, offset: 1, key: "a", value: 2 },
    });
    const again = socketTo(live, "?after=0:1");
    await live.until(() => again.read.messages.length === 1);
    live.rest.kafka.broker.deleteTopic("telemetry", () => {});
    await live.until(() => read.closed === 1001 && again.read.closed === 1001);
  });

  test("is opened for no page from elsewhere, though its browser is on this machine", async () => {
    const live = await opened(1);
    const evil = socketTo(live, "", { origin: "http://evil.test" });
    await live.until(() => evil.read.closed !== 0);
    expect(evil.isOpen()).toBe(false);
    const own = socketTo(live, "", { origin: `http://127.0.0.1:${live.door.port}` });
    await live.until(own.isOpen);
  });

  test("whose reader takes nothing is read for no further", async () => {
    const live = await opened(1);
    const key = Buffer.from(text("0123456789abcdef")).toString("base64");
    const socket = connect(live.door.port, "127.0.0.1", () =>
      socket.write(
        `GET /api/topics/telemetry/live?after=0:0 HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
      ),
    );
    sockets.push(socket);
    socket.on("error", () => {});
    socket.pause();
    const value = "x".repeat(64_000);
    for (let n = 0; n < 40; n++)
      await live.write(
        0,
        Array.from({ length: 10 }, () => value),
      );
    const { log } = live.rest.kafka.broker.partition("telemetry", 0) ?? {};
    const read = log?.read.bind(log);
    let last = 0;
    Object.defineProperty(log, "read", {
      value: (...asked: Parameters<NonNullable<typeof read>>) => {
        last = Number(asked[0]);
        return read?.(...asked);
      },
    });
    for (let n = 0; n < 100; n++) {
      await live.rest.clock.settleAll();
      await Bun.sleep(2);
    }
    const before = last;
    for (let n = 0; n < 50; n++) {
      await live.rest.clock.settleAll();
      await Bun.sleep(1);
    }
    expect([last, before < 300]).toEqual([before, true]);
  });
});

test("what is asked wrongly is refused in words", async () => {
  const rest = await RestGateway.open();
  rest.kafka.broker.createTopic({ name: "wide", partitionCount: 65, configs: new Map() }, () => {});
  const cases = [
    ["/api/topics/nothing/live", 404, "topic"],
    ["/api/topics/wide/live", 400, "partition"],
    ["/api/topics/wide/live?partition=65", 400, "partition"],
    ["/api/topics/wide/live?partition=1&after=x", 400, "after"],
    [`/api/topics/wide/live?partition=1&after=${"0:1,".repeat(1_000)}`, 400, "after"],
    ["/api/topics/wide/live?partition=1&last=1001", 400, "last"],
  ] as const;
  for (const [path, status, thing] of cases) {
    const answer = await rest.ask(path);
    expect([path.slice(0, 60), answer.status, answer.body?.error?.thing]).toEqual([
      path.slice(0, 60),
      status,
      thing,
    ]);
  }
  await rest.close();
});
