import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultSettings } from "../../src/config/options.ts";
import { httpUsers } from "../../src/wiring/http-users.ts";

const folder = mkdtempSync(join(tmpdir(), "headwater-http-users-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("users are kept in the file that the commands keep, hashed, and the doors are told", async () => {
  let reloads = 0;
  const security = {
    reload: () => {
      reloads += 1;
    },
    groupsOf: (name: string) => (name === "ben" ? ["night"] : []),
  } as never;
  const roles = [{ kind: "group", name: "night", role: "viewer" }] as const;
  const users = httpUsers(defaultSettings({ data: folder, "security.roles": roles }), () => security);
  const password = new TextEncoder().encode("a password that nobody may read");
  expect(users.list()).toEqual([]);
  expect(await users.set("ben", password, "change")).toBe(false);
  expect(await users.set("ben", password, "add")).toBe(true);
  expect(await users.set("ben", password, "add")).toBe(false);
  expect(await users.set("anna", password, "add")).toBe(true);
  const before = readFileSync(join(folder, "users"), "utf8");
  expect(await users.set("anna", password, "change")).toBe(true);
  const after = readFileSync(join(folder, "users"), "utf8");
  expect([before === after, after.includes("nobody may read")]).toEqual([false, false]);
  expect(statSync(join(folder, "users")).mode & 0o777).toBe(0o600);
  expect(users.list()).toEqual([
    { name: "anna", role: null, groups: [] },
    { name: "ben", role: "viewer", groups: ["night"] },
  ]);
  expect([await users.remove("anna"), await users.remove("anna"), reloads]).toEqual([true, false, 4]);
});
