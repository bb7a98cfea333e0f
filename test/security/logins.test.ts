import { beforeEach, describe, expect, test } from "bun:test";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import { ATTEMPT_LIMITS } from "../../src/security/attempts.ts";
import { LOGIN_LIMITS, type LoginLimits, type LoginOutcome, Logins } from "../../src/security/logins.ts";
import { MAX_PASSWORD_BYTES } from "../../src/security/users.ts";
import { FakePasswords, hashOf } from "./support.ts";

let clock: ManualClock;
let passwords: FakePasswords;
let logins: Logins;

function setUp(limits: Partial<LoginLimits> = {}, users: Readonly<Record<string, string>> = {}): void {
  clock = new ManualClock();
  passwords = new FakePasswords();
  logins = new Logins(passwords, clock, { ...LOGIN_LIMITS, ...limits });
  const all = { anna: "right", ben: "bens", ...users };
  logins.users = new Map(Object.entries(all).map(([name, password]) => [name, hashOf(password)]));
}

beforeEach(() => setUp());

/** What becomes of a login, and how to take it back. */
interface Try {
  outcome: LoginOutcome["kind"] | null;
  calls: number;
  readonly withdraw: () => void;
}

function login(userName: string, password: string, address = "192.0.2.1"): Try {
  const state = { outcome: null as LoginOutcome["kind"] | null, calls: 0 };
  const withdraw = logins.check(userName, Buffer.from(password), address, ({ kind }) => {
    state.outcome = kind;
    state.calls++;
  });
  return Object.assign(state, { withdraw });
}

/** A login up to its end, whatever that takes. */
async function settled(userName: string, password: string, address = "192.0.2.1") {
  const fromMs = clock.monotonicMs();
  const one = login(userName, password, address);
  for (let steps = 0; one.outcome === null && steps < 200; steps++) {
    await passwords.finishAll();
    if (one.outcome === null) clock.advance(100);
  }
  return { outcome: one.outcome, tookMs: clock.monotonicMs() - fromMs };
}

test("a right password is found good beside the loop, and known from then on", async () => {
  const first = login("anna", "right");
  expect([first.outcome, passwords.running]).toEqual([null, 1]);
  await passwords.finish();
  expect(first.outcome).toBe("good");
  expect(login("anna", "right").outcome).toBe("good");
  expect(passwords.checks).toBe(1);
});

test("a wrong one is answered late, and an unknown user takes the same", async () => {
  expect(await settled("anna", "wrong")).toEqual({ outcome: "wrong", tookMs: LOGIN_LIMITS.wrongDelayMs });
  expect(await settled("nobody", "right")).toEqual({ outcome: "wrong", tookMs: LOGIN_LIMITS.wrongDelayMs });
  expect(passwords.checks).toBe(2);
});

test("nobody gets in as a user that is not there, whatever fits", async () => {
  passwords.verify = async () => true;
  expect((await settled("nobody", "right")).outcome).toBe("wrong");
  expect((await settled("nobody", "right")).outcome).toBe("wrong");
});

test("a password that was good for another user is not for this one", async () => {
  expect((await settled("anna", "right")).outcome).toBe("good");
  expect((await settled("ben", "right")).outcome).toBe("wrong");
  expect((await settled("nobody", "right")).outcome).toBe("wrong");
});

test("what many send at once is checked once", async () => {
  const all = Array.from({ length: 500 }, () => login("anna", "right"));
  expect(passwords.running).toBe(1);
  await passwords.finish();
  expect(all.every(({ outcome, calls }) => outcome === "good" && calls === 1)).toBe(true);
  expect(passwords.checks).toBe(1);
});

test("no more are computed at once than the limit", async () => {
  const names = Array.from({ length: 10 }, (_, index) => `user${index}`);
  setUp({ maxRunning: 3 }, Object.fromEntries(names.map((name) => [name, name])));
  const all = names.map((name) => login(name, name));
  const seen: number[] = [];
  while (passwords.running > 0) {
    seen.push(passwords.running);
    await passwords.finish();
  }
  expect(Math.max(...seen)).toBe(3);
  expect(all.map(({ outcome }) => outcome)).toEqual(names.map(() => "good"));
});

test("more than may wait are told so at once, and a place becomes free", async () => {
  setUp({ maxWaiting: 3 });
  const all = ["a", "b", "c", "d"].map((password, index) => login("anna", password, `192.0.2.${index}`));
  expect(all.map(({ outcome }) => outcome)).toEqual([null, null, null, "busy"]);
  await passwords.finishAll();
  clock.advance(LOGIN_LIMITS.wrongDelayMs);
  expect(all.map(({ outcome }) => outcome)).toEqual(["wrong", "wrong", "wrong", "busy"]);
  expect((await settled("anna", "right")).outcome).toBe("good");
});

test("who is taken back is not called, and costs no hash if nobody else waits for it", async () => {
  const first = login("ben", "bens");
  const second = login("anna", "wrong");
  const third = login("anna", "right");
  third.withdraw();
  first.withdraw();
  await passwords.finishAll();
  clock.advance(1_000);
  expect([first.calls, second.outcome, third.calls, passwords.checks]).toEqual([0, "wrong", 0, 2]);
});

test("a password that was changed while it was checked lets nobody in", async () => {
  const one = login("anna", "right");
  logins.users = new Map([["anna", hashOf("new")]]);
  await passwords.finishAll();
  expect(one.outcome).toBe("busy");
  expect((await settled("anna", "right")).outcome).toBe("wrong");
  expect((await settled("anna", "new")).outcome).toBe("good");
});

test("no more good passwords are remembered than the limit, the latest ones", async () => {
  setUp({ maxRemembered: 2 }, { carl: "carls" });
  for (const [name, password] of [
    ["anna", "right"],
    ["ben", "bens"],
    ["carl", "carls"],
  ] as const) {
    expect((await settled(name, password)).outcome).toBe("good");
  }
  expect(login("carl", "carls").outcome).toBe("good");
  expect(login("ben", "bens").outcome).toBe("good");
  expect(login("anna", "right").outcome).toBeNull();
});

describe("guessing", () => {
  test("gets ever slower, for one user from one address", async () => {
    const took: number[] = [];
    for (let attempt = 0; attempt < 12; attempt++)
      took.push((await settled("anna", `guess${attempt}`)).tookMs);
    expect(took.slice(0, 4)).toEqual([500, 500, 500, 500]);
    expect(took.at(-1)).toBeGreaterThan(2_000);
    expect(Math.max(...took)).toBeLessThanOrEqual(ATTEMPT_LIMITS.maxWaitMs + 600);
  });

  test("does not slow down another user, another address, or who is known", async () => {
    expect((await settled("anna", "right")).outcome).toBe("good");
    for (let attempt = 0; attempt < 12; attempt++) await settled("anna", `guess${attempt}`);
    expect(login("anna", "right").outcome).toBe("good");
    expect((await settled("ben", "bens")).tookMs).toBe(0);
    expect((await settled("anna", "wrong", "192.0.2.2")).tookMs).toBe(500);
  });

  test("of many users from one address slows all of it down", async () => {
    for (let attempt = 0; attempt < 50; attempt++) await settled(`user${attempt}`, "guess");
    expect((await settled("another", "guess")).tookMs).toBeGreaterThan(700);
    expect((await settled("another", "guess", "192.0.2.2")).tookMs).toBe(500);
  });

  test("many at once has only a few wait, and the others are told", async () => {
    for (let attempt = 0; attempt < 8; attempt++) await settled("anna", `guess${attempt}`);
    const all = Array.from({ length: 20 }, (_, index) => login("anna", `more${index}`));
    expect(all.filter(({ outcome }) => outcome === "too-many")).toHaveLength(16);
    expect(passwords.running).toBe(0);
  });

  test("of a thousand in one moment has most refused without a hash once some were wrong", async () => {
    const all = Array.from({ length: 1_000 }, (_, index) => login(`user${index}`, `guess${index}`));
    await passwords.finishAll();
    clock.advance(1_000);
    expect(all.every(({ calls }) => calls === 1)).toBe(true);
    expect(passwords.checks).toBeLessThan(60);
    expect(all.filter(({ outcome }) => outcome === "too-many").length).toBeGreaterThan(900);
  });

  test("is forgotten in time", async () => {
    for (let attempt = 0; attempt < 12; attempt++) await settled("anna", `guess${attempt}`);
    clock.advance(10 * ATTEMPT_LIMITS.halfLifeMs);
    expect((await settled("anna", "guess")).tookMs).toBe(500);
  });

  test("from many addresses of one IPv6 network counts as one", async () => {
    for (let attempt = 0; attempt < 12; attempt++)
      await settled("anna", `guess${attempt}`, `2001:db8::1:${attempt}`);
    expect((await settled("anna", "guess", "2001:db8:0:0:ffff::1")).tookMs).toBeGreaterThan(700);
    expect((await settled("anna", "guess", "2001:db8:0:1::1")).tookMs).toBe(500);
  });

  test("from many addresses of one IPv6 network has no more wait than from one", async () => {
    for (let attempt = 0; attempt < 60; attempt++)
      await settled(`user${attempt}`, "guess", `2001:db8::${attempt}`);
    const all = Array.from({ length: 6_000 }, (_, index) =>
      login(`more${index}`, "guess", `2001:db8::1:${(index >> 2).toString(16)}`),
    );
    expect(all.filter(({ outcome }) => outcome === null)).toHaveLength(LOGIN_LIMITS.maxSlowedOfAddress);
    expect((await settled("ben", "bens", "10.0.0.5")).outcome).toBe("good");
  });

  test("from however many networks leaves room for those that were not wrong", async () => {
    clock = new ManualClock();
    passwords = new FakePasswords();
    const limits = { ...LOGIN_LIMITS, maxWaiting: 40, maxSlowed: 10 };
    logins = new Logins(passwords, clock, limits, { ...ATTEMPT_LIMITS, halfLifeMs: 86_400_000 });
    logins.users = new Map([["ben", hashOf("bens")]]);
    const networks = Array.from({ length: 30 }, (_, index) => `2001:db8:0:${index.toString(16)}::1`);
    for (const address of networks)
      for (let attempt = 0; attempt < 8; attempt++) await settled("anna", `guess${attempt}`, address);
    const all = networks.flatMap((address) =>
      Array.from({ length: 4 }, (_, index) => login("anna", `more${index}`, address)),
    );
    expect(all.filter(({ outcome }) => outcome === null)).toHaveLength(10);
    expect((await settled("ben", "bens", "10.0.0.5")).outcome).toBe("good");
    await passwords.finishAll();
    clock.advance(10_000);
    await passwords.finishAll();
    clock.advance(1_000);
    expect(all.every(({ calls }) => calls === 1)).toBe(true);
    // Those that have waited give their places back.
    const next = networks.map((address) => login("anna", "next", address));
    expect(next.filter(({ outcome }) => outcome === null)).toHaveLength(10);
  });

  test("a password longer than any user has costs no hash and is wrong, as late as others", async () => {
    setUp({}, { long: "x".repeat(MAX_PASSWORD_BYTES), longer: "x".repeat(MAX_PASSWORD_BYTES + 1) });
    expect((await settled("long", "x".repeat(MAX_PASSWORD_BYTES))).outcome).toBe("good");
    const longer = await settled("longer", "x".repeat(MAX_PASSWORD_BYTES + 1));
    expect(longer).toEqual({ outcome: "wrong", tookMs: LOGIN_LIMITS.wrongDelayMs });
    expect(passwords.checks).toBe(1);
    for (let attempt = 0; attempt < 12; attempt++) await settled("anna", "x".repeat(2_000 + attempt));
    expect((await settled("anna", "guess")).tookMs).toBeGreaterThan(700);
  });

  test("is remembered of no more addresses than the limit", async () => {
    clock = new ManualClock();
    passwords = new FakePasswords();
    logins = new Logins(passwords, clock, LOGIN_LIMITS, { ...ATTEMPT_LIMITS, maxRemembered: 10 });
    logins.users = new Map();
    for (let attempt = 0; attempt < 8; attempt++) await settled("anna", `guess${attempt}`, "192.0.2.1");
    expect((await settled("anna", "guess", "192.0.2.1")).tookMs).toBeGreaterThan(700);
    for (let address = 0; address < 10; address++) await settled("anna", "guess", `198.51.100.${address}`);
    expect((await settled("anna", "guess", "192.0.2.1")).tookMs).toBe(500);
  });
});
