import {
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { HeadwaterError } from "../base/errors.ts";
import { SystemPasswords } from "../io/bun/passwords.ts";
import { saltedPassword, verifierOf } from "../kafka/client/scram-keys.ts";
import { NO_USERS_TEXT } from "../security/users.ts";
import { formatScramVerifier } from "../security/verifiers.ts";

const ONLY_OWNER = 0o600;
const SALT_BYTES = 24;
/** The most that Kafka's own tools take. */
const ITERATIONS = 16_384;

/**
 * What is kept of a password: an argon2id hash, and for SCRAM what that needs, which is less work to guess from. So it
 * is made only for mechanisms that clients may log in by.
 */
export async function verifiersOf(password: Uint8Array, mechanisms: readonly string[]): Promise<string> {
  const texts = [await new SystemPasswords().hash(password)];
  for (const hash of ["SHA-256", "SHA-512"] as const) {
    if (!mechanisms.includes(`SCRAM-${hash}`)) continue;
    const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
    const salted = await saltedPassword(hash, password, salt, ITERATIONS);
    texts.push(formatScramVerifier(verifierOf(hash, salted, salt, ITERATIONS)));
  }
  return texts.join(" ");
}

/** What the file of users has; where there is none, what one without users has. Throws DISK_IO. */
export function readUsersFile(path: string): string {
  try {
    return existsSync(path) ? readFileSync(path, "utf8") : NO_USERS_TEXT;
  } catch (cause) {
    throw failure(path, "read", cause);
  }
}

/** Replaces the file as a whole, readable by its owner alone, who is the one it had, or its folder's. */
export function writeUsersFile(given: string, text: string): void {
  replaceFile(given, text, ONLY_OWNER);
}

/** The same with other rights, for other files that are the gateway's configuration. Throws DISK_IO. */
export function replaceFile(given: string, text: string, mode: number): void {
  // A link stays one.
  const path = existsSync(given) ? realpathSync(given) : given;
  const fresh = `${path}.${process.pid}.new`;
  try {
    const folder = dirname(path);
    mkdirSync(folder, { recursive: true });
    const { uid, gid } = statSync(existsSync(path) ? path : folder);
    const fd = openSync(fresh, "wx", mode);
    try {
      writeSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    // Else a file that root has written is none that the gateway can read.
    if (process.getuid?.() === 0) chownSync(fresh, uid, gid);
    renameSync(fresh, path);
    syncFolder(folder);
  } catch (cause) {
    rmSync(fresh, { force: true });
    throw failure(path, "written", cause);
  }
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function failure(path: string, what: string, cause: unknown): HeadwaterError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new HeadwaterError("DISK_IO", `${path} can't be ${what}: ${reason}`, { path, cause });
}
