import { openSync, readFileSync, writevSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { encodeHeader, type Operation } from "./op-log.ts";
import { sharedNowMs } from "./shared-clock.ts";

/**
 * A disk with a volatile write cache, served by the Network Block Device protocol on a Unix socket. Writes are
 * acknowledged as they come; a flush takes its time, as on a card. Everything is noted in a log, from which the
 * disk's contents after a power cut at any moment can be made.
 *
 *     bun nbd-disk.ts SOCKET IMAGE LOG FLUSH_MS
 *
 * IMAGE holds the first contents, and is only read. Prints "serving".
 */
const [socketPath = "", imagePath = "", logPath = "", flushMs = "0"] = process.argv.slice(2);
const disk = new Uint8Array(readFileSync(imagePath));
const log = openSync(logPath, "w");
let operations = 0;

function note(operation: Operation): void {
  const header = encodeHeader(operation);
  writevSync(log, operation.kind === "write" ? [header, operation.bytes] : [header]);
  operations += 1;
}

// The protocol's numbers: https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md
const OPTION = { exportName: 1, abort: 2, info: 6, go: 7 } as const;
const OPTION_REPLY = { ack: 1, info: 3, unsupported: 0x8000_0001 } as const;
const OPTION_REPLY_MAGIC = 0x3e889045565a9n;
const FIXED_NEWSTYLE_AND_NO_ZEROES = 3;
/** HAS_FLAGS, SEND_FLUSH, SEND_WRITE_ZEROES. */
const EXPORT_FLAGS = 1 | 4 | 64;
const REQUEST_HEADER_BYTES = 28;
const REPLY_MAGIC = 0x67446698;
const COMMAND = { read: 0, write: 1, disconnect: 2, flush: 3, writeZeroes: 6 } as const;
const EINVAL = 22;

/** The bytes of a socket, taken in the pieces that the protocol has. */
class Input {
  #chunks: Buffer[] = [];
  #bytes = 0;
  #wake: (() => void) | null = null;

  constructor(socket: Socket) {
    socket.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#bytes += chunk.length;
      this.#wake?.();
    });
  }

  async take(length: number): Promise<Buffer> {
    while (this.#bytes < length) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const all = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    this.#chunks = all.length > length ? [all.subarray(length)] : [];
    this.#bytes = all.length - length;
    return all.subarray(0, length);
  }
}

/** Agrees on the one export there is. False where the client has gone instead. */
async function negotiate(socket: Socket, input: Input): Promise<boolean> {
  const greeting = Buffer.from("NBDMAGICIHAVEOPT\0\0");
  greeting.writeUInt16BE(FIXED_NEWSTYLE_AND_NO_ZEROES, 16);
  socket.write(greeting);
  await input.take(4);
  const reply = (option: number, type: number, data: Buffer) => {
    const header = Buffer.alloc(20);
    header.writeBigUInt64BE(OPTION_REPLY_MAGIC, 0);
    header.writeUInt32BE(option, 8);
    header.writeUInt32BE(type, 12);
    header.writeUInt32BE(data.length, 16);
    socket.write(Buffer.concat([header, data]));
  };
  for (;;) {
    const header = await input.take(16);
    const option = header.readUInt32BE(8);
    await input.take(header.readUInt32BE(12));
    const exported = Buffer.alloc(12);
    exported.writeBigUInt64BE(BigInt(disk.length), 2);
    exported.writeUInt16BE(EXPORT_FLAGS, 10);
    if (option === OPTION.exportName) {
      socket.write(exported.subarray(2));
      return true;
    }
    if (option === OPTION.info || option === OPTION.go) {
      reply(option, OPTION_REPLY.info, exported);
      reply(option, OPTION_REPLY.ack, Buffer.alloc(0));
      if (option === OPTION.go) return true;
    } else if (option === OPTION.abort) {
      reply(option, OPTION_REPLY.ack, Buffer.alloc(0));
      return false;
    } else reply(option, OPTION_REPLY.unsupported, Buffer.alloc(0));
  }
}

async function serve(socket: Socket): Promise<void> {
  const input = new Input(socket);
  if (!(await negotiate(socket, input))) return void socket.end();
  const answer = (cookie: Buffer, error: number, data?: Uint8Array) => {
    const header = Buffer.alloc(16);
    header.writeUInt32BE(REPLY_MAGIC, 0);
    header.writeUInt32BE(error, 4);
    cookie.copy(header, 8);
    socket.write(data === undefined ? header : Buffer.concat([header, data]));
  };
  const flush = async (cookie: Buffer) => {
    const covers = operations;
    if (Number(flushMs) > 0) await Bun.sleep(Number(flushMs));
    note({ kind: "flush", atMs: sharedNowMs(), covers });
    answer(cookie, 0);
  };
  for (;;) {
    const header = await input.take(REQUEST_HEADER_BYTES);
    const command = header.readUInt16BE(6);
    const cookie = Buffer.from(header.subarray(8, 16));
    const position = Number(header.readBigUInt64BE(16));
    const length = header.readUInt32BE(24);
    if (command === COMMAND.disconnect) return void socket.end();
    if (command === COMMAND.read) answer(cookie, 0, disk.subarray(position, position + length));
    else if (command === COMMAND.flush) void flush(cookie);
    else if (command === COMMAND.write || command === COMMAND.writeZeroes) {
      if (command === COMMAND.write) {
        const bytes = await input.take(length);
        disk.set(bytes, position);
        note({ kind: "write", atMs: sharedNowMs(), position, bytes });
      } else {
        disk.fill(0, position, position + length);
        note({ kind: "zero", atMs: sharedNowMs(), position, length });
      }
      answer(cookie, 0);
    } else answer(cookie, EINVAL);
  }
}

createServer((socket) => {
  socket.on("error", () => socket.destroy());
  void serve(socket);
}).listen(socketPath, () => console.log("serving"));
