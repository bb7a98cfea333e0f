import type { Logger } from "../base/logger.ts";
import { type EndingList, endingLists, type RevocationList } from "./revocations.ts";

const DAY_MS = 86_400_000;
/** How long before a list ends there is a line; of lists for less than four weeks the last quarter of their time. */
const WARNING_MS = 7 * DAY_MS;
const WARNING_PARTS = 4;

/** Minds that lists of revoked certificates go out of date: whoever is of their authority is refused then. */
export class RevocationWatch {
  readonly #path: string;
  readonly #log: Logger;
  /** What was said of the lists as they are. */
  #said: ReadonlySet<string> = new Set();

  /** `path` is what `tls.crl.file` says. */
  constructor(path: string, log: Logger) {
    this.#path = path;
    this.#log = log;
  }

  /** Has a line in the log for each list that is out of date or will be soon, once. */
  look(lists: readonly RevocationList[], nowMs: number): void {
    const said = new Set<string>();
    for (const ending of endingLists(lists)) {
      const { list, endsAtMs } = ending;
      const isOver = endsAtMs <= nowMs;
      if (!isOver && endsAtMs - nowMs > warningMs(ending)) continue;
      const key = `${isOver} ${list.issuerDer} ${endsAtMs}`;
      said.add(key);
      if (this.#said.has(key)) continue;
      if (isOver) this.#log.error(overdue(this.#path, ending));
      else this.#log.warn(soonOverdue(this.#path, ending));
    }
    this.#said = said;
  }

  /** Why certificates are refused, a line for each list that is out of date. */
  reasons(lists: readonly RevocationList[], nowMs: number): readonly string[] {
    return overdueLists(this.#path, lists, nowMs);
  }
}

/** A line for each list that is out of date: setting, file, list, since when, and what mends it. */
export function overdueLists(
  path: string,
  lists: readonly RevocationList[],
  nowMs: number,
): readonly string[] {
  return endingLists(lists)
    .filter(({ endsAtMs }) => endsAtMs <= nowMs)
    .map((ending) => overdue(path, ending));
}

function warningMs({ list, endsAtMs }: EndingList): number {
  return Math.min(WARNING_MS, Math.max(0, endsAtMs - list.madeAtMs) / WARNING_PARTS);
}

function overdue(path: string, ending: EndingList): string {
  return `${named(path, ending)} is out of date since ${timeText(ending)}: client certificates of that authority are all refused; ${REMEDY}`;
}

function soonOverdue(path: string, ending: EndingList): string {
  return `${named(path, ending)} is out of date from ${timeText(ending)} on, and client certificates of that authority are all refused then; ${REMEDY}`;
}

const REMEDY = "put a newer list of that authority in its place, or see to the clock if it is wrong";

function named(path: string, { list: { number, issuer } }: EndingList): string {
  return `tls.crl.file: ${path}: the list of revoked certificates of ${issuer} (number ${number} in the file)`;
}

function timeText({ endsAtMs }: EndingList): string {
  return new Date(endsAtMs).toISOString();
}
