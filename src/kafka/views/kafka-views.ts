import type { Clock } from "../../io/clock.ts";
import { Homes } from "./home.ts";
import type { ViewBug } from "./key-scan.ts";
import { Turns } from "./turns.ts";

/** What the readers of device views share. */
export class KafkaViews {
  readonly turns: Turns;
  readonly homes = new Homes();
  /** Records that fetches hold while they wait for more. */
  heldBytes = 0;

  readonly bugs: ReadonlySet<ViewBug>;

  constructor(clock: Clock, bugs: ReadonlySet<ViewBug> = new Set()) {
    this.bugs = bugs;
    this.turns = new Turns(clock);
  }
}
