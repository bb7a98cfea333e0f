import { HeadwaterError } from "../base/errors.ts";
import { type ConfigProblem, didYouMean, excerpt, formatProblem } from "../config/problem.ts";
import { tomlLines } from "../config/toml-lines.ts";
import { refuseEmpty } from "./empty-file.ts";
import { NameSet } from "./name-pattern.ts";
import { filterFault } from "./topic-filter.ts";

/** What a rule is about. `subscribe` holds `receive`: who may subscribe to a topic may get its messages. */
export type Action = "publish" | "subscribe" | "receive";

/** Whom a rule is for: any of these. */
export interface Audience {
  readonly anyone: boolean;
  readonly anonymous: boolean;
  /** Names of users and of certificates, groups taken apart. */
  readonly names: NameSet;
  readonly clientIds: NameSet;
}

export interface Rule {
  readonly effect: "allow" | "deny";
  readonly actions: ReadonlySet<Action>;
  readonly who: Audience;
  /** Topic filters with `{user}`, `{client}`, `{key}`. */
  readonly topics: readonly string[];
  /** What `{key}` may be, with `{user}` and `{client}`; null for any one level. */
  readonly keys: readonly string[] | null;
}

export const MAX_ACL_FILE_BYTES = 256 * 1024;
const MAX_RULES = 1_000;
const MAX_ITEMS = 10_000;
const RULE_KEYS = ["who", "allow", "deny", "topics", "keys"] as const;
const ACTIONS: Readonly<Record<string, readonly Action[]>> = {
  publish: ["publish"],
  subscribe: ["subscribe", "receive"],
  receive: ["receive"],
  all: ["publish", "subscribe", "receive"],
};
const PLACEHOLDER = /\{([^{}]*)\}/g;

type Table = Readonly<Record<string, unknown>>;

/** What a file of rules says. */
export interface AclFile {
  readonly rules: readonly Rule[];
  /** Names of users by the group's. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
}

/**
 * Reads a file of rules: TOML with a table `[groups]` of lists of names, and `[[rule]]`s. Throws CONFIG_INVALID with
 * a line for every problem, and where not even a comment is there.
 */
export function readAcl(path: string, text: string): AclFile {
  refuseEmpty(path, text, "rules");
  return new AclReader(path, text).read();
}

/** The rules of such a file. */
export function parseAcl(path: string, text: string): readonly Rule[] {
  return readAcl(path, text).rules;
}

class AclReader {
  readonly #path: string;
  readonly #text: string;
  readonly #problems: ConfigProblem[] = [];
  #lines: ReadonlyMap<string, number> = new Map();

  constructor(path: string, text: string) {
    this.#path = path;
    this.#text = text;
  }

  read(): AclFile {
    const root = this.#parse();
    this.#lines = tomlLines(this.#text);
    for (const key of Object.keys(root)) {
      if (key === "groups" || key === "rule") continue;
      this.#problem(key, root[key], "there is no such setting", "write [groups] and [[rule]]");
    }
    const groups = this.#groups(root.groups);
    const tables = root.rule ?? [];
    const rules = Array.isArray(tables) ? tables.map((table, index) => this.#rule(table, index, groups)) : [];
    if (!Array.isArray(tables))
      this.#problem("rule", tables, "it is no list", "begin each rule with [[rule]]");
    if (rules.length > MAX_RULES) {
      this.#problem("rule", null, `${rules.length} rules are too many`, `write at most ${MAX_RULES}`);
    }
    this.#throwProblems();
    return { rules: rules.filter((rule) => rule !== null), groups };
  }

  #parse(): Table {
    try {
      return Bun.TOML.parse(this.#text) as Table;
    } catch (error) {
      const fault = String(error instanceof Error ? error.message : error).replace(/^TOML Parse error: /, "");
      this.#problem("", null, fault, "see https://toml.io for the notation");
      this.#throwProblems();
      return {};
    }
  }

  #groups(raw: unknown): ReadonlyMap<string, readonly string[]> {
    const groups = new Map<string, readonly string[]>();
    if (raw === undefined) return groups;
    if (!isTable(raw)) {
      this.#problem(
        "groups",
        raw,
        "it is no table",
        'write [groups] and lines as operators = ["anna", "ben"]',
      );
      return groups;
    }
    for (const name of Object.keys(raw)) groups.set(name, this.#texts(`groups.${name}`, raw[name]) ?? []);
    return groups;
  }

  #rule(raw: unknown, index: number, groups: ReadonlyMap<string, readonly string[]>): Rule | null {
    const at = (name: string) => `rule[${index}].${name}`;
    if (!isTable(raw)) {
      this.#problem(`rule[${index}]`, raw, "it is no table", "begin each rule with [[rule]]");
      return null;
    }
    for (const key of Object.keys(raw)) {
      if (RULE_KEYS.some((known) => known === key)) continue;
      const near = didYouMean(key, RULE_KEYS);
      const remedy = near === null ? `write one of ${RULE_KEYS.join(", ")}` : `did you mean ${near}?`;
      this.#problem(at(key), raw[key], "there is no such setting", remedy);
    }
    const [effect, other] =
      raw.deny === undefined ? (["allow", "deny"] as const) : (["deny", "allow"] as const);
    if (raw[effect] === undefined || raw[other] !== undefined) {
      const fault = raw[effect] === undefined ? "it neither allows nor denies" : "it allows and denies";
      this.#problem(`rule[${index}]`, null, fault, 'write allow = "publish", or deny = "publish"');
    }
    const actions = this.#actions(at(effect), raw[effect] ?? []);
    const who = this.#audience(at("who"), raw.who, groups);
    const topics = this.#topics(at("topics"), raw.topics, raw.keys !== undefined);
    const keys = raw.keys === undefined ? null : this.#texts(at("keys"), raw.keys);
    for (const key of keys ?? []) this.#placeholders(at("keys"), key, ["user", "client"]);
    if (keys !== null && !topics.some((topic) => topic.includes("{key}"))) {
      this.#problem(
        at("keys"),
        raw.keys,
        "none of the topics has {key}",
        "write {key} where the key stands in them",
      );
    }
    return { effect, actions, who, topics, keys };
  }

  #actions(key: string, raw: unknown): ReadonlySet<Action> {
    const words = this.#texts(key, raw) ?? [];
    for (const word of words) {
      if (Object.hasOwn(ACTIONS, word)) continue;
      this.#problem(key, word, "it is no action", `write of ${Object.keys(ACTIONS).join(", ")}`);
    }
    return new Set(words.flatMap((word) => (Object.hasOwn(ACTIONS, word) ? (ACTIONS[word] ?? []) : [])));
  }

  #audience(key: string, raw: unknown, groups: ReadonlyMap<string, readonly string[]>): Audience {
    const names: string[] = [];
    const clientIds: string[] = [];
    let [anyone, anonymous] = [false, false];
    for (const word of this.#texts(key, raw) ?? []) {
      const [, kind = "", name = ""] = /^(user|group|client):(.+)$/s.exec(word) ?? [];
      if (word === "anyone") anyone = true;
      else if (word === "anonymous") anonymous = true;
      else if (kind === "user") names.push(name);
      else if (kind === "client") clientIds.push(name);
      else if (kind === "group" && groups.has(name)) names.push(...(groups.get(name) ?? []));
      else if (kind === "group") {
        this.#problem(key, word, "there is no such group", `write ${name} = [...] below [groups]`);
      } else {
        const remedy = "write user:NAME, group:NAME, client:ID (* stands for anything), anonymous or anyone";
        this.#problem(key, word, "it says not whom", remedy);
      }
    }
    return { anyone, anonymous, names: new NameSet(names), clientIds: new NameSet(clientIds) };
  }

  #topics(key: string, raw: unknown, hasKeys: boolean): readonly string[] {
    const topics = this.#texts(key, raw) ?? [];
    for (const topic of topics) {
      const fault = filterFault(topic.replaceAll(PLACEHOLDER, "x"));
      if (fault !== null)
        this.#problem(key, topic, fault, "write a topic filter, for example devices/{user}/#");
      this.#placeholders(key, topic, ["user", "client", "key"]);
      if (topic.split("/").some((level) => level.includes("{key}") && level !== "{key}")) {
        this.#problem(key, topic, "{key} is not a whole level", "write it between two slashes");
      }
      if (hasKeys && topic.split("/").filter((level) => level === "{key}").length > 1) {
        this.#problem(key, topic, "{key} is there twice", "use it once in a topic");
      }
    }
    return topics;
  }

  #placeholders(key: string, text: string, known: readonly string[]): void {
    for (const [whole, name = ""] of text.matchAll(PLACEHOLDER)) {
      if (known.includes(name)) continue;
      this.#problem(
        key,
        text,
        `${whole} stands for nothing`,
        `write ${known.map((n) => `{${n}}`).join(", ")}`,
      );
    }
    if (/[{}]/.test(text.replaceAll(PLACEHOLDER, ""))) {
      this.#problem(key, text, "a brace has no other", `write ${known.map((n) => `{${n}}`).join(", ")}`);
    }
  }

  /** One text, or a list of them that is not empty. */
  #texts(key: string, raw: unknown): readonly string[] | null {
    const list = typeof raw === "string" ? [raw] : raw;
    if (
      Array.isArray(list) &&
      list.every((item): item is string => typeof item === "string" && item !== "")
    ) {
      if (list.length > MAX_ITEMS) {
        this.#problem(key, null, `${list.length} are too many`, `write at most ${MAX_ITEMS}`);
      }
      if (list.length > 0) return list;
    }
    this.#problem(
      key,
      raw,
      raw === undefined ? "it is missing" : "it is no list of texts",
      'write ["...", "..."]',
    );
    return null;
  }

  #problem(key: string, raw: unknown, fault: string, remedy: string): void {
    const rule = /^rule\[\d+\]/.exec(key)?.[0] ?? key;
    const line = this.#lines.get(key) ?? this.#lines.get(rule) ?? null;
    const value = raw === null || raw === undefined ? null : excerpt(raw);
    this.#problems.push({ key, value, source: { kind: "file", path: this.#path, line }, fault, remedy });
  }

  #throwProblems(): void {
    if (this.#problems.length === 0) return;
    const lines = this.#problems.map(formatProblem);
    throw new HeadwaterError("CONFIG_INVALID", lines.join("\n"), { path: this.#path });
  }
}

function isTable(raw: unknown): raw is Table {
  return raw !== null && typeof raw === "object" && !Array.isArray(raw);
}
