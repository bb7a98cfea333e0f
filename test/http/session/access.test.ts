import { describe, expect, test } from "bun:test";
import { SystemPasswords } from "../../../src/io/bun/passwords.ts";
import type { Security } from "../../../src/security/security.ts";
import { type Asked, RestGateway, securityOf, type TestFiles } from "../support.ts";

const HASHES = await Promise.all(
  ["anna-secret", "ben-secret", "pump-secret"].map((text) =>
    new SystemPasswords().hash(new TextEncoder().encode(text)),
  ),
);

function usersFile(names: readonly string[]): string {
  return names.map((name, index) => `${name}:${HASHES[index]}\n`).join("");
}

async function opened(options: { readonly plainLogin?: boolean } = {}) {
  const files: TestFiles = {
    users: usersFile(["anna", "ben", "pump"]),
    acl: '[groups]\nnight = ["ben"]\n',
  };
  let security: Security | null = null;
  const rest = await RestGateway.open({
    access: {
      security: () => security,
      roles: [
        { kind: "user", name: "anna", role: "admin" },
        { kind: "group", name: "night", role: "viewer" },
      ],
      control: "off",
      records: "off",
      ...options,
    },
  });
  security = securityOf(files, rest.clock);
  return { rest, files, security };
}

const TLS: Asked = { from: "192.0.2.7", isTls: true };

/** What is answered late, in a time that goes on by itself meanwhile. */
async function ticking<Result>(rest: RestGateway, answer: Promise<Result>): Promise<Result> {
  const timer = setInterval(() => rest.clock.advance(50), 5);
  try {
    return await answer;
  } finally {
    clearInterval(timer);
  }
}

function basic(user: string, password: string): Asked {
  return { ...TLS, headers: { authorization: `Basic ${btoa(`${user}:${password}`)}` } };
}

async function loggedIn(rest: RestGateway, user: string, password: string) {
  const login = await rest.ask("/api/login", { ...TLS, method: "POST", body: { user, password } });
  const setCookie = login.headers.get("set-cookie") ?? "";
  const cookie = setCookie.split(";")[0] ?? "";
  const me = await rest.ask("/api/me", { ...TLS, headers: { cookie } });
  return { login, setCookie, cookie, me, csrf: String(me.body.csrf) };
}

describe("a login", () => {
  test("gives a cookie that scripts can't read and other sites can't use", async () => {
    const { rest } = await opened();
    const { login, setCookie, me } = await loggedIn(rest, "anna", "anna-secret");
    expect(login.status).toBe(204);
    expect(setCookie).toMatch(
      /^__Host-headwater_session=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure$/,
    );
    expect(me.body).toMatchObject({ user: "anna", role: "admin", mode: "session", logins: true });
    expect(me.body.csrf).toMatch(/^[\w-]{43}$/);
    await rest.close();
  });

  test("is refused where the password is wrong, the user has no role, or the network could read it", async () => {
    const { rest } = await opened();
    const tries = async (user: string, password: string, asked: Asked = TLS) =>
      (await rest.ask("/api/login", { ...asked, method: "POST", body: { user, password } })).status;
    expect(await ticking(rest, tries("anna", "ben-secret"))).toBe(401);
    expect(await tries("pump", "pump-secret")).toBe(403);
    expect(await tries("anna", "anna-secret", { from: "192.0.2.7" })).toBe(403);
    expect(await tries("anna", "anna-secret", { from: "127.0.0.1" })).toBe(204);
    await rest.close();
    const open = await opened({ plainLogin: true });
    const body = { user: "anna", password: "anna-secret" };
    expect((await open.rest.ask("/api/login", { method: "POST", from: "192.0.2.7", body })).status).toBe(204);
    await open.rest.close();
  });

  test("is needed once there are roles, by what a session's or a program's user may do", async () => {
    const { rest } = await opened();
    expect((await rest.ask("/api/status", TLS)).status).toBe(401);
    expect((await rest.ask("/api/topics", TLS)).headers.get("www-authenticate")).toContain("Basic");
    const page = { ...TLS, headers: { "sec-fetch-mode": "cors" } };
    expect((await rest.ask("/api/topics", page)).headers.get("www-authenticate")).toBeNull();
    expect((await rest.ask("/api/me", TLS)).body).toMatchObject({ user: null, role: null, mode: "session" });
    expect((await rest.ask("/api/topics", basic("ben", "ben-secret"))).status).toBe(200);
    expect((await rest.ask("/api/config", basic("ben", "ben-secret"))).status).toBe(403);
    expect((await rest.ask("/api/config", basic("anna", "anna-secret"))).status).toBe(200);
    expect((await rest.ask("/api/topics", { ...TLS, headers: { authorization: "Bearer x" } })).status).toBe(
      401,
    );
    await rest.close();
  });

  test("ends when nobody uses it, after its time, by a logout, and when the user goes or has another password", async () => {
    const { rest, files, security } = await opened();
    const role = async (cookie: string) =>
      (await rest.ask("/api/me", { ...TLS, headers: { cookie } })).body.role as string | null;
    const idle = await loggedIn(rest, "anna", "anna-secret");
    rest.clock.advance(29 * 60_000);
    expect(await role(idle.cookie)).toBe("admin");
    rest.clock.advance(30 * 60_000);
    expect(await role(idle.cookie)).toBeNull();
    const long = await loggedIn(rest, "anna", "anna-secret");
    for (let n = 0; n < 24 * 60; n += 29) {
      if (n < 12 * 60) expect(await role(long.cookie)).toBe("admin");
      rest.clock.advance(29 * 60_000);
    }
    expect(await role(long.cookie)).toBeNull();
    const out = await loggedIn(rest, "anna", "anna-secret");
    const headers = { cookie: out.cookie, "x-csrf-token": out.csrf };
    expect((await rest.ask("/api/logout", { ...TLS, method: "POST", headers })).status).toBe(204);
    expect(await role(out.cookie)).toBeNull();
    const gone = await loggedIn(rest, "anna", "anna-secret");
    files.users = `anna:${HASHES[1]}\nben:${HASHES[1]}\n`;
    security.reload();
    expect(await role(gone.cookie)).toBeNull();
    await rest.close();
  });

  test("lets a request through that changes something only with the session's token, from our own pages", async () => {
    const { rest } = await opened();
    const { cookie, csrf } = await loggedIn(rest, "anna", "anna-secret");
    const create = async (name: string, headers: Record<string, string>) =>
      (
        await rest.ask("/api/topics", {
          ...TLS,
          method: "POST",
          headers: { cookie, ...headers },
          body: { name },
        })
      ).status;
    expect(await create("a", {})).toBe(403);
    expect(await create("a", { "x-csrf-token": `${csrf.slice(1)}x` })).toBe(403);
    expect(await create("a", { "x-csrf-token": csrf, origin: "https://evil.test" })).toBe(403);
    expect(await create("a", { "x-csrf-token": csrf, "content-type": "text/plain" })).toBe(415);
    expect(await create("a", { "x-csrf-token": csrf, origin: "https://127.0.0.1:8080" })).toBe(201);
    // A viewer may not, whatever he sends.
    const ben = await loggedIn(rest, "ben", "ben-secret");
    expect(await create("b", { cookie: ben.cookie, "x-csrf-token": ben.csrf })).toBe(403);
    await rest.close();
  });

  test("is slowed down where passwords are guessed, and bounded in number", async () => {
    const { rest } = await opened();
    const statuses: number[] = [];
    const guesses = Array.from({ length: 15 }, (_, n) =>
      rest
        .ask("/api/login", { ...TLS, method: "POST", body: { user: "anna", password: `guess ${n}` } })
        .then(({ status }) => void statuses.push(status)),
    );
    await ticking(rest, Promise.all(guesses));
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(0);
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    rest.clock.advance(3_600_000);
    const first = await loggedIn(rest, "anna", "anna-secret");
    for (let n = 0; n < 16; n++) await loggedIn(rest, "anna", "anna-secret");
    expect((await rest.ask("/api/me", { ...TLS, headers: { cookie: first.cookie } })).body.role).toBeNull();
    await rest.close();
  });
});

describe("without users", () => {
  test("this machine may do everything, others what settings say", async () => {
    const rest = await RestGateway.open();
    expect((await rest.ask("/api/me")).body).toMatchObject({
      role: "admin",
      mode: "loopback",
      csrf: null,
      logins: false,
    });
    const away: Asked = { from: "192.0.2.7" };
    expect((await rest.ask("/api/status", away)).status).toBe(200);
    expect((await rest.ask("/api/topics", away)).status).toBe(403);
    expect((await rest.ask("/api/topics", { headers: { "x-forwarded-for": "192.0.2.7" } })).status).toBe(403);
    expect((await rest.ask("/api/topics", { headers: { host: "evil.test" } })).status).toBe(403);
    const login = { method: "POST", body: { user: "a", password: "b" } };
    expect((await rest.ask("/api/login", login)).status).toBe(403);
    await rest.close();
  });
});
