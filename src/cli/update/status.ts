import type { Settings } from "../../config/options.ts";
import { type Filled, readChosen, readOutcome } from "../../update/slots.ts";
import type { Input } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import type { World } from "../world.ts";
import { findPlace } from "./place.ts";

/** `headwater update --status`. */
export async function showStatus(input: Input, world: World, settings: Settings): Promise<number> {
  const { disk, slots, packaged, launched, next, present } = findPlace(settings);
  const chosen = readChosen(disk, slots);
  const last = readOutcome(disk, slots);
  if (input.json) {
    const packagedVersion = packaged?.version ?? null;
    world.out(
      `${JSON.stringify({ slots, launched, next, chosen, packaged: packagedVersion, logFormat: present.logFormat, last })}\n`,
    );
    return EXIT.ok;
  }
  const slotText = (filled: Filled | null | undefined) =>
    filled ? `${filled.version} (slot ${filled.slot})` : null;
  const trial =
    chosen !== null && next.attempt !== null ? `, on trial: ${next.tried} of ${chosen.tries} starts` : "";
  const nextText = next.runs === "packaged" ? "the packaged version" : `slot ${next.runs}`;
  const rows: readonly (readonly [string, string | null])[] = [
    ["runs", `${launched.version} (${launched.slot === "packaged" ? "packaged" : `slot ${launched.slot}`})`],
    ["next start", `${nextText}${trial}`],
    ["chosen", slotText(chosen)],
    ["else", chosen === null ? null : (slotText(chosen.other) ?? "the packaged version")],
    ["packaged", packaged?.version ?? null],
    ["data folder", present.logFormat === null ? null : `format ${present.logFormat}`],
    [
      "last update",
      last === null
        ? null
        : `${last.version} ${last.result}${last.reason === null ? "" : `: ${last.reason}`}, ${new Date(last.atMs).toISOString()}`,
    ],
  ];
  for (const [name, text] of rows) if (text !== null) world.out(`${name.padEnd(12)} ${text}\n`);
  return EXIT.ok;
}
