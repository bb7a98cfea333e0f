import type { Action, Rule } from "./acl.ts";
import { NameSet } from "./name-pattern.ts";
import {
  covers,
  type Filter,
  type Level,
  matches,
  overlaps,
  parseFilter,
  parseLevel,
} from "./topic-filter.ts";

/** Who asks. */
export interface Principal {
  /** The name that a password or a certificate has proven; null for nobody in particular. */
  readonly userName: string | null;
  /** What the client says of itself: nobody has proven it. */
  readonly clientId: string;
}

/** What one principal may do with topics. What no rule allows is denied, and a rule that denies wins. */
export interface Rights {
  /** `key` is the level of the topic that its route names {key}; null where it names none. */
  mayPublish(topic: string, key: string | null): boolean;
  mayReceive(topic: string, key: string | null): boolean;
  /** A well-formed filter, without the prefix of a shared subscription and the like. */
  maySubscribe(filter: string): boolean;
}

/**
 * When a subscription is granted. "whole": when all that its filter can match is allowed, by one rule and against
 * none. "part": when something of it may be allowed; delivery is asked for every topic either way.
 */
export type Granting = "whole" | "part";

/** Without rules nothing is denied. */
export const ALL_RIGHTS: Rights = {
  mayPublish: () => true,
  mayReceive: () => true,
  maySubscribe: () => true,
};

/** What the rules give this principal. */
export function rightsOf(rules: readonly Rule[], who: Principal, granting: Granting): Rights {
  const own = rules.filter((rule) => isFor(rule, who)).flatMap((rule) => compile(rule, who));
  return new RuleRights(own, granting);
}

interface Compiled {
  readonly effect: Rule["effect"];
  readonly actions: ReadonlySet<Action>;
  readonly filter: Filter;
  /** Which level is {key}, or -1. */
  readonly keyIndex: number;
}

class RuleRights implements Rights {
  readonly #rules: readonly Compiled[];
  readonly #granting: Granting;

  constructor(rules: readonly Compiled[], granting: Granting) {
    // Denials first: the first rule that takes a topic decides.
    this.#rules = [...rules].sort((a, b) => Number(a.effect === "allow") - Number(b.effect === "allow"));
    this.#granting = granting;
  }

  mayPublish(topic: string, key: string | null): boolean {
    return this.#may("publish", topic, key);
  }

  mayReceive(topic: string, key: string | null): boolean {
    return this.#may("receive", topic, key);
  }

  maySubscribe(text: string): boolean {
    const filter = parseFilter(text);
    const rules = this.#rules.filter(({ actions }) => actions.has("subscribe"));
    const whole = this.#granting === "whole";
    const denied = rules.some((rule) => {
      if (rule.effect !== "deny") return false;
      return whole ? overlaps(rule.filter, filter) : covers(rule.filter, filter);
    });
    if (denied) return false;
    return rules.some((rule) => {
      if (rule.effect !== "allow") return false;
      return whole ? covers(rule.filter, filter) : overlaps(rule.filter, filter);
    });
  }

  #may(action: Action, topic: string, key: string | null): boolean {
    const levels = topic.split("/");
    for (const { effect, actions, filter, keyIndex } of this.#rules) {
      if (!actions.has(action) || !matches(filter, levels)) continue;
      if (effect === "deny") return false;
      if (keyIndex < 0 || levels[keyIndex] === key) return true;
    }
    return false;
  }
}

function isFor({ who }: Rule, { userName, clientId }: Principal): boolean {
  if (who.anyone) return true;
  if (userName === null ? who.anonymous : who.names.has(userName)) return true;
  return who.clientIds.has(clientId);
}

function compile(rule: Rule, who: Principal): readonly Compiled[] {
  const { effect, actions } = rule;
  return rule.topics.flatMap((topic): Compiled[] => {
    const texts = topic.split("/");
    const filter = texts.map((text, index) => compileLevel(text, index, rule, who));
    if (!filter.every((level) => level !== null)) return [];
    return [{ effect, actions, filter, keyIndex: texts.indexOf("{key}") }];
  });
}

/** A level of a rule for this principal; null where the rule is not for it, since its name can't stand there. */
function compileLevel(text: string, index: number, rule: Rule, who: Principal): Level | null {
  if (text === "{key}") return keyLevel(rule, who);
  if (!text.includes("{")) return parseLevel(text);
  const filled = fill(text, who);
  // A denial takes more rather than less: whoever has no name that fits would get around it.
  const unfit: Level | null = rule.effect === "deny" ? { kind: "any" } : null;
  if (filled === null) return unfit;
  // Nobody gets at topics that wildcards leave out by calling himself $SYS.
  return index === 0 && filled.startsWith("$") && !text.startsWith("$")
    ? unfit
    : { kind: "text", text: filled };
}

function keyLevel({ keys, effect }: Rule, who: Principal): Level {
  if (keys === null) return { kind: "any" };
  const own = keys.map((key) => fill(key, who)).filter((key) => key !== null);
  if (effect === "deny" && own.length < keys.length) return { kind: "any" };
  const names = new NameSet(own);
  return { kind: "one-of", takes: (level) => names.has(level) };
}

/** The text with the principal's names in it; null where one is not there, or is more than a plain level. */
function fill(text: string, { userName, clientId }: Principal): string | null {
  let fits = true;
  const filled = text.replace(/\{(user|client)\}/g, (_, kind: string) => {
    const name = kind === "user" ? userName : clientId;
    if (name === null || !isPlainLevel(name)) fits = false;
    return name ?? "";
  });
  return fits ? filled : null;
}

/** `*` too: in keys it would stand for anything. */
function isPlainLevel(name: string): boolean {
  return name !== "" && !/[/+#*\0]/.test(name);
}
