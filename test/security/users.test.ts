import { describe, expect, test } from "bun:test";
import { SystemPasswords } from "../../src/io/bun/passwords.ts";
import { NO_USERS_TEXT, parseUsers, userNameFault, withoutUser, withUser } from "../../src/security/users.ts";

const SALT = "c2FsdHNhbHRzYWx0c2FsdA";
const KEY = "a".repeat(43);
const hash = (costs = "m=19456,t=2,p=1") => `$argon2id$v=19$${costs}$${SALT}$${KEY}`;

test("lines of users, and lines for people", () => {
  const users = parseUsers("users", `# devices\n\nanna:${hash()}\r\npump 1:${hash()}  \n`);
  expect([...users]).toEqual([
    ["anna", hash()],
    ["pump 1", hash()],
  ]);
  expect(parseUsers("users", "# nobody").size).toBe(0);
  expect(parseUsers("users", NO_USERS_TEXT).size).toBe(0);
  for (const text of ["", "\n", " \t\r\n\n"])
    expect(() => parseUsers("users", text)).toThrow(/users: it is empty, as after a power cut/);
});

test("every problem is a line with its place, and says no hash", () => {
  const text = [
    "anna",
    `ben:${hash()}`,
    `ben:${hash()}`,
    ":x",
    "carl:secret",
    `dora:${hash("m=999999,t=2,p=1")}`,
  ];
  let message = "";
  try {
    parseUsers("users", text.join("\n"));
  } catch (error) {
    message = (error as Error).message;
  }
  expect(message.split("\n").map((line) => line.slice(0, 30))).toEqual([
    "users:1: no ':' between a name",
    'users:3: "ben" is there twice;',
    'users:4: "": a name is empty',
    'users:5: "carl": the hash is n',
    'users:6: "dora": the hash take',
  ]);
  expect(message).not.toContain("secret");
});

describe("changes leave the other lines as they are", () => {
  const before = `# devices\nanna:old\n\nben:${hash()}`;
  test("a new user", () => {
    expect(withUser(before, "carl", "new")).toBe(`${before}\ncarl:new\n`);
    expect(withUser(NO_USERS_TEXT, "carl", "new")).toBe(`${NO_USERS_TEXT}carl:new\n`);
    expect(withUser("anna:old\n", "carl", "new")).toBe(`${NO_USERS_TEXT}anna:old\ncarl:new\n`);
  });
  test("a new password", () => {
    expect(withUser(before, "anna", "new")).toBe(`# devices\nanna:new\n\nben:${hash()}\n`);
  });
  test("one user less", () => {
    expect(withoutUser(before, "ben")).toBe("# devices\nanna:old\n\n");
    expect(withoutUser("ben:x", "ben")).toBe(NO_USERS_TEXT);
    expect(withoutUser("\nben:x", "ben")).toBe(`${NO_USERS_TEXT}\n`);
  });
});

test("names that nobody can have", () => {
  const bad = ["", " a", "a ", "a:b", "#a", "a\nb", "a\0", "a".repeat(129), "a\u0085"];
  expect(bad.filter((name) => userNameFault(name) === null)).toEqual([]);
  expect(["anna", "pump 1", "a/b", "+", "größe"].map(userNameFault)).toEqual([null, null, null, null, null]);
});

test("a hash that is made is one that is taken, and fits its password alone", async () => {
  const passwords = new SystemPasswords();
  const password = Buffer.from("pass\xffword");
  const made = await passwords.hash(password);
  expect(parseUsers("users", `anna:${made}`).get("anna")).toBe(made);
  expect(await passwords.verify(password, made)).toBe(true);
  expect(await passwords.verify(Buffer.from("password"), made)).toBe(false);
  expect(await passwords.verify(Buffer.alloc(0), made)).toBe(false);
  expect(await passwords.verify(password, "$argon2id$nonsense")).toBe(false);
  expect(passwords.fingerprint(password, made)).toBe(passwords.fingerprint(password, made));
  expect(passwords.fingerprint(password, made)).not.toBe(new SystemPasswords().fingerprint(password, made));
});
