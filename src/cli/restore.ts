import { createReadStream } from "node:fs";
import { dirname } from "node:path";
import { createZstdDecompress } from "node:zlib";
import { HeadwaterError } from "../base/errors.ts";
import { SystemClock } from "../io/bun/clock.ts";
import { PlainDisk } from "../io/bun/plain-disk.ts";
import type { Disk } from "../io/disk.ts";
import { KEYRING_FILES } from "../io/sealed/keyring.ts";
import { readTar, type TarEntry } from "../io/tar.ts";
import { refuseErased } from "../log/erasure-marker.ts";
import { isWhole } from "../log/inspection/damage.ts";
import { endSwitch, RESTORE_FOLDER, switchToRestored } from "../log/restore-switch.ts";
import { BACKUP_FORMAT, type BackupManifest, MANIFEST_FILE, parseManifest } from "./backup-manifest.ts";
import type { Command, Input } from "./command.ts";
import { dataDisk } from "./data-disk.ts";
import { damagesText, inspectFolder } from "./data-folder.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import { Progress, progressLineOfBytes, sizeText } from "./progress.ts";
import { effectiveSettings, SETTING_FLAGS } from "./settings.ts";
import type { World } from "./world.ts";

/** Names in a backup: files of the data folder, or of a partition's folder. Nothing leads out of it. */
const NAME = /^(?:[A-Za-z0-9._-]{1,255}\/)?[A-Za-z0-9._-]{1,255}$/;
/** Of a folder without data. */
const STAYING: readonly string[] = ["lock", RESTORE_FOLDER, ...KEYRING_FILES];
const MAX_MANIFEST_BYTES = 256 * 1024 * 1024;

export const restoreCommand: Command = {
  name: "restore",
  summary: "Put a backup into a data folder, once all of it was checked",
  flags: [
    ...SETTING_FLAGS,
    { name: "from", value: "FILE|-", doc: "The backup; - is standard input." },
    { name: "replace", doc: "Where the folder has data: put that aside, into replaced.N beside it." },
    { name: "damaged", doc: "Take a backup of a log that was damaged when it was made." },
  ],
  notes: [
    "The copy is unpacked beside what is there, every file is held against its SHA-256 sum, made durable, and checked as headwater verify does. Then it takes the place of what was there; a power cut in the middle of that is ended by the next start. What was there before stays in replaced.N until somebody removes it.",
    "The gateway has to be stopped. A restored gateway goes on at the offsets of the backup; the centre tells its records from those that the gateway sent after the backup was made, so that nothing is skipped or taken twice for the same. Don't let the gateway that was backed up and the restored one run at a time.",
  ],
  examples: [
    ["headwater restore --from gw7.hwbackup --data /var/lib/headwater", "into an empty folder"],
    [
      "headwater restore --from gw7.hwbackup --data /var/lib/headwater --replace",
      "in place of what is there",
    ],
  ],
  run: restore,
};

async function restore(input: Input, world: World): Promise<number> {
  const from = input.value("from");
  if (from === null) throw new UsageError("--from is missing: name a backup, or - for standard input");
  const { settings } = effectiveSettings(input, world);
  const folder = settings.data;
  new PlainDisk().makeFolder(folder);
  const disk = await dataDisk(settings, true);
  disk.syncFolderNow(dirname(folder));
  const lock = disk.lock(folder);
  try {
    refuseErased(disk, folder);
    endSwitch(disk, folder);
    if (!input.on("replace")) refuseData(disk, folder);
    const staging = `${folder}/${RESTORE_FOLDER}`;
    disk.remove(staging);
    const { manifest, sizeBytes } = await unpack(from, disk, staging, world);
    const { damages } = inspectFolder(disk, staging, false, null, world);
    if (!isWhole(damages) && !input.on("damaged")) {
      world.out(damagesText(damages));
      disk.remove(staging);
      world.err(
        "what the backup has was damaged when it was made; nothing was changed (--damaged takes it all the same)\n",
      );
      return EXIT.failed;
    }
    const kept = switchToRestored(disk, folder);
    const { gatewayId, takenAt, files } = manifest;
    if (input.json)
      world.out(`${JSON.stringify({ folder, gatewayId, takenAt, files: files.length, sizeBytes, kept })}\n`);
    else {
      world.out(
        `${folder} is ${gatewayId} as of ${takenAt}: ${files.length} files, ${sizeText(sizeBytes)}, all sums right\n`,
      );
      if (kept !== null) world.out(`what was there before is in ${folder}/${kept}\n`);
    }
    return EXIT.ok;
  } finally {
    lock.release();
  }
}

function refuseData(disk: Disk, folder: string): void {
  const names = disk.list(folder).filter((name) => !STAYING.includes(name) && !name.startsWith("replaced."));
  if (names.length === 0) return;
  throw new UsageError(
    `${folder} is not empty (${names.slice(0, 3).join(", ")}): --replace puts aside what is there`,
  );
}

interface Unpacked {
  readonly manifest: BackupManifest;
  readonly sizeBytes: number;
}

/** Writes all files to the folder, durably, and holds them against the manifest. Leaves nothing where that fails. */
async function unpack(from: string, disk: Disk, staging: string, world: World): Promise<Unpacked> {
  const progress = new Progress(world, new SystemClock(), true, progressLineOfBytes);
  const sums = new Map<string, string>();
  let sizeBytes = 0;
  try {
    disk.makeFolder(staging);
    let manifest: BackupManifest | null = null;
    for await (const entry of readTar(unpacked(from, world))) {
      if (entry.name === MANIFEST_FILE) {
        manifest = await readManifest(entry);
        break;
      }
      sums.set(entry.name, await write(entry, disk, staging));
      sizeBytes += entry.sizeBytes;
      progress.update(sizeBytes, null);
    }
    checkManifest(manifest, sums);
    for (const name of disk.list(staging)) {
      if (!disk.isFile(`${staging}/${name}`)) disk.syncFolderNow(`${staging}/${name}`);
    }
    disk.syncFolderNow(staging);
    disk.syncFolderNow(dirname(staging));
    return { manifest, sizeBytes };
  } catch (error) {
    disk.remove(staging);
    throw error;
  } finally {
    progress.end();
  }
}

async function* unpacked(from: string, world: World): AsyncGenerator<Uint8Array> {
  const unpacker = createZstdDecompress();
  const packed = from === "-" ? world.stdin() : createReadStream(from);
  const fed = feed(packed, unpacker);
  fed.catch((error) => unpacker.destroy(error));
  try {
    for await (const part of unpacker) yield part as Uint8Array;
    await fed;
  } catch (cause) {
    if (cause instanceof HeadwaterError) throw cause;
    const isMissing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    const why = cause instanceof Error ? cause.message : String(cause);
    if (isMissing) throw new HeadwaterError("FILE_MISSING", `${from}: there is no such file`, { cause });
    throw new HeadwaterError("MALFORMED", `${from} is no backup, or a damaged one: ${why}`, { cause });
  }
}

async function feed(
  packed: AsyncIterable<Uint8Array>,
  unpacker: ReturnType<typeof createZstdDecompress>,
): Promise<void> {
  for await (const part of packed) {
    if (unpacker.destroyed) return;
    if (!unpacker.write(part)) await new Promise((resolve) => unpacker.once("drain", resolve));
  }
  unpacker.end();
}

async function readManifest(entry: TarEntry): Promise<BackupManifest | null> {
  if (entry.sizeBytes > MAX_MANIFEST_BYTES) return null;
  const parts: Uint8Array[] = [];
  for await (const part of entry.bytes()) parts.push(part);
  return parseManifest(Buffer.concat(parts));
}

/** Gives the sum of what was written. */
async function write(entry: TarEntry, disk: Disk, staging: string): Promise<string> {
  const { name, sizeBytes } = entry;
  if (!NAME.test(name) || name.split("/").some((part) => part === "." || part === ".."))
    throw new HeadwaterError(
      "MALFORMED",
      `the backup has a file of the name ${JSON.stringify(name.slice(0, 300))}`,
    );
  const path = `${staging}/${name}`;
  disk.makeFolder(dirname(path));
  const file = disk.createFile(path, sizeBytes);
  const hasher = new Bun.CryptoHasher("sha256");
  try {
    let position = 0;
    for await (const part of entry.bytes()) {
      file.write(position, part);
      hasher.update(part);
      position += part.length;
    }
    file.syncNow();
  } finally {
    file.close();
  }
  return hasher.digest("hex");
}

function checkManifest(manifest: BackupManifest | null, sums: ReadonlyMap<string, string>): asserts manifest {
  if (manifest === null)
    throw new HeadwaterError("MALFORMED", "the backup ends without a manifest: some of it is missing");
  if (manifest.format !== BACKUP_FORMAT)
    throw new HeadwaterError(
      "UNSUPPORTED",
      `the backup is of the format ${JSON.stringify(manifest.format)}: use the version that made it`,
    );
  const wrong = manifest.files.filter(({ name, sha256 }) => sums.get(name) !== sha256);
  if (wrong.length === 0 && manifest.files.length === sums.size) return;
  const named = wrong
    .slice(0, 3)
    .map(({ name }) => name)
    .join(", ");
  throw new HeadwaterError(
    "MALFORMED",
    `the backup is damaged: ${wrong.length} files don't fit their sums (${named})`,
  );
}
