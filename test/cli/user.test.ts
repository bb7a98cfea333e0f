import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tryLock } from "../../src/io/bun/libc.ts";
import { SystemPasswords } from "../../src/io/bun/passwords.ts";
import { NO_USERS_TEXT, parseUsers } from "../../src/security/users.ts";
import { fits as fitsVerifier, verifiersIn } from "../../src/security/verifiers.ts";
import { type FakeProcess, run } from "./support.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "headwater-users-"));
  file = join(folder, "data", "users");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** headwater user, with the data folder and what is typed or piped. */
function user(args: readonly string[], given: FakeProcess = {}) {
  return run(["user", ...args, "--data", join(folder, "data")], given);
}

const typed = (...secrets: string[]): FakeProcess => ({ secrets });
const piped = (...stdin: string[]): FakeProcess => ({ stdin });

async function fits(name: string, password: string): Promise<boolean> {
  const hash = parseUsers(file, readFileSync(file, "utf8")).get(name) ?? "";
  return new SystemPasswords().verify(Buffer.from(password), hash);
}

test("a user is added, his password changed, and he is removed", async () => {
  expect(await user(["add", "pump-1"], typed("one", "one"))).toMatchObject({ code: 0, out: "" });
  expect(await fits("pump-1", "one")).toBe(true);
  expect((await user(["add", "anna"], piped("two\n"))).code).toBe(0);
  expect((await user(["list"])).out).toBe("anna\npump-1\n");
  expect((await user(["passwd", "pump-1"], piped("thr", "ee\nignored\n"))).code).toBe(0);
  expect([await fits("pump-1", "one"), await fits("pump-1", "three"), await fits("anna", "two")]).toEqual([
    false,
    true,
    true,
  ]);
  expect((await user(["delete", "pump-1"])).code).toBe(0);
  expect(JSON.parse((await user(["list", "-o", "json"])).out)).toEqual(["anna"]);
  expect((await user(["delete", "anna"])).code).toBe(0);
  // Not one that looks as if a power cut had emptied it.
  expect(readFileSync(file, "utf8")).toBe(NO_USERS_TEXT);
  expect(await user(["list"])).toMatchObject({ code: 0, out: "" });
});

test("what SCRAM needs is kept too, for the mechanisms that are set", async () => {
  const set = ["--set", "kafka.sasl.mechanisms=SCRAM-SHA-512,PLAIN"];
  await user(["add", "anna", ...set], piped("two\n"));
  const kept = verifiersIn(parseUsers(file, readFileSync(file, "utf8")).get("anna") ?? "");
  expect(kept.map((verifier) => verifier.split("$")[1])).toEqual(["argon2id", "scram-sha-512"]);
  const passwords = new SystemPasswords();
  for (const verifier of kept) {
    expect(await fitsVerifier(passwords, Buffer.from("two"), verifier)).toBe(true);
    expect(await fitsVerifier(passwords, Buffer.from("three"), verifier)).toBe(false);
  }
});

test("only the owner can read the file, and nothing is left beside it", async () => {
  await user(["add", "anna"], piped("two"));
  expect(statSync(file).mode & 0o777).toBe(0o600);
  writeFileSync(file, readFileSync(file), { mode: 0o644 });
  await user(["passwd", "anna"], piped("three"));
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(folder, "data"))).toEqual(["users"]);
});

test("of two that add the same user at once one does", async () => {
  const both = await Promise.all(["x", "y"].map((password) => user(["add", "twice"], piped(password))));
  expect(both.map(({ code }) => code).sort()).toEqual([0, 1]);
  expect(both.map(({ err }) => err).join("")).toContain('there is a user "twice"');
});

test("a change waits for the one that another process is about", async () => {
  await user(["add", "anna"], piped("one"));
  const folderFd = openSync(join(folder, "data"), "r");
  expect(tryLock(folderFd)).toBe(true);
  const order: string[] = [];
  const changes = [user(["delete", "anna"]), user(["add", "ben"], piped("two"))].map(async (change) => {
    order.push(`${(await change).code}`);
  });
  // As long as a password takes to be hashed, and more.
  await new SystemPasswords().hash(Buffer.from("x"));
  await Bun.sleep(100);
  writeFileSync(file, `${readFileSync(file, "utf8")}# by the other\n`);
  order.push("let go");
  closeSync(folderFd);
  await Promise.all(changes);
  expect(order).toEqual(["let go", "0", "0"]);
  expect(readFileSync(file, "utf8")).toMatch(/^# Users.*\n# by the other\nben:/);
});

test("a file that is a link stays one, and what people wrote into it stays there", async () => {
  const real = join(folder, "real");
  writeFileSync(real, "# the pumps\n\n");
  await user(["add", "x"], piped("x"));
  rmSync(file);
  symlinkSync(real, file);
  await user(["add", "anna"], piped("two"));
  expect(readFileSync(real, "utf8")).toMatch(/^# the pumps\n\nanna:\$argon2id\$/);
});

test("the file is the one of the settings", async () => {
  const other = join(folder, "elsewhere");
  await run(["user", "add", "anna", "--set", `security.users.file=${other}`], piped("two"));
  expect(existsSync(other)).toBe(true);
});

describe("what is refused changes nothing", () => {
  const cases: readonly (readonly [string, readonly string[], FakeProcess, number, RegExp])[] = [
    ["two passwords that differ", ["add", "ben"], typed("one", "two"), 2, /the two passwords differ/],
    ["an empty password", ["add", "ben"], piped("\n"), 2, /the password is empty/],
    ["no password at all", ["add", "ben"], piped(), 2, /the password is empty/],
    ["a long password", ["add", "ben"], piped("x".repeat(1_025)), 2, /more than 1024 bytes/],
    ["a name that no line can have", ["add", "a:b"], piped("x"), 2, /a name has a ':'/],
    ["a user who is there", ["add", "anna"], piped("x"), 1, /there is a user "anna"; headwater user passwd/],
    ["a user who is not", ["passwd", "ben"], piped("x"), 1, /there is no user "ben"; headwater user add/],
    ["to delete a user who is not", ["delete", "ben"], {}, 1, /there is no user "ben"/],
    ["a password as an argument", ["add", "ben", "secret"], piped("x"), 2, /one argument too many/],
  ];
  for (const [what, args, given, code, message] of cases) {
    test(what, async () => {
      await user(["add", "anna"], piped("two"));
      const before = readFileSync(file, "utf8");
      const outcome = await user(args, given);
      expect(outcome.code).toBe(code);
      expect(outcome.err).toMatch(message);
      expect(readFileSync(file, "utf8")).toBe(before);
    });
  }

  test("a file that is empty is not taken for one without users", async () => {
    await user(["add", "anna"], piped("two"));
    writeFileSync(file, "");
    for (const args of [["add", "ben"], ["delete", "anna"], ["list"]]) {
      const outcome = await user(args, piped("x"));
      expect(outcome).toMatchObject({ code: 2, err: expect.stringContaining(`${file}: it is empty`) });
    }
    expect(readFileSync(file, "utf8")).toBe("");
  });

  test("a file that is broken is said to be, and left alone", async () => {
    await user(["add", "anna"], piped("two"));
    writeFileSync(file, "nonsense\n");
    const outcome = await user(["add", "ben"], piped("x"));
    expect(outcome).toMatchObject({ code: 2, err: expect.stringContaining(`${file}:1: `) });
    expect(readFileSync(file, "utf8")).toBe("nonsense\n");
  });
});
