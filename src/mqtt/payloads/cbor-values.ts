import { assert } from "../../base/assert.ts";
import { cborFault, TAG_BIGNUM, TAG_DECIMAL, TAG_NEGATIVE_BIGNUM } from "./cbor-guard.ts";
import {
  CborReader,
  INDEFINITE,
  MAJOR_ARRAY,
  MAJOR_BYTES,
  MAJOR_MAP,
  MAJOR_NEGATIVE,
  MAJOR_TAG,
  MAJOR_TEXT,
  MAJOR_UNSIGNED,
} from "./cbor-reader.ts";
import { ExactNumber } from "./exact-number.ts";
import { PayloadFault } from "./fault.ts";

/** Decimal fractions with more zeros than this are no numbers of a device. */
const MAX_EXPONENT = 400;
const EIGHT_BYTES = 27;
const FALSE = 20;
const TRUE = 21;
const NULL = 22;
const UNDEFINED = 23;

const decoder = new TextDecoder();

/**
 * The value of a CBOR payload as JSON would have it (RFC 8949, 6.1), but that integers beyond 53 bits are bigint and
 * byte strings Uint8Array: `jsonText` writes both. Integer keys become texts, undefined null, and of a tagged time what the
 * tag stands before. The guard has looked at the bytes before anything is made of them. Byte strings are views of the payload.
 */
export function cborValue(payload: Uint8Array): { readonly value: unknown } | PayloadFault {
  const fault = cborFault(payload);
  if (fault !== null) return new PayloadFault(`not CBOR that is taken: ${fault}`);
  const reader = new ValueReader(payload);
  const value = reader.value();
  assert(!reader.bad, "the guard let pass what is no CBOR");
  return reader.fault === null ? { value } : new PayloadFault(reader.fault);
}

/** Makes values of bytes that the guard has found whole; it bounds depth, counts and lengths. */
class ValueReader extends CborReader {
  /** What the guard does not see: that makes the value useless. */
  fault: string | null = null;

  value(): unknown {
    this.head();
    const { major, argument } = this;
    switch (major) {
      case MAJOR_UNSIGNED:
        return this.#unsigned();
      case MAJOR_NEGATIVE: {
        const value = this.#unsigned();
        return typeof value === "bigint" ? narrow(-1n - value) : -1 - value;
      }
      case MAJOR_BYTES:
        return this.#take(argument);
      case MAJOR_TEXT:
        return decoder.decode(this.#take(argument));
      case MAJOR_ARRAY:
        return this.#array(argument);
      case MAJOR_MAP:
        return this.#map(argument);
      case MAJOR_TAG:
        return this.#tagged(argument);
      default:
        return this.#simple();
    }
  }

  #unsigned(): number | bigint {
    return this.info === EIGHT_BYTES ? narrow(this.view.getBigUint64(this.position - 8)) : this.argument;
  }

  #take(length: number): Uint8Array {
    const start = this.position;
    this.advance(length);
    return this.bytes.subarray(start, this.position);
  }

  #array(count: number): unknown[] {
    const items: unknown[] = [];
    while (count === INDEFINITE ? !this.atBreak : items.length < count) items.push(this.value());
    if (count === INDEFINITE) this.advance(1);
    return items;
  }

  #map(count: number): object {
    const members: Record<string, unknown> = Object.create(null);
    for (let index = 0; count === INDEFINITE ? !this.atBreak : index < count; index++) {
      const name = String(this.value());
      if (name in members) this.fault = "two keys that read the same";
      members[name] = this.value();
    }
    if (count === INDEFINITE) this.advance(1);
    return members;
  }

  #tagged(tag: number): unknown {
    const value = this.value();
    if (tag === TAG_DECIMAL) return this.#decimal(value);
    if (tag !== TAG_BIGNUM && tag !== TAG_NEGATIVE_BIGNUM) return value;
    assert(value instanceof Uint8Array, "the guard let pass a bignum without bytes");
    const magnitude = BigInt(`0x${value.toHex()}`);
    return narrow(tag === TAG_BIGNUM ? magnitude : -1n - magnitude);
  }

  /** Exponent and mantissa in base 10 (RFC 8949, 3.4.4). */
  #decimal(parts: unknown): number | ExactNumber {
    const [exponent, mantissa] = Array.isArray(parts) ? (parts as unknown[]) : [];
    const isWhole = typeof mantissa === "bigint" || Number.isSafeInteger(mantissa);
    if (
      isWhole &&
      typeof exponent === "number" &&
      Number.isInteger(exponent) &&
      Math.abs(exponent) <= MAX_EXPONENT
    ) {
      const text = `${String(mantissa)}e${exponent}`;
      const value = Number(text);
      return typeof mantissa === "bigint" && Number.isFinite(value) ? new ExactNumber(text, value) : value;
    }
    this.fault = "a decimal fraction that is none";
    return 0;
  }

  #simple(): unknown {
    switch (this.info) {
      case FALSE:
        return false;
      case TRUE:
        return true;
      case NULL:
      case UNDEFINED:
        return null;
      default:
        return this.float();
    }
  }
}

/** A number where it is exact. */
function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
