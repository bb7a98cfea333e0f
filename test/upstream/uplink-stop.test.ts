import { expect, test } from "bun:test";
import { HeadwaterError } from "../../src/base/errors.ts";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import { LinkGovernor } from "../../src/upstream/link/governor.ts";
import { UNKNOWN_TIME } from "../../src/upstream/link/settings.ts";
import { uplinkSettings } from "../../src/upstream/settings.ts";
import { Uplink } from "../../src/upstream/uplink.ts";
import { MemorySource } from "./memory-source.ts";

test("an uplink ends in good order though a full disk takes its last figures not", async () => {
  const clock = new ManualClock();
  const random = new SeededRandom(1);
  const settings = uplinkSettings({ name: "u", gatewayId: "g", topics: ["*"] });
  const governor = new LinkGovernor(settings.link, settings.limits, UNKNOWN_TIME, random);
  let saves = 0;
  const store = {
    load: async () => null,
    save: async () => {
      saves += 1;
      throw new HeadwaterError("LOG_FENCED", "the state was not written");
    },
  };
  const reports = { onGap() {}, onRecreated() {}, onState() {}, onTrouble() {} };
  const centre = { perform() {}, close() {} };
  const uplink = new Uplink(settings, new MemorySource(), centre, store, { clock, random }, reports, {
    ...{ governor, store },
  });
  uplink.start();
  await clock.settleAll();
  clock.advance(1_000);
  await clock.settleAll();
  expect(governor.isRestored).toBe(true);
  await uplink.stop(0);
  expect(saves).toBeGreaterThan(0);
});
