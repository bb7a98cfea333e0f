import type { Rights } from "../security/rights.ts";
import type { Security } from "../security/security.ts";
import { type Access, type Identity, INSIDE_NAME } from "./access.ts";
import type { TopicEntry } from "./topic-table.ts";
import { plainFilter } from "./topics.ts";

/** Topics of which a principal's rights are remembered; who has more has rules looked at again. */
const MAX_REMEMBERED_TOPICS = 256;

/** What was found of topics. It keeps none of them: their texts may be long, and the table of topics bounds them. */
class Answers {
  #known = new WeakMap<TopicEntry, boolean>();
  #count = 0;

  get(topic: TopicEntry): boolean | undefined {
    return this.#known.get(topic);
  }

  set(topic: TopicEntry, may: boolean): void {
    if (this.#count >= MAX_REMEMBERED_TOPICS) {
      this.#known = new WeakMap();
      this.#count = 0;
    }
    this.#known.set(topic, may);
    this.#count++;
  }
}

interface Known {
  readonly version: number;
  readonly rights: Rights;
  readonly publishes: Answers;
  readonly receives: Answers;
}

/**
 * The rights of clients by the rules of the gateway. A topic remembers who has published to it last and may: most
 * topics have one publisher, and for that one the rules are looked at once, until they change.
 */
export class GuardedAccess implements Access {
  readonly #security: Security;
  readonly #known = new WeakMap<Identity, Known>();

  constructor(security: Security) {
    this.#security = security;
  }

  mayPublish(who: Identity, topic: TopicEntry): boolean {
    if (who.userName === INSIDE_NAME) return true;
    const { version } = this.#security;
    if (topic.publisher === who && topic.publisherVersion === version) return true;
    const { rights, publishes } = this.#of(who);
    let may = publishes.get(topic);
    if (may === undefined) {
      may = rights.mayPublish(topic.text, keyOf(topic));
      publishes.set(topic, may);
    }
    if (!may) return false;
    topic.publisher = who;
    topic.publisherVersion = version;
    return true;
  }

  maySubscribe(who: Identity, filter: string): boolean {
    return this.#of(who).rights.maySubscribe(plainFilter(filter));
  }

  mayReceive(who: Identity, topic: TopicEntry): boolean {
    const { rights, receives } = this.#of(who);
    let may = receives.get(topic);
    if (may === undefined) {
      may = rights.mayReceive(topic.text, keyOf(topic));
      receives.set(topic, may);
    }
    return may;
  }

  #of(who: Identity): Known {
    const { version } = this.#security;
    let known = this.#known.get(who);
    if (known?.version !== version) {
      const rights = this.#security.rightsOf(who);
      known = { version, rights, publishes: new Answers(), receives: new Answers() };
      this.#known.set(who, known);
    }
    return known;
  }
}

function keyOf(topic: TopicEntry): string | null {
  return topic.destination?.keyLevel ?? null;
}
