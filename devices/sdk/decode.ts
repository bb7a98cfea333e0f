/** What can be made of a value that is too large, or is not what it should be. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
  /**
   * Where the record stands that a stream could not decode: to go on behind it, begin again with this `partition` and
   * `from: { offset: offset + 1 }`. Null where no stream has called the decoder.
   */
  readonly topic: string | null;
  readonly partition: number | null;
  readonly offset: number | null;

  constructor(message: string, options: ErrorOptions = {}, place: RecordPlace | null = null) {
    super(message, options);
    this.topic = place?.topic ?? null;
    this.partition = place?.partition ?? null;
    this.offset = place?.offset ?? null;
  }
}

/** Where a record stands at the broker that it was read from. */
export interface RecordPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** What a decoder threw, with the place of the record. The decoder's own error is its `cause` where it is no DecodeError. */
export function decodeErrorAt(error: unknown, place: RecordPlace): DecodeError {
  const cause = error instanceof DecodeError ? error.cause : error;
  const words = error instanceof Error ? error.message : String(error);
  const { topic, partition, offset } = place;
  return new DecodeError(`${topic}-${partition} ${offset}: ${words}`, { cause }, place);
}

const decoder = new TextDecoder("utf-8", { fatal: true });
/** A number of 64 KB alone takes the CBOR decoder half a second. */
const DEFAULT_MAX_CBOR_BYTES = 16 * 1024;

/** The value as text. Throws DecodeError where it is no UTF-8. */
export function text(value: Uint8Array): string {
  try {
    return decoder.decode(value);
  } catch (cause) {
    throw new DecodeError("the value is no UTF-8 text", { cause });
  }
}

/** The value as JSON; nobody checks that it has the type. Throws DecodeError. */
export function json<Value = unknown>(value: Uint8Array): Value {
  try {
    return JSON.parse(decoder.decode(value)) as Value;
  } catch (cause) {
    throw new DecodeError("the value is no JSON", { cause });
  }
}

/**
 * A decoder of CBOR (RFC 8949), by the package `cbor-x`, which has to be installed. Throws DecodeError for what is none,
 * or larger than `maxBytes`.
 */
export async function cbor<Value = unknown>(
  maxBytes = DEFAULT_MAX_CBOR_BYTES,
): Promise<(value: Uint8Array) => Value> {
  const { decode } = await import("cbor-x");
  return (value) => {
    if (value.length > maxBytes)
      throw new DecodeError(`the value has ${value.length} bytes, more than ${maxBytes}`);
    try {
      return decode(value as Buffer) as Value;
    } catch (cause) {
      throw new DecodeError("the value is no CBOR", { cause });
    }
  };
}
