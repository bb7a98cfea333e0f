import { dlopen, ptr } from "bun:ffi";
import { expect, test } from "bun:test";
import { SystemAcceptQueues } from "../../../src/io/bun/accept-queues.ts";

const [AF_INET, AF_INET6, SOCK_STREAM] = [2, 10, 1];
const BACKLOG = 8;
const TIMEOUT_MS = 10_000;

const { symbols } = dlopen("libc.so.6", {
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
  listen: { args: ["i32", "i32"], returns: "i32" },
  accept: { args: ["i32", "ptr", "ptr"], returns: "i32" },
  getsockname: { args: ["i32", "ptr", "ptr"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
});

/** A listening socket on loopback whose program accepts only when it is told to. */
class DeafListener {
  readonly fd: number;
  readonly port: number;

  constructor(family: number) {
    this.fd = symbols.socket(family, SOCK_STREAM, 0);
    const address = Buffer.alloc(family === AF_INET ? 16 : 28);
    address.writeUInt16LE(family, 0);
    if (family === AF_INET) address.set([127, 0, 0, 1], 4);
    else address[23] = 1;
    expect(symbols.bind(this.fd, ptr(address), address.length)).toBe(0);
    expect(symbols.listen(this.fd, BACKLOG)).toBe(0);
    const length = new Uint32Array([address.length]);
    symbols.getsockname(this.fd, ptr(address), ptr(length));
    this.port = address.readUInt16BE(2);
  }

  /** Lets in the one that has waited longest. */
  accept(): number {
    return symbols.accept(this.fd, null, null);
  }

  close(): void {
    symbols.close(this.fd);
  }
}

async function until(done: () => boolean): Promise<void> {
  for (const end = Date.now() + TIMEOUT_MS; !done() && Date.now() < end; ) await Bun.sleep(5);
  expect(done()).toBe(true);
}

for (const [family, host] of [
  [AF_INET, "127.0.0.1"],
  [AF_INET6, "::1"],
] as const) {
  test(`${host}: who waits is seen until he is accepted or the door is gone, whether he still hopes or not`, async () => {
    const listener = new DeafListener(family);
    const ports = new Set([listener.port]);
    const queues = new SystemAcceptQueues();
    const waiting = () => [...(queues.look(ports)?.waiting.keys() ?? [])];
    expect(queues.look(ports)).toEqual({ listening: ports, waiting: new Map() });
    const connect = () => Bun.connect({ hostname: host, port: listener.port, socket: { data() {} } });
    const first = await connect();
    await until(() => waiting().length === 1);
    const [firstName] = waiting();
    const second = await connect();
    await until(() => waiting().length === 2);
    expect(waiting()).toContain(firstName ?? "");
    // Given up by the client, not accepted all the same.
    first.end();
    expect(waiting()).toContain(firstName ?? "");
    const accepted = listener.accept();
    await until(() => waiting().length === 1);
    expect(waiting()).not.toContain(firstName ?? "");
    expect([...(queues.look(ports)?.waiting.values() ?? [])]).toEqual([listener.port]);
    // Another door's affairs are not looked at.
    expect(queues.look(new Set([1]))).toEqual({ listening: new Set(), waiting: new Map() });
    second.end();
    symbols.close(accepted);
    listener.close();
    await until(() => queues.look(ports)?.listening.size === 0);
  });
}

test("a machine without these lists tells nothing", () => {
  expect(new SystemAcceptQueues(["/nowhere/tcp"]).look(new Set([80]))).toBeNull();
});
