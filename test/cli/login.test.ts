import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../../src/base/logger.ts";
import { HttpDoor } from "../../src/http/door.ts";
import { SystemPasswords } from "../../src/io/bun/passwords.ts";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import { Registry } from "../../src/metrics/registry.ts";
import { accessOf, QUIET, securityOf } from "../http/support.ts";
import { issue, newAuthority } from "../support/certificates.ts";
import { type FakeProcess, run } from "./support.ts";

// Commands against doors that want to know who asks, one of them over TLS.

const PASSWORD = "anna-secret";
const authority = newAuthority();
const folder = mkdtempSync(join(tmpdir(), "headwater-login-"));
const files = {
  ca: join(folder, "ca.pem"),
  other: join(folder, "other.pem"),
  password: join(folder, "password"),
  logins: join(folder, "state", "logins.json"),
};
const clock = new ManualClock();
const opened: HttpDoor[] = [];
const ended: string[] = [];
let plain: string;
let secure: string;

async function open(isTls: boolean): Promise<HttpDoor> {
  const hash = await new SystemPasswords().hash(new TextEncoder().encode(PASSWORD));
  const users = ["anna", "ben", "pump"].map((name) => `${name}:${hash}\n`).join("");
  const security = securityOf({ users, acl: "" }, clock);
  const { certificate, key } = issue(authority, { commonName: "gateway", ip: [127, 0, 0, 1], serial: 7 });
  const common = { minVersion: "1.2", clientCertificate: "none", protocols: [] } as const;
  const tls = isTls
    ? { tls: () => ({ certificate, key, authorities: null, revocations: null, ...common }) }
    : {};
  const access = accessOf({
    ...{ clock, security: () => security, control: "off", records: "off" },
    roles: [
      { kind: "user", name: "anna", role: "operator" },
      { kind: "user", name: "ben", role: "viewer" },
    ],
  });
  const door = new HttpDoor({
    ...{
      host: "127.0.0.1",
      port: 0,
      source: QUIET,
      access,
      metrics: new Registry(),
      logger: silentLogger,
      ...tls,
    },
    controls: () => ({
      endSession: (clientId: string) => Promise.resolve(ended.push(clientId) > 0),
      uplinkNames: () => [],
      uplinkActions: new Map(),
    }),
  });
  opened.push(door);
  return door;
}

beforeAll(async () => {
  plain = `127.0.0.1:${(await open(false)).port}`;
  secure = `https://127.0.0.1:${(await open(true)).port}`;
  writeFileSync(files.ca, authority.certificate);
  writeFileSync(files.other, newAuthority().certificate);
  writeFileSync(files.password, `${PASSWORD}\nmore\n`);
});

afterAll(async () => {
  for (const door of opened) await door.stop(true);
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  rmSync(files.logins, { force: true });
  ended.length = 0;
});

/** Where logins are kept. */
const KEEPS = { HEADWATER_LOGINS_FILE: files.logins };

function headwater(line: string, given: FakeProcess = {}) {
  return run(line.split(" "), { ...given, env: { ...KEEPS, ...given.env } });
}

test("a login is kept for its owner alone, is used by every command to that door, and ends", async () => {
  const target = `--http ${secure}`;
  const asked = await headwater(`session list ${target} --ca ${files.ca}`);
  expect(asked.code).toBe(1);
  expect(asked.err).toContain(`headwater login ${target}`);
  const login = await headwater(`login ${target} --user anna --ca ${files.ca}`, { secrets: [PASSWORD] });
  expect([login.code, login.err]).toEqual([0, ""]);
  expect(login.out).toStartWith(`${secure}: anna is logged in as operator, until `);
  expect(statSync(files.logins).mode & 0o777).toBe(0o600);
  expect(readFileSync(files.logins, "utf8")).not.toContain(PASSWORD);
  // The authority is known by now, and what changes something has the session's token.
  expect((await headwater(`session list ${target}`)).out).toContain("no MQTT client is connected");
  expect((await headwater(`session end pump-1 ${target}`)).code).toBe(0);
  expect(ended).toEqual(["pump-1"]);
  expect((await headwater(`session list --http ${plain}`)).code).toBe(1);
  expect((await headwater(`logout ${target}`)).out).toBe(`${secure}: anna is logged out\n`);
  expect((await headwater(`session list ${target} --ca ${files.ca}`)).code).toBe(1);
  expect((await headwater(`logout ${target} -o json`)).out).toBe(`{"origin":"${secure}","user":null}\n`);
});

test("a login that the gateway has forgotten is said to have ended", async () => {
  await headwater(`login --http ${plain} --user anna --password-file ${files.password}`);
  clock.advance(31 * 60_000);
  const { code, err } = await headwater(`session list --http ${plain}`);
  expect(code).toBe(1);
  expect(err).toContain("the login as anna has ended");
});

test("a password for one command is from a file, standard input, the environment or the terminal", async () => {
  const list = `session list --http ${plain}`;
  const tries: (readonly [string, FakeProcess])[] = [
    [`${list} --user anna --password-file ${files.password}`, {}],
    [`${list} --user anna --password-file -`, { stdin: [`${PASSWORD}\r\n`] }],
    [`${list} --user anna`, { secrets: [PASSWORD] }],
    [`${list} --user anna`, { env: { HEADWATER_PASSWORD: PASSWORD } }],
    [list, { env: { HEADWATER_USER: "anna", HEADWATER_PASSWORD_FILE: files.password } }],
    [`session list --http http://anna@${plain} --password-file ${files.password}`, {}],
  ];
  for (const [line, given] of tries) expect(await headwater(line, given)).toMatchObject({ code: 0, err: "" });
  // Nobody stays logged in for that.
  const nobody = await headwater(list);
  expect(nobody.code).toBe(1);
  expect(nobody.err).toContain("it has to be known who asks");
});

test("what is wrong is said, and what to do", async () => {
  const list = (more: string, target = plain) => headwater(`session list --http ${target} ${more}`.trim());
  const withPassword = `--password-file ${files.password}`;
  const words: (readonly [number, string, ReturnType<typeof list>])[] = [
    [1, "user name or password is wrong (user nobody)", ticking(list(`--user nobody ${withPassword}`))],
    [1, "this user has no role here", list(`--user pump ${withPassword}`)],
    [
      1,
      "the password would pass the network in the clear",
      list(`--user anna ${withPassword}`, "192.0.2.1:8080"),
    ],
    [3, "its certificate is not to be trusted", list("", secure)],
    [3, "--ca has to name the authority", list(`--ca ${files.other}`, secure)],
    [3, "nobody answers there", list("", "127.0.0.1:1")],
    [2, "there is no terminal to ask on", list("--user anna")],
    [2, "whose is it? give --user", list(withPassword)],
    [2, "a password has no place on a command line", list("", "https://anna:geheim@gw:8443")],
    [2, "write host:port", list("", "gw")],
    [2, "that is no door", list("", "ftp://gw:21")],
    [2, "--ca /nowhere/ca.pem can't be read", list("--ca /nowhere/ca.pem", secure)],
  ];
  for (const [code, text, outcome] of words) {
    const { code: given, err } = await outcome;
    expect([given, err.includes(text) ? text : err]).toEqual([code, text]);
    expect(err).not.toContain("geheim");
  }
  const role = await headwater(`session end pump-1 --http ${plain} --user ben ${withPassword}`);
  expect([role.code, ended.length]).toEqual([1, 0]);
  expect(role.err).toContain("your role is not enough for this (role viewer)");
  expect((await headwater(`login --http ${plain}`)).err).toContain("--user is missing");
});

test("too many wrong passwords are said to be, with how long to wait", async () => {
  const wrong = () =>
    headwater(`session list --http ${plain} --user ben`, { env: { HEADWATER_PASSWORD: "x" } });
  for (let n = 0; n < 7; n++) await ticking(wrong());
  const many = await ticking(Promise.all(Array.from({ length: 40 }, wrong)));
  expect(many.filter(({ err }) => /too many wrong passwords .*; try again in \d+ s/.test(err))).not.toEqual(
    [],
  );
  expect(many.every(({ code }) => code === 1)).toBe(true);
});

test("a file of logins that others may read is not used", async () => {
  await headwater(`login --http ${plain} --user anna --password-file ${files.password}`);
  chmodSync(files.logins, 0o644);
  const { code, err } = await headwater(`session list --http ${plain}`);
  expect(code).toBe(2);
  expect(err).toContain("can be read by others");
});

/** Wrong passwords are answered late, in a time that goes on by itself meanwhile. */
async function ticking<Result>(answer: Promise<Result>): Promise<Result> {
  const timer = setInterval(() => clock.advance(200), 2);
  try {
    return await answer;
  } finally {
    clearInterval(timer);
  }
}
