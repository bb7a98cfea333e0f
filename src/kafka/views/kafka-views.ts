import type { ViewBug } from "../../broker/views/key-scan.ts";
import { Tails } from "../../broker/views/tails.ts";
import { Turns } from "../../broker/views/turns.ts";
import type { Clock } from "../../io/clock.ts";

/** What the readers of device views share. */
export class KafkaViews {
  readonly turns: Turns;
  readonly tails = new Tails();
  /** Records that fetches hold while they wait for more. */
  heldBytes = 0;

  readonly bugs: ReadonlySet<ViewBug>;

  constructor(clock: Clock, bugs: ReadonlySet<ViewBug> = new Set()) {
    this.bugs = bugs;
    this.turns = new Turns(clock);
  }
}
