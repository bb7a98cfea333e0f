import { decode, encode } from "cbor-x";
import type { Measurements } from "../profiles/profiles.ts";

export type PayloadFormat = "json" | "cbor";

/** A reading as it travels: numbered per device from 0, so that whoever reads back can prove what is missing. */
export type Reading = Measurements & {
  readonly device: string;
  /** Number of the reading in the life of its device. */
  readonly n: number;
  /** When it was taken, ms since 1970. */
  readonly t: number;
};

export function encodeReading(reading: Reading, format: PayloadFormat): Uint8Array {
  return format === "cbor" ? encode(reading) : new TextEncoder().encode(JSON.stringify(reading));
}

/** The reading in a payload of either format, or null where it is none of the simulator's. */
export function decodeReading(payload: Uint8Array): Reading | null {
  try {
    const isJson = payload[0] === "{".charCodeAt(0);
    const value: unknown = isJson ? JSON.parse(new TextDecoder().decode(payload)) : decode(payload);
    return isReading(value) ? value : null;
  } catch {
    return null;
  }
}

function isReading(value: unknown): value is Reading {
  return (
    typeof value === "object" &&
    value !== null &&
    "device" in value &&
    typeof value.device === "string" &&
    "n" in value &&
    typeof value.n === "number" &&
    "t" in value &&
    typeof value.t === "number"
  );
}
