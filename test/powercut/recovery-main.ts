import { rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { offset } from "../../src/base/ids.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { Broker } from "../../src/broker/broker.ts";
import { SystemClock } from "../../src/io/bun/clock.ts";
import { MappedDisk } from "../../src/io/bun/mapped-disk.ts";
import { PlainDisk } from "../../src/io/bun/plain-disk.ts";
import { SystemRandom } from "../../src/io/bun/random.ts";
import { CLEAN_SHUTDOWN_FILE } from "../../src/log/folder-names.ts";
import { parseLogBugs } from "../../src/log/log-config.ts";
import { LogStore } from "../../src/log/log-store.ts";
import type { PartitionLog } from "../../src/log/partition-log.ts";
import { RecordCursor } from "../../src/records/reader.ts";
import type { LedgerData } from "./ledger.ts";
import { judge, type RecoveredLog, type RecoveredRecord, type Verdict } from "./oracle.ts";
import type { DiskKind } from "./verifier.ts";

/**
 * Recovers data folders and judges what is in them. A process of its own, so that one that dies over a folder is
 * seen, and so that it can be killed between two recoveries. Reads requests and writes answers, each a line:
 *
 *     RecoveryRequest     recovers; answers with a RecoveryAnswer, or {"failure"}
 *     {"close": true}     closes what is open, and makes that look like a crash: {}
 */
export interface RecoveryRequest {
  readonly folder: string;
  /** Path of the ledger. */
  readonly ledger: string;
  readonly disk: DiskKind;
  readonly cutMs: number;
  /** Whether to look for damage in every byte before anything is read. */
  readonly verify: boolean;
}

export interface RecoveryAnswer {
  readonly verdict: Verdict;
  /** What the log said of damage. */
  readonly reports: readonly string[];
  /** What it said of anything else that was not whole, torn tails among it. */
  readonly warnings: readonly string[];
  /** Of every byte that can be read. */
  readonly digest: string;
}

const MAX_PARTITIONS = 10_000;
const READ_BYTES = 4 * 1024 * 1024;

let ledger: { readonly path: string; readonly data: LedgerData } | null = null;
let open: { readonly store: LogStore; readonly folder: string } | null = null;

async function recover(request: RecoveryRequest): Promise<RecoveryAnswer> {
  if (ledger?.path !== request.ledger) {
    ledger = { path: request.ledger, data: await Bun.file(request.ledger).json() };
  }
  const reports: string[] = [];
  const warnings: string[] = [];
  const store = await LogStore.open({
    disk: request.disk === "mapped" ? new MappedDisk() : new PlainDisk(),
    clock: new SystemClock(),
    random: new SystemRandom(),
    folder: request.folder,
    limits: { journalBytes: 2 * 1024 * 1024, reserveBytes: 0 },
    bugs: parseLogBugs(process.env.HEADWATER_TEST_BUG ?? ""),
    report: {
      quarantined: (log, path, from, to, why) =>
        reports.push(`quarantined ${log?.topic}-${log?.partition} [${from}, ${to}) ${path}: ${why}`),
      tornTail: (log, end, bytes) => warnings.push(`torn tail ${log.topic}-${log.partition}@${end} ${bytes}`),
      warning: (message, cause) => warnings.push(`${message} ${cause ?? ""}`),
      fenced: (log, error) => reports.push(`fenced ${log.topic}-${log.partition}: ${String(error)}`),
    },
  });
  open = { store, folder: request.folder };
  if (request.verify) store.verifyAll();
  // As the gateway starts: a topic that had no record has no files, and is known to the metadata only.
  new Broker({
    store,
    clock: new SystemClock(),
    random: new SystemRandom(),
    logger: silentLogger,
    nodeId: 1,
    clusterId: "recovered",
    topicDefaults: new Map(),
    autoCreateTopics: false,
    defaultPartitions: 1,
    maxPartitions: MAX_PARTITIONS,
  });
  const digests: string[] = [];
  const logs: RecoveredLog[] = [];
  for (const log of store.logs()) {
    const read = readLog(log);
    logs.push(read.log);
    digests.push(`${log.topicId}-${log.partition} ${log.logStartOffset} ${log.logEndOffset} ${read.hash}`);
  }
  const verdict = judge(ledger.data, logs, request.cutMs);
  return { verdict, reports, warnings, digest: Bun.hash(digests.sort().join("\n")).toString(16) };
}

function readLog(log: PartitionLog): { readonly log: RecoveredLog; readonly hash: bigint } {
  const { topic, topicId, partition, logStartOffset: startOffset, logEndOffset: endOffset } = log;
  const records: RecoveredRecord[] = [];
  const cursor = new RecordCursor({ verifyCrc: true });
  let hash = 0n;
  for (let position: number = startOffset; position < endOffset && log.fault === null; ) {
    const read = log.read(offset(position), READ_BYTES, { minOneBatch: true, until: endOffset });
    if (!("nextOffset" in read)) throw new Error(`${topic}-${partition}@${position}: error ${read.error}`);
    if (read.nextOffset === position) break;
    // The judge looks at values after the next read.
    const bytes = read.bytes.slice();
    hash = Bun.hash.wyhash(bytes, hash);
    cursor.open(bytes);
    while (cursor.next()) {
      const value =
        cursor.valueStart < 0 ? new Uint8Array(0) : cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd);
      records.push({ offset: cursor.offset, value });
    }
    position = read.nextOffset;
  }
  return { log: { topic, topicId, partition, startOffset, endOffset, records }, hash };
}

async function close(): Promise<void> {
  const closing = open;
  open = null;
  await closing?.store.close();
  if (closing !== null) rmSync(join(closing.folder, CLEAN_SHUTDOWN_FILE), { force: true });
}

for await (const line of createInterface({ input: process.stdin })) {
  const request: unknown = JSON.parse(line);
  try {
    if (typeof request === "object" && request !== null && "close" in request) {
      await close();
      console.log("{}");
    } else console.log(JSON.stringify(await recover(request as RecoveryRequest)));
  } catch (error) {
    const failure = error instanceof Error ? `${error.message}\n${error.stack}` : String(error);
    console.log(JSON.stringify({ failure }));
  }
}
