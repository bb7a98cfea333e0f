import { HeadwaterError } from "../base/errors.ts";
import type { OwnedFiles } from "../io/owned-files.ts";
import { type EnrolmentBundle, fileNameFault, readBundle, signBundle } from "./bundle.ts";
import { devicePaths, type GatewayPaths, gatewayPaths } from "./init-files.ts";
import { stateOf, type TokenEntry, TokenLedger } from "./ledger.ts";
import { type HostNames, isPrivateAddress } from "./names.ts";
import { FOLDER_PLACEHOLDER, fillTemplate } from "./template.ts";
import { secretHash } from "./token.ts";
import type { KeyPair, Validity } from "./x509.ts";

/** Where a centre keeps what it enrols gateways by. */
export interface CentrePaths extends GatewayPaths {
  /** URL and the like. */
  readonly centre: string;
  readonly template: string;
  /** For the files of users of all gateways; may be missing. */
  readonly users: string;
  /** Files that every gateway gets. */
  readonly files: string;
  readonly tokens: string;
  readonly issued: string;
}

export function centrePaths(folder: string): CentrePaths {
  const own = `${folder}/enrolment`;
  return {
    ...gatewayPaths(folder),
    centre: `${own}/centre.json`,
    template: `${own}/template.toml`,
    users: `${own}/users`,
    files: `${own}/files`,
    tokens: `${own}/tokens`,
    issued: `${own}/issued`,
  };
}

/** Why a gateway is not let in, for it to tell. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly kind: "unknown" | "used" | "expired" | "cancelled" | "request";

  constructor(kind: Refusal["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** What a gateway asks with. */
export interface Redemption {
  readonly id: string;
  readonly secret: string;
  /** A request for a certificate, in PEM. */
  readonly request: string;
  /** Who it believes to be; null where it was told nothing but the token. */
  readonly gateway: string | null;
}

export interface CentreFiles {
  readonly authority: KeyPair;
  readonly template: string;
  readonly users: string;
  readonly files: Readonly<Record<string, string>>;
  /** Hosts of the centre itself, of which no gateway gets a certificate. */
  readonly ownHosts: readonly string[];
}

export interface CentreSeams {
  readonly files: OwnedFiles;
  readonly paths: CentrePaths;
  /** While it is held no other process changes the tokens. */
  readonly locked: <T>(change: () => T) => Promise<T>;
  /** Whether a gateway of this name can start with this configuration. Throws CONFIG_INVALID. */
  readonly check: (config: string, gateway: string) => void;
}

const MAX_TEXT_BYTES = 1024 * 1024;
/** The list of revoked certificates, among a gateway's files. */
const REVOKED_FILE = "revoked.pem";
/** A bundle that a gateway was answered is for it to take now: what it holds changes. */
export const BUNDLE_DAYS = 90;
export const DAY_MS = 86_400_000;

/** Reads what the centre gives gateways: anew each time, since an engineer changes it. Throws FILE_MISSING, MALFORMED. */
export function readCentre({ files, paths }: CentreSeams): CentreFiles {
  const text = (path: string): string => {
    const bytes = files.read(path, MAX_TEXT_BYTES);
    if (bytes !== null) return new TextDecoder().decode(bytes);
    const remedy = "headwater enrolment init makes it, and --folder says where it is";
    throw new HeadwaterError("FILE_MISSING", `${path} is not there; ${remedy}`, { path });
  };
  const shared: Record<string, string> = {};
  for (const name of files.list(paths.files)) {
    const fault = fileNameFault(name);
    if (fault !== null)
      throw new HeadwaterError("CONFIG_INVALID", `${paths.files}/${name}: its name ${fault}; rename it`);
    shared[name] = text(`${paths.files}/${name}`);
  }
  const revoked = files.read(paths.revoked, MAX_TEXT_BYTES);
  if (revoked !== null) shared[REVOKED_FILE] ??= new TextDecoder().decode(revoked);
  const users = files.read(paths.users, MAX_TEXT_BYTES);
  const { hosts } = JSON.parse(text(paths.centre)) as { readonly hosts?: readonly string[] };
  return {
    authority: { certificate: text(paths.authority), key: text(paths.authorityKey) },
    template: text(paths.template),
    users: users === null ? "" : new TextDecoder().decode(users),
    files: shared,
    ownHosts: hosts ?? [],
  };
}

/**
 * Answers a gateway: with a signed bundle, whose certificate is for the key of its request. Once a token was used, only who has
 * that key gets an answer by it, with the same certificate: a gateway whose power failed meanwhile goes on, and one that could
 * not take its configuration gets what the template says now. The use is on the disk before the answer is given. Throws Refusal,
 * and CONFIG_INVALID, with the token as it was, where the gateway could not start with what it would get.
 */
export async function redeem(
  seams: CentreSeams,
  asked: Redemption,
  validity: Validity,
  nowMs: number,
): Promise<string> {
  const ledger = new TokenLedger(seams.files, seams.paths.tokens);
  const entry = ledger.read(asked.id);
  // Whoever tries ids hears the same of one that is there.
  if (entry === null || !sameText(entry.secretHash, secretHash(asked.secret))) {
    throw new Refusal("unknown", "the centre knows no such token");
  }
  if (asked.gateway !== null && asked.gateway !== entry.gateway) {
    throw new Refusal(
      "request",
      `the token is for ${entry.gateway}, the enrolment file for ${asked.gateway}; get the one of ${asked.gateway}`,
    );
  }
  const x509 = await import("./x509.ts");
  let request: Awaited<ReturnType<typeof x509.readRequest>>;
  try {
    request = await x509.readRequest(asked.request);
  } catch (error) {
    throw new Refusal("request", error instanceof Error ? error.message : String(error));
  }
  const keyHash = secretHash(request.publicKey.toHex());
  const before = answeredBefore(entry, keyHash, nowMs);
  const centre = readCentre(seams);
  const config = configOf(entry, centre, seams);
  const certificate =
    before === null
      ? await x509.signCertificate(
          centre.authority,
          request.publicKey,
          {
            commonName: entry.gateway,
            names: allowedNames(request.names, entry, centre.ownHosts),
            use: "both",
          },
          validity,
        )
      : await certificateIn(before.answer, entry, seams);
  const usedAtMs = before?.atMs ?? nowMs;
  const bundle = {
    ...bundleOf(entry, centre, config, certificate, null, nowMs),
    expiresAtMs: usedAtMs + BUNDLE_DAYS * DAY_MS,
  };
  const answer = await signBundle(bundle, centre.authority);
  return seams.locked(() => {
    // Another may have come meanwhile.
    const now = ledger.read(asked.id) ?? entry;
    const given = answeredBefore(now, keyHash, nowMs);
    if (before === null && given !== null) return given.answer;
    keepCertificate(seams, entry.gateway, certificate);
    ledger.write({ ...now, used: { atMs: usedAtMs, keyHash, answer } });
    return answer;
  });
}

/**
 * The certificate that a gateway got: it keeps the one that it has, so that one alone has to be taken back. Who was taken back
 * hears nothing new. Throws Refusal.
 */
async function certificateIn(
  answer: string,
  entry: TokenEntry,
  { files, paths }: CentreSeams,
): Promise<string> {
  const { certificate } = await readBundle(answer, null);
  const { readCertificateText, readRevokedSerials } = await import("./x509.ts");
  const list = files.read(paths.revoked, MAX_TEXT_BYTES);
  const revoked = list === null ? [] : readRevokedSerials(new TextDecoder().decode(list));
  if (!revoked.includes(readCertificateText(certificate).serial)) return certificate;
  throw new Refusal("cancelled", `the certificate of ${entry.gateway} was taken back; issue another token`);
}

/** What a gateway would be like. Throws CONFIG_INVALID where the template can't be filled, or no gateway can start with it. */
export function configOf(
  { gateway, values, files: own }: Pick<TokenEntry, "gateway" | "values" | "files">,
  { template, files }: Pick<CentreFiles, "template" | "files">,
  { check }: Pick<CentreSeams, "check">,
): string {
  const config = fillTemplate(template, { site: "", ...values, gateway });
  check(config, gateway);
  if (config.includes(`${FOLDER_PLACEHOLDER}/${REVOKED_FILE}`) && !(REVOKED_FILE in { ...files, ...own })) {
    const remedy = "put tls/revoked.pem into the folder, or take tls.crl.file out of the template";
    throw new HeadwaterError("CONFIG_INVALID", `there is no list of revoked certificates; ${remedy}`);
  }
  return config;
}

/** All of it in one file, with a key, for a gateway that can't reach the centre. Its token counts as used. */
export async function issueBundle(
  seams: CentreSeams,
  entry: TokenEntry,
  validity: Validity,
  nowMs: number,
): Promise<string> {
  const centre = readCentre(seams);
  const config = configOf(entry, centre, seams);
  const x509 = await import("./x509.ts");
  const key = await x509.newKey();
  const publicKey = await x509.publicKeyOf(key);
  const names = allowedNames({ dns: [], addresses: [] }, entry, centre.ownHosts);
  const holder = { commonName: entry.gateway, names, use: "both" as const };
  const certificate = await x509.signCertificate(centre.authority, publicKey, holder, validity);
  const bundle = {
    ...bundleOf(entry, centre, config, certificate, key, nowMs),
    expiresAtMs: entry.expiresAtMs,
  };
  const keyHash = secretHash(publicKey.toHex());
  keepCertificate(seams, entry.gateway, certificate);
  // What is kept has no key in it: only the gateway's file has.
  new TokenLedger(seams.files, seams.paths.tokens).write({
    ...entry,
    used: { atMs: nowMs, keyHash, answer: "" },
  });
  return signBundle(bundle, centre.authority);
}

/** Where those of devices are, so that it can be taken back as theirs: headwater certificate revoke. */
function keepCertificate({ files, paths }: CentreSeams, gateway: string, certificate: string): void {
  files.makeFolder(paths.devices, { mode: 0o700, owner: null });
  files.write(devicePaths(paths, gateway).certificate, Buffer.from(certificate), {
    mode: 0o600,
    owner: null,
  });
}

/** The use of a token by this key, or null where it can be used. Throws Refusal. */
function answeredBefore(entry: TokenEntry, keyHash: string, nowMs: number): TokenEntry["used"] {
  const { used } = entry;
  if (used !== null && used.keyHash === keyHash && used.answer !== "") return used;
  const state = stateOf(entry, nowMs);
  if (state === "open") return null;
  if (state === "used") {
    const at = new Date(used?.atMs ?? 0).toISOString();
    throw new Refusal(
      "used",
      `the token of ${entry.gateway} was used at ${at}, by another key; issue another`,
    );
  }
  if (state === "cancelled")
    throw new Refusal("cancelled", `the token of ${entry.gateway} was taken back; issue another`);
  const at = new Date(entry.expiresAtMs).toISOString();
  throw new Refusal("expired", `the token of ${entry.gateway} expired at ${at}; issue another`);
}

function bundleOf(
  entry: TokenEntry,
  centre: CentreFiles,
  config: string,
  certificate: string,
  key: string | null,
  nowMs: number,
): EnrolmentBundle {
  return {
    token: entry.id,
    gateway: entry.gateway,
    issuedAtMs: nowMs,
    expiresAtMs: nowMs + BUNDLE_DAYS * DAY_MS,
    authority: centre.authority.certificate,
    ...{ certificate, key },
    config,
    files: { ...centre.files, ...entry.files },
    users: centre.users,
  };
}

/**
 * Of the names that a gateway asks for, those that it may have: its own, which are of its id, and addresses on site; and what
 * the engineer wrote for it. Else one gateway could pass for the centre to the others.
 */
export function allowedNames(
  asked: HostNames,
  entry: Pick<TokenEntry, "gateway" | "names">,
  ownHosts: readonly string[],
): HostNames {
  const id = entry.gateway.toLowerCase();
  const given = entry.names
    .split(/[\s,]+/)
    .filter((name) => name !== "")
    .map((name) => name.toLowerCase());
  const isFree = (name: string) => !ownHosts.includes(name);
  const isAddressText = (name: string) => name.includes(":") || /^[\d.]+$/.test(name);
  const dns = [id, `${id}.local`, "localhost", ...given.filter((name) => !isAddressText(name))];
  const addresses = asked.addresses
    .map((address) => address.toLowerCase())
    .filter(isPrivateAddress)
    .filter(isFree);
  const all = ["127.0.0.1", "::1", ...addresses, ...given.filter(isAddressText)];
  // As text every address of version 6 has several forms: one is as good as the other.
  return { dns: [...new Set(dns.filter(isFree))], addresses: [...new Set(all)] };
}

/** In a time that says nothing of where they differ. */
function sameText(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let at = 0; at < a.length; at++)
    difference |= a.charCodeAt(at) ^ b.charCodeAt(at % Math.max(1, b.length));
  return difference === 0;
}
