import { HeadwaterError } from "../base/errors.ts";

/**
 * Files one behind the other, as POSIX ustar has them; names above 100 bytes in a pax record before. A header of 512 bytes:
 *
 *  position  size  field
 *         0   100  name
 *       100     8  mode, in octal digits; 108 owner, 116 group: 0
 *       124    12  bytes of content, in octal digits
 *       136    12  time, in octal digits, seconds since 1970
 *       148     8  sum of the header's bytes, its own taken for spaces
 *       156     1  kind: "0" file, "x" pax record
 *       257     8  "ustar", a zero, "00"
 *
 * Contents are padded with zeros to a multiple of 512. Two blocks of zeros end the archive.
 */
const BLOCK_BYTES = 512;
const NAME_BYTES = 100;
/** Longest name that is read. */
const MAX_PAX_BYTES = 16 * 1024;
const NO_BYTES = new Uint8Array(0);

export const TAR_END: Uint8Array = new Uint8Array(2 * BLOCK_BYTES);

/** What stands before a file's bytes. */
export function tarHeader(name: string, sizeBytes: number, timeSec: number): Uint8Array {
  const bytes = new TextEncoder().encode(name);
  if (bytes.length <= NAME_BYTES) return header(bytes, sizeBytes, timeSec, "0");
  const record = paxRecord("path", name);
  const pax = header(new TextEncoder().encode("name"), record.length, timeSec, "x");
  const own = header(bytes.subarray(0, NAME_BYTES), sizeBytes, timeSec, "0");
  return Buffer.concat([pax, record, tarPadding(record.length), own]);
}

/** What stands behind them. */
export function tarPadding(sizeBytes: number): Uint8Array {
  return new Uint8Array((BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES);
}

function header(name: Uint8Array, sizeBytes: number, timeSec: number, kind: string): Uint8Array {
  const bytes = new Uint8Array(BLOCK_BYTES);
  const put = (at: number, text: string) => bytes.set(new TextEncoder().encode(text), at);
  bytes.set(name, 0);
  put(100, "0000600\0");
  put(108, "0000000\0");
  put(116, "0000000\0");
  put(124, sizeBytes.toString(8).padStart(11, "0"));
  put(136, Math.max(0, Math.floor(timeSec)).toString(8).padStart(11, "0").slice(-11));
  put(148, "        ");
  put(156, kind);
  put(257, "ustar\0");
  put(263, "00");
  put(148, `${sumOf(bytes).toString(8).padStart(6, "0")}\0 `);
  return bytes;
}

/** `LENGTH KEY=VALUE\n`, with the length of all of it. */
function paxRecord(key: string, value: string): Uint8Array {
  const rest = new TextEncoder().encode(` ${key}=${value}\n`);
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([new TextEncoder().encode(String(length)), rest]);
}

function sumOf(header: Uint8Array): number {
  return header.reduce((sum, byte) => sum + byte, 0);
}

/** A file of an archive. Its bytes have to be read before the next one is asked for. */
export interface TarEntry {
  readonly name: string;
  readonly sizeBytes: number;
  bytes(): AsyncGenerator<Uint8Array>;
}

/** The files of an archive as its bytes come. Throws MALFORMED for what is none, or ends too early. */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const input = new Input(source);
  let longName: string | null = null;
  for (;;) {
    const block = await input.take(BLOCK_BYTES);
    if (block.every((byte) => byte === 0)) return;
    const { name, sizeBytes, kind } = parsed(block);
    const paddingBytes = tarPadding(sizeBytes).length;
    if (kind === "x") {
      if (sizeBytes > MAX_PAX_BYTES) throw malformed("a name is too long");
      longName = pathOf(await input.take(sizeBytes));
      await input.take(paddingBytes);
      continue;
    }
    if (kind !== "0") throw malformed(`an entry is of kind ${JSON.stringify(kind)}`);
    let left = sizeBytes;
    yield {
      name: longName ?? name,
      sizeBytes,
      async *bytes() {
        while (left > 0) {
          const part = await input.some(left);
          left -= part.length;
          yield part;
        }
      },
    };
    if (left > 0) throw malformed("a file was not read");
    await input.take(paddingBytes);
    longName = null;
  }
}

function parsed(block: Uint8Array): {
  readonly name: string;
  readonly sizeBytes: number;
  readonly kind: string;
} {
  const textAt = (at: number, length: number) =>
    new TextDecoder().decode(block.subarray(at, at + length)).replace(/\0.*$/s, "");
  // A Buffer is a view of its bytes also after `slice`.
  const summed = new Uint8Array(block);
  summed.fill(0x20, 148, 156);
  if (Number.parseInt(textAt(148, 8), 8) !== sumOf(summed)) throw malformed("a header is damaged");
  const sizeBytes = Number.parseInt(textAt(124, 12), 8);
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) throw malformed("a size can't be read");
  return { name: textAt(0, NAME_BYTES), sizeBytes, kind: textAt(156, 1) };
}

function pathOf(record: Uint8Array): string {
  const match = /^\d+ path=([^\n]*)\n$/.exec(new TextDecoder().decode(record));
  if (match?.[1] === undefined) throw malformed("a name can't be read");
  return match[1];
}

function malformed(why: string): HeadwaterError {
  return new HeadwaterError("MALFORMED", `this is no archive, or a damaged one: ${why}`);
}

/** Bytes as they come, cut where they are wanted. */
class Input {
  readonly #source: AsyncIterator<Uint8Array>;
  #bytes: Uint8Array = NO_BYTES;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Just so many. */
  async take(count: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for (let left = count; left > 0; ) {
      const part = await this.some(left);
      parts.push(part);
      left -= part.length;
    }
    return parts.length === 1 ? (parts[0] ?? NO_BYTES) : Buffer.concat(parts);
  }

  /** Some, `atMost` so many. */
  async some(atMost: number): Promise<Uint8Array> {
    while (this.#bytes.length === 0) {
      const { done, value } = await this.#source.next();
      if (done === true) throw malformed("it ends before its end");
      this.#bytes = value;
    }
    const part = this.#bytes.subarray(0, atMost);
    this.#bytes = this.#bytes.subarray(part.length);
    return part;
  }
}
