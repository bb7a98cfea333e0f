/**
 * Keys of devices in names: percent-encoded (RFC 3986), so that a key of any bytes stands in a topic's name, a path or
 * a command line. Unreserved characters (letters, digits, `-`, `.`, `_`, `~`) stay, every other byte is `%XX` in upper
 * case: a key has one spelling, and no spelling holds a `/`.
 */
const ESCAPE = 0x25;
const UNRESERVED = /^[A-Za-z0-9._~-]$/;
const HEX = "0123456789ABCDEF";

const isUnreserved: readonly boolean[] = Array.from({ length: 256 }, (_, byte) =>
  UNRESERVED.test(String.fromCharCode(byte)),
);

/** The key's spelling: ASCII, up to three characters a byte. */
export function encodeDeviceKey(key: Uint8Array): string {
  let text = "";
  for (const byte of key) {
    if (isUnreserved[byte] === true) text += String.fromCharCode(byte);
    else text += `%${HEX[byte >>> 4]}${HEX[byte & 15]}`;
  }
  return text;
}

/** The key of a spelling; null where `encodeDeviceKey` gives no such text, so that a key has no second name. */
export function decodeDeviceKey(text: string): Uint8Array | null {
  const key = new Uint8Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    let byte = text.charCodeAt(at);
    if (byte === ESCAPE) {
      const high = HEX.indexOf(text.charAt(at + 1) || " ");
      const low = HEX.indexOf(text.charAt(at + 2) || " ");
      byte = high * 16 + low;
      if (high < 0 || low < 0 || isUnreserved[byte] === true) return null;
      at += 2;
    } else if (isUnreserved[byte] !== true) {
      return null;
    }
    key[length] = byte;
    length += 1;
  }
  return key.slice(0, length);
}
