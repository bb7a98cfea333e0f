import { expect, test } from "bun:test";
import { Gather } from "../../src/kafka/gather.ts";

test("runs at once where nothing waits", () => {
  let runs = 0;
  new Gather().whenAll(() => {
    runs += 1;
  });
  expect(runs).toBe(1);
});

test("runs once, after the last wait, whichever order they end in", () => {
  const gather = new Gather();
  const heard: number[] = [];
  const first = gather.begin((error) => heard.push(error));
  const second = gather.begin((error) => heard.push(error));
  first(3);
  let runs = 0;
  gather.whenAll(() => {
    runs += 1;
  });
  expect(runs).toBe(0);
  second(0);
  expect(runs).toBe(1);
  expect(heard).toEqual([3, 0]);
});

test("waits that ended before whenAll don't run it early", () => {
  const gather = new Gather();
  gather.begin(() => {})(0);
  const open = gather.begin(() => {});
  let ran = false;
  gather.whenAll(() => {
    ran = true;
  });
  expect(ran).toBe(false);
  open(0);
  expect(ran).toBe(true);
});
