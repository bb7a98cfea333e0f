import { mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { unmount } from "./mounts.ts";
import { decodeLog, type Operation } from "./op-log.ts";
import { run } from "./programs.ts";

export interface VolumeOptions {
  readonly sizeMiB: number;
  /** What each flush of the disk takes. */
  readonly flushMs: number;
}

const START_TRIES = 3_000;

/**
 * A mounted ext4 whose disk notes every write and flush:
 *
 *     ext4 - loop device - file that qemu-storage-daemon serves by FUSE - NBD - nbd-disk.ts
 *
 * The kernel's own page cache, journal and write-back are in between, as on a gateway.
 */
export class NotedVolume {
  readonly mountPoint: string;
  readonly #folder: string;
  #disk: Bun.Subprocess | null = null;
  #daemon: Bun.Subprocess | null = null;
  #loop: string | null = null;

  private constructor(folder: string) {
    this.#folder = folder;
    this.mountPoint = join(folder, "volume");
  }

  /** In a folder of the caller's, see `makeFolder`. */
  static async mount(folder: string, options: VolumeOptions): Promise<NotedVolume> {
    const volume = new NotedVolume(folder);
    try {
      await volume.#start(options);
      return volume;
    } catch (error) {
      await volume.unmount();
      throw error;
    }
  }

  async #start({ sizeMiB, flushMs }: VolumeOptions): Promise<void> {
    const image = join(this.#folder, "empty.img");
    writeFileSync(image, "");
    truncateSync(image, sizeMiB * 1024 * 1024);
    await run(["mke2fs", "-q", "-t", "ext4", "-E", "lazy_itable_init=0,lazy_journal_init=0", "-F", image]);
    const socket = join(this.#folder, "disk.socket");
    const disk = Bun.spawn(
      [process.execPath, join(import.meta.dirname, "nbd-disk.ts"), socket, image, this.#log, String(flushMs)],
      { stdin: "ignore", stdout: "ignore", stderr: "inherit" },
    );
    this.#disk = disk;
    await until("the disk serves", () => disk.exitCode === null && exists(socket));
    const file = join(this.#folder, "disk");
    writeFileSync(file, "");
    this.#daemon = Bun.spawn(
      [
        "qemu-storage-daemon",
        "--blockdev",
        `driver=nbd,node-name=disk,server.type=unix,server.path=${socket}`,
        "--export",
        `type=fuse,id=file,node-name=disk,mountpoint=${file},writable=on`,
      ],
      { stdin: "ignore", stdout: "inherit", stderr: "inherit" },
    );
    await until("the disk is a file", () => statSync(file).size > 0);
    this.#loop = await run(["losetup", "--find", "--show", file]);
    mkdirSync(this.mountPoint, { recursive: true });
    await run(["mount", "-t", "ext4", "-o", "noatime", this.#loop, this.mountPoint]);
  }

  get #log(): string {
    return join(this.#folder, "operations");
  }

  /** How many operations the disk has done so far. */
  countOperations(): number {
    return decodeLog(new Uint8Array(readFileSync(this.#log))).length;
  }

  /** Takes everything down. Nothing on the volume may be open. */
  async unmount(): Promise<void> {
    if (this.#loop !== null) {
      if (readFileSync("/proc/self/mounts", "utf8").includes(` ${this.mountPoint} `)) {
        await unmount(this.mountPoint);
      }
      await run(["losetup", "-d", this.#loop]);
      this.#loop = null;
    }
    this.#daemon?.kill("SIGTERM");
    await this.#daemon?.exited;
    this.#disk?.kill("SIGKILL");
    await this.#disk?.exited;
  }

  /** The volume as it was made, and all that its disk did since. Once, after `unmount`. */
  takeLog(): { readonly image: Uint8Array; readonly operations: readonly Operation[] } {
    const image = new Uint8Array(readFileSync(join(this.#folder, "empty.img")));
    const operations = decodeLog(new Uint8Array(readFileSync(this.#log)));
    for (const name of ["empty.img", "operations"]) rmSync(join(this.#folder, name));
    return { image, operations };
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries === START_TRIES) throw new Error(`power cuts: waited in vain until ${what}`);
    await Bun.sleep(10);
  }
}
