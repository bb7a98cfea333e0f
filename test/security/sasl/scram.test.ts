import { describe, expect, test } from "bun:test";
import { ScramExchange } from "../../../src/kafka/client/scram.ts";
import { type ScramHash, saltedPassword, verifierOf } from "../../../src/kafka/client/scram-keys.ts";
import type { SaslStep } from "../../../src/security/sasl/exchange.ts";
import { type ScramHost, ScramServerExchange } from "../../../src/security/sasl/scram.ts";
import { formatScramVerifier } from "../../../src/security/verifiers.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (of: Uint8Array) => new TextDecoder().decode(of);

/** RFC 7677, section 3. */
const CLIENT_FIRST = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
const SERVER_NONCE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const SERVER_FIRST = `r=rOprNGfwEbeRWgbNEkqO${SERVER_NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`;
const CLIENT_FINAL = `c=biws,r=rOprNGfwEbeRWgbNEkqO${SERVER_NONCE},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`;
const SERVER_FINAL = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

async function verifier(hash: ScramHash, password: string, iterations = 4_096) {
  const salt = Uint8Array.fromBase64("W22ZaJ0SNY7soEsUEjb6gQ==");
  return verifierOf(hash, await saltedPassword(hash, bytes(password), salt, iterations), salt, iterations);
}

interface Rig {
  readonly exchange: ScramServerExchange;
  readonly counted: string[];
  say(message: string | Uint8Array): SaslStep;
}

async function rig(
  hash: ScramHash = "SHA-256",
  users: Readonly<Record<string, string>> = { user: "pencil" },
): Promise<Rig> {
  const kept = new Map<string, Awaited<ReturnType<typeof verifier>>>();
  for (const [name, password] of Object.entries(users)) kept.set(name, await verifier(hash, password));
  const nobodys = await verifier(hash, "nobody's");
  const counted: string[] = [];
  const host: ScramHost = {
    verifierFor: (name) => {
      const found = kept.get(name);
      return found === undefined
        ? { verifier: nobodys, text: null }
        : { verifier: found, text: formatScramVerifier(found) };
    },
    wait: (_name, _address, done) => {
      done();
      return () => {};
    },
    failed: (name) => void counted.push(`-${name}`),
    succeeded: (name) => void counted.push(`+${name}`),
    nonce: () => SERVER_NONCE,
  };
  const exchange = new ScramServerExchange(hash, host, "192.0.2.1");
  const say = (message: string | Uint8Array): SaslStep => {
    let said: SaslStep | null = null;
    exchange.next(typeof message === "string" ? bytes(message) : message, (step) => {
      said = step;
    });
    if (said === null) throw new Error("nothing was said");
    return said;
  };
  return { exchange, counted, say };
}

function challenge(step: SaslStep): string {
  if (step.kind !== "challenge") throw new Error(`${step.kind}: ${JSON.stringify(step)}`);
  return text(step.bytes);
}

describe("the messages of RFC 7677", () => {
  test("are understood and said", async () => {
    const { say, counted } = await rig();
    expect(challenge(say(CLIENT_FIRST))).toBe(SERVER_FIRST);
    const step = say(CLIENT_FINAL);
    expect(step).toMatchObject({ kind: "admitted", userName: "user", expiresAtMs: null });
    expect(step.kind === "admitted" && text(step.bytes)).toBe(SERVER_FINAL);
    expect(counted).toEqual(["+user"]);
  });

  test("cut anywhere let nobody in", async () => {
    for (let length = 0; length < CLIENT_FIRST.length; length++) {
      const { say } = await rig();
      const step = say(CLIENT_FIRST.slice(0, length));
      if (step.kind !== "challenge") continue;
      // A shorter nonce is one, too, and the proof is of another then.
      expect(say(CLIENT_FINAL).kind).toBe("refused");
    }
    for (let length = 0; length < CLIENT_FINAL.length; length++) {
      const { say } = await rig();
      challenge(say(CLIENT_FIRST));
      expect(say(CLIENT_FINAL.slice(0, length)).kind).toBe("refused");
    }
  });

  test("with one bit wrong anywhere in the last let nobody in", async () => {
    const whole = bytes(CLIENT_FINAL);
    for (let at = 0; at < whole.length; at++) {
      const { say } = await rig();
      challenge(say(CLIENT_FIRST));
      const damaged = whole.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      expect([at, say(damaged).kind]).toEqual([at, "refused"]);
    }
  });

  test("are good for one login", async () => {
    const { say } = await rig();
    say(CLIENT_FIRST);
    say(CLIENT_FINAL);
    expect(say(CLIENT_FINAL).kind).toBe("refused");
    const other = await rig();
    other.say(CLIENT_FIRST);
    other.say("c=biws,r=nonsense,p=AAAA");
    expect(other.say(CLIENT_FINAL).kind).toBe("refused");
  });
});

describe.each(["SHA-256", "SHA-512"] as const)("with %s", (hash) => {
  test("a client and a server agree on names and passwords of any kind", async () => {
    for (const [name, password] of [
      ["anna", "x"],
      ["a,b=c", "p,=w"],
      ["änne ☃", "pässwörd ☃"],
    ] as const) {
      const { say } = await rig(hash, { [name]: password });
      const client = new ScramExchange(hash, name, password, "abc");
      const final = await client.final(bytes(challenge(say(client.first()))));
      const step = say(final);
      if (step.kind !== "admitted") throw new Error(JSON.stringify(step));
      expect(step.userName).toBe(name);
      client.check(step.bytes);
    }
  });

  test("a wrong password, and a user who does not exist, are told apart by nothing", async () => {
    const steps: unknown[] = [];
    for (const name of ["anna", "nobody"]) {
      const { say, counted } = await rig(hash, { anna: "right" });
      const client = new ScramExchange(hash, name, "wrong", "abc");
      const step = say(await client.final(bytes(challenge(say(client.first())))));
      expect(counted).toEqual([`-${name}`]);
      steps.push(step.kind === "refused" ? step.message : step);
    }
    expect(steps).toEqual([null, null]);
  });
});

describe("what is not taken", () => {
  const FIRST: readonly (readonly [string, string])[] = [
    ["channel binding", "p=tls-unique,,n=user,r=abc"],
    ["no header", "n=user,r=abc"],
    ["a mandatory extension", "n,,m=ext,n=user,r=abc"],
    ["no name", "n,,n=,r=abc"],
    ["no nonce", "n,,n=user,r="],
    ["a comma in a nonce", "n,,n=user,r=a,b"],
    ["a name with a bare equals sign", "n,,n=us=er,r=abc"],
    ["a zero byte", "n,,n=us\0er,r=abc"],
    ["to be another", "n,a=root,n=user,r=abc"],
    ["nothing", ""],
    ["too much", `n,,n=${"u".repeat(5_000)},r=abc`],
  ];
  test.each(FIRST)("%s", async (_what, message) => {
    const { say, counted } = await rig();
    expect(say(message).kind).toBe("refused");
    expect(counted).toEqual([]);
    expect(say(CLIENT_FIRST).kind).toBe("refused");
  });

  test("what is no text", async () => {
    const { say } = await rig();
    expect(say(Uint8Array.of(0xff, 0xfe, 0x00)).kind).toBe("refused");
  });
});

describe("what is taken", () => {
  test.each([
    ["a client that could bind channels", "y,,n=user,r=abc", "eSws", ""],
    ["to be oneself", "n,a=user,n=user,r=abc", btoa("n,a=user,"), ""],
    ["an extension", "n,,n=user,r=abc,x=1", "biws", ""],
    ["the client's part of the nonce twice, as of librdkafka before 2.2", "n,,n=user,r=abc", "biws", "abc"],
  ])("%s", async (_what, first, binding, twice) => {
    const { say } = await rig();
    const challenged = challenge(say(first));
    // By hand: our client says none of these.
    const { hmac, clientKeyOf, digest, exclusiveOr } = await import(
      "../../../src/kafka/client/scram-keys.ts"
    );
    const salt = Uint8Array.fromBase64("W22ZaJ0SNY7soEsUEjb6gQ==");
    const salted = await saltedPassword("SHA-256", bytes("pencil"), salt, 4_096);
    const key = clientKeyOf("SHA-256", salted);
    const withoutProof = `c=${binding},r=${twice}abc${SERVER_NONCE}`;
    const bare = first.slice(first.indexOf("n=user"));
    const signature = hmac("SHA-256", digest("SHA-256", key), `${bare},${challenged},${withoutProof}`);
    const proof = exclusiveOr(key, signature).toBase64();
    expect(say(`${withoutProof},p=${proof}`).kind).toBe("admitted");
  });
});
