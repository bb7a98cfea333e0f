import { fstatSync } from "node:fs";
import type { Journal } from "../journal.ts";
import { socketAddress, UnixDatagrams } from "./unix-datagrams.ts";

const JOURNAL_SOCKET = "/run/systemd/journal/socket";
const STANDARD_ERROR = 2;

/**
 * systemd's journal by its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL), where standard error goes to it: then
 * JOURNAL_STREAM has its device and inode (systemd.exec(5)). Null where it does not, unless it is `asked` for.
 */
export function openJournal(
  env: Readonly<Record<string, string | undefined>>,
  asked = false,
  file: number = STANDARD_ERROR,
): Journal | null {
  if (!asked && !isStream(env.JOURNAL_STREAM ?? "", file)) return null;
  // Another socket, for tests.
  const address = socketAddress(env.HEADWATER_TEST_JOURNAL || JOURNAL_SOCKET);
  return address === null ? null : new UnixDatagrams(address);
}

/** Whether the file is the one that is named: somebody in between may have led it elsewhere. */
function isStream(named: string, file: number): boolean {
  try {
    const { dev, ino } = fstatSync(file, { bigint: true });
    return named === `${dev}:${ino}`;
  } catch {
    return false;
  }
}
