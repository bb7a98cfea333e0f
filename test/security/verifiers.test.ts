import { describe, expect, test } from "bun:test";
import { pbkdf2Sync } from "node:crypto";
import { SystemPasswords } from "../../src/io/bun/passwords.ts";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import { saltedPassword, verifierOf } from "../../src/kafka/client/scram-keys.ts";
import { Logins } from "../../src/security/logins.ts";
import { parseUsers } from "../../src/security/users.ts";
import { fits, formatScramVerifier, parseScramVerifier, verifiersIn } from "../../src/security/verifiers.ts";
import { FakePasswords, hashOf } from "./support.ts";

const password = Buffer.from("brackish water");
const salt = Uint8Array.from({ length: 16 }, (_, index) => index);

async function verifier(hash: "SHA-256" | "SHA-512") {
  return verifierOf(hash, await saltedPassword(hash, password, salt, 4_096), salt, 4_096);
}

describe.each(["SHA-256", "SHA-512"] as const)("a verifier of %s", (hash) => {
  test("is read as it was written", async () => {
    const made = await verifier(hash);
    const text = formatScramVerifier(made);
    expect(text).toMatch(new RegExp(`^\\$scram-sha-${hash.slice(4)}\\$i=4096\\$`));
    expect(parseScramVerifier(text)).toEqual(made);
  });

  test("is what any other program would make", async () => {
    const name = hash.replace("-", "").toLowerCase();
    const salted = pbkdf2Sync(password, salt, 4_096, hash === "SHA-256" ? 32 : 64, name);
    expect(verifierOf(hash, new Uint8Array(salted), salt, 4_096)).toEqual(await verifier(hash));
  });

  test("fits its password and no other", async () => {
    const text = formatScramVerifier(await verifier(hash));
    const passwords = new SystemPasswords();
    expect(await fits(passwords, password, text)).toBe(true);
    expect(await fits(passwords, Buffer.from("fresh water"), text)).toBe(false);
    expect(await fits(passwords, Buffer.alloc(0), text)).toBe(false);
  });

  test("that is cut, or has a key too short, is none", async () => {
    const text = formatScramVerifier(await verifier(hash));
    for (let length = 0; length < text.length; length++)
      expect(parseScramVerifier(text.slice(0, length))).toBeNull();
  });
});

test("too few iterations protect nobody, and too many are an attack", async () => {
  const text = formatScramVerifier(await verifier("SHA-256"));
  for (const count of [1, 4_095, 1_000_001])
    expect(parseScramVerifier(text.replace("i=4096", `i=${count}`))).toBeNull();
});

describe("a file of users", () => {
  test("has several verifiers of one password", async () => {
    const [small, large] = [await verifier("SHA-256"), await verifier("SHA-512")].map(formatScramVerifier);
    const users = parseUsers("users", `anna:${hashOf("x")} ${small} ${large}\nben:${large}\n`);
    expect(verifiersIn(users.get("anna") ?? "")).toEqual([hashOf("x"), small ?? "", large ?? ""]);
    expect(users.get("ben")).toBe(large ?? "");
  });

  test("has one of each kind, and none that can't be read", async () => {
    const text = formatScramVerifier(await verifier("SHA-256"));
    const problem = (line: string) => () => parseUsers("users", line);
    expect(problem(`anna:${text} ${text}`)).toThrow("two of scram-sha-256");
    expect(problem(`anna:${hashOf("x")} ${text.slice(0, -5)}`)).toThrow("no scram-sha-256");
    expect(problem(`anna:${hashOf("x")} nonsense`)).toThrow("not argon2id");
  });
});

describe("a password of a user who has", () => {
  async function outcome(verifiers: readonly string[], sent: Uint8Array): Promise<unknown> {
    const passwords = new FakePasswords();
    const clock = new ManualClock();
    const logins = new Logins(passwords, clock);
    logins.users = new Map([["anna", verifiers.join(" ")]]);
    let found: unknown = null;
    logins.check("anna", sent, "192.0.2.1", (said) => {
      found = said;
    });
    // SCRAM's are computed on another thread.
    for (let turn = 0; found === null && turn < 4_000; turn++) {
      await passwords.finishAll();
      clock.advance(10);
      await Bun.sleep(1);
    }
    return found;
  }

  test("a verifier of SCRAM alone", async () => {
    const text = formatScramVerifier(await verifier("SHA-512"));
    expect(await outcome([text], password)).toEqual({ kind: "good", hash: text });
    expect(await outcome([text], Buffer.from("wrong"))).toEqual({ kind: "wrong" });
  });

  test("another password for each verifier may be either", async () => {
    const text = formatScramVerifier(await verifier("SHA-256"));
    const both = [hashOf("older"), text];
    expect(await outcome(both, password)).toEqual({ kind: "good", hash: text });
    expect(await outcome(both, Buffer.from("older"))).toEqual({ kind: "good", hash: hashOf("older") });
    expect(await outcome(both, Buffer.from("newest"))).toEqual({ kind: "wrong" });
  });
});
