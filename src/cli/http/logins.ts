import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { HeadwaterError } from "../../base/errors.ts";
import { replaceFile } from "../users-file.ts";
import type { World } from "../world.ts";

/** Gateways that are remembered; the one logged in to longest ago goes for a new one. */
const MAX_LOGINS = 64;
const MAX_FILE_BYTES = 1024 * 1024;
const ONLY_OWNER = 0o600;
const OTHERS_MASK = 0o077;

/** What `headwater login` keeps of a session, by the door's origin. */
export interface Login {
  readonly origin: string;
  readonly user: string;
  /** Name and value. */
  readonly cookie: string;
  readonly csrf: string;
  /** The whole path of the authorities that the door's certificate is checked by; null: the well-known ones. */
  readonly ca: string | null;
  /** When the session ends at the latest, in ms since 1970. */
  readonly endsAtMs: number;
}

/** Where logins are kept. Throws CONFIG_INVALID where the user has no home. */
export function loginsFile(env: World["env"]): string {
  const named = env.HEADWATER_LOGINS_FILE ?? "";
  if (named !== "") return named;
  const state = env.XDG_STATE_HOME ?? "";
  if (state !== "") return join(state, "headwater", "logins.json");
  const home = env.HOME ?? "";
  if (home !== "") return join(home, ".local", "state", "headwater", "logins.json");
  const remedy = "set HEADWATER_LOGINS_FILE, or give --user and --password-file with each command";
  throw new HeadwaterError("CONFIG_INVALID", `there is no HOME to keep logins in; ${remedy}`);
}

/** The login to a door, or null. What has ended is none. Throws as `logins` does. */
export function loginTo(origin: string, env: World["env"], nowMs: number): Login | null {
  const has = ["HEADWATER_LOGINS_FILE", "XDG_STATE_HOME", "HOME"].some((name) => (env[name] ?? "") !== "");
  if (!has) return null;
  const found = logins(loginsFile(env)).find((login) => login.origin === origin);
  return found !== undefined && found.endsAtMs > nowMs ? found : null;
}

/** Keeps a login in place of the one to the same door. Throws as `logins` does, and DISK_IO. */
export function keepLogin(login: Login, env: World["env"], nowMs: number): void {
  const path = loginsFile(env);
  const others = logins(path).filter(({ origin, endsAtMs }) => origin !== login.origin && endsAtMs > nowMs);
  write(path, [...others, login].slice(-MAX_LOGINS));
}

/** Forgets the login to a door; gives it where there was one. Throws as `keepLogin` does. */
export function forgetLogin(origin: string, env: World["env"]): Login | null {
  const path = loginsFile(env);
  const all = logins(path);
  const found = all.find((login) => login.origin === origin) ?? null;
  if (found !== null)
    write(
      path,
      all.filter((login) => login !== found),
    );
  return found;
}

function write(path: string, all: readonly Login[]): void {
  replaceFile(path, `${JSON.stringify({ logins: all }, null, 2)}\n`, ONLY_OWNER);
}

/** Throws CONFIG_INVALID for a file that others may read, or that holds something else. */
function logins(path: string): readonly Login[] {
  const text = readOwn(path);
  if (text === null) return [];
  try {
    const body = JSON.parse(text) as { readonly logins?: unknown };
    if (Array.isArray(body.logins) && body.logins.every(isLogin)) return body.logins;
  } catch {
    // Refused below, as what is no list of logins.
  }
  throw new HeadwaterError("CONFIG_INVALID", `${path} holds no logins; remove it, and log in again`);
}

function readOwn(path: string): string | null {
  try {
    const { mode, size } = statSync(path);
    if ((mode & OTHERS_MASK) !== 0) {
      const remedy = `log out everywhere if others have seen it, and chmod 600 ${path}`;
      throw new HeadwaterError("CONFIG_INVALID", `${path} can be read by others: it holds logins; ${remedy}`);
    }
    return size > MAX_FILE_BYTES ? "" : readFileSync(path, "utf8");
  } catch (cause) {
    if (cause instanceof HeadwaterError) throw cause;
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return null;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HeadwaterError("CONFIG_INVALID", `${path} can't be read: ${why}`, { cause, path });
  }
}

function isLogin(value: unknown): value is Login {
  if (typeof value !== "object" || value === null) return false;
  const { origin, user, cookie, csrf, ca, endsAtMs } = value as Partial<Record<string, unknown>>;
  const texts = [origin, user, cookie, csrf].every((one) => typeof one === "string");
  return texts && (ca === null || typeof ca === "string") && typeof endsAtMs === "number";
}
