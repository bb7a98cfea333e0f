import { HeadwaterError } from "../base/errors.ts";
import type { FileRights, OwnedFiles } from "../io/owned-files.ts";
import { Fields } from "./fields.ts";
import { isTokenId } from "./token.ts";

/** What the centre knows of a token. The secret is not among it. */
export interface TokenEntry {
  readonly id: string;
  readonly secretHash: string;
  readonly gateway: string;
  /** What the template's placeholders stand for. */
  readonly values: Readonly<Record<string, string>>;
  /** Files for this gateway alone, by name. */
  readonly files: Readonly<Record<string, string>>;
  /** Names of hosts that its certificate may be for, beside its own. */
  readonly names: string;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  /** Taken back before it was used. */
  readonly cancelled: boolean;
  /** Who has used it, by the hash of the key that it asked with, and what it was answered. */
  readonly used: { readonly atMs: number; readonly keyHash: string; readonly answer: string } | null;
}

export type TokenState = "open" | "used" | "expired" | "cancelled";

const RIGHTS: FileRights = { mode: 0o600, owner: null };
const MAX_ENTRY_BYTES = 4 * 1024 * 1024;
const MAX_TEXT = 3 * 1024 * 1024;
const FORMAT = "headwater-enrolment-token/1";

/** The tokens of a centre, a file each: written before anybody hears of what it says. */
export class TokenLedger {
  readonly #files: OwnedFiles;
  readonly #folder: string;

  constructor(files: OwnedFiles, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  /** Null where there is no such token. Throws DISK_IO, MALFORMED. */
  read(id: string): TokenEntry | null {
    if (!isTokenId(id)) return null;
    const bytes = this.#files.read(this.#path(id), MAX_ENTRY_BYTES);
    return bytes === null ? null : entryOf(this.#path(id), new TextDecoder().decode(bytes));
  }

  /** All of them, those that were issued first first. */
  list(): readonly TokenEntry[] {
    return this.#files
      .list(this.#folder)
      .filter((name) => name.endsWith(".json"))
      .flatMap((name) => this.read(name.slice(0, -".json".length)) ?? [])
      .sort((a, b) => a.issuedAtMs - b.issuedAtMs);
  }

  write(entry: TokenEntry): void {
    this.#files.makeFolder(this.#folder, { mode: 0o700, owner: null });
    const { issuedAtMs, expiresAtMs, used, ...rest } = entry;
    const text = JSON.stringify({
      format: FORMAT,
      ...rest,
      issued: new Date(issuedAtMs).toISOString(),
      expires: new Date(expiresAtMs).toISOString(),
      cancelled: entry.cancelled ? "yes" : "no",
      ...(used === null ? {} : { used: { ...used, atMs: String(used.atMs) } }),
    });
    this.#files.write(this.#path(entry.id), Buffer.from(text), RIGHTS);
  }

  #path(id: string): string {
    return `${this.#folder}/${id}.json`;
  }
}

export function stateOf(entry: TokenEntry, nowMs: number): TokenState {
  if (entry.used !== null) return "used";
  if (entry.cancelled) return "cancelled";
  return nowMs > entry.expiresAtMs ? "expired" : "open";
}

function entryOf(path: string, text: string): TokenEntry {
  const fields = new Fields(path, text);
  fields.expectFormat(FORMAT);
  const usedText = fields.object("used");
  const used = usedText === null ? null : new Fields(path, usedText);
  const id = fields.text("id", 100);
  if (!path.endsWith(`/${id}.json`))
    throw new HeadwaterError("MALFORMED", `${path} is of another token`, { path });
  return {
    id,
    secretHash: fields.text("secretHash", 100),
    gateway: fields.text("gateway", 100),
    values: fields.texts("values", 100, 10_000),
    files: fields.texts("files", 100, MAX_TEXT),
    names: fields.text("names", 10_000),
    issuedAtMs: fields.timeMs("issued"),
    expiresAtMs: fields.timeMs("expires"),
    cancelled: fields.text("cancelled", 3) === "yes",
    used:
      used === null
        ? null
        : {
            atMs: Number(used.text("atMs", 20)),
            keyHash: used.text("keyHash", 100),
            answer: used.text("answer", MAX_TEXT),
          },
  };
}
