import type { Uuid } from "../base/ids.ts";
import { PARTITION_METADATA_FILE } from "./folder-names.ts";
import type { FolderSync } from "./folder-sync.ts";
import type { LogHost } from "./log-host.ts";
import { encodePartitionMetadata } from "./partition-metadata.ts";
import { writeCacheFile } from "./segment.ts";

/** Births that have files open at a time: a request can bring the first records of thousands of logs. */
const MAX_BIRTHS_AT_A_TIME = 32;

/** Lets some births go on, and the others wait for them. */
export class BirthQueue {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  async run(birth: () => Promise<void>): Promise<void> {
    if (this.#running === MAX_BIRTHS_AT_A_TIME)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      await birth();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}

/**
 * How a log that takes its first append comes to its files while nobody waits but that append's ack. A power cut
 * leaves a log that can be told whose it is, or a folder without a `.log`, which recovery removes:
 *
 *   1. `partition.metadata.new` is written, and segments take appends as `<base>.salvage`.
 *   2. `partition.metadata.new` and its folder, in which the first segment is, are synced; then it is renamed to
 *      `partition.metadata`, and the folder synced again. Meanwhile the data folder is synced. From here on recovery
 *      takes what the journal has of the log, and puts `.salvage` in its place.
 *   3. `.salvage` is renamed to `.log`. That is durable before bytes count as synced in the segment.
 */
export class LogBirth {
  readonly #host: LogHost;
  readonly #metadataPath: string;
  readonly #dataFolder: FolderSync;
  readonly #queue: BirthQueue;

  /** Step 1, but for the segment, in a folder that is there. Throws DISK_FULL or DISK_IO. */
  constructor(host: LogHost, folder: string, topicId: Uuid, dataFolder: FolderSync, queue: BirthQueue) {
    this.#host = host;
    this.#metadataPath = `${folder}/${PARTITION_METADATA_FILE}`;
    this.#dataFolder = dataFolder;
    this.#queue = queue;
    dataFolder.noteChange();
    writeCacheFile(host.disk, this.#draftPath, encodePartitionMetadata(topicId));
  }

  /** Step 2, as far as nobody wants to stop. Rejects with DISK_IO. */
  async name(folder: FolderSync, isStopped: () => boolean): Promise<void> {
    const named = this.#queue.run(() => this.#nameInFolder(folder, isStopped));
    await Promise.all([this.#dataFolder.settle(), named]);
  }

  async #nameInFolder(folder: FolderSync, isStopped: () => boolean): Promise<void> {
    if (isStopped()) return;
    const { disk } = this.#host;
    const draft = disk.openFile(this.#draftPath, "write");
    try {
      await Promise.all([draft.sync(), folder.settle()]);
    } finally {
      draft.close();
    }
    // Another log may have the folder's name by now.
    if (isStopped()) return;
    disk.rename(this.#draftPath, this.#metadataPath);
    folder.noteChange();
    await folder.settle();
  }

  get #draftPath(): string {
    return `${this.#metadataPath}.new`;
  }
}
