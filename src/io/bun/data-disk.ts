import { statSync } from "node:fs";
import { join } from "node:path";
import { HeadwaterError } from "../../base/errors.ts";
import type { Disk } from "../disk.ts";
import type { Cryptography } from "../sealed/aead.ts";
import {
  isSealedFolder,
  KEYRING_FILES,
  type Keyring,
  newKeyring,
  parseMasterKey,
  readKeyring,
  writeKeyring,
} from "../sealed/keyring.ts";
import { SealedDisk } from "../sealed/sealed-disk.ts";
import { chooseDisk, type DiskChoice, type DiskSetting } from "./choose-disk.ts";
import { PlainDisk } from "./plain-disk.ts";
import { SystemRandom } from "./random.ts";

/** Says that a folder is being encrypted or decrypted: some files are the one, and some the other. */
export const CONVERSION_FILE = "encryption.state";
const BLOCK_BYTES = 4096;
const SEGMENT_BLOCK_BYTES = 16 * 1024;
const MAX_KEY_FILE_BYTES = 4096;
/** What anybody can read in an encrypted folder: who holds it, and that it is being erased. */
const PLAIN_FILES: readonly string[] = ["lock", "erase.state", CONVERSION_FILE];
/** What a log store leaves in a folder that it has had. */
const SIGNS: readonly string[] = ["format", "checkpoint.0", "checkpoint.1", "journal", "meta.properties"];

/** Where the master key is. Both empty: there is none. */
export interface KeySource {
  /** Path of a file. */
  readonly file: string;
  /** Name of a credential of the service manager. */
  readonly credential: string;
}

export interface DataDiskOptions {
  /** Exists. */
  readonly folder: string;
  readonly implementation: DiskSetting;
  readonly key: KeySource;
  /**
   * Whether the folder is taken, and an empty one may become an encrypted one. Who just looks writes nothing.
   */
  readonly isOwner: boolean;
  /** A block of a file that does not open, or -1: all of it. */
  readonly damaged?: (path: string, block: number) => void;
}

/**
 * The disk for what a gateway keeps in its data folder: that of `chooseDisk`, or an encrypted one over plain writes. A folder is
 * the one or the other from the beginning, and nothing is touched where that does not fit the key. Throws
 * FILE_MISSING where the key is not there, CONFIG_INVALID where it is another, or wanted and there is none, or the other way
 * round; LOG_CORRUPT, DISK_IO, DISK_FULL.
 */
export async function openDataDisk(options: DataDiskOptions): Promise<DiskChoice> {
  const { folder, key, implementation, isOwner } = options;
  const plain = new PlainDisk();
  const isSealed = isSealedFolder(plain, folder);
  const begun = plain.readFile(`${folder}/${CONVERSION_FILE}`, 16);
  if (begun !== null) {
    const command = `headwater encryption ${new TextDecoder().decode(begun).trim()}`;
    throw new HeadwaterError("CONFIG_INVALID", `${folder} is half converted: run ${command} again`, {
      path: folder,
    });
  }
  const isWanted = key.file !== "" || key.credential !== "";
  if (!isSealed && !isWanted) return chooseDisk(folder, implementation);
  if (!isWanted)
    throw new HeadwaterError(
      "CONFIG_INVALID",
      `${folder} is encrypted: name its key with storage.encryption.key.file or storage.encryption.key.credential`,
      { path: folder },
    );
  const names = plain.list(folder);
  if (!isSealed && SIGNS.some((name) => names.includes(name)))
    throw new HeadwaterError(
      "CONFIG_INVALID",
      `${folder} is not encrypted, and a key is set: run headwater encryption on, or leave the key out`,
      { path: folder },
    );
  const masterKey = readMasterKey(key);
  if (!isSealed && !isOwner) return chooseDisk(folder, implementation);
  const { AES_GCM } = await import("./aes-gcm.ts");
  const random = new SystemRandom();
  const keyring = isSealed
    ? openKeyring(plain, folder, masterKey, AES_GCM, isOwner)
    : makeKeyring(plain, folder, masterKey, AES_GCM);
  const { fileSystem } = chooseDisk(folder, "plain");
  return {
    disk: new SealedDisk({
      inner: plain,
      cryptography: AES_GCM,
      random,
      keys: keyring,
      isPlain: plainPaths(folder),
      blockBytesOf,
      defer: (callback) => void setImmediate(callback),
      ...(options.damaged === undefined ? {} : { damaged: options.damaged }),
    }),
    fileSystem,
    reason: "encrypted",
  };
}

/** Segments take much at a time; the journal begins its rounds at multiples of 4096 bytes, and all else is small. */
export function blockBytesOf(path: string): number {
  return /\.(?:log|salvage|cleaned)$/.test(path) ? SEGMENT_BLOCK_BYTES : BLOCK_BYTES;
}

/** Which files of an encrypted folder are as they are. */
export function plainPaths(folder: string): (path: string) => boolean {
  const paths = new Set([...PLAIN_FILES, ...KEYRING_FILES].map((name) => `${folder}/${name}`));
  return (path) => paths.has(path);
}

/**
 * `setting` is what names the file. Throws FILE_MISSING where it is not there, CONFIG_INVALID where none is named or it is
 * no key, DISK_IO.
 */
export function readMasterKey(
  { file, credential }: KeySource,
  setting = "storage.encryption.key.file",
): Uint8Array {
  if (file === "" && credential === "")
    throw new HeadwaterError(
      "CONFIG_INVALID",
      "no key is set: name it with storage.encryption.key.file or storage.encryption.key.credential",
    );
  const path = file !== "" ? file : credentialPath(credential);
  if (isFolder(path)) {
    const named = file !== "" ? setting : "storage.encryption.key.credential";
    throw new HeadwaterError("CONFIG_INVALID", `${named}: ${path} is a folder: name the file of the key`, {
      path,
    });
  }
  const bytes = new PlainDisk().readFile(path, MAX_KEY_FILE_BYTES);
  if (bytes === null)
    throw new HeadwaterError(
      "FILE_MISSING",
      `the key of the data folder is not there: ${path}; nothing was touched`,
      { path },
    );
  const key = parseMasterKey(bytes);
  if (key === null)
    throw new HeadwaterError(
      "CONFIG_INVALID",
      `${path} holds no key: write 32 bytes, 64 digits in hex, or 44 characters in base64 (openssl rand -base64 32)`,
      { path },
    );
  return key;
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    // Reading it says why.
    return false;
  }
}

function credentialPath(name: string): string {
  const folder = process.env.CREDENTIALS_DIRECTORY ?? "";
  if (folder !== "") return join(folder, name);
  throw new HeadwaterError(
    "FILE_MISSING",
    `the credential ${name} is not there: systemd gives it to a service with LoadCredential or LoadCredentialEncrypted; elsewhere name the key with storage.encryption.key.file`,
  );
}

function openKeyring(
  disk: Disk,
  folder: string,
  masterKey: Uint8Array,
  cryptography: Cryptography,
  isOwner: boolean,
): Keyring {
  const found = readKeyring(disk, folder, masterKey, cryptography);
  if (found.isWhole || !isOwner) return found.keyring;
  const lock = disk.lock(folder);
  try {
    const { keyring } = readKeyring(disk, folder, masterKey, cryptography);
    writeKeyring(disk, folder, keyring, masterKey, cryptography, new SystemRandom());
    return keyring;
  } finally {
    lock.release();
  }
}

function makeKeyring(disk: Disk, folder: string, masterKey: Uint8Array, cryptography: Cryptography): Keyring {
  const random = new SystemRandom();
  const lock = disk.lock(folder);
  try {
    // Two that start at a time must not each make one.
    if (isSealedFolder(disk, folder)) return readKeyring(disk, folder, masterKey, cryptography).keyring;
    const keyring = newKeyring(random);
    writeKeyring(disk, folder, keyring, masterKey, cryptography, random);
    return keyring;
  } finally {
    lock.release();
  }
}
