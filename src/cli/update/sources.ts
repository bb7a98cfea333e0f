import { closeSync, fsyncSync, ftruncateSync, openSync, statSync, writeSync } from "node:fs";
import { HeadwaterError } from "../../base/errors.ts";
import { openWebFile } from "../../io/bun/web-file.ts";
import type { Disk } from "../../io/disk.ts";
import type { ByteSource } from "../../update/byte-stream.ts";
import { readJson, writeJson } from "../../update/slots.ts";

const CHUNK_BYTES = 1024 * 1024;
/** What a power cut may take of a download, and is asked for again. */
const SYNC_BYTES = 8 * 1024 * 1024;
/** In a row, each without a byte. */
const MAX_FAILURES = 10;
const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 60_000;
const FILE_MODE = 0o640;

/** A bundle that lies on a disk. Throws FILE_MISSING where it does not, DISK_IO. */
export function fileSource(disk: Disk, path: string): ByteSource {
  if (!disk.exists(path))
    throw new HeadwaterError(
      "FILE_MISSING",
      `${path} is not there; name a bundle, or where it is on the web`,
      {
        path,
      },
    );
  const file = disk.openFile(path, "read");
  const { sizeBytes } = file;
  file.close();
  return {
    name: path,
    sizeBytes,
    async *chunks(position) {
      const opened = disk.openFile(path, "read");
      try {
        for (let at = position; at < opened.sizeBytes; at += CHUNK_BYTES) {
          yield opened.view(at, Math.min(CHUNK_BYTES, opened.sizeBytes - at));
        }
      } finally {
        opened.close();
      }
    },
  };
}

/** A bundle on the web, without a copy of it here. */
export function webSource(url: string, allowHttp: boolean): ByteSource {
  return {
    name: url,
    sizeBytes: null,
    async *chunks(position) {
      const part = await openWebFile({ url, position, tag: null, allowHttp });
      let skip = position - part.position;
      for await (const chunk of part.chunks) {
        if (skip < chunk.length) yield chunk.subarray(Math.max(0, skip));
        skip -= Math.min(skip, chunk.length);
      }
    },
  };
}

export interface Download {
  readonly url: string;
  readonly allowHttp: boolean;
  /** Of the bundle, as its signed start says. */
  readonly sizeBytes: number;
  readonly manifestSha256: string;
  readonly onProgress: (doneBytes: number) => void;
  /** Waits before it is tried again. */
  readonly wait: (ms: number) => Promise<void>;
}

/**
 * Fetches a bundle to `path`, however often the link breaks: it goes on where it was, over restarts of this program and of the
 * machine too. Never writes more than the bundle has. Throws NETWORK or TIMED_OUT after too many failures without a byte.
 */
export async function download(disk: Disk, path: string, wanted: Download): Promise<void> {
  const notes = `${path}.json`;
  const before = readJson(disk, notes) as {
    url?: string;
    manifestSha256?: string;
    tag?: string | null;
  } | null;
  const isSame = before?.url === wanted.url && before.manifestSha256 === wanted.manifestSha256;
  let tag = isSame ? (before.tag ?? null) : null;
  const fd = openSync(path, isSame ? "a" : "w", FILE_MODE);
  try {
    let have = Math.min(statSync(path).size, wanted.sizeBytes);
    ftruncateSync(fd, have);
    let failures = 0;
    let synced = have;
    while (have < wanted.sizeBytes) {
      const begun = have;
      try {
        const part = await openWebFile({ url: wanted.url, position: have, tag, allowHttp: wanted.allowHttp });
        if (part.position !== have) {
          ftruncateSync(fd, 0);
          have = 0;
        }
        if (part.sizeBytes !== null && part.sizeBytes !== wanted.sizeBytes) {
          throw new HeadwaterError(
            "MALFORMED",
            `${wanted.url} has ${part.sizeBytes} bytes, and its manifest says ${wanted.sizeBytes}`,
          );
        }
        tag = part.tag;
        writeJson(disk, notes, { url: wanted.url, manifestSha256: wanted.manifestSha256, tag });
        for await (const chunk of part.chunks) {
          const fits = chunk.subarray(0, wanted.sizeBytes - have);
          writeFully(fd, path, fits);
          have += fits.length;
          if (have - synced >= SYNC_BYTES) {
            fsyncSync(fd);
            synced = have;
          }
          wanted.onProgress(have);
          if (have === wanted.sizeBytes) break;
        }
        if (have < wanted.sizeBytes) throw new HeadwaterError("NETWORK", `${wanted.url}: it broke off`);
      } catch (error) {
        const isLink =
          error instanceof HeadwaterError && (error.code === "NETWORK" || error.code === "TIMED_OUT");
        failures = have > begun ? 0 : failures + 1;
        if (!isLink || failures >= MAX_FAILURES) throw error;
        await wanted.wait(Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** failures));
      }
    }
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** What a download has left. */
export function forgetDownload(disk: Disk, path: string): void {
  disk.remove(path);
  disk.remove(`${path}.json`);
}

function writeFully(fd: number, path: string, bytes: Uint8Array): void {
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done);
  } catch (cause) {
    const isFull = cause instanceof Error && "code" in cause && cause.code === "ENOSPC";
    throw new HeadwaterError(isFull ? "DISK_FULL" : "DISK_IO", `${path}: the download can't be written`, {
      cause,
    });
  }
}
