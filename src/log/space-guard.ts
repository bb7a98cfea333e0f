import type { Disk } from "../io/disk.ts";
import type { LogReport } from "./log-config.ts";

/**
 * Keeps a reserve of free space for the broker's own topics, so that a full disk refuses records while
 * metadata and offsets go on. Asks the file system at every allocation: those are rare.
 */
export class SpaceGuard {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #reserveBytes: number;
  readonly #report: LogReport;
  #full = false;

  constructor(disk: Disk, folder: string, reserveBytes: number, report: LogReport) {
    this.#disk = disk;
    this.#folder = folder;
    this.#reserveBytes = reserveBytes;
    this.#report = report;
  }

  get full(): boolean {
    return this.#full;
  }

  get freeBytes(): number {
    return this.#disk.freeBytes(this.#folder);
  }

  /** Whether `bytes` may be allocated. Internal topics may use up the reserve. */
  allows(bytes: number, internal: boolean): boolean {
    return this.freeBytes - bytes >= (internal ? 0 : this.#reserveBytes);
  }

  /** An append was refused for want of space. */
  refused(): void {
    if (this.#full) return;
    this.#full = true;
    this.#report.diskFull?.(true, this.freeBytes);
  }

  /** Looks again. Called about once a second. */
  refresh(smallestAllocationBytes: number): void {
    if (!this.#full || !this.allows(smallestAllocationBytes, false)) return;
    this.#full = false;
    this.#report.diskFull?.(false, this.freeBytes);
  }
}
