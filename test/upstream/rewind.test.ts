import { expect, test } from "bun:test";
import { ModelRun } from "./model-run.ts";

const TOPIC = "readings";

function filled(protocol: 0 | 1 | 2): ModelRun {
  const run = new ModelRun({ protocol });
  run.memory.createTopic(TOPIC, 1);
  for (let n = 0; n < 10; n += 1) run.memory.append(TOPIC, 0, [{ key: "d", value: String(n) }]);
  run.run(2_000);
  return run;
}

function rewind(run: ModelRun, to: number): boolean[] {
  const heard: boolean[] = [];
  const taken = run.forwarder.positions.rewind(TOPIC, new Map([[0, to]]), (ok) => heard.push(ok));
  expect(taken).toBe(true);
  run.run(2_000);
  return heard;
}

for (const protocol of [0, 1, 2] as const) {
  test(`back: records are sent again, and the centre has the position, protocol ${protocol}`, () => {
    const run = filled(protocol);
    expect(rewind(run, 7)).toEqual([true]);
    expect(run.values(TOPIC).slice(10)).toEqual(["7", "8", "9"]);
    expect(run.forwarder.positions.inspect()).toMatchObject([
      { topic: TOPIC, position: 10, nextOffset: 10, highWatermark: 10, epoch: 0 },
    ]);
    expect(run.gaps()).toEqual([]);
  });

  test(`on: what is skipped is told of, and does not arrive, protocol ${protocol}`, () => {
    const run = filled(protocol);
    expect(rewind(run, 4)).toEqual([true]);
    // Held up, so that there is something to skip.
    run.forwarder.positions.rewind(TOPIC, new Map([[0, 0]]), () => {});
    run.forwarder.positions.rewind(TOPIC, new Map([[0, 6]]), () => {});
    run.run(5_000);
    expect(run.gaps()).toEqual([`gap ${TOPIC}-0 0..6 skipped: an operator had the uplink skip them`]);
    expect(run.values(TOPIC).slice(16)).toEqual(["6", "7", "8", "9"]);
  });
}

test("a topic that is not being forwarded is not moved", () => {
  const run = filled(2);
  expect(run.forwarder.positions.rewind("others", new Map([[0, 0]]), () => {})).toBe(false);
});
