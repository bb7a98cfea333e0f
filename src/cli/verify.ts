import { isWhole } from "../log/inspection/damage.ts";
import type { Command, Input } from "./command.ts";
import { dataDisk } from "./data-disk.ts";
import { accessFolder, damagesText, inspectFolder, sumsText } from "./data-folder.ts";
import { EXIT } from "./exit-codes.ts";
import { wrap } from "./help.ts";
import { effectiveSettings, SETTING_FLAGS } from "./settings.ts";
import type { World } from "./world.ts";

export const verifyCommand: Command = {
  name: "verify",
  summary: "Check a whole data folder for damage, and change nothing",
  flags: [...SETTING_FLAGS, { name: "topic", value: "NAME", doc: "One topic alone." }],
  notes: [
    "Sums and offsets of every batch, the indexes of offsets, times, keys and transactions against the batches, the journal, the checkpoints and what they say of producers, and the metadata log. Each damage is named with its file, bytes and offsets, the devices that it concerns as far as they can still be read, what it means and what to do.",
    "While a gateway has the folder it is looked at as far as the last checkpoint, without the journal; stop the gateway to have all of it checked. No gateway can start on the folder meanwhile.",
    "The exit code is 0 where all is whole but for indexes that will be built again, 1 where damage was found, 2 where there is no data folder, and 4 where it is of a later version.",
  ],
  examples: [
    ["headwater verify --data /var/lib/headwater", "after a power cut, or before a backup"],
    ["headwater verify --topic telemetry -o json", "for scripts"],
  ],
  run: verify,
};

async function verify(input: Input, world: World): Promise<number> {
  const { settings } = effectiveSettings(input, world);
  const folder = settings.data;
  const { isRunning, doubt, lock } = accessFolder(folder);
  try {
    const disk = await dataDisk(settings);
    const inspection = inspectFolder(disk, folder, isRunning, input.value("topic"), world);
    const ok = isWhole(inspection.damages);
    if (input.json) world.out(`${JSON.stringify({ ok, folder, doubt, ...inspection })}\n`);
    else {
      world.out(damagesText(inspection.damages));
      for (const { path, text } of inspection.remarks)
        world.out(`note    ${path}\n        ${wrap(text, 8)}\n`);
      if (doubt !== null) world.err(`taken for one that is in use, since it can't be told: ${doubt}\n`);
      world.out(sumsText(folder, inspection));
      const count = inspection.damages.filter(({ isHarmless }) => !isHarmless).length;
      world.out(ok ? "whole\n" : `${count} damaged\n`);
    }
    return ok ? EXIT.ok : EXIT.failed;
  } finally {
    lock?.release();
  }
}
