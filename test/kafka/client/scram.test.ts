import { describe, expect, test } from "bun:test";
import { ScramExchange } from "../../../src/kafka/client/scram.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (message: string) => new TextEncoder().encode(message);

/** RFC 7677, section 3. */
const NONCE = "rOprNGfwEbeRWgbNEkqO";
const SERVER_FIRST = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const SERVER_FINAL = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

describe("SCRAM-SHA-256", () => {
  test("is the exchange of the RFC", async () => {
    const exchange = new ScramExchange("SHA-256", "user", "pencil", NONCE);
    expect(text(exchange.first())).toBe(`n,,n=user,r=${NONCE}`);
    expect(text(await exchange.final(bytes(SERVER_FIRST)))).toBe(
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    );
    exchange.check(bytes(SERVER_FINAL));
  });

  test("a server that does not know the password is found out", async () => {
    const exchange = new ScramExchange("SHA-256", "user", "pencil", NONCE);
    await exchange.final(bytes(SERVER_FIRST));
    const forged = SERVER_FINAL.replace("6rri", "6rrj");
    expect(() => exchange.check(bytes(forged))).toThrow("does not know the password");
    expect(() => exchange.check(bytes("e=invalid-proof"))).toThrow("invalid-proof");
    expect(() => exchange.check(bytes(""))).toThrow("does not know the password");
    const early = new ScramExchange("SHA-256", "user", "pencil", NONCE);
    expect(() => early.check(bytes(SERVER_FINAL))).toThrow("does not know the password");
  });

  test("commas and equals signs of a name are escaped", () => {
    const exchange = new ScramExchange("SHA-512", "a=b,c", "x", "nonce");
    expect(text(exchange.first())).toBe("n,,n=a=3Db=2Cc,r=nonce");
  });

  test.each([
    ["another's nonce", "r=somebodyelse,s=AAAA,i=4096", "nonce"],
    ["our nonce alone", `r=${NONCE},s=AAAA,i=4096`, "nonce"],
    ["few iterations", `r=${NONCE}x,s=AAAA,i=4095`, "4095 iterations"],
    ["iterations without end", `r=${NONCE}x,s=AAAA,i=999999999`, "999999999 iterations"],
    ["nothing", "", "none of SCRAM"],
    ["an extension that has to be understood", `m=x,r=${NONCE}x,s=AAAA,i=4096`, "none of SCRAM"],
    ["a message without end", `r=${NONCE}${"x".repeat(5_000)},s=AAAA,i=4096`, "bytes"],
  ])("a server that begins with %s is refused", async (_what, first, message) => {
    const exchange = new ScramExchange("SHA-256", "user", "pencil", NONCE);
    const final = exchange.final(bytes(first));
    await expect(final).rejects.toMatchObject({ code: "AUTHENTICATION" });
    await expect(final).rejects.toThrow(message);
  });
});
