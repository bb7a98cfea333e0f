import { HeadwaterError } from "../base/errors.ts";
import { Fields } from "./fields.ts";
import { fingerprintOf, isTokenId } from "./token.ts";
import type { KeyPair } from "./x509.ts";

/** What a centre gives a gateway. */
export interface EnrolmentBundle {
  /** Of the token that it answers. */
  readonly token: string;
  /** gateway.id. */
  readonly gateway: string;
  readonly issuedAtMs: number;
  /** Until when it may be taken. */
  readonly expiresAtMs: number;
  /** Certificates of the authority, in PEM. */
  readonly authority: string;
  /** For the key of the request, or for `key`. */
  readonly certificate: string;
  /** Where the gateway could not be asked for a request: a bundle in a file. Else null. */
  readonly key: string | null;
  /** TOML, with `{{folder}}` for the folder that its files are in. */
  readonly config: string;
  /** More files of that folder, by name. */
  readonly files: Readonly<Record<string, string>>;
  /** Lines for the file of users: names and hashes. */
  readonly users: string;
}

export const BUNDLE_FORMAT = "headwater-enrolment-bundle/1";
export const MAX_BUNDLE_LENGTH = 2 * 1024 * 1024;
const MAX_TEXT_LENGTH = 512 * 1024;
const MAX_FILES = 32;
/** Names of files that a bundle brings: nothing that leads elsewhere, or is Headwater's own there. */
const FILE_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;
/** What the folder of an enrolment has anyway. */
export const OWN_FILES = [
  "authority.pem",
  "gateway.pem",
  "gateway.key",
  "enrolled.json",
  "pending.json",
] as const;
const MAX_NAME_LENGTH = 64;
const ALGORITHM = "ES256";
const TYPE = "headwater-enrolment";

/** Says why a bundle can't bring a file of this name, or null. */
export function fileNameFault(name: string): string | null {
  if (!FILE_NAME.test(name)) return "is no name of small letters, digits, '.', '_' and '-'";
  const isOwn =
    OWN_FILES.some((own) => own === name) || name.endsWith(".old") || name.endsWith(".unfinished");
  return isOwn ? "is a name that Headwater has for its own" : null;
}

/** Signs a bundle by its authority: a JSON Web Signature (RFC 7515, 7.2.2) whose header has the authority's certificate. */
export async function signBundle(bundle: EnrolmentBundle, authority: KeyPair): Promise<string> {
  const { FlattenedSign, importPKCS8 } = await import("jose");
  const payload = {
    format: BUNDLE_FORMAT,
    token: bundle.token,
    gateway: bundle.gateway,
    issued: new Date(bundle.issuedAtMs).toISOString(),
    expires: new Date(bundle.expiresAtMs).toISOString(),
    authority: bundle.authority,
    certificate: bundle.certificate,
    ...(bundle.key === null ? {} : { key: bundle.key }),
    config: bundle.config,
    files: bundle.files,
    users: bundle.users,
  };
  const key = await importPKCS8(authority.key, ALGORITHM);
  const x5c = [derBase64(authority.certificate)];
  const signed = await new FlattenedSign(Buffer.from(JSON.stringify(payload)))
    .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, x5c })
    .sign(key);
  return JSON.stringify(signed);
}

/**
 * Reads a bundle that an authority has signed: the one of this fingerprint, or, null, whichever it names itself. Throws
 * MALFORMED for what is none, AUTHENTICATION for what another has signed, or nobody. Times are the caller's to judge.
 */
export async function readBundle(text: string, fingerprint: string | null): Promise<EnrolmentBundle> {
  if (text.length > MAX_BUNDLE_LENGTH) throw new HeadwaterError("MALFORMED", "the bundle is too long");
  const { flattenedVerify, importX509 } = await import("jose");
  const outer = new Fields("the bundle", text);
  const authority = signerOf(outer.text("protected", MAX_TEXT_LENGTH));
  if (fingerprint !== null && fingerprintOf(authority) !== fingerprint) {
    throw new HeadwaterError(
      "AUTHENTICATION",
      "the bundle is signed by another authority than the token is for",
    );
  }
  let payload: Uint8Array;
  try {
    const jws = {
      protected: outer.text("protected", MAX_TEXT_LENGTH),
      payload: outer.text("payload", MAX_BUNDLE_LENGTH),
      signature: outer.text("signature", 1_000),
    };
    const key = await importX509(authority, ALGORITHM);
    payload = (await flattenedVerify(jws, key, { algorithms: [ALGORITHM] })).payload;
  } catch (cause) {
    if (cause instanceof HeadwaterError) throw cause;
    const remedy = "it was changed or cut off on its way; get it again";
    throw new HeadwaterError("AUTHENTICATION", `the bundle's signature does not hold; ${remedy}`, { cause });
  }
  return bundleOf(new TextDecoder().decode(payload), authority);
}

function bundleOf(text: string, signer: string): EnrolmentBundle {
  const fields = new Fields("the bundle", text);
  fields.expectFormat(BUNDLE_FORMAT);
  const token = fields.text("token", MAX_NAME_LENGTH);
  if (!isTokenId(token)) throw fields.fault("token", "is no id of a token");
  const authority = fields.text("authority", MAX_TEXT_LENGTH);
  if (fingerprintOf(authority) !== fingerprintOf(signer)) {
    throw fields.fault("authority", "does not begin with the one that signed it");
  }
  const files = fields.texts("files", MAX_FILES, MAX_TEXT_LENGTH);
  for (const name of Object.keys(files)) {
    const fault = fileNameFault(name);
    if (fault !== null) throw fields.fault(`files.${name.slice(0, 40)}`, fault);
  }
  return {
    ...{ token, authority, files },
    gateway: fields.text("gateway", MAX_NAME_LENGTH),
    issuedAtMs: fields.timeMs("issued"),
    expiresAtMs: fields.timeMs("expires"),
    certificate: fields.text("certificate", MAX_TEXT_LENGTH),
    key: fields.optional("key", MAX_TEXT_LENGTH),
    config: fields.text("config", MAX_TEXT_LENGTH),
    users: fields.optional("users", MAX_TEXT_LENGTH) ?? "",
  };
}

/** The certificate in the header of a signature, in PEM. Throws MALFORMED. */
function signerOf(header: string): string {
  try {
    const text = new TextDecoder().decode(Uint8Array.fromBase64(header, { alphabet: "base64url" }));
    const { x5c, typ } = JSON.parse(text) as { readonly x5c?: unknown; readonly typ?: unknown };
    const [first] = Array.isArray(x5c) ? x5c : [];
    if (typ !== TYPE || typeof first !== "string") throw new Error("no certificate in it");
    return `-----BEGIN CERTIFICATE-----\n${first.match(/.{1,64}/g)?.join("\n")}\n-----END CERTIFICATE-----\n`;
  } catch (cause) {
    throw new HeadwaterError("MALFORMED", "the bundle's header can't be read; get it again", { cause });
  }
}

function derBase64(pem: string): string {
  return (/-----BEGIN CERTIFICATE-----([^-]*)-----END/.exec(pem)?.[1] ?? "").replaceAll(/\s/g, "");
}
