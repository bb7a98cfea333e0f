import { describe, expect, test } from "bun:test";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { updateBundle } from "../../scripts/releasing/bundles.ts";
import { fingerprint, publicPem } from "../../scripts/releasing/keys.ts";
import { type BundleHeader, readHeader } from "../../src/update/bundle.ts";
import { type ByteSource, ByteStream } from "../../src/update/byte-stream.ts";
import { checkPayload, unpackPayload } from "../../src/update/payload.ts";
import { parseTrustedKeys } from "../../src/update/trusted-keys.ts";
import { compareOrders, isAtLeast, orderOf } from "../../src/update/version-order.ts";

const { privateKey } = generateKeyPairSync("ed25519");
const other = generateKeyPairSync("ed25519").privateKey;
const BINARY = new TextEncoder().encode("a program ".repeat(3000));
const trustedBy = (...keys: readonly KeyObject[]) =>
  parseTrustedKeys(keys.map(publicPem).join("and\n"), "keys");

function bundle(keys: readonly KeyObject[] = [privateKey], contents = {}): Uint8Array {
  return updateBundle(
    { version: "1.2.3+abc", epochSeconds: 1_800_000_000, binaries: { arm64: BINARY }, level: 1, ...contents },
    keys,
  );
}

/** In chunks of a size that none of its parts has. */
function source(bytes: Uint8Array, chunkBytes = 23): ByteSource {
  return {
    name: "bundle",
    sizeBytes: bytes.length,
    async *chunks(position) {
      for (let at = position; at < bytes.length; at += chunkBytes) yield bytes.slice(at, at + chunkBytes);
    },
  };
}

async function header(bytes: Uint8Array, keys: readonly KeyObject[] = [privateKey]): Promise<BundleHeader> {
  return readHeader(new ByteStream(source(bytes), 0), await trustedBy(...keys));
}

async function unpacked(bytes: Uint8Array, architecture = "arm64"): Promise<Uint8Array> {
  const head = await header(bytes);
  await checkPayload(source(bytes), head, architecture);
  const out = new Uint8Array(BINARY.length);
  await unpackPayload(source(bytes), head, architecture, (position, part) => out.set(part, position));
  return out;
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "taken",
    (error: unknown) => String(error),
  );
}

describe("a bundle", () => {
  test("gives its binary back, of several too", async () => {
    expect(await unpacked(bundle())).toEqual(BINARY);
    const both = bundle([privateKey], { binaries: { x64: new Uint8Array(5000).fill(7), arm64: BINARY } });
    expect(await unpacked(both)).toEqual(BINARY);
    const { manifest, sizeBytes } = await header(both);
    expect(sizeBytes).toBe(both.length);
    expect(manifest).toMatchObject({
      version: "1.2.3+abc",
      order: "10020031800000000",
      logFormats: { reads: [1] },
    });
  });

  test("is refused with any bit flipped, before what nobody signed is unpacked", async () => {
    const good = bundle();
    const { bytes: head } = await header(good);
    for (let bit = 0; bit < good.length * 8; bit += bit < head.length * 8 ? 5 : 1) {
      const bad = new Uint8Array(good);
      bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const why = await refusal(unpacked(bad));
      expect(why).toMatch(
        bit < head.length * 8
          ? /does not hold|no bundle|has format|too long|too early|is signed by|signatures, not/
          : /does not have the sum that was signed/,
      );
    }
  });

  test("is refused at every length but its own", async () => {
    const good = bundle();
    for (let length = 0; length < good.length; length += 1) {
      expect(await refusal(unpacked(good.slice(0, length)))).toMatch(/not whole/);
    }
    expect(await refusal(unpacked(Buffer.concat([good, Uint8Array.of(0)])))).toMatch(/something behind it/);
  });

  test("needs the signature of one trusted key, and says whose it has", async () => {
    expect(await refusal(header(bundle([other])))).toContain(fingerprint(other));
    expect(await refusal(header(bundle([other])))).toContain(fingerprint(privateKey));
    // While keys are changed: signed by the old and the new one, for gateways that know either or both.
    for (const known of [[privateKey], [other], [privateKey, other]]) {
      expect((await header(bundle([privateKey, other]), known)).manifest.version).toBe("1.2.3+abc");
    }
  });

  test("for another architecture is refused by name", async () => {
    expect(await refusal(unpacked(bundle(), "x64"))).toContain("is for arm64, and this gateway is x64");
  });

  test("whose manifest says less than is in it never writes beyond what was signed", async () => {
    // Signed by a key that is trusted: a fault of who made it.
    const good = await header(bundle());
    const [binary] = good.manifest.binaries;
    const lies = {
      ...good,
      manifest: { ...good.manifest, binaries: [{ ...binary, sizeBytes: 1000 }] },
    } as BundleHeader;
    let most = 0;
    const write = (position: number, part: Uint8Array) => {
      most = Math.max(most, position + part.length);
    };
    expect(await refusal(unpackPayload(source(bundle()), lies, "arm64", write))).toContain(
      "longer than the 1000 bytes",
    );
    expect(most).toBeLessThanOrEqual(1000);
  });
});

test("keys: none, a private one, or another kind is refused", async () => {
  expect(await refusal(parseTrustedKeys("", "keys"))).toContain("holds no public key");
  const secret = String(privateKey.export({ type: "pkcs8", format: "pem" }));
  expect(await refusal(parseTrustedKeys(secret, "keys"))).toContain("holds a private key");
  const rsa = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  expect(await refusal(parseTrustedKeys(publicPem(rsa), "keys"))).toContain("is no ed25519 key");
});

test("versions are ordered by their numbers, then by when they were committed", () => {
  const sorted = [
    orderOf("0.1.0+ffff", 1_900_000_000),
    orderOf("0.2.0~git20260101.abc", 1_700_000_000),
    orderOf("0.2.0", 1_700_000_001),
    orderOf("0.10.0", 1),
    orderOf("1.0", 0),
    orderOf("999.999.999", 9_999_999_999),
  ];
  for (let index = 1; index < sorted.length; index += 1) {
    expect(compareOrders(sorted[index - 1] ?? "", sorted[index] ?? "")).toBe(-1);
  }
  expect(orderOf("4000000000.0.0", 1e300)).toBe("9223372036854775807");
  expect([isAtLeast("0.1.0+x", "0.1.0"), isAtLeast("0.0.9", "0.1.0")]).toEqual([true, false]);
});
