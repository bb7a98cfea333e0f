import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { hmac } from "../../src/base/hmac.ts";

describe("HMAC", () => {
  test("is that of RFC 4231", () => {
    const key = new Uint8Array(20).fill(0x0b);
    expect(Buffer.from(hmac("sha256", key, "Hi There")).toString("hex")).toBe(
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    );
    const long = new Uint8Array(131).fill(0xaa);
    expect(
      Buffer.from(hmac("sha512", long, "Test Using Larger Than Block-Size Key - Hash Key First")).toString(
        "hex",
      ),
    ).toBe(
      "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598",
    );
  });

  test("is OpenSSL's for keys and messages of every length around a block's", () => {
    for (const hash of ["sha256", "sha512"] as const) {
      for (let length = 0; length <= 130; length++) {
        const [key, message] = [new Uint8Array(length).fill(length), new Uint8Array(200 - length).fill(7)];
        const theirs = createHmac(hash, key).update(message).digest("hex");
        expect(
          Buffer.from(hmac(hash, key, message.subarray(0, 9), message.subarray(9))).toString("hex"),
        ).toBe(theirs);
      }
    }
  });

  test("does not mind that a certificate before it could not be read", () => {
    const tls = { cert: "no certificate", key: "no key" };
    const listen = () => Bun.listen({ hostname: "127.0.0.1", port: 0, tls, socket: { data() {} } });
    expect(listen).toThrow();
    expect(hmac("sha256", new Uint8Array(3), "x")).toHaveLength(32);
  });
});
