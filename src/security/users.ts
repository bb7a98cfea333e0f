import { HeadwaterError } from "../base/errors.ts";
import { refuseEmpty } from "./empty-file.ts";
import { parseScramVerifier, verifiersIn } from "./verifiers.ts";

/**
 * The file of users: one a line, `name:$argon2id$v=19$m=...,t=...,p=...$salt$hash`, and behind a space what SCRAM needs
 * (`verifiers.ts`). Empty lines and lines that begin with `#` are for people. The hash is a PHC string: salt and costs
 * are in it. By name all that stands behind it.
 */
export type Users = ReadonlyMap<string, string>;

/** How a file begins that is written here: it is never empty, not even without users. */
const HEADER =
  "# Users and hashes of their passwords; headwater user keeps them. Without a line below there are none.";
/** What stands for a file that there is not. */
export const NO_USERS_TEXT = `${HEADER}\n`;

export const MAX_USERS_FILE_BYTES = 4 * 1024 * 1024;
const MAX_NAME_LENGTH = 128;
/** No user has a longer password. */
export const MAX_PASSWORD_BYTES = 1_024;
/** What a check of a password may cost: a line of the file must not take the memory of the gateway. */
const MAX_MEMORY_KIB = 262_144;
const MAX_PASSES = 32;
/** Control characters, and what stands for bytes that are no text. */
const CONTROL = /[\p{Cc}\ufffd]/u;
const PHC = /^\$argon2id\$v=19\$m=(\d{1,9}),t=(\d{1,4}),p=1\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,172}$/;

/**
 * Reads the file. Throws CONFIG_INVALID with a line for every problem, and where not even a comment is there; of a line
 * only its name is shown.
 */
export function parseUsers(path: string, text: string): Users {
  refuseEmpty(path, text, "users");
  const users = new Map<string, string>();
  const problems: string[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const problem = (what: string) => problems.push(`${path}:${index + 1}: ${what}`);
    const entry = entryOf(line);
    if (entry === "none") continue;
    if (entry === "malformed")
      problem("no ':' between a name and a hash; headwater user add writes such a line");
    else if (users.has(entry.name)) problem(`${JSON.stringify(entry.name)} is there twice; remove a line`);
    else {
      const fault = userNameFault(entry.name) ?? verifiersFault(entry.hash);
      if (fault !== null) problem(`${JSON.stringify(entry.name.slice(0, MAX_NAME_LENGTH))}: ${fault}`);
      users.set(entry.name, entry.hash);
    }
  }
  if (problems.length > 0) throw new HeadwaterError("CONFIG_INVALID", problems.join("\n"), { path });
  return users;
}

/** The text with this user's line replaced, or added at the end. */
export function withUser(text: string, name: string, hash: string): string {
  const line = `${name}:${hash}`;
  let found = false;
  const lines = linesOf(text).map((old) => {
    if (!isOf(old, name)) return old;
    found = true;
    return line;
  });
  return textOf([...lines, ...(found ? [] : [line])]);
}

/** The text without this user's line. */
export function withoutUser(text: string, name: string): string {
  return textOf(linesOf(text).filter((line) => !isOf(line, name)));
}

/** Says why no user of the file can have this name, or null. */
export function userNameFault(name: string): string | null {
  if (name.startsWith("#")) return "a name begins with '#'";
  return name.includes(":") ? "a name has a ':'" : nameFault(name);
}

/** Says why nobody can have this name, or null: neither a user nor the holder of a certificate. */
export function nameFault(name: string): string | null {
  if (name === "") return "a name is empty";
  if (name.length > MAX_NAME_LENGTH) return `a name has more than ${MAX_NAME_LENGTH} characters`;
  if (name !== name.trim()) return "a name begins or ends with a space";
  return CONTROL.test(name) ? "a name has a control character" : null;
}

/** One of each kind at most: `kind` is what stands between the first two dollar signs. */
function verifiersFault(text: string): string | null {
  const kinds = new Set<string>();
  for (const verifier of verifiersIn(text)) {
    const [, kind = ""] = verifier.split("$");
    if (kinds.has(kind)) return `two of ${kind}; headwater user passwd makes others`;
    kinds.add(kind);
    if (kind.startsWith("scram-")) {
      if (parseScramVerifier(verifier) === null)
        return `no ${kind} that can be read; headwater user passwd makes one`;
      continue;
    }
    const fault = hashFault(verifier);
    if (fault !== null) return fault;
  }
  return kinds.size === 0 ? hashFault("") : null;
}

function hashFault(hash: string): string | null {
  const match = PHC.exec(hash);
  if (match === null) return "the hash is not argon2id in PHC form; headwater user passwd makes one";
  if (Number(match[1]) > MAX_MEMORY_KIB) return `the hash takes more than ${MAX_MEMORY_KIB} KiB to check`;
  return Number(match[2]) > MAX_PASSES ? `the hash takes more than ${MAX_PASSES} passes to check` : null;
}

function entryOf(line: string): { readonly name: string; readonly hash: string } | "none" | "malformed" {
  const text = line.replace(/\r$/, "");
  if (text.trim() === "" || text.startsWith("#")) return "none";
  const colon = text.indexOf(":");
  return colon < 0 ? "malformed" : { name: text.slice(0, colon), hash: text.slice(colon + 1).trim() };
}

function isOf(line: string, name: string): boolean {
  const entry = entryOf(line);
  return typeof entry === "object" && entry.name === name;
}

function textOf(lines: readonly string[]): string {
  const isBegun = lines[0]?.startsWith("#") ?? false;
  return `${[...(isBegun ? [] : [HEADER]), ...lines].join("\n")}\n`;
}

function linesOf(text: string): readonly string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}
