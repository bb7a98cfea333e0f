import { GAP_TOPIC } from "../broker/gap-ledger.ts";
import { CANARY_TOPIC } from "./flow/canary-topic.ts";
import { PLAIN_ROUTE, type UplinkRoute, type UplinkSettings } from "./settings.ts";
import { TopicFilter } from "./topic-filter.ts";

/** Where a local topic goes. */
export interface Destination {
  readonly route: UplinkRoute;
  /** The topic at the centre. */
  readonly topic: string;
  /** Why there can be no such topic, or null. */
  readonly fault: string | null;
}

const MAX_TOPIC_LENGTH = 249;

/** Which route takes a local topic: the first that names it. */
export class Routing {
  readonly #settings: UplinkSettings;
  readonly #routes: readonly { readonly route: UplinkRoute; readonly filter: TopicFilter }[];

  constructor(settings: UplinkSettings) {
    this.#settings = settings;
    // What tells of losses, and what proves that records flow, goes whatever the routes say, and whole.
    const routes = [
      { ...PLAIN_ROUTE, topics: [GAP_TOPIC], topic: settings.gapsTopic, creation: settings.creation },
      { ...PLAIN_ROUTE, topics: [CANARY_TOPIC], creation: settings.creation },
      ...settings.routes,
    ];
    this.#routes = routes.map((route) => ({ route, filter: new TopicFilter(route.topics) }));
  }

  /** Null for a topic that stays here. */
  of(localTopic: string): Destination | null {
    // A copy of a centre's topic goes up only where it is meant, and not by any pattern: it would come down again.
    const isCopy = this.#settings.mirrored.includes(localTopic);
    const found = this.#routes.find(
      ({ route, filter }) => filter.takes(localTopic) && (!isCopy || route.topics.includes(localTopic)),
    );
    if (found === undefined) return null;
    const { gatewayId: gateway, site } = this.#settings;
    const topic = centralName(found.route.topic, { topic: localTopic, gateway, site });
    return { route: found.route, topic, fault: topicFault(topic) };
  }
}

/** The name that a route's template makes of a local topic. */
export function centralName(
  template: string,
  values: { readonly topic: string; readonly gateway: string; readonly site: string },
): string {
  const known: Readonly<Record<string, string>> = values;
  return template.replaceAll(/\{(\w+)\}/g, (whole, name: string) => known[name] ?? whole);
}

/** Why Apache Kafka would not have a topic of this name, or null. */
function topicFault(topic: string): string | null {
  if (topic.length > MAX_TOPIC_LENGTH) return `${topic.length} characters are too many for a topic's name`;
  if (/^[\w.-]+$/.test(topic) && topic !== "." && topic !== "..") return null;
  return `${JSON.stringify(topic)} is no topic's name`;
}
