import type { SecurityFile, TlsFiles } from "./security.ts";

/** What is read together, and stands or falls together. */
export type SecurityPart = "users" | "rules" | "certificates";

/** Why a part could not be read at the start, until it can be. */
export interface StartFault {
  readonly part: SecurityPart;
  /** Setting, file, what is wrong with it, what that closes, and what mends it. */
  readonly reason: string;
}

const CLOSES: Readonly<Record<SecurityPart, string>> = {
  users: "MQTT is closed, and nobody logs in by that file",
  rules: "MQTT is closed",
  certificates: "doors with TLS are closed",
};
const MISSING: Readonly<Record<SecurityPart, string>> = {
  users: "there are no users",
  rules: "there are no rules, and nobody is denied anything",
  certificates: CLOSES.certificates,
};
const REMEDIES: Readonly<Record<SecurityPart, string>> = {
  users: "correct it (headwater user writes it), or take it away if there are to be no users",
  rules: "correct it, or take it away if there are to be no rules",
  certificates: "put the files in place, readable by the gateway",
};
const MAX_LINES = 3;

/** `text` is what reading said, a line for each fault. */
export function startFault(part: SecurityPart, settings: string, text: string): StartFault {
  const reason = `${settings}: ${shortened(text)}; until it is mended, ${CLOSES[part]}: ${REMEDIES[part]}`;
  return { part, reason };
}

/**
 * Why a part is not used as it is now, while what it was before stands: setting, file, what is wrong with it, what a
 * start would make of that, and what mends it. `mayBeMissing` where it is gone, and a start takes that for a wish.
 */
export function keptFault(part: SecurityPart, settings: string, text: string, mayBeMissing: boolean): string {
  const then = mayBeMissing ? MISSING[part] : CLOSES[part];
  const remedy = mayBeMissing ? "put it back, or start the gateway again if that is meant" : REMEDIES[part];
  return `${settings}: ${shortened(text)}; what it was before stands, but from the next start on ${then}: ${remedy}`;
}

function shortened(text: string): string {
  const lines = text.split("\n");
  const more = lines.length > MAX_LINES ? ` and ${lines.length - MAX_LINES} more` : "";
  return `${lines.slice(0, MAX_LINES).join("; ")}${more}`;
}

/** The settings that name the files of a part; of certificates the one whose path an error has, where it has one. */
export function settingOf(
  part: SecurityPart,
  { tls }: { readonly users: SecurityFile; readonly acl: SecurityFile; readonly tls: TlsFiles | null },
  path: unknown,
): string {
  if (part === "users") return "security.users.file";
  if (part === "rules") return "security.acl.file";
  if (tls !== null && path === tls.certificate) return "tls.certificate.file";
  if (tls !== null && path === tls.key) return "tls.key.file";
  if (tls !== null && path === tls.authorities) return "tls.ca.file";
  return tls !== null && path === tls.revocations ? "tls.crl.file" : "tls.certificate.file";
}
