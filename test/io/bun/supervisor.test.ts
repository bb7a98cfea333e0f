import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSupervisor } from "../../../src/io/bun/supervisor.ts";
import { NotifySocket } from "./notify-socket.ts";

const folder = mkdtempSync(join(tmpdir(), "headwater-notify-"));
const sockets: NotifySocket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
  rmSync(folder, { recursive: true, force: true });
});

function listen(path: string): NotifySocket {
  const socket = new NotifySocket(path);
  sockets.push(socket);
  return socket;
}

test("a socket in the file system and an abstract one hear each call as one message, in order", () => {
  for (const path of [join(folder, "notify"), `@headwater-test-${process.pid}`]) {
    const socket = listen(path);
    const supervisor = openSupervisor({ NOTIFY_SOCKET: path });
    expect(supervisor?.notify("READY=1", "STATUS=dient, größer")).toBe(true);
    expect(supervisor?.notify("WATCHDOG=1")).toBe(true);
    expect(socket.take()).toEqual(["READY=1\nSTATUS=dient, größer", "WATCHDOG=1"]);
  }
});

test("a supervisor that does not read, or is gone, holds nobody up", () => {
  const path = `@headwater-full-${process.pid}`;
  const socket = listen(path);
  const supervisor = openSupervisor({ NOTIFY_SOCKET: path });
  let taken = 0;
  while (taken < 100_000 && supervisor?.notify("WATCHDOG=1")) taken += 1;
  expect(taken).toBeLessThan(100_000);
  expect(socket.take()).toHaveLength(taken);
  expect(supervisor?.notify("WATCHDOG=1")).toBe(true);
  socket.close();
  sockets.length = 0;
  expect(supervisor?.notify("WATCHDOG=1")).toBe(false);
});

test("nobody to tell: no address, one of another kind, one that does not fit", () => {
  for (const path of [undefined, "", "@", "/", "vsock:2:1234", "notify", `/${"x".repeat(107)}`]) {
    expect(openSupervisor({ NOTIFY_SOCKET: path })).toBeNull();
  }
});

test("the watchdog's time counts where it is meant for this process", () => {
  const time = (env: Record<string, string>) =>
    openSupervisor({ NOTIFY_SOCKET: "@nobody", ...env }, 42)?.watchdogMs;
  expect(time({})).toBeNull();
  expect(time({ WATCHDOG_USEC: "30000000" })).toBe(30_000);
  expect(time({ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "42" })).toBe(30_000);
  expect(time({ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "41" })).toBeNull();
  for (const wrong of ["0", "-1", "soon", "1e9"]) expect(time({ WATCHDOG_USEC: wrong })).toBeNull();
});
