import { decodeDeviceKey, encodeDeviceKey } from "../../base/device-name.ts";
import { HIDDEN } from "../../config/secret.ts";

/** Shorter secrets would take half the text with them; they are kept out by what is asked for alone. */
const MIN_SECRET_LENGTH = 4;
/** Shorter names are words like any other; where a field says that it holds a name, they are masked all the same. */
const MIN_NAME_LENGTH = 3;
/** Properties and labels that hold names of devices. */
const NAME_FIELDS: ReadonlySet<string> = new Set(["device", "key", "clientId", "client", "user", "userName"]);
/** Of these a `device` is a disk. */
const DISK_METRICS = "node_disk_";
/** `https://user:password@host`. */
const URL_LOGIN = /(:\/\/)[^/\s"'@]+:[^/\s"'@]*@/g;
const WORD = /[\p{L}\p{N}_.%~@$+-]+/gu;

/** What of a bundle's masking is left out, so that a test can see that it would notice. */
export interface MaskBug {
  readonly showsSecrets?: boolean;
  readonly showsNames?: boolean;
}

/**
 * Takes secrets out of texts wherever they stand, and names of devices, for which a number stands that is the same
 * throughout a bundle, so that one can be followed from file to file.
 */
export class Mask {
  readonly #secrets: readonly string[];
  /** Null where names may be shown. */
  readonly #names: Set<string> | null;
  /** Names that are more than one word. */
  readonly #phrases: readonly string[];
  readonly #aliases = new Map<string, string>();
  #hiddenSecrets = 0;

  constructor(secrets: Iterable<string>, names: Iterable<string> | null, bug: MaskBug = {}) {
    const spellings = [...secrets]
      .filter((secret) => secret.length >= MIN_SECRET_LENGTH)
      .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(safe(secret))]);
    this.#secrets = bug.showsSecrets === true ? [] : longestFirst(spellings);
    const hides = names !== null && bug.showsNames !== true;
    const all = hides ? [...names].flatMap(spellingsOf) : [];
    const usable = all.filter((name) => name.length >= MIN_NAME_LENGTH);
    this.#names = hides ? new Set(usable) : null;
    this.#phrases = longestFirst(usable.filter((name) => name.match(WORD)?.[0] !== name));
  }

  /** Places where a secret stood. */
  get hiddenSecrets(): number {
    return this.#hiddenSecrets;
  }

  /** A value that JSON can hold, with names masked in texts, and with `hasNames` wherever a property says that it holds one. */
  json(value: unknown, hasNames = true, field = ""): unknown {
    if (typeof value === "string") {
      const isName = hasNames && NAME_FIELDS.has(field) && this.#names !== null;
      return isName ? this.#alias(value) : this.names(value);
    }
    if (Array.isArray(value)) return value.map((item) => this.json(item, hasNames, field));
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(([name, item]) => [name, this.json(item, hasNames, name)]);
    return Object.fromEntries(entries);
  }

  /** Prometheus' text: labels that hold names. What others hold may be a name, too. */
  metrics(text: string): string {
    const masked = (line: string) =>
      line.replaceAll(/(\w+)="((?:[^"\\]|\\.)*)"/g, (_, label: string, held: string) => {
        const isName = NAME_FIELDS.has(label) && this.#names !== null && !line.startsWith(DISK_METRICS);
        return `${label}="${isName ? this.#alias(held) : this.names(held)}"`;
      });
    return text.split("\n").map(masked).join("\n");
  }

  /** Names that are known, as whole words. */
  names(text: string): string {
    const names = this.#names;
    if (names === null || names.size === 0) return text;
    let masked = text;
    for (const phrase of this.#phrases) {
      if (masked.includes(phrase)) masked = masked.replaceAll(phrase, this.#alias(phrase));
    }
    return masked.replaceAll(WORD, (word) => {
      if (names.has(word)) return this.#alias(word);
      const bare = word.replace(/[.-]+$/, "");
      return names.has(bare) ? this.#alias(bare) + word.slice(bare.length) : word;
    });
  }

  /** Secrets, wherever they stand, and logins in addresses. */
  secrets(text: string): string {
    let masked = text.replaceAll(URL_LOGIN, `$1${HIDDEN}@`);
    for (const secret of this.#secrets) {
      const pieces = masked.split(secret);
      this.#hiddenSecrets += pieces.length - 1;
      masked = pieces.join(HIDDEN);
    }
    return masked;
  }

  #alias(name: string): string {
    const spelling = decodeDeviceKey(name) === null ? encodeDeviceKey(Buffer.from(name)) : name;
    const known = this.#aliases.get(spelling);
    if (known !== undefined) return known;
    const alias = `device#${this.#aliases.size + 1}`;
    this.#aliases.set(spelling, alias);
    return alias;
  }
}

/** As lists show a device, percent-encoded, and as it is. */
function spellingsOf(name: string): readonly string[] {
  const raw = decodeDeviceKey(name);
  return raw === null ? [name, encodeDeviceKey(Buffer.from(name))] : [name, new TextDecoder().decode(raw)];
}

function longestFirst(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort((a, b) => b.length - a.length);
}

/** `encodeURIComponent` takes no half of a pair. */
function safe(text: string): string {
  return text.toWellFormed();
}
