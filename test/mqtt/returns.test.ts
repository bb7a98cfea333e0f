import { beforeEach, expect, test } from "bun:test";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import { DEFAULT_MQTT_LIMITS } from "../../src/mqtt/limits.ts";
import { Returns } from "../../src/mqtt/returns.ts";
import { Session } from "../../src/mqtt/sessions/session.ts";
import { newStats } from "../../src/mqtt/stats.ts";

/** A clock that goes on while work is done. */
class WorkingClock extends ManualClock {
  #workedMs = 0;

  override monotonicMs(): number {
    return super.monotonicMs() + this.#workedMs;
  }

  work(durationMs: number): void {
    this.#workedMs += durationMs;
  }
}

let clock: WorkingClock;
let sent: string[];
/** CPU that each session's messages take. */
let costMs: number;
let returns: Returns;

beforeEach(() => {
  clock = new WorkingClock();
  sent = [];
  costMs = 0;
  returns = new Returns(clock, ({ clientId }) => {
    sent.push(clientId);
    clock.work(costMs);
  });
});

function comeBack(...names: readonly string[]): void {
  for (const name of names) returns.add(new Session(name, DEFAULT_MQTT_LIMITS, newStats()));
}

test("a session that comes back gets what has waited at once", () => {
  comeBack("a");
  expect(sent).toEqual(["a"]);
});

test("many that come back together let the others have the loop every two milliseconds", () => {
  costMs = 1;
  comeBack("a", "b", "c", "d", "e");
  expect(sent).toEqual(["a", "b"]);
  clock.advance(1);
  expect(sent).toEqual(["a", "b", "c", "d"]);
  comeBack("f");
  clock.advance(1);
  expect(sent).toEqual(["a", "b", "c", "d", "e", "f"]);
});

test("those that come one by one wait for nobody", () => {
  costMs = 1;
  for (let n = 0; n < 10; n++) {
    comeBack(`${n}`);
    expect(sent).toHaveLength(n + 1);
    clock.advance(10);
  }
});
