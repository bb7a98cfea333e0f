import { dlopen, ptr } from "bun:ffi";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const MAX_MESSAGE_BYTES = 4096;

const { symbols } = dlopen("libc.so.6", {
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
  recv: { args: ["i32", "ptr", "u64", "i32"], returns: "i64" },
  close: { args: ["i32"], returns: "i32" },
});

/** What systemd is to a service: a datagram socket, named as NOTIFY_SOCKET names it, and what came to it. */
export class NotifySocket {
  readonly path: string;
  readonly #fd: number;
  #left: string[] = [];

  constructor(path: string) {
    this.path = path;
    this.#fd = symbols.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const name = Buffer.from(path.startsWith("@") ? `\0${path.slice(1)}` : `${path}\0`);
    const address = Buffer.concat([Buffer.from([AF_UNIX, 0]), name]);
    if (symbols.bind(this.#fd, ptr(address), address.length) !== 0) throw new Error(`can't bind ${path}`);
  }

  /** Messages that came since the last call. */
  take(): readonly string[] {
    const messages = this.#left;
    this.#left = [];
    const buffer = Buffer.alloc(MAX_MESSAGE_BYTES);
    for (;;) {
      const length = Number(symbols.recv(this.#fd, ptr(buffer), buffer.length, 0));
      if (length < 0) return messages;
      messages.push(buffer.subarray(0, length).toString());
    }
  }

  /** Waits for a message that `wanted` takes; those before it are gone. */
  async next(wanted: (message: string) => boolean, timeoutMs = 20_000): Promise<string> {
    for (const end = Date.now() + timeoutMs; Date.now() < end; await Bun.sleep(10)) {
      const messages = this.take();
      const index = messages.findIndex(wanted);
      this.#left = index < 0 ? [] : messages.slice(index + 1);
      const found = messages[index];
      if (found !== undefined) return found;
    }
    throw new Error("the message did not come");
  }

  close(): void {
    symbols.close(this.#fd);
  }
}
