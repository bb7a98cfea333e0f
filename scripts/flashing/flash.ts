import { closeSync, existsSync, fstatSync, fsyncSync, openSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  ARCHITECTURES,
  type Architecture,
  builtBinary,
  headwaterDeb,
  sourceOf,
  TOP,
} from "../package/headwater.ts";
import { type Disk, describeDisk, forget, judgeDisk, openDevice, writeCard } from "./card.ts";
import { setUpHost } from "./host.ts";
import { partitionsOf } from "./partitions.ts";
import { Refusal } from "./refusal.ts";
import { type Payload, setUpSystem } from "./setup.ts";

const USAGE = `Puts Headwater onto a gateway: one that boots from a card, or one that runs.

  scripts/flash --image raspios.img                    into an image of Raspberry Pi OS, Debian or Ubuntu
  scripts/flash --device /dev/sdX                      onto a card with such a system on it
  scripts/flash --device /dev/sdX --image raspios.img  the image onto the card first, all of it
  scripts/flash --host pi@192.168.1.7                  onto a host that runs, by ssh and sudo

  --config FILE      its /etc/headwater/headwater.toml
  --enrolment FILE   its /etc/headwater/enrolment, which says how it gets to its centre
  --deb FILE         this package, in place of one made of the binary in dist/
  --force NAME       writes to a disk that looks like no card: its serial number or model, as lsblk shows them
  --ssh-option K=V   for ssh, as its -o; may be repeated

An image need not be mounted, and root is needed for devices only. Everything is read back.`;

/** Of each kind of file that is put there. */
const MAX_FILE_BYTES = 1024 * 1024;

const OPTIONS = {
  image: { type: "string" },
  device: { type: "string" },
  host: { type: "string" },
  config: { type: "string" },
  enrolment: { type: "string" },
  deb: { type: "string" },
  force: { type: "string" },
  "ssh-option": { type: "string", multiple: true },
  help: { type: "boolean", short: "h" },
} as const;

export interface Seams {
  readonly say: (text: string) => void;
  /** What is known of a device. */
  readonly describe: (path: string) => Disk;
}

/** Runs it. Throws a Refusal, with nothing changed, where it may not or can't. */
export async function flash(args: readonly string[], seams: Seams): Promise<void> {
  const options = parse(args);
  const { image, device, host } = options;
  if (options.help === true) {
    console.log(USAGE);
    return;
  }
  const payload = payloadOf(options);
  if (host !== undefined) {
    if (image !== undefined || device !== undefined) throw usage("--host comes alone");
    const terminal = process.stdin.isTTY === true;
    await setUpHost({ address: host, sshOptions: options["ssh-option"] ?? [], terminal }, payload, seams.say);
  } else if (device !== undefined) flashDevice(device, image ?? null, options.force ?? null, payload, seams);
  else if (image !== undefined) flashImage(image, payload, seams);
  else throw usage("one of --image, --device and --host is needed");
}

function flashImage(image: string, payload: Payload, seams: Seams): void {
  if (!existsSync(image)) throw new Refusal(image, "is not there", "name an image of an operating system");
  if (!statSync(image).isFile()) throw new Refusal(image, "is no file", "a card is --device");
  const fd = openDevice(image);
  try {
    setUpSystem(image, fd, fstatSync(fd).size, payload, seams.say);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function flashDevice(
  device: string,
  image: string | null,
  force: string | null,
  payload: Payload,
  seams: Seams,
): void {
  const disk = seams.describe(device);
  judgeDisk(disk, force);
  seams.say(`${device}: ${[disk.model, disk.serial].filter((name) => name !== "").join(", ")}`);
  if (image !== null) {
    checkImage(image);
    writeCard(image, device, disk.sizeBytes, seams.say);
  }
  const fd = openDevice(device);
  try {
    setUpSystem(device, fd, disk.sizeBytes, payload, seams.say);
    fsyncSync(fd);
    forget(device);
  } finally {
    closeSync(fd);
  }
}

/** What is no image of a system is noticed before the card is overwritten. */
function checkImage(image: string): void {
  if (!existsSync(image)) throw new Refusal(image, "is not there", "name an image of an operating system");
  const fd = openSync(image, "r");
  try {
    partitionsOf(fd, fstatSync(fd).size, image);
  } finally {
    closeSync(fd);
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true }).values;
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error));
  }
}

function usage(what: string): Refusal {
  return new Refusal("scripts/flash", what, "scripts/flash --help shows how");
}

function payloadOf(options: ReturnType<typeof parse>): Payload {
  const file = (path: string | undefined) => (path === undefined ? null : readSmall(path));
  return {
    deb: (name) => debFor(name, options.deb ?? null),
    config: file(options.config),
    enrolment: file(options.enrolment),
  };
}

function readSmall(path: string): Uint8Array {
  if (!existsSync(path)) throw new Refusal(path, "is not there", "name a file");
  const bytes = readFileSync(path);
  if (bytes.length > MAX_FILE_BYTES)
    throw new Refusal(path, "has more than a megabyte", "is it the right file?");
  return bytes;
}

/** The package that was named, if it is for that processor, or one of the binary in dist/, which is built if need be. */
function debFor(debian: string, path: string | null): Uint8Array {
  if (path !== null) {
    if (!existsSync(path)) throw new Refusal(path, "is not there", "./scripts/deb makes one");
    if (!path.endsWith(`_${debian}.deb`))
      throw new Refusal(path, `is not named as one for ${debian}`, "./scripts/deb makes one");
    return readFileSync(path);
  }
  const [architecture] = Object.entries(ARCHITECTURES).find(([, name]) => name === debian) ?? [];
  if (architecture === undefined) throw new Refusal("the system", `is for ${debian}`, "arm64 or amd64");
  if (!existsSync(join(TOP, "dist", `headwater-linux-${architecture}`))) {
    const { exitCode } = Bun.spawnSync([join(TOP, "scripts/build"), architecture], {
      stdout: "inherit",
      stderr: "inherit",
    });
    if (exitCode !== 0) throw new Refusal("scripts/build", "failed", "see above");
  }
  const known = architecture as Architecture;
  return headwaterDeb(builtBinary(known), known, sourceOf());
}

/** Progress stays on its line of a terminal; elsewhere tenths are enough. */
function sayer(): (text: string) => void {
  let open = false;
  return (text) => {
    const percent = /^(?:writing|reading back) (\d+) %/.exec(text)?.[1];
    const isProgress = percent !== undefined;
    if (isProgress && process.stderr.isTTY) process.stderr.write(`\r${text}\x1b[K`);
    else if (!isProgress || Number(percent) % 10 === 0) process.stderr.write(`${open ? "\n" : ""}${text}\n`);
    open = isProgress && process.stderr.isTTY === true;
  };
}

if (import.meta.main) {
  try {
    await flash(process.argv.slice(2), { say: sayer(), describe: describeDisk });
  } catch (error) {
    console.error(error instanceof Refusal ? `headwater: ${error.message}` : error);
    process.exit(1);
  }
}
