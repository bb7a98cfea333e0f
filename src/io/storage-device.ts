/** The device that a folder is on, where the kernel tells of it. */
export interface StorageDevice {
  /** What is so now; null where nobody knows. Doesn't throw. */
  read(): StorageReading | null;
}

/** What flash is, and what is none: `virtual` is a disk of a virtual machine or one made of other disks or files. */
export type StorageKind = "emmc" | "sd" | "usb" | "nvme" | "ssd" | "hard-disk" | "virtual";

export interface StorageReading {
  /** As the kernel calls it: mmcblk0. */
  readonly disk: string;
  readonly kind: StorageKind;
  readonly sizeBytes: number;
  /** By everybody, since the machine was started. */
  readonly writtenBytes: number;
  /**
   * The share of its life that the device says is used, the upper end of what it gives in tenths: 0.1 when new, 1 and
   * above at the end. Null where it says nothing.
   */
  readonly lifeUsedShare: number | null;
  /** What it says of its spare blocks: 1 normal, 2 four fifths are used, 3 nearly all. Null where it says nothing. */
  readonly preEol: number | null;
}
