import type { DiskFile } from "../disk.ts";
import { HostDisk, HostFile, type OpenedFile, readFully, writeFully } from "./host-disk.ts";

/**
 * Writes with pwrite, reads with pread. For file systems on which a store into a mapping may need new blocks
 * (copy on write, network, FUSE), where a full disk would kill the process instead of failing a call.
 */
export class PlainDisk extends HostDisk {
  readonly kind = "plain";

  protected attach(file: OpenedFile): DiskFile {
    return new PlainFile(file);
  }
}

class PlainFile extends HostFile {
  write(position: number, bytes: Uint8Array): void {
    this.assertWritable(position, bytes.length);
    writeFully(this.fd, this.path, position, bytes);
  }

  view(position: number, length: number): Uint8Array {
    this.assertRange(position, length);
    const bytes = new Uint8Array(length);
    readFully(this.fd, this.path, position, bytes);
    return bytes;
  }

  copy(position: number, length: number, into: Uint8Array, at: number): void {
    this.assertCopy(position, length, into, at);
    readFully(this.fd, this.path, position, into.subarray(at, at + length));
  }

  relax(): void {
    // Holds no memory of its own; the page cache is the kernel's.
  }

  protected forgetExtent(): void {
    // Nothing refers to the file's extent.
  }
}
