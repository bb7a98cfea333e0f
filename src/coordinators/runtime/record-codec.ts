import { assert } from "../../base/assert.ts";
import type { MessageCodec } from "../../kafka/wire/message.ts";
import { Reader } from "../../kafka/wire/reader.ts";
import { Writer } from "../../kafka/wire/writer.ts";
import type { CoordinatorRecord } from "./coordinator-log.ts";

const scratch = new Writer();

/**
 * A coordinator's record in Kafka's layout:
 *
 *     key:   record type INT16, then the key's schema at version 0
 *     value: version INT16, then the value's schema
 */
export function encodeRecord<Key, Value>(
  keyCodec: MessageCodec<Key>,
  key: Key,
  valueCodec: MessageCodec<Value>,
  value: Value,
  version: number,
): CoordinatorRecord {
  return { key: encodeKey(keyCodec, key), value: encode(version, valueCodec, value, version) };
}

/** The record that takes back what stands under this key. */
export function encodeTombstone<Key>(keyCodec: MessageCodec<Key>, key: Key): CoordinatorRecord {
  return { key: encodeKey(keyCodec, key), value: null };
}

export function encodeKey<Key>(codec: MessageCodec<Key>, key: Key): Uint8Array {
  assert(codec.apiKey !== null, `${codec.name} has no record type`);
  return encode(codec.apiKey, codec, key, codec.minVersion);
}

/** A key's record type, and a reader that stands behind it. Throws MALFORMED where there is none. */
export function openKey(key: Uint8Array): { readonly type: number; readonly reader: Reader } {
  const reader = new Reader(key);
  return { type: reader.int16(), reader };
}

/** A value's version, and a reader that stands behind it. Throws MALFORMED where there is none. */
export function openValue(value: Uint8Array): { readonly version: number; readonly reader: Reader } {
  const reader = new Reader(value);
  return { version: reader.int16(), reader };
}

function encode<Message>(
  prefix: number,
  codec: MessageCodec<Message>,
  message: Message,
  version: number,
): Uint8Array {
  scratch.reset();
  scratch.int16(prefix);
  codec.write(scratch, message, version);
  return scratch.toBytes();
}
