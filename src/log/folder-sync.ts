import type { LogHost } from "./log-host.ts";

/**
 * Makes what is done in one folder durable without blocking: one sync at a time, for all who wait for it.
 *
 * An append that is in the journal waits for the names of a new log only: recovery makes the file of any other segment
 * anew. Bytes count as synced in a segment, for acks, checkpoints and the release of a half of the journal, once the
 * segment's file is durable in its folder.
 */
export class FolderSync {
  readonly #host: LogHost;
  readonly #folder: string;
  #changes = 0;
  #durableChanges = 0;
  #running: Promise<void> | null = null;

  constructor(host: LogHost, folder: string) {
    this.#host = host;
    this.#folder = folder;
  }

  /** Whether the folder has changes that no sync has covered. */
  get isBehind(): boolean {
    return this.#durableChanges < this.#changes;
  }

  /** Something was made, renamed or removed in the folder. */
  noteChange(): void {
    this.#changes += 1;
  }

  /** A sync of somebody else's has covered all changes. */
  noteSynced(): void {
    this.#durableChanges = this.#changes;
  }

  /** Resolves once every change that was noted before the call is durable. Rejects with DISK_IO. */
  async settle(): Promise<void> {
    const wanted = this.#changes;
    while (this.#durableChanges < wanted) {
      this.#running ??= this.#sync();
      await this.#running;
    }
  }

  async #sync(): Promise<void> {
    // What the caller's turn does after the call shares the sync.
    await null;
    const { disk, bugs } = this.#host;
    const covered = this.#changes;
    try {
      if (!bugs.has("skip-folder-sync")) await disk.syncFolder(this.#folder);
      this.#durableChanges = Math.max(this.#durableChanges, covered);
    } finally {
      this.#running = null;
    }
  }
}
