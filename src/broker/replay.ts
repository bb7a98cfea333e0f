import { offset } from "../base/ids.ts";
import { RecordCursor } from "../records/reader.ts";
import type { Partition } from "./partition.ts";

const READ_BYTES = 1024 * 1024;

/**
 * Calls back with every record that a partition of the broker's own holds, oldest first, markers too, from an offset on. The cursor
 * and the bytes that it reads from are good during the call. Returns false where the log can't be read to its end.
 */
export function replayRecords(
  { log }: Partition,
  onRecord: (cursor: RecordCursor, bytes: Uint8Array) => void,
  fromOffset = 0,
): boolean {
  const cursor = new RecordCursor();
  let position = offset(Math.max(log.logStartOffset, fromOffset));
  while (position < log.logEndOffset) {
    const read = log.read(position, READ_BYTES, { minOneBatch: true, until: log.logEndOffset });
    if (!("nextOffset" in read) || read.nextOffset <= position) return false;
    cursor.open(read.bytes);
    while (cursor.next()) {
      if (cursor.offset >= position) onRecord(cursor, read.bytes);
    }
    position = read.nextOffset;
  }
  return true;
}
