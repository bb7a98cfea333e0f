import { HeadwaterError } from "../../base/errors.ts";

/** Compressed bytes that make no sense. `reason` names what was found. */
export function malformed(codec: string, reason: string, cause?: unknown): HeadwaterError {
  return new HeadwaterError("MALFORMED", `${codec}: ${reason}`, cause === undefined ? {} : { cause });
}

/** Compressed bytes that hold more than the caller takes. */
export function tooLarge(codec: string, maxOutputBytes: number): HeadwaterError {
  return malformed(codec, `more than ${maxOutputBytes} bytes when decompressed`);
}
