import { HeadwaterError, hasCode } from "../base/errors.ts";
import type { FileRights, OwnedFiles } from "../io/owned-files.ts";
import { type EnrolmentBundle, readBundle } from "./bundle.ts";
import { dataIn, hasPart, settingNames, withoutPart, withPart } from "./config-text.ts";
import { Fields } from "./fields.ts";
import type { Invitation } from "./invitation.ts";
import { type Placement, type PlannedFile, place } from "./placement.ts";
import { FOLDER_PLACEHOLDER } from "./template.ts";
import { fingerprintOf } from "./token.ts";

/** Where a gateway keeps what it got from its centre. */
export interface EnrolmentPlace {
  /** The configuration file. */
  readonly config: string;
  /** Folder of the files that the centre gave. */
  readonly folder: string;
  /** Folder of the records where no configuration names one. */
  readonly data: string;
  /** Of the folders above it. */
  readonly rights: { readonly folder: FileRights; readonly secret: FileRights; readonly open: FileRights };
}

/** What enrolling needs of the world. */
export interface EnrolmentSeams {
  readonly files: OwnedFiles;
  readonly nowMs: () => number;
  /** Asks the centre; gives its answer, a signed bundle. */
  readonly ask: (invitation: Invitation & { readonly kind: "token" }, request: string) => Promise<string>;
  /** A request for a certificate of this key, in PEM. */
  readonly request: (key: string) => Promise<string>;
  /** Whether a gateway can start with this configuration: gateway.id, and its file of users. Throws CONFIG_INVALID. */
  readonly check: (config: string) => { readonly gatewayId: string; readonly users: string };
  /** That file with these lines taken over, and whose it is. */
  readonly users: (path: string, lines: string) => PlannedFile;
}

export interface EnrolmentOutcome {
  /** Whether something was changed: false where it was enrolled by this very token before. */
  readonly changed: boolean;
  readonly gateway: string;
  readonly files: readonly PlannedFile[];
  /** Settings that the configuration had and has no longer: what it had set stays beside it as `.old`. */
  readonly dropped: readonly string[];
}

/** How to go on where a gateway has a configuration, or a centre, already. */
export interface EnrolmentWishes {
  /** Another centre's token in place of the one that it has. */
  readonly again: boolean;
  /** The centre's configuration alone, in place of what is there. */
  readonly replaceConfig: boolean;
  /** The authority that a bundle in a file has to be signed by; null for whichever it names. */
  readonly fingerprint: string | null;
}

/** The part of the configuration that is the centre's. */
export const CONFIG_PART = "enrolment";
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_LENGTH = 3 * 1024 * 1024;
/** By how much the clocks of a centre and of a gateway may differ. */
const CLOCK_TOLERANCE_MS = 10 * 60_000;

/** What is kept between the tries of one enrolment. */
interface Pending {
  readonly token: string;
  readonly key: string;
  /** The centre's answer, once there is one. */
  readonly answer: string | null;
}

/**
 * Makes the machine a gateway of its centre. It can be stopped between any two steps, and goes on where it was when it is
 * called again: the key is on the disk before the centre hears of it, the answer before it takes effect, and the
 * configuration is written last. Throws HeadwaterError: NETWORK, TIMED_OUT and TLS_HANDSHAKE are worth another try.
 */
export async function enrol(
  invitation: Invitation,
  where: EnrolmentPlace,
  wishes: EnrolmentWishes,
  seams: EnrolmentSeams,
): Promise<EnrolmentOutcome> {
  const { files } = seams;
  const offered =
    invitation.kind === "bundle" ? await readBundle(invitation.bundle, wishes.fingerprint) : null;
  const token = invitation.kind === "token" ? invitation.token.id : (offered?.token ?? "");
  const record = readRecord(files, where);
  const pendingPath = `${where.folder}/pending.json`;
  const isRepeated = record?.token === token;
  if (isRepeated && hasPart(configText(files, where), CONFIG_PART)) {
    // It is the last that is written: what else a power cut may have left is of no use any more.
    files.remove(markerOf(where));
    files.remove(pendingPath);
    return { changed: false, gateway: record.gateway, files: [], dropped: [] };
  }
  if (record !== null && !isRepeated && !wishes.again) {
    const remedy = "--again makes it one of the new centre's";
    throw new HeadwaterError(
      "UNSUPPORTED",
      `this is ${record.gateway} already, enrolled at ${record.at}; ${remedy}`,
    );
  }
  // Where the centre's part has been taken away since, all is placed anew: the token answers to the key that used it.
  const usedKey = isRepeated ? textIn(files, `${where.folder}/gateway.key`) : null;
  const pending = await pendingOf(token, pendingPath, where, seams, offered, invitation, usedKey);
  const bundle = offered ?? (await answerOf(invitation, pending, pendingPath, seams));
  await checkBundle(bundle, pending.key, invitation, seams.nowMs(), pending.answer !== null);
  let placement: ReturnType<typeof placementOf>;
  try {
    placement = placementOf(bundle, pending.key, where, wishes, seams);
  } catch (error) {
    // What the centre says may be corrected there: with the same key it is asked again.
    if (offered === null && hasCode(error, "CONFIG_INVALID"))
      writePending(files, pendingPath, { ...pending, answer: null });
    throw error;
  }
  place(files, placement);
  files.remove(pendingPath);
  const { files: placed, dropped } = placement;
  return { changed: true, gateway: bundle.gateway, files: placed, dropped };
}

function readRecord(files: OwnedFiles, { folder }: EnrolmentPlace): Record | null {
  const path = `${folder}/enrolled.json`;
  const bytes = files.read(path, MAX_BYTES);
  if (bytes === null) return null;
  const fields = new Fields(path, new TextDecoder().decode(bytes));
  return {
    token: fields.text("token", 100),
    gateway: fields.text("gateway", 100),
    at: fields.text("at", 40),
  };
}

function textIn(files: OwnedFiles, path: string): string | null {
  const bytes = files.read(path, MAX_BYTES);
  return bytes === null ? null : new TextDecoder().decode(bytes);
}

function configText(files: OwnedFiles, { config }: EnrolmentPlace): string {
  return textIn(files, config) ?? "";
}

function markerOf({ folder }: Pick<EnrolmentPlace, "folder">): string {
  return `${folder}/enrol.unfinished`;
}

interface Record {
  readonly token: string;
  readonly gateway: string;
  readonly at: string;
}

/** What an earlier try has left, or a new key: on the disk before anybody hears of it. */
async function pendingOf(
  token: string,
  path: string,
  where: EnrolmentPlace,
  { files, nowMs }: EnrolmentSeams,
  offered: EnrolmentBundle | null,
  invitation: Invitation,
  usedKey: string | null,
): Promise<Pending> {
  const bytes = files.read(path, MAX_BYTES);
  if (bytes !== null) {
    const fields = new Fields(path, new TextDecoder().decode(bytes));
    const found = { token: fields.text("token", 100), key: fields.text("key", MAX_LENGTH) };
    if (found.token === token) return { ...found, answer: fields.optional("answer", MAX_LENGTH) };
  }
  const isLate =
    invitation.kind === "token" && invitation.expiresAtMs !== null && nowMs() > invitation.expiresAtMs;
  if (isLate && usedKey === null) {
    throw expired(invitation.expiresAtMs);
  }
  const { newKey } = await import("./x509.ts");
  const pending = { token, key: offered?.key ?? usedKey ?? (await newKey()), answer: null };
  // A bundle in a file has its own key, and is there as long as the file is.
  if (offered !== null) return pending;
  files.makeFolder(where.folder, where.rights.folder);
  writePending(files, path, pending);
  return pending;
}

function writePending(files: OwnedFiles, path: string, pending: Pending): void {
  files.write(path, Buffer.from(JSON.stringify(pending)), { mode: 0o600, owner: null });
}

async function answerOf(
  invitation: Invitation,
  pending: Pending,
  path: string,
  seams: EnrolmentSeams,
): Promise<EnrolmentBundle> {
  if (invitation.kind === "bundle") throw new HeadwaterError("MALFORMED", "the enrolment file has no bundle");
  const { fingerprint, id } = invitation.token;
  const answer = pending.answer ?? (await seams.ask(invitation, await seams.request(pending.key)));
  const bundle = await readBundle(answer, fingerprint);
  if (bundle.token !== id) throw new HeadwaterError("MALFORMED", "the centre's answer is to another token");
  if (pending.answer === null) writePending(seams.files, path, { ...pending, answer });
  return bundle;
}

/** Throws where a bundle is not for this gateway, for this key or for this time. */
async function checkBundle(
  bundle: EnrolmentBundle,
  key: string,
  invitation: Invitation,
  nowMs: number,
  isGoingOn: boolean,
): Promise<void> {
  const { gateway } = invitation;
  if (gateway !== null && gateway !== bundle.gateway) {
    const message = `the bundle is for ${bundle.gateway}, the enrolment file for ${gateway}; get the one of ${gateway}`;
    throw new HeadwaterError("AUTHENTICATION", message);
  }
  if (nowMs < bundle.issuedAtMs - CLOCK_TOLERANCE_MS) {
    const shown = new Date(nowMs).toISOString();
    const message = `the bundle is of ${new Date(bundle.issuedAtMs).toISOString()}, and the clock here shows ${shown}; set it, or wait until it was set`;
    throw new HeadwaterError("TIMED_OUT", message);
  }
  if (nowMs > bundle.expiresAtMs && !isGoingOn) throw expired(bundle.expiresAtMs);
  const x509 = await import("./x509.ts");
  if (!(await x509.fitTogether({ certificate: bundle.certificate, key }))) {
    throw new HeadwaterError(
      "AUTHENTICATION",
      "the certificate in the bundle is for another key; issue another token",
    );
  }
  if (!(await x509.leadsTo(bundle.certificate, bundle.authority))) {
    throw new HeadwaterError(
      "AUTHENTICATION",
      "the certificate in the bundle is of another authority; issue another token",
    );
  }
}

function expired(atMs: number): HeadwaterError {
  const message = `the enrolment expired at ${new Date(atMs).toISOString()}; issue another: headwater enrolment issue`;
  return new HeadwaterError("UNSUPPORTED", message);
}

function placementOf(
  bundle: EnrolmentBundle,
  key: string,
  { config: configPath, folder, data: defaultData, rights }: EnrolmentPlace,
  { replaceConfig }: EnrolmentWishes,
  { files, check, users, nowMs }: EnrolmentSeams,
): Placement & Pick<EnrolmentOutcome, "dropped"> {
  const found = textIn(files, configPath) ?? "";
  const brought = bundle.config.replaceAll(FOLDER_PLACEHOLDER, folder);
  const own = replaceConfig ? "" : withoutPart(found, CONFIG_PART);
  // The records stay where they are, whatever becomes of the rest.
  const isSaid = dataIn(own) !== null || dataIn(brought) !== null;
  const before = isSaid ? own : `data = ${JSON.stringify(dataIn(found) ?? defaultData)}\n${own}`;
  const config = withPart(before, CONFIG_PART, brought);
  const { gatewayId, users: usersPath } = check(config);
  if (gatewayId !== bundle.gateway) {
    const remedy = `write gateway.id = "${bundle.gateway}", or take it out where the centre's part has it`;
    throw new HeadwaterError(
      "CONFIG_INVALID",
      `the configuration is of ${gatewayId}, the centre's part for ${bundle.gateway}; ${remedy}`,
    );
  }
  const inFolder = (name: string, text: string, right: FileRights, what: string): PlannedFile => ({
    path: `${folder}/${name}`,
    bytes: Buffer.from(text),
    rights: right,
    what,
    extends: true,
  });
  const record = {
    token: bundle.token,
    gateway: bundle.gateway,
    at: new Date(nowMs()).toISOString(),
    authority: fingerprintOf(bundle.authority),
  };
  const set = settingNames(config);
  const dropped = replaceConfig ? settingNames(found).filter((name) => !set.includes(name)) : [];
  return {
    dropped,
    folders: [{ path: folder, rights: rights.folder }],
    files: [
      inFolder("authority.pem", bundle.authority, rights.open, "the authority of the centre"),
      inFolder("gateway.key", key, rights.secret, "the key of this gateway"),
      inFolder("gateway.pem", bundle.certificate, rights.open, "its certificate"),
      ...Object.entries(bundle.files).map(([name, text]) =>
        inFolder(name, text, rights.secret, "a file of the centre's"),
      ),
      ...(bundle.users === "" ? [] : [users(usersPath, bundle.users)]),
      {
        path: configPath,
        bytes: Buffer.from(config),
        rights: rights.secret,
        what: "the configuration, with the centre's part",
        extends: true,
      },
      inFolder(
        "enrolled.json",
        `${JSON.stringify(record)}\n`,
        rights.open,
        "by which it is known that it is enrolled",
      ),
    ],
    marker: markerOf({ folder }),
  };
}
