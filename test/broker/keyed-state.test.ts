import { expect, test } from "bun:test";
import type { KeyedState } from "../../src/broker/keyed-state.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { type OpenBroker, openBroker } from "./support.ts";

const TOPIC = "__test_state";
const text = new TextEncoder();

/** A state whose log takes nothing while `refuses.on`. */
async function opened(disk = new SimulatedDisk({ seed: 1 })) {
  const open = await openBroker(disk);
  const state = open.broker.openState(TOPIC);
  const refuses = { on: false, tries: 0 };
  const partition = open.broker.partition(TOPIC, 0);
  if (partition === null) throw new Error("no topic");
  const append = partition.append.bind(partition);
  partition.append = (...args) => {
    refuses.tries += 1;
    return refuses.on ? { error: 56, message: "no" } : append(...args);
  };
  return { ...open, state, refuses };
}

async function pass({ clock }: OpenBroker, seconds: number): Promise<void> {
  for (let n = 0; n < seconds; n += 1) {
    clock.advance(1_000);
    await clock.settleAll();
  }
}

const storedIn = (state: KeyedState) => Buffer.from(state.get("k") ?? []).toString();

test("what is insisted on is tried until it is taken, as it is by then", async () => {
  const open = await opened();
  const { state, refuses } = open;
  refuses.on = true;
  let value = "first";
  let isDone = false;
  state.insist(
    "k",
    () => text.encode(value),
    () => {
      isDone = true;
    },
  );
  await open.clock.settleAll();
  await pass(open, 3);
  expect([refuses.tries, isDone, state.get("k")]).toEqual([4, false, null]);
  refuses.on = false;
  value = "second";
  void state.set("k", text.encode(value));
  await pass(open, 2);
  expect([storedIn(state), isDone]).toEqual(["second", true]);
  const again = await opened(open.disk.crash("sectors", 5));
  expect(storedIn(again.state)).toBe("second");
});

test("what there is nothing of any more is not written", async () => {
  const open = await opened();
  const { state, refuses } = open;
  refuses.on = true;
  let value: Uint8Array | null = text.encode("v");
  let isDone = false;
  state.insist(
    "k",
    () => value,
    () => {
      isDone = true;
    },
  );
  await pass(open, 1);
  refuses.on = false;
  value = null;
  await pass(open, 1);
  expect([state.get("k"), isDone]).toEqual([null, true]);
});

test("nothing is tried once it is closed", async () => {
  const open = await opened();
  const { state, refuses, clock } = open;
  refuses.on = true;
  state.insist(
    "k",
    () => text.encode("v"),
    () => {},
  );
  await clock.settleAll();
  const before = clock.pendingTimers;
  state.close();
  expect(clock.pendingTimers).toBe(before - 1);
  await pass(open, 3);
  expect(refuses.tries).toBe(1);
});

test("one whose topic can't be made yet has it made by what is insisted on", async () => {
  const open = await openBroker();
  const write = open.broker.metadata.append.bind(open.broker.metadata);
  open.broker.metadata.append = () => ({ error: 56, message: "no" });
  const state = open.broker.lateState(TOPIC);
  expect(() => state.open()).toThrow("can't be opened");
  let isDone = false;
  state.insist(
    "k",
    () => text.encode("v"),
    () => {
      isDone = true;
    },
  );
  await pass(open, 2);
  expect([isDone, state.get("k")]).toEqual([false, null]);
  open.broker.metadata.append = write;
  await pass(open, 2);
  expect([isDone, storedIn(state)]).toEqual([true, "v"]);
});
