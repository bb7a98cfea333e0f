import { readFileSync } from "node:fs";
import type { FileRights } from "../io/owned-files.ts";

/** Who gets files that a command makes for the service, and who may read them. */
export interface FileOwners {
  /** The user of the service, where this command may give files away; else null: all are of whoever runs it. */
  readonly service: { readonly uid: number; readonly gid: number } | null;
  /** The same for what root alone changes and the service reads. */
  readonly readByService: FileRights;
  /** A folder of such. */
  readonly folder: FileRights;
  /** What is no secret. */
  readonly open: FileRights;
  /** What nobody but who runs the command reads. */
  readonly secret: FileRights;
}

/** The owners of files, where `name` is the service's user. Without root there is but one. */
export function fileOwners(name: string): FileOwners {
  const service = isRoot() ? userOf(name) : null;
  const reader = service === null ? null : { uid: 0, gid: service.gid };
  return {
    service,
    readByService: { mode: service === null ? 0o600 : 0o640, owner: reader },
    folder: { mode: service === null ? 0o700 : 0o750, owner: reader },
    open: { mode: 0o644, owner: reader },
    secret: { mode: 0o600, owner: null },
  };
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Of /etc/passwd; null where there is no such user. */
function userOf(name: string): { readonly uid: number; readonly gid: number } | null {
  let text = "";
  try {
    text = readFileSync("/etc/passwd", "utf8");
  } catch {
    // As where the user is not there: the files are root's then.
  }
  const fields = text
    .split("\n")
    .find((line) => line.startsWith(`${name}:`))
    ?.split(":");
  const [uid, gid] = [Number(fields?.[2]), Number(fields?.[3])];
  return Number.isSafeInteger(uid) && Number.isSafeInteger(gid) ? { uid, gid } : null;
}
