import { type Damage, isWhole } from "../log/inspection/damage.ts";
import type { Inspection } from "../log/inspection/store-check.ts";
import type { Command, Input } from "./command.ts";
import { dataDisk } from "./data-disk.ts";
import { damagesText, inspectFolder, sumsText, takeFolder, warningsTo } from "./data-folder.ts";
import { EXIT } from "./exit-codes.ts";
import { effectiveSettings, SETTING_FLAGS } from "./settings.ts";
import type { RepairOutcome, World } from "./world.ts";

export const repairCommand: Command = {
  name: "repair",
  summary: "Mend a damaged data folder whose gateway is stopped, or say what that would do",
  flags: [...SETTING_FLAGS, { name: "apply", doc: "Do it; without it nothing is changed." }],
  notes: [
    "It does what a gateway does when it starts and meets damage, all at once and before anybody reads: a damaged segment goes to the folder quarantine, every sound batch of it stays in its place, and what is lost is written into the topic headwater.gaps. Indexes and other caches are made anew. Offsets are never used again.",
    "What is lost is told by topic, partition and offsets, and by device as far as the damaged bytes can still be read. What an uplink has carried is at the centre.",
    "It never works on a folder that a gateway has open. A power cut meanwhile does no harm: run it again.",
    "The exit code is 0 where there is nothing to mend, or all is mended; 1 where something would have to be, or could not be; 4 where the folder is in use.",
  ],
  examples: [
    ["headwater repair --data /var/lib/headwater", "what would be done, and what is lost"],
    ["headwater repair --data /var/lib/headwater --apply", "do it"],
  ],
  run: repair,
};

async function repair(input: Input, world: World): Promise<number> {
  const { settings } = effectiveSettings(input, world);
  const folder = settings.data;
  const disk = await dataDisk(settings);
  const before = whileTaken(folder, () => inspectFolder(disk, folder, false, null, world));
  const losses = before.damages.filter(({ fromOffset }) => fromOffset !== null);
  if (!input.on("apply") || before.damages.length === 0) {
    tell(input, world, folder, before, losses, null);
    return isWhole(before.damages) ? EXIT.ok : EXIT.failed;
  }
  const work = await world.dataWork();
  const outcome = await work.repair(settings, before, warningsTo(world));
  // What the work has changed is not what the first look remembers.
  const mended = await dataDisk(settings);
  const after = whileTaken(folder, () => inspectFolder(mended, folder, false, null, world));
  tell(input, world, folder, before, losses, { outcome, after });
  return isWhole(after.damages) && outcome.faulty.length === 0 ? EXIT.ok : EXIT.failed;
}

function whileTaken<Result>(folder: string, look: () => Result): Result {
  const lock = takeFolder(folder);
  try {
    return look();
  } finally {
    lock?.release();
  }
}

interface Done {
  readonly outcome: RepairOutcome;
  readonly after: Inspection;
}

function tell(
  input: Input,
  world: World,
  folder: string,
  before: Inspection,
  losses: readonly Damage[],
  done: Done | null,
): void {
  if (input.json) {
    const outcome = done === null ? {} : { ...done.outcome, left: done.after.damages };
    const ok = isWhole((done?.after ?? before).damages) && (done?.outcome.faulty.length ?? 0) === 0;
    world.out(
      `${JSON.stringify({ ok, folder, applied: done !== null, damages: before.damages, losses, ...outcome })}\n`,
    );
    return;
  }
  world.out(damagesText(before.damages));
  if (before.damages.length === 0) world.out(`${sumsText(folder, before)}there is nothing to mend\n`);
  else if (done === null) world.out(`${lossText(losses)}nothing was changed; --apply does it\n`);
  else world.out(doneText(losses, done));
}

function lossText(losses: readonly Damage[]): string {
  if (losses.length === 0) return "no record is lost\n";
  const lines = losses.map(({ topic, partition, fromOffset, toOffset, keys }) => {
    const devices = keys.length === 0 ? "" : `: ${keys.join(", ")}`;
    return `lost    ${topic}-${partition} offsets ${fromOffset} to ${(toOffset ?? 0) - 1}${devices}\n`;
  });
  return lines.join("");
}

function doneText(losses: readonly Damage[], { outcome, after }: Done): string {
  const aside = outcome.setAside.flatMap(({ path }) => (path === null ? [] : [`kept    ${path}\n`]));
  const faulty = outcome.faulty.map((name) => `FAULTY  ${name}: it could not be mended\n`);
  const left = after.damages.length === 0 ? "" : `still damaged:\n${damagesText(after.damages)}`;
  const end =
    after.damages.length + faulty.length === 0
      ? "mended, and checked again: whole\n"
      : "not all could be mended\n";
  return `${lossText(losses)}${[...new Set(aside)].join("")}${faulty.join("")}${left}${end}`;
}
