import { dlopen, type Pointer, ptr, read } from "bun:ffi";
import { constants } from "node:os";

/**
 * The few calls of the C library that Bun has no API for. Only functions without structs, so that glibc on x64
 * and on arm64 need no layouts. Addresses are numbers: user space ends below 2^53 on both.
 */
export type Address = Pointer;

const { symbols } = dlopen("libc.so.6", {
  posix_fallocate: { args: ["i32", "i64", "i64"], returns: "i32" },
  flock: { args: ["i32", "i32"], returns: "i32" },
  mmap: { args: ["u64", "u64", "i32", "i32", "i32", "i64"], returns: "u64" },
  munmap: { args: ["ptr", "u64"], returns: "i32" },
  madvise: { args: ["ptr", "u64", "i32"], returns: "i32" },
  memcpy: { args: ["ptr", "ptr", "u64"], returns: "void" },
  sysconf: { args: ["i32"], returns: "i64" },
  __errno_location: { args: [], returns: "ptr" },
});

// The same on x64 and arm64 (asm-generic).
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const SC_PAGESIZE = 30;
/** Drops pages from this process; what was stored in a shared file mapping stays in the page cache. */
export const MADV_DONTNEED = 4;
/** Faults pages in, writable, ahead of their use. Linux 5.14. */
export const MADV_POPULATE_WRITE = 23;

/** A failed call, shaped as the errors of node:fs are, so that one place turns both into coded errors. */
export class SystemCallError extends Error {
  override readonly name = "SystemCallError";
  readonly code: string;

  constructor(call: string, errno: number) {
    const code = errnoName(errno);
    super(`${call}: ${code}`);
    this.code = code;
  }
}

/** Bytes in a page of this machine: 4096, or 16384 on a Raspberry Pi 5. */
export const PAGE_SIZE_BYTES = Number(symbols.sysconf(SC_PAGESIZE));

/** Allocates blocks for [start, start + length) and extends the file where needed. May leave it extended on failure. */
export function allocate(fd: number, start: number, length: number): void {
  for (;;) {
    const errno = symbols.posix_fallocate(fd, start, length);
    if (errno === 0) return;
    if (errno !== constants.errno.EINTR) throw new SystemCallError("posix_fallocate", errno);
  }
}

/** Whether this open file now holds the exclusive lock; false where another holds it. */
export function tryLock(fd: number): boolean {
  if (symbols.flock(fd, LOCK_EX | LOCK_NB) === 0) return true;
  const errno = lastErrno();
  if (errno === constants.errno.EWOULDBLOCK || errno === constants.errno.EINTR) return false;
  throw new SystemCallError("flock", errno);
}

/** Maps the file from its start, shared: stores go to the page cache. */
export function mapShared(fd: number, length: number, writable: boolean): Address {
  const protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  const address = symbols.mmap(0, length, protection, MAP_SHARED, fd, 0);
  // MAP_FAILED is the highest address there is.
  if (address > Number.MAX_SAFE_INTEGER) throw new SystemCallError("mmap", lastErrno());
  return Number(address) as Address;
}

export function unmap(address: Address, length: number): void {
  if (symbols.munmap(address, length) !== 0) throw new SystemCallError("munmap", lastErrno());
}

/** Whether the kernel took the advice. */
export function advise(address: Address, length: number, advice: number): boolean {
  return symbols.madvise(address, length, advice) === 0;
}

/** Copies all of `bytes` to memory that the caller knows to be mapped. */
export function copyTo(address: Address, bytes: Uint8Array): void {
  symbols.memcpy(address, bytes, bytes.length);
}

/** Copies bytes from memory that the caller knows to be mapped to `at` of `into`, which has room. */
export function copyFrom(address: Address, length: number, into: Uint8Array, at: number): void {
  if (into.length < STAYS_FROM_BYTES) {
    symbols.memcpy((ptr(into) + at) as Address, address, length);
    return;
  }
  if (into !== lastInto) {
    lastInto = into;
    lastIntoAddress = ptr(into);
  }
  symbols.memcpy((lastIntoAddress + at) as Address, address, length);
}

/** Pieces are put together in one place after the other: to ask where that is costs as much as to copy a small one. */
let lastInto: Uint8Array | null = null;
let lastIntoAddress = 0;
/** The engine may move what smaller arrays hold, once somebody asks for their buffer. */
const STAYS_FROM_BYTES = 4096;

function lastErrno(): number {
  const location = symbols.__errno_location();
  return location === null ? 0 : read.i32(location, 0);
}

function errnoName(errno: number): string {
  for (const [name, value] of Object.entries(constants.errno)) if (value === errno) return name;
  return `errno ${errno}`;
}
