import type { Supervisor } from "../supervisor.ts";
import { socketAddress, UnixDatagrams } from "./unix-datagrams.ts";

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
  readonly #socket: UnixDatagrams;

  constructor(address: Uint8Array, watchdogMs: number | null) {
    this.watchdogMs = watchdogMs;
    this.#socket = new UnixDatagrams(address);
  }

  notify(...assignments: readonly string[]): boolean {
    return this.#socket.send(new TextEncoder().encode(assignments.join("\n")));
  }
}

function watchdogMs(env: Readonly<Record<string, string | undefined>>, pid: number): number | null {
  const { WATCHDOG_USEC: time, WATCHDOG_PID: watched } = env;
  if (time === undefined || !/^[1-9][0-9]{0,15}$/.test(time)) return null;
  // The time may be meant for the process that started this one.
  if (watched !== undefined && watched !== String(pid)) return null;
  return Number(time) / 1000;
}
