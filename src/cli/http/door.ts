import { HeadwaterError } from "../../base/errors.ts";
import { isLoopback } from "../../config/address.ts";
import type { Login } from "./logins.ts";

const TIMEOUT_MS = 5_000;
/** Checking a password is meant to take a while, and more of it on a small machine that is busy. */
const LOGIN_TIMEOUT_MS = 30_000;
/** What Bun's own client says of a certificate that is not trusted, or not for this name. */
const CERTIFICATE_CODES =
  /^(?:UNABLE_TO_\w+|SELF_SIGNED_\w+|DEPTH_ZERO_\w+|CERT_\w+|ERR_TLS_CERT_\w+|INVALID_CA|PATH_LENGTH_EXCEEDED)$/;
/** And of somebody who speaks no TLS. */
const NO_TLS_CODES = /^(?:ERR_SSL_\w+|EPROTO|WRONG_VERSION_NUMBER)$/;

/** How a command shows who it is: nobody, a login that was kept, or a name and a password. */
export type Credentials =
  | { readonly kind: "none" }
  | { readonly kind: "login"; readonly login: Login }
  | { readonly kind: "password"; readonly user: string; readonly password: string };

/** A session at the door. */
type Session = Pick<Login, "cookie" | "csrf">;

/** What a login gave. */
export interface FreshLogin extends Omit<Login, "origin" | "ca"> {
  readonly role: string;
}

/**
 * A gateway's HTTP door, as commands ask it: where it is, by which certificates, and as whom. A password is sent once, for a
 * session that ends with `close`.
 */
export class HttpDoor {
  /** `http://HOST:PORT` or `https://HOST:PORT`. */
  readonly origin: string;
  readonly #ca: string | null;
  readonly #credentials: Credentials;
  #session: Promise<Session> | null = null;

  /** `ca` in PEM; null: the well-known authorities. */
  constructor(origin: string, ca: string | null = null, credentials: Credentials = { kind: "none" }) {
    this.origin = origin;
    this.#ca = ca;
    this.#credentials = credentials;
  }

  /** As whom it asks; null for nobody. */
  get user(): string | null {
    if (this.#credentials.kind === "none") return null;
    return this.#credentials.kind === "login" ? this.#credentials.login.user : this.#credentials.user;
  }

  get hasPassword(): boolean {
    return this.#credentials.kind === "password";
  }

  urlOf(path: string): string {
    return `${this.origin}${path}`;
  }

  /**
   * Asks; `timeoutMs` null: for as long as it takes. Throws NETWORK, TIMED_OUT, TLS_HANDSHAKE, and AUTHENTICATION where it has
   * to be known who asks, or where the password or the login is wrong.
   */
  async ask(
    path: string,
    request: RequestInit = {},
    timeoutMs: number | null = TIMEOUT_MS,
  ): Promise<Response> {
    const session = await this.#begun();
    const response = await this.#send(path, withSession(request, session), timeoutMs);
    if (response.status !== 401) return response;
    // It had ended meanwhile: a command may look for longer than a session goes on.
    if (this.#credentials.kind === "password" && session !== null) {
      this.#session = null;
      return await this.#send(path, withSession(request, await this.#begun()), timeoutMs);
    }
    throw this.#unknown(path);
  }

  /** Logs in anew, and gives what is to be kept of it. Throws as `ask` does. */
  async logIn(): Promise<FreshLogin> {
    if (this.#credentials.kind !== "password") throw this.#unknown("/api/login");
    const { user, password } = this.#credentials;
    const url = this.urlOf("/api/login");
    if (!isSafe(this.origin)) {
      const remedy = "ask by https:// (http.tls.listen), or through a tunnel to 127.0.0.1";
      throw new HeadwaterError(
        "AUTHENTICATION",
        `${url}: the password would pass the network in the clear; ${remedy}`,
      );
    }
    const answer = await this.#send("/api/login", postOf({ user, password }), LOGIN_TIMEOUT_MS);
    if (!answer.ok) throw await loginRefused(url, user, answer);
    const [, cookie, maxAge] =
      /^([^=]+=[\w-]+);.*Max-Age=(\d+)/i.exec(answer.headers.get("set-cookie") ?? "") ?? [];
    const asking = await this.#send("/api/me", { headers: { cookie: cookie ?? "" } }, TIMEOUT_MS);
    const me: unknown = await asking.json().catch(() => null);
    const { csrf, role } = (typeof me === "object" && me !== null ? me : {}) as Record<string, unknown>;
    if (cookie === undefined || typeof csrf !== "string") {
      throw new HeadwaterError(
        "MALFORMED",
        `${url} does not answer as headwater does; is it a gateway of now?`,
      );
    }
    return { user, cookie, csrf, role: String(role), endsAtMs: Date.now() + Number(maxAge ?? 0) * 1000 };
  }

  /** Ends the session that a password was given for. One that was kept goes on. */
  async close(): Promise<void> {
    if (this.#credentials.kind !== "password" || this.#session === null) return;
    // Where that can't be told the session ends by itself, and the command has its answer.
    await this.logOut();
    this.#session = null;
  }

  /** Ends the session; false where the gateway could not be told. */
  async logOut(): Promise<boolean> {
    try {
      const answer = await this.#send(
        "/api/logout",
        withSession(postOf({}), await this.#begun()),
        TIMEOUT_MS,
      );
      return answer.ok;
    } catch (error) {
      if (error instanceof HeadwaterError) return false;
      throw error;
    }
  }

  async #begun(): Promise<Session | null> {
    switch (this.#credentials.kind) {
      case "none":
        return null;
      case "login":
        return this.#credentials.login;
      case "password":
        this.#session ??= this.logIn();
        return await this.#session;
    }
  }

  #unknown(path: string): HeadwaterError {
    const how = `headwater login --http ${this.origin} --user NAME`;
    const user = this.user;
    const message =
      user === null
        ? `it has to be known who asks; ${how}, or give --user with this command`
        : `the login as ${user} has ended; ${how} begins another`;
    return new HeadwaterError("AUTHENTICATION", `${this.urlOf(path)}: ${message}`);
  }

  async #send(path: string, request: RequestInit, timeoutMs: number | null): Promise<Response> {
    const url = this.urlOf(path);
    const limit = timeoutMs === null ? {} : { signal: AbortSignal.timeout(timeoutMs) };
    const tls = this.#ca === null ? {} : { tls: { ca: this.#ca } };
    try {
      return await fetch(url, { ...request, ...limit, ...tls, redirect: "error" });
    } catch (cause) {
      throw this.#failure(url, timeoutMs, cause);
    }
  }

  #failure(url: string, timeoutMs: number | null, cause: unknown): HeadwaterError {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    if (cause instanceof Error && cause.name === "TimeoutError") {
      const why = `no answer within ${(timeoutMs ?? TIMEOUT_MS) / 1000} s`;
      return new HeadwaterError("TIMED_OUT", `${url}: ${why}; ${REMEDY}`, { cause });
    }
    if (CERTIFICATE_CODES.test(code)) {
      const why = `its certificate is not to be trusted (${code})`;
      const given = this.#ca === null ? "give --ca FILE with" : "--ca has to name";
      const remedy = `${given} the authority that it is of, and ask by a name or address that it is for`;
      return new HeadwaterError("TLS_HANDSHAKE", `${url}: ${why}; ${remedy}`, { cause });
    }
    if (NO_TLS_CODES.test(code)) {
      const why = `no TLS is spoken there (${code})`;
      return new HeadwaterError("TLS_HANDSHAKE", `${url}: ${why}; is it http.listen? Then write http://`, {
        cause,
      });
    }
    return new HeadwaterError("NETWORK", `${url}: nobody answers there; ${REMEDY}`, { cause });
  }
}

const REMEDY = "is the gateway running, and is this its http.listen? (--http HOST:PORT)";

/** A request that changes something. */
export function postOf(body: object): RequestInit {
  return {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
}

function withSession(request: RequestInit, session: Session | null): RequestInit {
  if (session === null) return request;
  const headers = new Headers(request.headers as Record<string, string>);
  headers.set("cookie", session.cookie);
  if (request.method !== undefined && request.method !== "GET") headers.set("x-csrf-token", session.csrf);
  return { ...request, headers };
}

/** Whether nobody on the way can read what is sent. */
function isSafe(origin: string): boolean {
  const { protocol, hostname } = new URL(origin);
  return protocol === "https:" || isLoopback(hostname.replaceAll(/[[\]]/g, ""));
}

async function loginRefused(url: string, user: string, answer: Response): Promise<HeadwaterError> {
  const body: unknown = await answer.json().catch(() => null);
  const said = errorOf(body);
  if (answer.status === 401) {
    return new HeadwaterError("AUTHENTICATION", `${url}: user name or password is wrong (user ${user})`);
  }
  if (answer.status === 429 || answer.status === 503) {
    const wait = answer.headers.get("retry-after") ?? "a few";
    const why = said.message ?? "too many logins";
    return new HeadwaterError("AUTHENTICATION", `${url}: ${why}; try again in ${wait} s`);
  }
  return refusal(url, answer, body);
}

/** What a gateway refuses, in its own words. */
export function refusal(url: string, response: Pick<Response, "status">, body: unknown): HeadwaterError {
  const { message, thing, value, remedy } = errorOf(body);
  const what = value === null || value === undefined ? "" : ` (${thing} ${value})`;
  const why = message === undefined ? `it answers ${response.status}` : `${message}${what}; ${remedy}`;
  return new HeadwaterError("UNSUPPORTED", `${url}: ${why}`);
}

export function errorOf(
  body: unknown,
): Readonly<Partial<Record<"message" | "thing" | "value" | "remedy", string | null>>> {
  return (typeof body === "object" && body !== null && "error" in body ? body.error : {}) as object;
}
