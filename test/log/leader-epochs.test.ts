import { expect, test } from "bun:test";
import { LeaderEpochs } from "../../src/log/leader-epochs.ts";

function epochs(...starts: [number, number][]): LeaderEpochs {
  const made = new LeaderEpochs();
  for (const [epoch, startOffset] of starts) made.note(epoch, startOffset);
  return made;
}

test("an epoch ends where the next one begins, the last at the log's end", () => {
  const known = epochs([1, 0], [1, 5], [3, 10], [2, 12], [6, 20]);
  expect(known.endOffsetFor(1, 30)).toEqual({ leaderEpoch: 1, endOffset: 10 });
  expect(known.endOffsetFor(2, 30)).toEqual({ leaderEpoch: 1, endOffset: 10 });
  expect(known.endOffsetFor(3, 30)).toEqual({ leaderEpoch: 3, endOffset: 20 });
  expect(known.endOffsetFor(6, 30)).toEqual({ leaderEpoch: 6, endOffset: 30 });
  expect(known.endOffsetFor(7, 30)).toEqual({ leaderEpoch: -1, endOffset: -1 });
  expect(known.endOffsetFor(-1, 30)).toEqual({ leaderEpoch: -1, endOffset: -1 });
  expect(known.endOffsetFor(0, 30)).toEqual({ leaderEpoch: 0, endOffset: 0 });
  expect(epochs().endOffsetFor(0, 30)).toEqual({ leaderEpoch: -1, endOffset: -1 });
});

test("epochs go with the records", () => {
  const known = epochs([1, 0], [3, 10], [6, 20]);
  known.startAt(15);
  expect(known.startsBefore(100)).toEqual([
    { epoch: 3, startOffset: 15 },
    { epoch: 6, startOffset: 20 },
  ]);
  expect(known.startsBefore(20)).toEqual([{ epoch: 3, startOffset: 15 }]);
});
