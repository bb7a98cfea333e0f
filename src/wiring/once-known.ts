import { HeadwaterError } from "../base/errors.ts";
import type { Security } from "../security/security.ts";

/**
 * Does it once users and rules are known: now, or when their files were mended. A door that can't say who somebody is, or
 * what he may do, would let in whom it should not, or end the sessions of those who are away. What it throws later is
 * handed to `failed`.
 */
export function onceKnown(security: Security, work: () => void, failed: (error: Error) => void): void {
  if (security.isKnown) {
    work();
    return;
  }
  let isDone = false;
  security.onChanged(() => {
    if (isDone || !security.isKnown) return;
    isDone = true;
    try {
      work();
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      failed(error);
    }
  });
}
