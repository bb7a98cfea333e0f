import { afterEach, expect, test } from "bun:test";
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openJournal } from "../../../src/io/bun/journal.ts";
import { NotifySocket } from "./notify-socket.ts";

const closings: (() => void)[] = [];
afterEach(() => {
  for (const close of closings.splice(0)) close();
});

function opened() {
  const folder = mkdtempSync(join(tmpdir(), "headwater-journal-"));
  const path = join(folder, "socket");
  const socket = new NotifySocket(path);
  const file = openSync(join(folder, "stderr"), "w");
  const { dev, ino } = fstatSync(file, { bigint: true });
  closings.push(
    () => socket.close(),
    () => closeSync(file),
    () => rmSync(folder, { recursive: true }),
  );
  return { socket, file, env: { HEADWATER_TEST_JOURNAL: path, JOURNAL_STREAM: `${dev}:${ino}` } };
}

test("an entry is one message, where standard error is what systemd says", () => {
  const { socket, file, env } = opened();
  const journal = openJournal(env, false, file);
  expect(journal?.send(Buffer.from("MESSAGE=a\nPRIORITY=6\n"))).toBe(true);
  expect(socket.take()).toEqual(["MESSAGE=a\nPRIORITY=6\n"]);
});

test("there is none where standard error goes elsewhere, unless it is asked for", () => {
  const { file, env } = opened();
  expect(openJournal({ ...env, JOURNAL_STREAM: "1:2" }, false, file)).toBeNull();
  const { JOURNAL_STREAM: _, ...without } = env;
  expect(openJournal(without, false, file)).toBeNull();
  expect(openJournal(without, true, file)).not.toBeNull();
  expect(openJournal(env, false, 9_999)).toBeNull();
});

test("nobody waits for a journal that is away, full, or takes no such message", () => {
  const { socket, file, env } = opened();
  const journal = openJournal(env, false, file);
  const entry = Buffer.from(`MESSAGE=${"x".repeat(3_000)}\n`);
  let taken = 0;
  while (journal?.send(entry) === true && taken < 10_000) taken += 1;
  expect(taken).toBeGreaterThan(0);
  expect(taken).toBeLessThan(10_000);
  socket.take();
  expect(journal?.send(entry)).toBe(true);
  expect(journal?.send(new Uint8Array(16 * 1024 * 1024))).toBe(false);
  expect(openJournal({ HEADWATER_TEST_JOURNAL: "/no/such/socket" }, true)?.send(entry)).toBe(false);
});
