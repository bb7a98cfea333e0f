import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { createZstdCompress, constants as zlib } from "node:zlib";
import { HeadwaterError } from "../base/errors.ts";
import { formatAddress } from "../config/address.ts";
import type { Settings } from "../config/options.ts";
import { SystemClock } from "../io/bun/clock.ts";
import { readTar } from "../io/tar.ts";
import { BACKUP_FORMAT, type BackupManifest, MANIFEST_FILE, parseManifest } from "./backup-manifest.ts";
import type { Command, Input } from "./command.ts";
import { accessFolder, warningsTo } from "./data-folder.ts";
import { openDraft } from "./draft-file.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import { LOGIN_FLAGS, withDoor } from "./http/flags.ts";
import { fetchBackup } from "./http/requests.ts";
import { Progress, progressLineOfBytes, sizeText } from "./progress.ts";
import { effectiveSettings, SETTING_FLAGS } from "./settings.ts";
import type { World } from "./world.ts";

export const backupCommand: Command = {
  name: "backup",
  summary: "Copy a whole gateway, running or not, into one compressed file",
  flags: [
    ...SETTING_FLAGS,
    {
      name: "http",
      value: "HOST:PORT",
      doc: "HTTP door of a running gateway, here or elsewhere, or https://HOST:PORT; found by the settings where left out.",
    },
    ...LOGIN_FLAGS,
    {
      name: "to",
      value: "FILE|-",
      doc: "Where to; - is standard output. A file is there when it is whole, and not before.",
    },
  ],
  notes: [
    "The copy has all records, topics, groups, sessions, positions and rights of the cluster as they were at one moment, durable to the last one. A running gateway goes on meanwhile; a stopped one is recovered first, as a start would. Not in it are the files that settings name: configuration, users, rules, certificates and keys.",
    "It is tar, compressed with zstd, and ends with a manifest of SHA-256 sums, which is checked while the copy is written. Whoever has it has all that the gateway knows: keep it so.",
    "What is restored from it is told from the gateway that went on: see headwater restore.",
  ],
  examples: [
    ["headwater backup --http 10.0.0.5:8080 --to gw7.hwbackup", "of a running gateway"],
    [
      "headwater backup --data /var/lib/headwater --to - | ssh store 'cat > gw7.hwbackup'",
      "of the gateway of this machine, running or not",
    ],
  ],
  run: backup,
};

async function backup(input: Input, world: World): Promise<number> {
  const to = input.value("to");
  if (to === null) throw new UsageError("--to is missing: name a file, or - for standard output");
  const source = sourceOf(input, world);
  if (typeof source === "string") {
    return await withDoor(source, input, world, (door) => copyTo(to, fetchBackup(door), input, world));
  }
  const work = await world.dataWork();
  return await copyTo(to, work.backup(source, world.version, warningsTo(world)), input, world);
}

async function copyTo(
  to: string,
  source: AsyncGenerator<Uint8Array>,
  input: Input,
  world: World,
): Promise<number> {
  const progress = new Progress(world, new SystemClock(), to !== "-", progressLineOfBytes);
  const sink = to === "-" ? new OutSink(world) : new FileSink(to);
  try {
    const { manifest, packedBytes } = await copy(source, sink, (done) => progress.update(done, null));
    progress.end();
    sink.finish();
    tell(input, world, to, manifest, packedBytes);
    return manifest.left.length === 0 ? EXIT.ok : EXIT.failed;
  } catch (error) {
    progress.end();
    sink.discard();
    throw error;
  }
}

/** Where the gateway is asked that is named, or that has the folder; else the settings of the folder itself. */
function sourceOf(input: Input, world: World): string | Settings {
  const http = input.value("http");
  if (http !== null) return http;
  const { settings } = effectiveSettings(input, world);
  const { isRunning, lock } = accessFolder(settings.data);
  lock?.release();
  if (!isRunning) return settings;
  const listen = settings["http.listen"];
  if (listen !== "off") return formatAddress(listen);
  throw new HeadwaterError(
    "DATA_FOLDER_LOCKED",
    `${settings.data} is in use, and http.listen is off: stop the gateway, or have it serve HTTP`,
  );
}

interface Sink {
  write(bytes: Uint8Array): void;
  finish(): void;
  discard(): void;
}

class OutSink implements Sink {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  write(bytes: Uint8Array): void {
    this.#world.out(bytes);
  }

  finish(): void {}
  discard(): void {}
}

/** A file that has its name when it is whole and on the disk. */
class FileSink implements Sink {
  readonly #path: string;
  readonly #draft: string;
  readonly #fd: number;

  constructor(path: string) {
    this.#path = path;
    ({ draft: this.#draft, fd: this.#fd } = openDraft(path));
  }

  write(bytes: Uint8Array): void {
    this.#attempt(() => {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    });
  }

  finish(): void {
    this.#attempt(() => {
      fsyncSync(this.#fd);
      closeSync(this.#fd);
      renameSync(this.#draft, this.#path);
      const folder = openSync(dirname(this.#path), "r");
      fsyncSync(folder);
      closeSync(folder);
    });
  }

  discard(): void {
    rmSync(this.#draft, { force: true });
  }

  #attempt<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new HeadwaterError("DISK_IO", `${this.#path}: ${why}`, { cause, path: this.#path });
    }
  }
}

/** Compresses what comes, and reads along: a copy whose manifest does not fit is none. */
async function copy(
  source: AsyncGenerator<Uint8Array>,
  sink: Sink,
  progress: (doneBytes: number) => void,
): Promise<{ readonly manifest: BackupManifest; readonly packedBytes: number }> {
  const packer = createZstdCompress({ params: { [zlib.ZSTD_c_checksumFlag]: 1 } });
  let packedBytes = 0;
  packer.on("data", (part: Uint8Array) => {
    packedBytes += part.length;
    sink.write(part);
  });
  const packed = new Promise<void>((resolve, reject) => {
    packer.on("end", resolve);
    packer.on("error", reject);
  });
  packed.catch(() => {});
  let doneBytes = 0;
  const passed = async function* (): AsyncGenerator<Uint8Array> {
    for await (const part of source) {
      doneBytes += part.length;
      progress(doneBytes);
      if (!packer.write(part)) await new Promise((resolve) => packer.once("drain", resolve));
      yield part;
    }
  };
  const bytes = passed();
  const manifest = await checkedManifest(readTar(bytes));
  for await (const _rest of bytes);
  packer.end();
  await packed;
  return { manifest, packedBytes };
}

async function checkedManifest(entries: ReturnType<typeof readTar>): Promise<BackupManifest> {
  const sums = new Map<string, string>();
  for await (const entry of entries) {
    if (entry.name === MANIFEST_FILE) {
      const parts: Uint8Array[] = [];
      for await (const part of entry.bytes()) parts.push(part);
      const manifest = parseManifest(Buffer.concat(parts));
      const fits =
        manifest?.format === BACKUP_FORMAT &&
        manifest.files.length === sums.size &&
        manifest.files.every(({ name, sha256 }) => sums.get(name) === sha256);
      if (fits) return manifest;
      break;
    }
    const hasher = new Bun.CryptoHasher("sha256");
    for await (const part of entry.bytes()) hasher.update(part);
    sums.set(entry.name, hasher.digest("hex"));
  }
  throw new HeadwaterError(
    "MALFORMED",
    "what came does not fit its manifest, or ends without one: it is no backup",
  );
}

function tell(input: Input, world: World, to: string, manifest: BackupManifest, packedBytes: number): void {
  const sizeBytes = manifest.files.reduce((sum, file) => sum + file.sizeBytes, 0);
  const { gatewayId, takenAt, left, files } = manifest;
  const text = input.json
    ? `${JSON.stringify({ to, gatewayId, takenAt, files: files.length, sizeBytes, packedBytes, left })}\n`
    : `${files.length} files of ${gatewayId} as of ${takenAt}: ${sizeText(sizeBytes)}, ${sizeText(packedBytes)} compressed\n`;
  // Standard output may be the copy itself.
  (to === "-" ? world.err : world.out)(text);
  for (const name of left) world.err(`${name} can't be read and is not in it: see headwater verify\n`);
}
