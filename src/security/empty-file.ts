import { HeadwaterError } from "../base/errors.ts";

/**
 * Throws CONFIG_INVALID where a file of users or rules has nothing at all in it: so it is left by a power cut, or by a
 * copy onto a disk that is full. Who means nobody says so with a comment, and loses nothing by a slip.
 */
export function refuseEmpty(path: string, text: string, what: "users" | "rules"): void {
  if (text.trim() !== "") return;
  throw new HeadwaterError(
    "CONFIG_INVALID",
    `${path}: it is empty, as after a power cut or on a full disk: put its ${what} back, or a line that begins with # if there are to be none`,
    { path },
  );
}
