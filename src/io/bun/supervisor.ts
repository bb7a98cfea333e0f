import { dlopen } from "bun:ffi";
import type { Supervisor } from "../supervisor.ts";

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

/**
 * systemd, or whatever speaks as it does (sd_notify(3)), by the environment that it gives the process: NOTIFY_SOCKET is
 * the path of a datagram socket, or with `@` in front the name of an abstract one; WATCHDOG_USEC is the time for the
 * process WATCHDOG_PID. Null where nobody wants to hear, or not in a way that is known here (`vsock:`).
 */
export function openSupervisor(
  env: Readonly<Record<string, string | undefined>>,
  pid: number = process.pid,
): Supervisor | null {
  const address = socketAddress(env.NOTIFY_SOCKET ?? "");
  return address === null ? null : new SocketSupervisor(address, watchdogMs(env, pid));
}

class SocketSupervisor implements Supervisor {
  readonly watchdogMs: number | null;
  readonly #address: Uint8Array;
  readonly #library = openLibrary();
  /** Kept for as long as the process lives. */
  readonly #fd: number;

  constructor(address: Uint8Array, watchdogMs: number | null) {
    this.watchdogMs = watchdogMs;
    this.#address = address;
    this.#fd = this.#library.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  }

  notify(...assignments: readonly string[]): boolean {
    if (this.#fd < 0) return false;
    const message = new TextEncoder().encode(assignments.join("\n"));
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    const { length } = this.#address;
    const sent = this.#library.sendto(this.#fd, message, message.length, flags, this.#address, length);
    return Number(sent) === message.length;
  }
}

/** Opened only where there is a supervisor. */
function openLibrary() {
  return dlopen("libc.so.6", {
    socket: { args: ["i32", "i32", "i32"], returns: "i32" },
    sendto: { args: ["i32", "ptr", "u64", "i32", "ptr", "u32"], returns: "i64" },
  }).symbols;
}

/** `struct sockaddr_un`: the family, then the path and a zero, or a zero and the name. Null for what is neither. */
function socketAddress(path: string): Uint8Array | null {
  const isAbstract = path.startsWith(ABSTRACT);
  if (path.length < 2 || !(isAbstract || path.startsWith("/"))) return null;
  const bytes = new TextEncoder().encode(isAbstract ? `\0${path.slice(1)}` : `${path}\0`);
  if (bytes.length > MAX_PATH_BYTES) return null;
  const address = new Uint8Array(FAMILY_BYTES + bytes.length);
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(bytes, FAMILY_BYTES);
  return address;
}

function watchdogMs(env: Readonly<Record<string, string | undefined>>, pid: number): number | null {
  const { WATCHDOG_USEC: time, WATCHDOG_PID: watched } = env;
  if (time === undefined || !/^[1-9][0-9]{0,15}$/.test(time)) return null;
  // The time may be meant for the process that started this one.
  if (watched !== undefined && watched !== String(pid)) return null;
  return Number(time) / 1000;
}
