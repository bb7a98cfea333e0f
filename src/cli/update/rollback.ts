import { HeadwaterError } from "../../base/errors.ts";
import type { Settings } from "../../config/options.ts";
import { storedManifest } from "../../update/bundle.ts";
import { MAX_MANIFEST_BYTES } from "../../update/manifest.ts";
import {
  choose,
  type Filled,
  fail,
  filledOf,
  HEADER_FILE,
  isUsable,
  readChosen,
} from "../../update/slots.ts";
import type { Input } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import type { World } from "../world.ts";
import { Teller } from "./apply.ts";
import { findPlace, type Place, refuseOtherUser } from "./place.ts";

/** `headwater update --rollback`: what ran before, without a trial, since it has proved itself once. */
export async function rollBack(input: Input, world: World, settings: Settings): Promise<number> {
  const teller = new Teller(input, world);
  const place = findPlace(settings);
  refuseOtherUser(place.slots);
  const { disk, slots } = place;
  const lock = disk.lock(slots);
  try {
    const chosen = readChosen(disk, slots);
    if (chosen === null)
      throw new HeadwaterError("UNSUPPORTED", "the packaged version runs: there is none to go back to");
    if (chosen.attempt !== null) {
      fail(disk, slots, chosen.attempt, "it was rolled back by hand");
      teller.end({ state: "given up", version: chosen.version }, `${chosen.version} is given up`);
      return EXIT.ok;
    }
    const { other, base } = chosen;
    const back = other !== null && isUsable(disk, slots, other, base, place.packagedOrder) ? other : null;
    refuseFormat(place, back);
    const restart = input.on("no-restart") ? ("later" as const) : ("now" as const);
    const settled = { attempt: null, tries: 0, guardSeconds: 0, base: place.packagedOrder, restart };
    choose(disk, slots, back === null ? null : { ...filledOf(back), ...settled, other: filledOf(chosen) });
    const version = back?.version ?? place.packaged?.version ?? "the packaged version";
    teller.end(
      { state: "chosen", slot: back?.slot ?? "packaged", version, from: chosen.version },
      `${version} takes the place of ${chosen.version}`,
    );
    return EXIT.ok;
  } finally {
    lock.release();
  }
}

/** A program that can't read the data folder would not start, and then none would. */
function refuseFormat({ disk, slots, packaged, present }: Place, back: Filled | null): void {
  const { logFormat } = present;
  if (logFormat === null) return;
  const bytes =
    back === null ? null : disk.readFile(`${slots}/${back.slot}/${HEADER_FILE}`, 2 * MAX_MANIFEST_BYTES);
  const reads =
    back === null ? packaged?.reads : bytes === null ? undefined : storedManifest(bytes).logFormats.reads;
  if (reads?.includes(logFormat) === true) return;
  const version = back?.version ?? packaged?.version ?? "the packaged version";
  throw new HeadwaterError(
    "DATA_FORMAT_UNKNOWN",
    `${version} can't read the data folder, which has format ${logFormat} by now: there is no way back but a backup of before`,
  );
}
