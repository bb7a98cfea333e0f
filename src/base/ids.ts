import { assert } from "./assert.ts";

/**
 * 64-bit values of the protocols, as numbers that are exact up to 2^53 - 1: 285 years of a million records a
 * second. A BigInt costs ten times as much where it matters. The constructors here are the only way in.
 */
declare const brand: unique symbol;
type Branded<Name extends string> = number & { readonly [brand]: Name };

/** Position of a record in a partition's log, from 0. */
export type Offset = Branded<"Offset">;
/** Identity of an idempotent or transactional producer; -1 is none. */
export type ProducerId = Branded<"ProducerId">;
/** Term of a partition's leader; -1 is unknown. */
export type LeaderEpoch = Branded<"LeaderEpoch">;

/** Kafka's uuid as 22 characters of unpadded base64url, as its tools print it. */
export type Uuid = string & { readonly [brand]: "Uuid" };

/**
 * What an int64 on the wire decodes to: a number where that is exact, else a bigint, so that a codec never
 * loses bits and never pays for a BigInt on values that occur.
 */
export type Int64 = number | bigint;

export const NO_PRODUCER_ID = -1 as ProducerId;
export const NO_LEADER_EPOCH = -1 as LeaderEpoch;
/** Kafka's `Uuid.ZERO_UUID`: "no id". */
export const ZERO_UUID = "AAAAAAAAAAAAAAAAAAAAAA" as Uuid;

/** An offset that is known to be good: one of ours. */
export function offset(value: number): Offset {
  assert(Number.isSafeInteger(value) && value >= 0, `bad offset ${value}`);
  return value as Offset;
}

/** An offset from outside, or null where it is negative or beyond 2^53 - 1. */
export function toOffset(value: Int64): Offset | null {
  return typeof value === "number" && value >= 0 ? (value as Offset) : null;
}

/** A producer id from outside (-1 or more), or null where it is unsafe. */
export function toProducerId(value: Int64): ProducerId | null {
  return typeof value === "number" && value >= -1 ? (value as ProducerId) : null;
}

/** A leader epoch that is known to be good. */
export function leaderEpoch(value: number): LeaderEpoch {
  assert(Number.isInteger(value) && value >= -1 && value <= 0x7fffffff, `bad leader epoch ${value}`);
  return value as LeaderEpoch;
}

/** The 16 bytes of a uuid. Throws on text that is no uuid: callers hold ids of our own making. */
export function uuidBytes(id: Uuid): Uint8Array {
  const bytes = Uint8Array.fromBase64(id, { alphabet: "base64url" });
  assert(bytes.length === 16, `bad uuid ${id}`);
  return bytes;
}

/** The uuid of 16 bytes at `position`. */
export function uuidFromBytes(bytes: Uint8Array, position = 0): Uuid {
  return bytes
    .subarray(position, position + 16)
    .toBase64({ alphabet: "base64url", omitPadding: true }) as Uuid;
}
