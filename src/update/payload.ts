import { constants, createZstdDecompress } from "node:zlib";
import { HeadwaterError } from "../base/errors.ts";
import { type BundleHeader, binaryFor } from "./bundle.ts";
import { type ByteSource, ByteStream } from "./byte-stream.ts";

/** What a bundle may have its reader hold of what was unpacked: 8 MiB. */
const WINDOW_LOG = 23;

/**
 * Reads a bundle's payload once, in pieces, and compares it with the signed manifest. Nothing is unpacked: what nobody signed
 * never comes to the decompressor. Throws MALFORMED where a byte differs, or there are fewer or more, and UNSUPPORTED where
 * there is no binary for the architecture.
 */
export async function checkPayload(
  source: ByteSource,
  header: BundleHeader,
  architecture: string,
  onProgress: (doneBytes: number) => void = () => {},
): Promise<void> {
  const { binary, position } = payloadOf(header, architecture);
  if (source.sizeBytes !== null && source.sizeBytes !== header.sizeBytes) {
    const more = source.sizeBytes < header.sizeBytes ? "it is not whole" : "there is something behind it";
    throw new HeadwaterError(
      "MALFORMED",
      `${source.name} has ${source.sizeBytes} bytes, and its manifest says ${header.sizeBytes}: ${more}`,
    );
  }
  const stream = new ByteStream(source, position);
  const hasher = new Bun.CryptoHasher("sha256");
  let doneBytes = 0;
  try {
    for await (const part of stream.parts(binary.compressedBytes)) {
      hasher.update(part);
      doneBytes += part.length;
      onProgress(doneBytes);
    }
  } finally {
    await stream.close();
  }
  if (hasher.digest("hex") !== binary.compressedSha256) {
    throw new HeadwaterError(
      "MALFORMED",
      `${source.name}: the payload does not have the sum that was signed`,
    );
  }
}

/**
 * Unpacks a payload that was checked, in pieces, into `write`, which gets each in order. Throws MALFORMED where what comes
 * out is not what the manifest says: its length is never exceeded.
 */
export async function unpackPayload(
  source: ByteSource,
  header: BundleHeader,
  architecture: string,
  write: (position: number, bytes: Uint8Array) => void,
  onProgress: (doneBytes: number) => void = () => {},
): Promise<void> {
  const { binary, position } = payloadOf(header, architecture);
  const malformed = (why: string, cause?: unknown) =>
    new HeadwaterError("MALFORMED", `${source.name}: ${why}`, { cause });
  const unpacked = createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG } });
  const hasher = new Bun.CryptoHasher("sha256");
  let doneBytes = 0;
  const ended = Promise.withResolvers<void>();
  ended.promise.catch(() => {});
  unpacked.on("error", (cause) => ended.reject(malformed("the payload can't be unpacked", cause)));
  unpacked.on("end", () => ended.resolve());
  unpacked.on("data", (chunk: Uint8Array) => {
    if (doneBytes + chunk.length > binary.sizeBytes) {
      ended.reject(malformed(`the binary is longer than the ${binary.sizeBytes} bytes that were signed`));
      unpacked.destroy();
      return;
    }
    try {
      write(doneBytes, chunk);
    } catch (error) {
      ended.reject(error);
      unpacked.destroy();
      return;
    }
    hasher.update(chunk);
    doneBytes += chunk.length;
    onProgress(doneBytes);
  });
  const stream = new ByteStream(source, position);
  try {
    for await (const part of stream.parts(binary.compressedBytes)) {
      if (unpacked.destroyed) break;
      // A copy, since it is read after this turn.
      if (!unpacked.write(new Uint8Array(part))) await Promise.race([drained(unpacked), ended.promise]);
    }
    unpacked.end();
    await ended.promise;
  } finally {
    unpacked.destroy();
    await stream.close();
  }
  if (doneBytes !== binary.sizeBytes || hasher.digest("hex") !== binary.sha256) {
    throw malformed("the unpacked binary is not the one that was signed");
  }
}

function payloadOf(header: BundleHeader, architecture: string) {
  const found = binaryFor(header, architecture);
  if (found !== null) return found;
  const names = header.manifest.binaries.map(({ architecture: name }) => name).join(", ");
  throw new HeadwaterError("UNSUPPORTED", `the bundle is for ${names}, and this gateway is ${architecture}`);
}

function drained(stream: { once(event: "drain", listener: () => void): unknown }): Promise<void> {
  return new Promise((resolve) => {
    stream.once("drain", resolve);
  });
}
