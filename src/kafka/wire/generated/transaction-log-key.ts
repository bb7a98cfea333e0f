// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** TransactionLogKey: version 0. */
export const TRANSACTION_LOG_KEY: MessageCodec<TransactionLogKey> = {
  name: "TransactionLogKey",
  apiKey: 0,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readTransactionLogKey,
  write: writeTransactionLogKey,
};

export interface TransactionLogKey {
  readonly transactionalId: string;
}

export const DEFAULT_TRANSACTION_LOG_KEY: TransactionLogKey = {
  transactionalId: "",
};

export function readTransactionLogKey(reader: Reader, version: number): TransactionLogKey {
  if (version < 0 || version > 0) throw unsupportedVersion("TransactionLogKey", version);
  return {
    transactionalId: reader.string(),
  };
}

export function writeTransactionLogKey(writer: Writer, message: TransactionLogKey, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("TransactionLogKey", version);
  writer.string(message.transactionalId);
}
