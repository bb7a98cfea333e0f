import { HeadwaterError } from "../../base/errors.ts";
import type { Settings } from "../../config/options.ts";
import { SystemClock } from "../../io/bun/clock.ts";
import { refusalOf } from "../../update/admission.ts";
import { type BundleHeader, readHeader } from "../../update/bundle.ts";
import { type ByteSource, ByteStream } from "../../update/byte-stream.ts";
import { checkPayload } from "../../update/payload.ts";
import { type Filled, nextStart, readChosen, readOutcome } from "../../update/slots.ts";
import { fillSlot, switchTo } from "../../update/staging.ts";
import type { Input } from "../command.ts";
import { accessFolder } from "../data-folder.ts";
import { EXIT } from "../exit-codes.ts";
import { Progress, progressLineOfBytes, sizeText } from "../progress.ts";
import type { World } from "../world.ts";
import { findPlace, type Place, refuseOtherUser, trustedKeys } from "./place.ts";
import { runSelfTest } from "./self-test-run.ts";
import { download, fileSource, forgetDownload, webSource } from "./sources.ts";

/** What the launcher's guard gives a version beyond its gate: it decides by itself as long as its event loop turns. */
const GUARD_GRACE_MS = 60_000;
/** What stopping, starting and going back take beyond the gate. */
const WAIT_GRACE_MS = 180_000;
const LOOK_MS = 500;

/** Says in words, or as one JSON object at the end, what is being done. */
export class Teller {
  readonly #input: Input;
  readonly #world: World;

  constructor(input: Input, world: World) {
    this.#input = input;
    this.#world = world;
  }

  step(text: string): void {
    if (!this.#input.json) this.#world.out(`${text}\n`);
  }

  end(answer: object, text: string): void {
    this.#world.out(this.#input.json ? `${JSON.stringify(answer)}\n` : `${text}\n`);
  }
}

/** `headwater update FILE|URL`. */
export async function applyUpdate(
  input: Input,
  world: World,
  settings: Settings,
  from: string,
): Promise<number> {
  const teller = new Teller(input, world);
  const place = findPlace(settings);
  const trusted = await trustedKeys(settings);
  const isWeb = /^https?:\/\//i.test(from);
  const allowHttp = input.on("allow-http") || settings["update.allow.http"];
  const source = isWeb ? webSource(from, allowHttp) : fileSource(place.disk, from);
  const stream = new ByteStream(source, 0);
  const header = await readHeader(stream, trusted);
  await stream.close();
  const { version } = header.manifest;
  const allowed = {
    older: input.on("allow-older"),
    manifestSha256: input.value("manifest-sha256"),
    version: input.value("expect"),
  };
  const refusal = refusalOf(header, place.present, allowed);
  if (refusal !== null) throw new HeadwaterError("UNSUPPORTED", `${from} is not taken: ${refusal}`);
  const facts = {
    from: place.present.version,
    version,
    manifestSha256: header.manifestSha256,
    sizeBytes: header.sizeBytes,
  };
  if (input.on("check")) {
    teller.end(
      { state: "checked", ...facts },
      `${version} would replace ${place.present.version}: it is signed by a trusted key, and for this gateway`,
    );
    return EXIT.ok;
  }
  teller.step(`${version} is to replace ${place.present.version}; it is signed by a trusted key`);
  if (input.on("dry-run")) {
    const progress = new Progress(world, new SystemClock(), true, progressLineOfBytes);
    await checkPayload(source, header, place.present.architecture, (done) =>
      progress.update(done, header.sizeBytes),
    );
    progress.end();
    teller.end(
      { state: "whole", ...facts },
      "every byte of it has the sum that was signed; nothing was changed",
    );
    return EXIT.ok;
  }
  refuseOtherUser(place.slots);
  const attempt = crypto.randomUUID();
  const lock = place.disk.lock(place.slots);
  let filled: Filled;
  try {
    filled = await stage(
      { place, settings, world, teller, header, allowHttp, url: isWeb ? from : null },
      source,
    );
    const restart = input.on("no-restart") ? ("later" as const) : ("now" as const);
    const gateMs = settings["update.gate.ms"];
    const guardSeconds = Math.ceil((gateMs + Math.min(gateMs, GUARD_GRACE_MS)) / 1000);
    switchTo(partsOf(place, settings), filled, {
      attempt,
      tries: settings["update.tries"],
      guardSeconds,
      restart,
    });
  } finally {
    lock.release();
  }
  const { isRunning, lock: data } = accessFolder(place.data);
  data?.release();
  if (!isRunning || input.on("no-restart") || input.on("no-wait")) {
    const when =
      isRunning && !input.on("no-restart") ? "the gateway makes room for it" : "the next start runs it";
    teller.end(
      { state: "chosen", attempt, slot: filled.slot, ...facts },
      `${version} is in slot ${filled.slot}; ${when}, and it has to prove itself then`,
    );
    return EXIT.ok;
  }
  teller.step(
    `${version} is in slot ${filled.slot}; the gateway makes room for it, and it has ${settings["update.gate.ms"] / 1000} s to prove itself`,
  );
  return await waitForOutcome(place, settings, attempt, filled, teller, facts);
}

interface Staging {
  readonly place: Place;
  readonly settings: Settings;
  readonly world: World;
  readonly teller: Teller;
  readonly header: BundleHeader;
  readonly allowHttp: boolean;
  /** Null for a file. */
  readonly url: string | null;
}

function partsOf({ disk, slots, packagedOrder }: Place, settings: Settings) {
  return { disk, slots, packagedOrder, reserveBytes: settings["disk.reserve.bytes"] };
}

async function stage(staging: Staging, source: ByteSource): Promise<Filled> {
  const { place, settings, world, teller, header, url } = staging;
  const { disk, slots, present } = place;
  const path = `${slots}/download`;
  const local = url === null ? source : await downloaded(staging, url, path);
  const progress = new Progress(world, new SystemClock(), true, progressLineOfBytes);
  let staged: Awaited<ReturnType<typeof fillSlot>>;
  try {
    staged = await fillSlot(partsOf(place, settings), local, header, present.architecture, (done, all) =>
      progress.update(done, all),
    );
  } catch (error) {
    // What does not have its sum would not get it by being asked for the rest.
    if (error instanceof HeadwaterError && error.code === "MALFORMED") forgetDownload(disk, path);
    throw error;
  } finally {
    progress.end();
  }
  forgetDownload(disk, path);
  teller.step(
    `it is in slot ${staged.filled.slot} (${sizeText(staged.filled.sizeBytes)}), with the sum that was signed`,
  );
  await runSelfTest(disk, staged.path, slots, header.manifest.version);
  teller.step("it has passed its self-test on this machine");
  return staged.filled;
}

async function downloaded(
  { place, settings, world, teller, header, allowHttp }: Staging,
  url: string,
  path: string,
) {
  const { disk, slots } = place;
  const freeBytes = disk.freeBytes(slots) - settings["disk.reserve.bytes"];
  if (freeBytes < header.sizeBytes) {
    throw new HeadwaterError(
      "DISK_FULL",
      `${slots}: the bundle needs ${header.sizeBytes} bytes, and ${Math.max(0, freeBytes)} may be used (disk.reserve.bytes)`,
    );
  }
  const progress = new Progress(world, new SystemClock(), true, progressLineOfBytes);
  try {
    await download(disk, path, {
      url,
      allowHttp,
      sizeBytes: header.sizeBytes,
      manifestSha256: header.manifestSha256,
      onProgress: (done) => progress.update(done, header.sizeBytes),
      wait: (ms) => Bun.sleep(ms),
    });
  } finally {
    progress.end();
  }
  teller.step(`downloaded ${sizeText(header.sizeBytes)}`);
  return fileSource(disk, path);
}

/** Until the gateway has written down what came of it. */
async function waitForOutcome(
  place: Place,
  settings: Settings,
  attempt: string,
  filled: Filled,
  teller: Teller,
  facts: object,
): Promise<number> {
  const { disk, slots, packagedOrder } = place;
  const clock = new SystemClock();
  const endMs = clock.monotonicMs() + settings["update.gate.ms"] * settings["update.tries"] + WAIT_GRACE_MS;
  while (clock.monotonicMs() < endMs) {
    await Bun.sleep(LOOK_MS);
    const outcome = readOutcome(disk, slots);
    const chosen = readChosen(disk, slots);
    const isCommitted =
      chosen?.attempt === null && chosen.slot === filled.slot && chosen.sha256 === filled.sha256;
    if (isCommitted || (outcome?.attempt === attempt && outcome.result === "committed")) {
      teller.end(
        { state: "committed", attempt, slot: filled.slot, ...facts },
        `${filled.version} has proved itself and stays`,
      );
      return EXIT.ok;
    }
    if (outcome?.attempt === attempt) {
      teller.end(
        { state: "failed", attempt, reason: outcome.reason, ...facts },
        `${filled.version} was given up, and the version before is back: ${outcome.reason}`,
      );
      return EXIT.failed;
    }
  }
  const { runs } = nextStart(disk, slots, packagedOrder);
  teller.end(
    { state: "unknown", attempt, ...facts },
    `the gateway has not said yet what came of it; its next start runs ${runs} (headwater update --status)`,
  );
  return EXIT.unfinished;
}
