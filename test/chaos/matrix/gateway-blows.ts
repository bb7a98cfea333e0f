import { resolve } from "node:path";
import type { SeededRandom } from "../../../src/io/simulated/random.ts";
import { SMALL_SETTINGS } from "../../powercut/run.ts";
import type { Headwater } from "../../support/headwater.ts";
import type { CutDisk } from "./cut-disk.ts";

/** What happens to a gateway while the centre has a fault. */
export interface GatewayBlow {
  readonly name: string;
  /** Headwater with something planted in it, started in its place. */
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** The clock it stamps by jumped: timestamps are not held against each other. */
  readonly ignoreTimes?: boolean;
  /** Its data lie on a disk that power can be cut from, which `strike` is given. */
  readonly onCutDisk?: boolean;
  readonly settings?: Readonly<Record<string, string>>;
  strike(gateway: Headwater, random: SeededRandom, disk: CutDisk | null): Promise<void>;
}

const JUMPING = resolve(import.meta.dirname, "jumping-gateway.ts");
const JUMPS = 3;

export const GATEWAY_BLOWS: readonly GatewayBlow[] = [
  { name: "left-alone", strike: async () => {} },
  { name: "killed", strike: killTwice },
  { name: "power-cut", onCutDisk: true, settings: SMALL_SETTINGS, strike: cutPower },
  {
    name: "clock-jumped",
    command: [process.execPath, JUMPING],
    ignoreTimes: true,
    strike: async (gateway, random) => {
      for (let jumps = 0; jumps < JUMPS; jumps += 1) {
        process.kill(gateway.pid, "SIGUSR2");
        await Bun.sleep(500 + random.below(1_000));
      }
      const jumped = gateway.log().split("the wall clock is").length - 1;
      if (jumped !== JUMPS) throw new Error(`the clock jumped ${jumped} times`);
    },
  },
];

/** Some of what was not on the disk is gone with the gateway. */
async function cutPower(gateway: Headwater, random: SeededRandom, disk: CutDisk | null): Promise<void> {
  await Bun.sleep(random.below(1_000));
  await disk?.cut(gateway, random);
  await gateway.restart();
}

/** kill -9, and again soon after it is back. */
async function killTwice(gateway: Headwater, random: SeededRandom): Promise<void> {
  await killOften(gateway, random, 2, 300);
}

/** kill -9 so many times, each some time after it is back: `upMs` to twice that and a bit. */
export async function killOften(
  gateway: Headwater,
  random: SeededRandom,
  times: number,
  upMs: number,
): Promise<void> {
  for (let kills = 0; kills < times; kills += 1) {
    await gateway.kill();
    await Bun.sleep(random.below(500));
    await gateway.restart();
    await Bun.sleep(upMs + random.below(upMs + 1_000));
  }
}
