import type { Calls } from "../calls.ts";
import type { LocalHooks } from "../local-position.ts";
import type { LinkGovernor } from "./governor.ts";

/** Keeps what of a link outlives the process in the local store: the operator's wish, and the budgets' use. */
export class LinkBook {
  readonly #governor: LinkGovernor;
  readonly #calls: Calls;
  readonly #hooks: LocalHooks;
  #isRead = false;
  #saving = false;

  constructor(governor: LinkGovernor, calls: Calls, hooks: LocalHooks) {
    this.#governor = governor;
    this.#calls = calls;
    this.#hooks = hooks;
  }

  /** Reads the store, once, and goes on. */
  read(then: () => void): void {
    if (this.#isRead) {
      then();
      return;
    }
    this.#calls.ask("load-link", null, (outcome) => {
      if (outcome.kind === "lost") {
        this.#hooks.failed(`reading the link's state: ${outcome.reason}`);
        return;
      }
      this.#governor.restore(outcome.answer);
      this.#isRead = true;
      then();
    });
  }

  /** Saves what has to be known after a crash, one save at a time; `inFlightBytes` may be counted any moment. */
  advance(inFlightBytes = 0): void {
    if (this.#saving || !this.#isRead) return;
    const bytes = this.#governor.toStore(false, inFlightBytes);
    if (bytes === null) return;
    this.#saving = true;
    this.#calls.ask("save-link", bytes, (outcome) => {
      this.#saving = false;
      if (outcome.kind === "answered") {
        this.#governor.stored();
        return;
      }
      this.#governor.notStored();
      this.#hooks.reset(`saving the link's state: ${outcome.reason}`);
    });
  }

  /** A new attempt: nobody hears of a save that was under way. */
  restart(): void {
    if (!this.#saving) return;
    this.#saving = false;
    this.#governor.notStored();
  }
}
