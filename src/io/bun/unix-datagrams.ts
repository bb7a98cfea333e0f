import { dlopen } from "bun:ffi";

// The same on x64 and arm64 (asm-generic).
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** `sun_path` of `struct sockaddr_un`; the terminating zero of a path that is a file's belongs to it. */
const MAX_PATH_BYTES = 108;
const FAMILY_BYTES = 2;
const ABSTRACT = "@";

/** Sends messages to a local datagram socket, which Bun has no API for. */
export class UnixDatagrams {
  readonly #address: Uint8Array;
  readonly #library = openLibrary();
  /** Kept for as long as the process lives. */
  readonly #fd: number;

  /** `address` by `socketAddress`. */
  constructor(address: Uint8Array) {
    this.#address = address;
    this.#fd = this.#library.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  }

  /** Never waits. False where it was not taken: nobody is there, he has enough to read, or it is too large. */
  send(message: Uint8Array): boolean {
    if (this.#fd < 0) return false;
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    const { length } = this.#address;
    const sent = this.#library.sendto(this.#fd, message, message.length, flags, this.#address, length);
    return Number(sent) === message.length;
  }
}

/** Opened only where there is somebody to send to. */
function openLibrary() {
  return dlopen("libc.so.6", {
    socket: { args: ["i32", "i32", "i32"], returns: "i32" },
    sendto: { args: ["i32", "ptr", "u64", "i32", "ptr", "u32"], returns: "i64" },
  }).symbols;
}

/**
 * `struct sockaddr_un`: the family, then a file's path and a zero, or for a name with `@` in front a zero and the
 * name. Null for what is neither.
 */
export function socketAddress(path: string): Uint8Array | null {
  const isAbstract = path.startsWith(ABSTRACT);
  if (path.length < 2 || !(isAbstract || path.startsWith("/"))) return null;
  const bytes = new TextEncoder().encode(isAbstract ? `\0${path.slice(1)}` : `${path}\0`);
  if (bytes.length > MAX_PATH_BYTES) return null;
  const address = new Uint8Array(FAMILY_BYTES + bytes.length);
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(bytes, FAMILY_BYTES);
  return address;
}
