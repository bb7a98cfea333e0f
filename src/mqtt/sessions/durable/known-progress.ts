import { PACKET_IDS } from "./entry-state.ts";
import type { WrittenProgress } from "./queue-host.ts";
import type { ProgressRun } from "./records.ts";

/** How far a session is as its log has it: a crash could bring back whatever is not done there. */
export class KnownProgress {
  #firstUndone = 0;
  /** What is not done below is in `#runs`. */
  #boundary = 0;
  #runs: readonly ProgressRun[] = [];

  /** This is durable now. */
  note({ firstUndone, boundary, runs }: Omit<WrittenProgress, "received">): void {
    this.#firstUndone = Math.max(this.#firstUndone, firstUndone);
    this.#boundary = Math.max(this.#boundary, boundary);
    this.#runs = runs;
  }

  /** Whether a crash could bring back a message that has the identifier of this sequence and was sent before. */
  holds(sequence: number): boolean {
    if (sequence - this.#firstUndone < PACKET_IDS) return false;
    return sequence - this.#boundary >= PACKET_IDS || this.isTaken(sequence);
  }

  /** Whether one that is under way has its identifier: as long as that is not done, the sequence is of no use. */
  isTaken(sequence: number): boolean {
    if (sequence - this.#firstUndone < PACKET_IDS) return false;
    return this.#runs.some(({ first, count }) => (sequence - first) % PACKET_IDS < count);
  }
}
