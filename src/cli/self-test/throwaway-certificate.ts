import { generateKeyPairSync, sign } from "node:crypto";

const SEQUENCE = 0x30;
const SET = 0x31;
/** ecdsa-with-SHA256, 1.2.840.10045.4.3.2. */
const ALGORITHM = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/** commonName, 2.5.4.3. */
const COMMON_NAME = [0x06, 0x03, 0x55, 0x04, 0x03];
/** From 1970 to 2049: whatever the machine's clock shows. */
const VALIDITY = ["700101000000Z", "491231235959Z"];

/** A certificate that signs itself, with a key that nobody else ever sees, both in PEM: for a handshake with oneself. */
export function throwawayCertificate(): { readonly certificate: string; readonly key: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = der(SEQUENCE, ALGORITHM);
  const name = der(
    SEQUENCE,
    der(SET, der(SEQUENCE, [...COMMON_NAME, ...der(0x0c, Buffer.from("self-test"))])),
  );
  const times = VALIDITY.map((time) => der(0x17, Buffer.from(time)));
  const body = der(SEQUENCE, [
    ...der(0xa0, der(0x02, [2])),
    ...der(0x02, [1]),
    ...algorithm,
    ...name,
    ...der(SEQUENCE, times.flat()),
    ...name,
    ...publicKey.export({ type: "spki", format: "der" }),
  ]);
  const signature = sign("sha256", Uint8Array.from(body), privateKey);
  const whole = der(SEQUENCE, [...body, ...algorithm, ...der(0x03, [0, ...signature])]);
  const lines = Buffer.from(whole).toString("base64").replaceAll(/.{64}/g, "$&\n");
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** Tag, length and content. */
function der(tag: number, content: Iterable<number>): readonly number[] {
  const bytes = [...content];
  const { length } = bytes;
  const head =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return [tag, ...head, ...bytes];
}
