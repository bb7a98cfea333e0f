/** What is said again is kept back for this long first, and twice as long each further time. */
const FIRST_PAUSE_MS = 60_000;
const LAST_PAUSE_MS = 24 * 3_600_000;
/** Different words that are remembered; the oldest are forgotten first. */
const MAX_WORDS = 64;

interface Said {
  untilMs: number;
  pauseMs: number;
  /** How often it was kept back since it was told last. */
  kept: number;
}

/**
 * Says which words are worth a line of the log: those that are new, and the same ones again only at times that grow, with how
 * often they came meanwhile. Whoever tries again every second for a week writes a dozen lines. Pure: it is told the time.
 */
export class RepeatedWords {
  readonly #said = new Map<string, Said>();

  /** How often the words came since they were told last; null where that is not told now. */
  say(words: string, nowMs: number): number | null {
    const said = this.#said.get(words);
    if (said === undefined) {
      const [oldest] = this.#said.keys();
      if (oldest !== undefined && this.#said.size >= MAX_WORDS) this.#said.delete(oldest);
      this.#said.set(words, { untilMs: nowMs + FIRST_PAUSE_MS, pauseMs: FIRST_PAUSE_MS, kept: 0 });
      return 0;
    }
    said.kept += 1;
    if (nowMs < said.untilMs) return null;
    const { kept } = said;
    said.kept = 0;
    said.pauseMs = Math.min(LAST_PAUSE_MS, 2 * said.pauseMs);
    said.untilMs = nowMs + said.pauseMs;
    return kept;
  }

  /** What was wrong is over: the same words are news again. */
  forget(): void {
    this.#said.clear();
  }
}
