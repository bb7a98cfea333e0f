import { HeadwaterError } from "../base/errors.ts";
import { batchIsControl } from "../records/batch.ts";
import { RecordCursor } from "../records/reader.ts";
import { METADATA_TOPIC } from "./broker.ts";
import { decodeMetadataRecord } from "./metadata-records.ts";

/**
 * For an inspection of the data folder: says why a batch of a topic that the broker reads itself can't be understood, or
 * null where it can. Null in place of the function for topics of others.
 */
export function contentCheckOf(topic: string): ((batch: Uint8Array) => string | null) | null {
  return topic === METADATA_TOPIC ? metadataFault : null;
}

function metadataFault(batch: Uint8Array): string | null {
  if (batchIsControl(batch, 0)) return null;
  const cursor = new RecordCursor();
  cursor.open(batch);
  try {
    while (cursor.next()) {
      if (cursor.valueStart < 0) continue;
      decodeMetadataRecord(cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd));
    }
    return null;
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
    return error.message;
  }
}
