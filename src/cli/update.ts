import type { Command, Input } from "./command.ts";
import { UsageError } from "./exit-codes.ts";
import { effectiveSettings, SETTING_FLAGS } from "./settings.ts";
import type { World } from "./world.ts";

export const updateCommand: Command = {
  name: "update",
  summary: "Put another version of headwater in place, with a way back",
  positionals: "[FILE|URL]",
  maxPositionals: 1,
  flags: [
    ...SETTING_FLAGS,
    {
      name: "status",
      doc: "Which version runs, which one the next start runs, and what came of the last update.",
    },
    { name: "rollback", doc: "Back to the version before; while one is on trial: give it up." },
    {
      name: "check",
      doc: "Only whether the bundle is signed by a trusted key and would be taken; reads its start.",
    },
    { name: "dry-run", doc: "The same, and every byte of it against what was signed; changes nothing." },
    { name: "allow-older", doc: "Take a version that is older than the one that runs, or the same." },
    {
      name: "allow-http",
      doc: "Ask an http: address too (update.allow.http): what comes has to be signed anyway.",
    },
    { name: "manifest-sha256", value: "HEX", doc: "Take only the bundle whose manifest has this SHA-256." },
    { name: "expect", value: "VERSION", doc: "Take only this version." },
    { name: "no-restart", doc: "Leave a gateway that runs alone: its next start tries the new version." },
    { name: "no-wait", doc: "Don't wait for what becomes of it." },
  ],
  notes: [
    "A bundle has to be signed by a key of update.keys. Every byte is checked, then written into the slot that does not run, and the new program tests itself on this machine; only then it is chosen, by one rename. The gateway makes room, and the new version has update.gate.ms to prove itself: everything serves that did before, a record comes to the disk, uplinks that moved move. If it does not, ends, hangs, or power is cut too often, the version before comes back by itself.",
    "It is run as the gateway's user, and works where the service's launcher has started the gateway (the Debian package, a card); in a container replace the image. A package that is installed later and is newer wins over what is in the slots.",
    "A download goes on where it broke off, and leaves disk.reserve.bytes free.",
    "The exit code is 0 where the new version stays, or was chosen; 1 where it was refused, or given up; 2 where no key is trusted; 3 where the address could not be reached; 5 where there is no room; 8 where the gateway has not said yet.",
  ],
  examples: [
    [
      "sudo -u headwater headwater update headwater_0.2.0_arm64.update --config /etc/headwater/headwater.toml",
      "from a file",
    ],
    [
      "sudo -u headwater headwater update https://updates.example.org/arm64.update --data /var/lib/headwater",
      "from the web",
    ],
    ["sudo -u headwater headwater update --status --data /var/lib/headwater", "what runs, and what was"],
  ],
  run: update,
};

const MODES = ["status", "rollback"] as const;

async function update(input: Input, world: World): Promise<number> {
  const [from, ...others] = [
    ...input.positionals,
    ...MODES.filter((mode) => input.on(mode)).map((mode) => `--${mode}`),
  ];
  if (from === undefined)
    throw new UsageError("name a bundle, as a file or an address, or --status or --rollback");
  if (others.length > 0) throw new UsageError(`${from} and ${others.join(" and ")}: one of them`);
  const { settings } = effectiveSettings(input, world);
  if (input.on("status")) return (await import("./update/status.ts")).showStatus(input, world, settings);
  if (input.on("rollback")) return (await import("./update/rollback.ts")).rollBack(input, world, settings);
  return (await import("./update/apply.ts")).applyUpdate(input, world, settings, from);
}
