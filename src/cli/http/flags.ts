import { closeSync, openSync, readSync } from "node:fs";
import { resolve } from "node:path";
import { HeadwaterError } from "../../base/errors.ts";
import { parseAddress } from "../../config/address.ts";
import type { Command, Flag, Input } from "../command.ts";
import { UsageError } from "../exit-codes.ts";
import { firstLine } from "../lines.ts";
import type { World } from "../world.ts";
import { type Credentials, HttpDoor } from "./door.ts";
import { type Login, loginTo } from "./logins.ts";

/** Where a gateway listens by default. */
export const DEFAULT_HTTP = "127.0.0.1:8080";
const MAX_CA_BYTES = 1024 * 1024;
const MAX_PASSWORD_BYTES = 1024;

/** By whose certificate a door is asked, and as whom. */
export const LOGIN_FLAGS: readonly Flag[] = [
  {
    name: "user",
    value: "NAME",
    doc: "Who asks, where the door wants a login; also HEADWATER_USER. headwater login says it once for all.",
  },
  {
    name: "password-file",
    value: "FILE|-",
    doc: "Its first line is the password, - being standard input; also HEADWATER_PASSWORD_FILE. It is asked for on the terminal where left out.",
  },
  {
    name: "ca",
    value: "FILE",
    doc: "Authorities of the door's certificate, in PEM; also HEADWATER_CA_FILE. The well-known ones where left out.",
  },
];

/** Where a gateway is asked, and as whom. */
export const HTTP_FLAGS: readonly Flag[] = [
  {
    name: "http",
    value: "HOST:PORT",
    doc: `HTTP door of the gateway, or https://HOST:PORT; ${DEFAULT_HTTP} where left out.`,
  },
  ...LOGIN_FLAGS,
];

/** A command that asks the door which the command line names. */
export function atDoor(work: (input: Input, world: World, door: HttpDoor) => Promise<number>): Run {
  return (input, world) => withDoor(null, input, world, (door) => work(input, world, door));
}

type Run = NonNullable<Command["run"]>;

/**
 * Works with the door that the command line names, or else with the one at `address`; a session that was begun for that has
 * ended after it. Throws UsageError, CONFIG_INVALID.
 */
export async function withDoor<Result>(
  address: string | null,
  input: Input,
  world: World,
  work: (door: HttpDoor) => Promise<Result>,
): Promise<Result> {
  const { origin, user } = targetOf(input.value("http") ?? address);
  const login = loginTo(origin, world.env, Date.now());
  const credentials = await credentialsOf(user, login, input, world);
  const door = new HttpDoor(origin, authoritiesOf(login, input, world), credentials);
  try {
    return await work(door);
  } finally {
    await door.close();
  }
}

/** The door that the command line names, as the one whose login was kept; null where none was. */
export function keptDoor(input: Input, world: World): HttpDoor | null {
  const { origin } = targetOf(input.value("http"));
  const login = loginTo(origin, world.env, Date.now());
  if (login === null) return null;
  return new HttpDoor(origin, authoritiesOf(login, input, world), { kind: "login", login });
}

function authoritiesOf(login: Login | null, input: Input, world: World): string | null {
  const path = caPathOf(input, world) ?? login?.ca ?? null;
  return path === null ? null : readText(path, MAX_CA_BYTES, "--ca");
}

/** The whole path of the authorities that are named, for who keeps them. */
export function caPathOf(input: Input, world: World): string | null {
  const named = input.value("ca") ?? (world.env.HEADWATER_CA_FILE || null);
  return named === null ? null : resolve(named);
}

/** Where a door is, and the name before its host. Throws UsageError. */
export function targetOf(given: string | null): { readonly origin: string; readonly user: string | null } {
  const text = given ?? DEFAULT_HTTP;
  if (!text.includes("://")) {
    const parsed = parseAddress(text, "127.0.0.1");
    if (typeof parsed === "string") {
      throw new UsageError(`--http ${text}: ${parsed}; write host:port, or https://host:port`);
    }
    return { origin: originOf("http:", parsed.host, String(parsed.port)), user: null };
  }
  const url = URL.parse(text);
  const isDoor = url !== null && (url.protocol === "http:" || url.protocol === "https:");
  if (!isDoor || url.pathname !== "/" || url.search !== "" || url.hash !== "" || url.hostname === "") {
    throw new UsageError("--http: that is no door; write host:port, or https://host:port");
  }
  if (url.password !== "") {
    throw new UsageError(
      "--http: a password has no place on a command line, which others on the machine see; use --password-file, or headwater login",
    );
  }
  const user = url.username === "" ? null : decodeURIComponent(url.username);
  return { origin: originOf(url.protocol, url.hostname.replaceAll(/[[\]]/g, ""), url.port), user };
}

/** Who listens everywhere is asked here. */
function originOf(protocol: string, given: string, port: string): string {
  const host = given === "0.0.0.0" ? "127.0.0.1" : given === "::" ? "::1" : given;
  return new URL(`${protocol}//${host.includes(":") ? `[${host}]` : host}${port === "" ? "" : `:${port}`}`)
    .origin;
}

/** Who is named asks; else the one whose login was kept, or nobody. */
async function credentialsOf(
  inUrl: string | null,
  login: Login | null,
  input: Input,
  world: World,
): Promise<Credentials> {
  const { HEADWATER_USER = "" } = world.env;
  const user = input.value("user") ?? inUrl ?? (HEADWATER_USER || null);
  if (user === null) {
    if (input.value("password-file") !== null)
      throw new UsageError("--password-file: whose is it? give --user");
    return login === null ? { kind: "none" } : { kind: "login", login };
  }
  return { kind: "password", user, password: await passwordOf(user, input, world) };
}

/** From the file that is named, the environment or the terminal. Throws UsageError where it is nowhere. */
async function passwordOf(user: string, input: Input, world: World): Promise<string> {
  const { HEADWATER_PASSWORD_FILE = "", HEADWATER_PASSWORD = "" } = world.env;
  const path = input.value("password-file") ?? (HEADWATER_PASSWORD_FILE || null);
  let password: string;
  if (path === "-") password = await firstLine(world.stdin(), MAX_PASSWORD_BYTES);
  else if (path !== null)
    password = (readText(path, MAX_PASSWORD_BYTES, "--password-file").split("\n")[0] ?? "").replace(
      /\r$/,
      "",
    );
  else if (HEADWATER_PASSWORD !== "") password = HEADWATER_PASSWORD;
  else if (world.stdinIsTerminal) password = await world.askSecret(`Password of ${user}: `);
  else {
    throw new UsageError(
      `no password for ${user}: name a file with --password-file, - for standard input; there is no terminal to ask on`,
    );
  }
  if (password === "") throw new UsageError(`the password of ${user} is empty`);
  return password;
}

/** Of what may be a pipe, too. */
function readText(path: string, maxBytes: number, flag: string): string {
  try {
    const fd = openSync(path, "r");
    try {
      const bytes = new Uint8Array(maxBytes + 1);
      let length = 0;
      for (let read = -1; read !== 0 && length < bytes.length; length += read) {
        read = readSync(fd, bytes, length, bytes.length - length, null);
      }
      if (length > maxBytes) throw new Error(`it has more than ${maxBytes} bytes`);
      return new TextDecoder().decode(bytes.subarray(0, length));
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HeadwaterError("CONFIG_INVALID", `${flag} ${path} can't be read: ${why}`, { cause, path });
  }
}
