import {
  ACL_OPERATION,
  ACL_PATTERN,
  ACL_PERMISSION,
  ACL_RESOURCE,
  ACL_WILDCARD,
  type AclEntry,
} from "../../broker/acl-entry.ts";
import type { Acls } from "../../broker/acls.ts";
import { AUDIT_TOPIC } from "../../broker/own-topics.ts";
import { AclIndex } from "./acl-index.ts";
import { hostName } from "./hosts.ts";

/** Who asks from where at once, as far as it is remembered. */
const MAX_REMEMBERED_CALLERS = 10_000;
/** Answers that are remembered, of all callers together; then all are forgotten. */
const MAX_REMEMBERED_ANSWERS = 50_000;
/** Longer names are looked up each time: clients choose them. */
const MAX_REMEMBERED_NAME = 300;

const PRINCIPAL_TYPE = "User:";
const EVERYBODY = `${PRINCIPAL_TYPE}${ACL_WILDCARD}`;

/** What an authorizer has to be told about a refusal. */
export interface AclRefusal {
  readonly user: string;
  /** As rules have it, and as the connection has it. */
  readonly host: string;
  readonly address: string;
  readonly apiKey: number;
  readonly operation: number;
  readonly resourceType: number;
  readonly resourceName: string;
  /** The listener's, where it is known. */
  readonly port: number;
}

/** Deliberate faults, for tests that have to notice them. */
export interface AuthorizerBugs {
  /** An allowing rule outweighs one that denies. */
  readonly denyLoses?: boolean;
  /** The handler of this API key asks nobody. */
  readonly forgottenApi?: number;
}

export interface AuthorizerOptions {
  readonly acls: Pick<Acls, "list" | "onChange">;
  /** Names of users who may do everything. */
  readonly superUsers: readonly string[];
  /** Whether everybody may do everything with resources that no rule is about; but for the audit log. */
  readonly allowIfNone: boolean;
  readonly bugs?: AuthorizerBugs;
}

/**
 * Says what Kafka's StandardAuthorizer would: a rule that denies wins over any that allows; READ, WRITE, DELETE and ALTER
 * hold DESCRIBE, and ALTER_CONFIGS holds DESCRIBE_CONFIGS, where they allow; what no rule is about is denied, or allowed by
 * the setting `allowIfNone`.
 *
 * A topic `topic/key` is a view of one device, and `topic/key/2` of one of its partitions: rules about the topic, the view and
 * the partition are taken together. So who may read a topic may read its views, a rule about a view's own name allows just
 * that one, and a rule that denies the topic denies them as well.
 */
export class KafkaAuthorizer {
  readonly bugs: AuthorizerBugs;
  readonly #options: AuthorizerOptions;
  readonly #superUsers: ReadonlySet<string>;
  readonly #refusals = new Set<(refusal: AclRefusal) => void>();
  readonly #stop: () => void;
  #index: AclIndex | null = null;
  #callers = new Map<string, Map<string, Rights>>();
  #callerCount = 0;
  #answerCount = 0;

  constructor(options: AuthorizerOptions) {
    this.#options = options;
    this.bugs = options.bugs ?? {};
    this.#superUsers = new Set(options.superUsers);
    this.#stop = options.acls.onChange(() => {
      this.#index = null;
      this.#forget();
    });
  }

  close(): void {
    this.#stop();
  }

  /** What this user may do from this address, as of now: ask anew for each request. */
  rightsOf(user: string, address: string): Rights {
    let hosts = this.#callers.get(user);
    const known = hosts?.get(address);
    if (known !== undefined) return known;
    if (this.#callerCount >= MAX_REMEMBERED_CALLERS) {
      this.#forget();
      hosts = undefined;
    }
    const rights = new Rights(this, {
      user,
      principal: `${PRINCIPAL_TYPE}${user}`,
      host: hostName(address),
      address,
      isSuper: this.#superUsers.has(user),
    });
    if (hosts === undefined) this.#callers.set(user, new Map([[address, rights]]));
    else hosts.set(address, rights);
    this.#callerCount += 1;
    return rights;
  }

  /** Runs `listener` with each refusal of what a client asked for, beside those that only shorten lists. */
  onRefused(listener: (refusal: AclRefusal) => void): () => void {
    this.#refusals.add(listener);
    return () => {
      this.#refusals.delete(listener);
    };
  }

  refused(refusal: AclRefusal): void {
    for (const listener of this.#refusals) listener(refusal);
  }

  /** Whether one more answer may be remembered. Forgets all where there are too many. */
  remembers(name: string): boolean {
    if (name.length > MAX_REMEMBERED_NAME) return false;
    this.#answerCount += 1;
    if (this.#answerCount <= MAX_REMEMBERED_ANSWERS) return true;
    this.#forget();
    return false;
  }

  decide(caller: Caller, operation: number, resourceType: number, names: readonly string[]): boolean {
    if (caller.isSuper) return true;
    const index = this.#currentIndex();
    let isMentioned = false;
    let isAllowed = false;
    for (const name of names) {
      for (const entry of index.concerning(resourceType, name)) {
        isMentioned = true;
        if (!isAbout(entry, caller) || !covers(entry, operation)) continue;
        if (entry.permissionType === ACL_PERMISSION.allow) isAllowed = true;
        else if (this.bugs.denyLoses !== true) return false;
      }
    }
    return isAllowed || (!isMentioned && this.#options.allowIfNone && !names.includes(AUDIT_TOPIC));
  }

  /** Whether a rule denies it, whatever others allow. */
  denies(caller: Caller, operation: number, resourceType: number, name: string): boolean {
    if (caller.isSuper) return false;
    for (const entry of this.#currentIndex().concerning(resourceType, name)) {
      const denies = entry.permissionType === ACL_PERMISSION.deny;
      if (denies && isAbout(entry, caller) && covers(entry, operation)) return true;
    }
    return false;
  }

  /**
   * Whether there is a resource of this type, however it may be called, with which this is allowed (KIP-679). As in Kafka
   * only rules about the operation itself or all operations count.
   */
  decideForSome(caller: Caller, operation: number, resourceType: number): boolean {
    // What is allowed with a name that nobody thought of is allowed with some.
    if (this.decide(caller, operation, resourceType, ["hardcode"])) return true;
    const entries = this.#currentIndex()
      .ofType(resourceType)
      .filter((entry) => isAbout(entry, caller))
      .filter((entry) => entry.operation === operation || entry.operation === ACL_OPERATION.all);
    const denied = entries.filter(({ permissionType }) => permissionType === ACL_PERMISSION.deny);
    const isPrefixed = ({ patternType }: AclEntry): boolean => patternType === ACL_PATTERN.prefixed;
    if (denied.some((entry) => !isPrefixed(entry) && entry.resourceName === ACL_WILDCARD)) return false;
    return entries.some((allowed) => {
      if (allowed.permissionType !== ACL_PERMISSION.allow) return false;
      const { resourceName: name } = allowed;
      if (!isPrefixed(allowed) && name === ACL_WILDCARD) return true;
      return !denied.some((entry) =>
        isPrefixed(entry)
          ? name.startsWith(entry.resourceName)
          : !isPrefixed(allowed) && name === entry.resourceName,
      );
    });
  }

  #currentIndex(): AclIndex {
    this.#index ??= new AclIndex(this.#options.acls.list());
    return this.#index;
  }

  #forget(): void {
    this.#callers = new Map();
    this.#callerCount = 0;
    this.#answerCount = 0;
  }
}

interface Caller {
  readonly user: string;
  readonly principal: string;
  readonly host: string;
  readonly address: string;
  readonly isSuper: boolean;
}

/** What one user may do from one address. Answers are remembered until a rule changes. */
export class Rights {
  readonly #authorizer: KafkaAuthorizer;
  readonly #caller: Caller;
  /** By operation and type of resource, then by name. */
  readonly #answers: (Map<string, boolean> | undefined)[] = [];

  constructor(authorizer: KafkaAuthorizer, caller: Caller) {
    this.#authorizer = authorizer;
    this.#caller = caller;
  }

  /** Whether this is allowed with the resource of that name; of a topic it may be a view's, spelled with `/`. */
  allows(operation: number, resourceType: number, name: string): boolean {
    const place = resourceType * 16 + operation;
    const known = this.#answers[place]?.get(name);
    if (known !== undefined) return known;
    const names = resourceType === ACL_RESOURCE.topic ? topicNames(name) : [name];
    return this.#remember(place, name, this.#authorizer.decide(this.#caller, operation, resourceType, names));
  }

  /** Whether a rule denies it, whatever others allow. Not remembered. */
  denies(operation: number, resourceType: number, name: string): boolean {
    return this.#authorizer.denies(this.#caller, operation, resourceType, name);
  }

  /** Whether this is allowed with any resource of the type, however it may be called. */
  allowsSome(operation: number, resourceType: number): boolean {
    // No other answer has this place: types of resources are few.
    const place = 256 + resourceType * 16 + operation;
    const known = this.#answers[place]?.get("");
    if (known !== undefined) return known;
    return this.#remember(place, "", this.#authorizer.decideForSome(this.#caller, operation, resourceType));
  }

  /** Tells who listens that this was refused. */
  refused(apiKey: number, operation: number, resourceType: number, resourceName: string, port: number): void {
    const { user, host, address } = this.#caller;
    this.#authorizer.refused({ user, host, address, apiKey, operation, resourceType, resourceName, port });
  }

  #remember(place: number, name: string, answer: boolean): boolean {
    if (!this.#authorizer.remembers(name)) return answer;
    let answers = this.#answers[place];
    if (answers === undefined) {
      answers = new Map();
      this.#answers[place] = answers;
    }
    answers.set(name, answer);
    return answer;
  }
}

/** The name itself, and where it is that of a view, what it is a view of. */
function topicNames(name: string): readonly string[] {
  const topicEnd = name.indexOf("/");
  if (topicEnd < 0) return [name];
  const topic = name.slice(0, topicEnd);
  const keyEnd = name.indexOf("/", topicEnd + 1);
  return keyEnd < 0 ? [name, topic] : [name, name.slice(0, keyEnd), topic];
}

function isAbout({ principal, host }: AclEntry, caller: Caller): boolean {
  if (principal !== caller.principal && principal !== EVERYBODY) return false;
  return host === ACL_WILDCARD || host === caller.host;
}

/** Whether a rule is about this operation. What allows one may allow others with it; what denies one denies no other. */
function covers({ operation: ruled, permissionType }: AclEntry, operation: number): boolean {
  if (ruled === operation || ruled === ACL_OPERATION.all) return true;
  if (permissionType !== ACL_PERMISSION.allow) return false;
  if (operation === ACL_OPERATION.describe) return HOLDS_DESCRIBE.has(ruled);
  return operation === ACL_OPERATION.describeConfigs && ruled === ACL_OPERATION.alterConfigs;
}

const HOLDS_DESCRIBE: ReadonlySet<number> = new Set([
  ACL_OPERATION.read,
  ACL_OPERATION.write,
  ACL_OPERATION.delete,
  ACL_OPERATION.alter,
]);
