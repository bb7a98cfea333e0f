import type { Role, RoleGrant } from "../../config/role-option.ts";
import type { Clock } from "../../io/clock.ts";
import type { Random } from "../../io/random.ts";
import { type AuditEvent, type AuditNotes, NO_AUDIT } from "../../security/audit/audit-event.ts";
import type { Admission, Security } from "../../security/security.ts";
import { isFromHere } from "../caller.ts";
import type { Feed } from "../live/feed.ts";
import { problem } from "../problem.ts";
import type { Need } from "../rest/route.ts";
import { basicCredentials, cookieOf, endedCookie, sessionCookie } from "./cookies.ts";
import { includes, roleOf } from "./roles.ts";
import { type SessionLimits, Sessions } from "./sessions.ts";
import type { Visitor } from "./visitor.ts";

/** From where something is taken, or to where it is given, without a login. */
export type Reach = "loopback" | "any" | "off";

export interface AccessOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Null until users and rules were read; then nobody can log in yet. */
  readonly security: () => Security | null;
  readonly roles: readonly RoleGrant[];
  /** See the settings http.control, http.records and http.login.plain. */
  readonly control: Reach;
  readonly records: Reach;
  readonly plainLogin: boolean;
  readonly sessions: SessionLimits;
  /** Takes notes of logins and refusals. */
  readonly audit?: AuditNotes;
}

/** What is known of a request's way here. */
export interface Arrival {
  readonly address: string;
  readonly isTls: boolean;
  /** The door's; left out where it has none. */
  readonly port?: number;
  /** Has the connection go on as a WebSocket that gets what the feed has; false where it can't. */
  readonly upgrade?: (feed: Feed) => boolean;
}

/** Where nobody has said what is allowed: as much as on this machine, and nobody logs in. */
export type OpenAccess = Pick<AccessOptions, "control" | "records">;

type LoginResult = { readonly cookie: string } | Response;

/** Says who asks and what he may do: by a session's cookie, by HTTP Basic, or by where he asks from. */
export class Access {
  readonly #options: AccessOptions;
  readonly #sessions: Sessions;
  readonly audit: AuditNotes;

  constructor(options: AccessOptions) {
    this.#options = options;
    this.audit = options.audit ?? NO_AUDIT;
    this.#sessions = new Sessions(options.clock, options.random, options.sessions);
  }

  /** Whether anybody has a role that he could log in to. */
  get hasLogins(): boolean {
    return this.#options.roles.length > 0 && (this.#options.security()?.hasUsers ?? false);
  }

  /** Who asks. An answer where what he shows is wrong: then he is nobody. */
  async identify(request: Request, arrival: Arrival): Promise<Visitor | Response> {
    const authorization = request.headers.get("authorization");
    if (authorization !== null) return this.#byPassword(authorization, arrival);
    const token = cookieOf(request, arrival.isTls);
    const security = this.#options.security();
    if (token !== null && security !== null) {
      const session = this.#sessions.use(token, (proof) => security.holds(proof));
      const role = session === null ? null : this.#roleOf(session.user, security);
      if (session !== null && role !== null) {
        const { user, csrf, proof } = session;
        const holds = () => this.#sessions.has(token) && security.holds(proof);
        return { user, role, csrf, mode: "session", seesRecords: true, address: arrival.address, holds };
      }
    }
    return this.#anonymous(request, arrival);
  }

  /** Logs a user in: the cookie, or why not. */
  async logIn(user: string, password: string, arrival: Arrival): Promise<LoginResult> {
    const found = await this.#check(user, new TextEncoder().encode(password), arrival, "session");
    if (found instanceof Response) return found;
    const { token } = this.#sessions.begin(user, found.proof);
    const maxAgeSec = Math.floor(this.#options.sessions.maxMs / 1000);
    return { cookie: sessionCookie(token, maxAgeSec, arrival.isTls) };
  }

  /** Ends the session of a request, if it has one: the cookie that takes it back. */
  logOut(request: Request, arrival: Arrival): string {
    const { isTls } = arrival;
    const token = cookieOf(request, isTls);
    const session = token === null ? null : this.#sessions.use(token, () => true);
    if (token !== null && session !== null) {
      this.#sessions.end(token);
      this.#note(session.user, arrival, { action: "logout", result: "success", detail: "session" });
    }
    return endedCookie(isTls);
  }

  /** Why a visitor may not have something, or null. */
  refusal(needs: Need, visitor: Visitor, request: Request): Response | null {
    if (needs === "anybody") return null;
    const role: Role = needs === "records" || needs === "open" ? "viewer" : needs;
    if (includes(visitor.role, role) && (needs !== "records" || visitor.seesRecords)) return null;
    if (visitor.user !== null) {
      const remedy = `ask somebody who has the role ${role}, or an admin for it (security.roles)`;
      return problem(403, {
        message: "your role is not enough for this",
        thing: "role",
        value: visitor.role,
        remedy,
      });
    }
    if (needs === "open" && !this.hasLogins) return null;
    const isLook = needs === "viewer" || needs === "records" || needs === "open";
    const setting = isLook ? "http.records" : "http.control";
    const value = isLook ? this.#options.records : this.#options.control;
    const message = isLook
      ? "this is not told to there"
      : "requests that change something are not taken from there";
    const direct = `ask from the gateway itself at 127.0.0.1, or see ${setting} and security.roles`;
    if (!this.hasLogins) return problem(403, { message, thing: setting, value, remedy: direct });
    const remedy = `log in (POST /api/login, or HTTP Basic), or ${direct}`;
    // A browser's own dialogue for passwords would come between a page and its login; programs know what to send.
    const challenge = request.headers.has("sec-fetch-mode") ? {} : CHALLENGE;
    return problem(401, { message, thing: setting, value, remedy }, challenge);
  }

  #anonymous(request: Request, { address }: Arrival): Visitor {
    const { control, records } = this.#options;
    const isHere = isFromHere(request, address);
    const reaches = (reach: Reach) => reach === "any" || (reach === "loopback" && isHere);
    const seesRecords = reaches(records);
    const role = reaches(control) ? (isHere ? "admin" : "operator") : seesRecords ? "viewer" : null;
    return {
      user: null,
      role,
      csrf: null,
      mode: role === null ? "session" : "loopback",
      seesRecords,
      address,
      holds: () => true,
    };
  }

  async #byPassword(authorization: string, arrival: Arrival): Promise<Visitor | Response> {
    const credentials = basicCredentials(authorization);
    if (credentials === null) {
      const remedy = "send Basic, and in base64 a name, a colon and a password, as UTF-8";
      return problem(
        401,
        { message: "it can't be read", thing: "authorization", value: null, remedy },
        CHALLENGE,
      );
    }
    const { user, password } = credentials;
    const found = await this.#check(user, password, arrival, "basic");
    if (found instanceof Response) return found;
    const { role, proof } = found;
    const holds = () => this.#options.security()?.holds(proof) === true;
    return { user, role, csrf: null, mode: "session", seesRecords: true, address: arrival.address, holds };
  }

  async #check(
    user: string,
    password: Uint8Array,
    arrival: Arrival,
    detail: "session" | "basic",
  ): Promise<Checked | Response> {
    const security = this.#options.security();
    if (security === null || !this.hasLogins) {
      const remedy = "add a user (headwater user add), and give it a role in security.roles";
      return problem(403, {
        message: "nobody can log in here",
        thing: "security.roles",
        value: null,
        remedy,
      });
    }
    const failed = (reason: NonNullable<AuditEvent["reason"]>): void =>
      this.#note(user, arrival, { action: "login", result: "failure", reason, detail });
    if (!arrival.isTls && !this.#options.plainLogin && !isLoopback(arrival.address)) {
      failed("plain-text");
      const remedy = "ask over https (http.tls.listen), or set http.login.plain = true";
      const message = "a password would pass the network in the clear";
      return problem(403, { message, thing: "http.login.plain", value: "false", remedy });
    }
    const admission = await admitted(security, user, password, arrival.address);
    if (admission.kind !== "admitted" || admission.proof.kind !== "password") {
      failed(admission.kind === "admitted" ? "wrong-password" : LOGIN_REASONS[admission.kind]);
      return loginRefused(admission);
    }
    const role = this.#roleOf(user, security);
    if (role !== null) {
      this.#note(user, arrival, { action: "login", result: "success", detail });
      return { role, proof: admission.proof };
    }
    failed("no-role");
    const remedy = 'give the user one, for example security.roles = ["user:anna=admin"]';
    return problem(403, {
      message: "this user has no role here",
      thing: "user",
      value: user.slice(0, 128),
      remedy,
    });
  }

  #note(
    user: string,
    { address, port = null }: Pick<Arrival, "address"> & { readonly port?: number | null },
    event: Pick<AuditEvent, "action" | "result" | "reason" | "detail">,
  ): void {
    this.audit.note({ kind: "access", user, door: "http", address, port, ...event });
  }

  #roleOf(user: string, security: Security): Role | null {
    return roleOf(this.#options.roles, user, security.groupsOf(user));
  }
}

interface Checked {
  readonly role: Role;
  readonly proof: (Admission & { readonly kind: "admitted" })["proof"];
}

const LOGIN_REASONS = {
  unknown: "wrong-password",
  forbidden: "anonymous",
  busy: "busy",
  "too-many": "locked-out",
} as const;

const CHALLENGE = { "www-authenticate": 'Basic realm="headwater", charset="UTF-8"' };

function admitted(
  security: Security,
  userName: string,
  password: Uint8Array,
  address: string,
): Promise<Admission> {
  return new Promise((resolve) =>
    security.admit({ userName, password, certificate: null, address }, resolve),
  );
}

function loginRefused(admission: Admission): Response {
  const message = admission.kind === "admitted" ? "user name or password is wrong" : admission.what;
  const later = { "retry-after": "5" };
  switch (admission.kind) {
    case "too-many":
      return problem(429, { message, thing: "login", value: null, remedy: "wait, and try again" }, later);
    case "busy":
      return problem(503, { message, thing: "login", value: null, remedy: "try again" }, later);
    default:
      return problem(401, { message, thing: "login", value: null, remedy: "try again" });
  }
}

function isLoopback(address: string): boolean {
  return /^(?:::ffff:)?127\./.test(address) || address === "::1";
}
