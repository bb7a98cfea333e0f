import type { Settings } from "../config/options.ts";
import { readMasterKey } from "../io/bun/data-disk.ts";
import { PlainDisk } from "../io/bun/plain-disk.ts";
import { SystemRandom } from "../io/bun/random.ts";
import { isSealedFolder, readKeyring, writeKeyring } from "../io/sealed/keyring.ts";
import { refuseErased } from "../log/erasure-marker.ts";
import { endSwitch } from "../log/restore-switch.ts";
import type { Command, Input } from "./command.ts";
import { dataDisk } from "./data-disk.ts";
import { accessFolder } from "./data-folder.ts";
import type { Conversion } from "./encryption/convert.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import { sizeText } from "./progress.ts";
import { effectiveSettings, SETTING_FLAGS } from "./settings.ts";
import type { World } from "./world.ts";

const SLICE_BYTES = 1024 * 1024;
const KEY_NOTE =
  "The key is the one that storage.encryption.key.file or storage.encryption.key.credential names. Whoever loses it has lost the records: keep a copy elsewhere.";
const CONVERSION_NOTE =
  "The gateway has to be stopped. Each file is written anew beside the old one, read back and compared, and then takes its place, so that room for the largest file is needed, and a power cut does no harm: no gateway starts on the folder until the same command was run to its end.";

export const encryptionCommand: Command = {
  name: "encryption",
  summary: "Encrypt a data folder, or no longer, or under another key",
  commands: [
    {
      name: "on",
      summary: "Encrypt the folder of a stopped gateway that has records already",
      flags: SETTING_FLAGS,
      notes: [
        KEY_NOTE,
        CONVERSION_NOTE,
        "What the old files held stays on the medium until it is written over, on flash perhaps longer: for secrets that matter, begin with an empty card, and restore a backup onto it.",
      ],
      examples: [
        ["headwater encryption on --config /etc/headwater/headwater.toml", "with the key that it names"],
      ],
      run: (input, world) => convert(input, world, "on"),
    },
    {
      name: "off",
      summary: "Decrypt the folder of a stopped gateway",
      flags: SETTING_FLAGS,
      notes: [
        CONVERSION_NOTE,
        "Take the key out of the settings afterwards: a gateway does not start with one.",
      ],
      run: (input, world) => convert(input, world, "off"),
    },
    {
      name: "rotate",
      summary: "Put another key in the place of the one in the settings",
      flags: [
        ...SETTING_FLAGS,
        { name: "new-key", value: "FILE", doc: "The new key: 32 bytes, or these in hex or base64." },
      ],
      notes: [
        "Records are encrypted under data keys, and these under the key: nothing but them is written anew, at once, also while a gateway runs. Let the settings name the new key before the next start. From that start on new files take a new data key; those of old files go when a rotation finds no file that has them.",
        "Whoever has a copy of the folder of before, and the old key, can read what was in it: to change that, turn encryption off and on.",
      ],
      examples: [
        [
          "openssl rand -base64 32 > new.key && headwater encryption rotate --new-key new.key",
          "and then mv new.key over the old one",
        ],
      ],
      run: rotate,
    },
    {
      name: "status",
      summary: "Say whether the folder is encrypted, and whether the key opens it",
      flags: SETTING_FLAGS,
      run: status,
    },
    {
      name: "read",
      summary: "Write what an encrypted file of the folder holds to standard output",
      positionals: "FILE",
      minPositionals: 1,
      maxPositionals: 1,
      flags: SETTING_FLAGS,
      notes: ["FILE is relative to the folder. For files in quarantine, which are kept for people."],
      examples: [
        [
          "headwater encryption read quarantine/telemetry-0-00000000000000000000.log > damaged.log",
          "look at it",
        ],
      ],
      run: read,
    },
  ],
};

function sourceOf(settings: Settings) {
  return {
    file: settings["storage.encryption.key.file"],
    credential: settings["storage.encryption.key.credential"],
  };
}

async function convert(input: Input, world: World, to: "on" | "off"): Promise<number> {
  const { settings } = effectiveSettings(input, world);
  const folder = settings.data;
  const plain = new PlainDisk();
  const source = sourceOf(settings);
  if (source.file === "" && source.credential === "")
    throw new UsageError("no key: set storage.encryption.key.file or storage.encryption.key.credential");
  if (!plain.exists(folder)) throw new UsageError(`${folder}: there is no such folder`);
  const masterKey = readMasterKey(source);
  const lock = plain.lock(folder);
  try {
    refuseErased(plain, folder);
    if (!isSealedFolder(plain, folder)) endSwitch(plain, folder);
    const { convertFolder } = await import("./encryption/convert.ts");
    const done = convertFolder({ folder, to, masterKey, world });
    tell(input, world, folder, to, done);
    return done.damaged.length === 0 ? EXIT.ok : EXIT.failed;
  } finally {
    lock.release();
  }
}

function tell(input: Input, world: World, folder: string, to: "on" | "off", done: Conversion): void {
  if (input.json) {
    world.out(`${JSON.stringify({ folder, encrypted: to === "on", ...done })}\n`);
    return;
  }
  const { files, sizeBytes, untouched, damaged } = done;
  world.out(
    `${folder} is ${to === "on" ? "encrypted" : "no longer encrypted"}: ${files} files, ${sizeText(sizeBytes)}, all read back\n`,
  );
  for (const path of untouched) world.out(`stays as it is: ${path}\n`);
  for (const path of damaged) world.err(`${path} was damaged, and is: see headwater verify\n`);
  if (to === "off") world.out("take the key out of the settings: a gateway does not start with one\n");
  else world.out(`on flash, have the old blocks forgotten: sudo fstrim -v ${folder}\n`);
}

async function rotate(input: Input, world: World): Promise<number> {
  const file = input.value("new-key");
  if (file === null) throw new UsageError("--new-key is missing: name the file of the new key");
  const { settings } = effectiveSettings(input, world);
  const folder = settings.data;
  const plain = new PlainDisk();
  refuseUnsealed(plain, folder);
  const oldKey = readMasterKey(sourceOf(settings));
  const newKey = readMasterKey({ file, credential: "" }, "--new-key");
  const [{ AES_GCM }, { keyNumbersIn }] = await Promise.all([
    import("../io/bun/aes-gcm.ts"),
    import("./encryption/convert.ts"),
  ]);
  const { isRunning, lock } = accessFolder(folder);
  try {
    const random = new SystemRandom();
    const { keyring } = readKeyring(plain, folder, oldKey, AES_GCM);
    // A gateway that runs goes on with the data key that it has.
    const needed = isRunning ? null : keyNumbersIn(folder);
    const renewed = keyring.renewed(random, (number) => needed?.has(number) ?? true);
    writeKeyring(plain, folder, renewed, newKey, AES_GCM, random);
    const { isWhole } = readKeyring(plain, folder, newKey, AES_GCM);
    if (!isWhole)
      throw new UsageError(`${folder}: the new keyring can't be read back; the old key is in force`);
    if (input.json) world.out(`${JSON.stringify({ folder, dataKeys: renewed.count })}\n`);
    else
      world.out(
        `${folder} opens with ${file} from now on, and no longer with the old key: let the settings name it\n`,
      );
    return EXIT.ok;
  } finally {
    lock?.release();
  }
}

async function status(input: Input, world: World): Promise<number> {
  const { settings } = effectiveSettings(input, world);
  const folder = settings.data;
  const plain = new PlainDisk();
  const encrypted = isSealedFolder(plain, folder);
  const source = sourceOf(settings);
  if (encrypted && source.file === "" && source.credential === "") {
    if (input.json) world.out(`${JSON.stringify({ folder, encrypted, opens: false, dataKeys: null })}\n`);
    else world.out(`${folder} is encrypted; no key is set (storage.encryption.key.file or .credential)\n`);
    return EXIT.failed;
  }
  let dataKeys = 0;
  if (encrypted) {
    const { AES_GCM } = await import("../io/bun/aes-gcm.ts");
    const { keyring } = readKeyring(plain, folder, readMasterKey(source), AES_GCM);
    dataKeys = keyring.count;
  }
  if (input.json)
    world.out(`${JSON.stringify({ folder, encrypted, opens: encrypted ? true : null, dataKeys })}\n`);
  else if (encrypted) world.out(`${folder} is encrypted, and the key opens it (${dataKeys} data keys)\n`);
  else world.out(`${folder} is not encrypted\n`);
  return EXIT.ok;
}

async function read(input: Input, world: World): Promise<number> {
  const { settings } = effectiveSettings(input, world);
  const [name = ""] = input.positionals;
  refuseUnsealed(new PlainDisk(), settings.data);
  const disk = await dataDisk(settings);
  const file = disk.openFile(`${settings.data}/${name}`, "read");
  try {
    for (let at = 0; at < file.sizeBytes; at += SLICE_BYTES) {
      world.out(file.view(at, Math.min(SLICE_BYTES, file.sizeBytes - at)).slice());
    }
    return EXIT.ok;
  } finally {
    file.close();
  }
}

function refuseUnsealed(disk: PlainDisk, folder: string): void {
  if (!isSealedFolder(disk, folder)) throw new UsageError(`${folder} is not encrypted`);
}
