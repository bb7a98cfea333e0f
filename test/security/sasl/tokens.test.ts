import { beforeAll, describe, expect, test } from "bun:test";
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from "jose";
import { silentLogger } from "../../../src/base/logger.ts";
import { ManualClock } from "../../../src/io/simulated/clock.ts";
import { BearerExchange, type TokenOutcome } from "../../../src/security/sasl/bearer.ts";
import type { SaslStep } from "../../../src/security/sasl/exchange.ts";
import { BearerTokens } from "../../../src/security/sasl/tokens.ts";

const NOW_MS = Date.UTC(2026, 0, 1);
const NOW = NOW_MS / 1_000;
const GOOD: JWTPayload = { iss: "https://plant.example", aud: "kafka", sub: "pump-1", exp: NOW + 600 };
let key: CryptoKey;
let otherKey: CryptoKey;
/** The issuer's keys by their ids. */
let keys: Readonly<Record<string, object>>;

beforeAll(async () => {
  const [own, other] = await Promise.all([generateKeyPair("ES256"), generateKeyPair("ES256")]);
  key = own.privateKey;
  otherKey = other.privateKey;
  keys = { one: await exportJWK(own.publicKey), two: await exportJWK(other.publicKey) };
});

function sign(payload: JWTPayload, by = key, kid = "one"): Promise<string> {
  return new SignJWT(payload).setProtectedHeader({ alg: "ES256", kid }).sign(by);
}

function world(known: readonly string[] = ["one"]) {
  const clock = new ManualClock(NOW_MS);
  const state = { known, loads: 0, fails: false };
  const tokens = new BearerTokens({
    rules: {
      issuer: "https://plant.example",
      audiences: ["kafka", "headwater"],
      subjectClaim: "sub",
      clockSkewMs: 30_000,
      refreshMs: 3_600_000,
    },
    loadKeys: async () => {
      state.loads += 1;
      if (state.fails) throw new Error("no way there");
      return JSON.stringify({ keys: state.known.map((kid) => ({ ...keys[kid], kid, alg: "ES256" })) });
    },
    clock,
    logger: silentLogger,
  });
  const check = (token: string) =>
    new Promise<TokenOutcome>((resolve) => {
      tokens.check(token, resolve);
    });
  return { clock, state, tokens, check };
}

describe("a token", () => {
  test("that is all right has its user, until it ends", async () => {
    const { check } = world();
    expect(await check(await sign(GOOD))).toEqual({
      kind: "good",
      userName: "pump-1",
      expiresAtMs: NOW_MS + 600_000,
    });
    expect((await check(await sign({ ...GOOD, aud: ["other", "headwater"] }))).kind).toBe("good");
    expect((await check(await sign({ ...GOOD, exp: NOW - 20 }))).kind).toBe("good");
  });

  const WRONG: readonly (readonly [string, JWTPayload])[] = [
    ["of another issuer", { ...GOOD, iss: "https://elsewhere.example" }],
    ["for another audience", { ...GOOD, aud: "mqtt" }],
    ["that has expired", { ...GOOD, exp: NOW - 31 }],
    ["that is not valid yet", { ...GOOD, nbf: NOW + 31 }],
    ["that never ends", { iss: "https://plant.example", aud: "kafka", sub: "pump-1" }],
    ["of nobody", { iss: "https://plant.example", aud: "kafka", exp: NOW + 600 }],
    ["whose name no user can have", { ...GOOD, sub: "pump\n1" }],
    ["without an audience", { iss: "https://plant.example", sub: "pump-1", exp: NOW + 600 }],
  ];
  test.each(WRONG)("%s is refused", async (_what, payload) => {
    expect((await world().check(await sign(payload))).kind).toBe("refused");
  });

  test("that others have signed, or nobody, or anybody could have, is refused", async () => {
    const { check } = world();
    expect((await check(await sign(GOOD, otherKey))).kind).toBe("refused");
    expect((await check(new UnsecuredJWT(GOOD).encode())).kind).toBe("refused");
    const shared = new TextEncoder().encode("a secret that is long enough for HMAC");
    const symmetric = await new SignJWT(GOOD).setProtectedHeader({ alg: "HS256", kid: "one" }).sign(shared);
    expect((await check(symmetric)).kind).toBe("refused");
  });

  test("cut anywhere, or with a character changed, is refused", async () => {
    const { check } = world();
    const token = await sign(GOOD);
    for (let at = 0; at < token.length; at += 3) {
      expect((await check(token.slice(0, at))).kind).toBe("refused");
      const other = token[at] === "A" ? "B" : "A";
      // The last character has bits that count for nothing.
      if (at < token.length - 1)
        expect((await check(`${token.slice(0, at)}${other}${token.slice(at + 1)}`)).kind).toBe("refused");
    }
  });
});

describe("keys", () => {
  test("are fetched once for all, and anew for one that is not known, but not often", async () => {
    const { clock, state, check } = world();
    const token = await sign(GOOD);
    await Promise.all([check(token), check(token), check(token)]);
    expect(state.loads).toBe(1);
    state.known = ["one", "two"];
    const next = await sign(GOOD, otherKey, "two");
    expect((await check(next)).kind).toBe("refused");
    expect(state.loads).toBe(1);
    clock.advance(10_000);
    expect((await check(next)).kind).toBe("good");
    expect(state.loads).toBe(2);
  });

  test("that can't be had leave those of before; without any nobody gets in", async () => {
    const { clock, state, check } = world();
    const token = await sign({ ...GOOD, exp: NOW + 86_400 });
    expect((await check(token)).kind).toBe("good");
    state.fails = true;
    clock.advance(3_600_000);
    expect((await check(token)).kind).toBe("good");
    const other = world();
    other.state.fails = true;
    expect((await other.check(token)).kind).toBe("refused");
    other.state.fails = false;
    expect((await other.check(token)).kind).toBe("good");
  });
});

describe("a login by OAUTHBEARER", () => {
  function say(exchange: BearerExchange, message: string): Promise<SaslStep> {
    return new Promise((resolve) => {
      exchange.next(new TextEncoder().encode(message), resolve);
    });
  }

  test("has one message", async () => {
    const { tokens } = world();
    const token = await sign(GOOD);
    for (const first of [
      `n,,\x01auth=Bearer ${token}\x01\x01`,
      `n,a=pump-1,\x01auth=bearer ${token}\x01traceId=5\x01\x01`,
    ]) {
      expect(await say(new BearerExchange(tokens), first)).toMatchObject({
        kind: "admitted",
        userName: "pump-1",
        expiresAtMs: NOW_MS + 600_000,
      });
    }
  });

  test("that fails is told so in JSON, and then", async () => {
    const exchange = new BearerExchange(world().tokens);
    const first = await say(exchange, "n,,\x01auth=Bearer a.b.c\x01\x01");
    if (first.kind !== "challenge") throw new Error(first.kind);
    expect(JSON.parse(new TextDecoder().decode(first.bytes))).toEqual({ status: "invalid_token" });
    expect((await say(exchange, "\x01")).kind).toBe("refused");
  });

  test.each(["", "n,,", "n,,\x01\x01", "n,,\x01auth=Basic x\x01\x01", "p=x,,\x01auth=Bearer x\x01\x01"])(
    "%j is none",
    async (message) => {
      expect((await say(new BearerExchange(world().tokens), message)).kind).toBe("refused");
    },
  );

  test("as another is refused", async () => {
    const first = `n,a=root,\x01auth=Bearer ${await sign(GOOD)}\x01\x01`;
    expect((await say(new BearerExchange(world().tokens), first)).kind).toBe("refused");
  });
});
