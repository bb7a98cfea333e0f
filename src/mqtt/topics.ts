import { Reason, type Refusal } from "./packets/codes.ts";

/** Topic names and filters (MQTT 5, 4.7). Levels are cut at `/`; empty levels are levels. */

/** Says why a topic name from a client can't be published to, or null. Its UTF-8 was checked before. */
export function topicFault(topic: string): string | null {
  if (topic.length === 0) return "an empty topic";
  for (let index = 0; index < topic.length; index++) {
    const code = topic.charCodeAt(index);
    if (code === 0x23 || code === 0x2b) return "a topic with a wildcard";
  }
  return null;
}

/** `$SYS` is the server's own to publish: MQTT 5, 4.7.2. */
export function isReserved(topic: string): boolean {
  return topic === "$SYS" || topic.startsWith("$SYS/");
}

/**
 * Says why a filter is malformed, or null: `+` is a whole level, `#` is a whole level and the last
 * (MQTT-4.7.1-1, MQTT-4.7.1-2).
 */
export function filterFault(filter: string): string | null {
  if (filter.length === 0) return "an empty topic filter";
  for (let index = 0; index < filter.length; index++) {
    const code = filter.charCodeAt(index);
    if (code !== 0x23 && code !== 0x2b) continue;
    const alone =
      (index === 0 || filter.charCodeAt(index - 1) === 0x2f) &&
      (index === filter.length - 1 || filter.charCodeAt(index + 1) === 0x2f);
    if (!alone) return "a wildcard that is not a level of its own";
    if (code === 0x23 && index !== filter.length - 1) return "a '#' that is not the last level";
  }
  return null;
}

/** Levels of a name or filter. */
export function levelCount(text: string): number {
  let levels = 1;
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) === 0x2f) levels++;
  return levels;
}

/**
 * Says why a filter that a client subscribes to is refused with its connection, or null. A shared one has a name of one
 * character or more, without wildcards, and then a filter (MQTT-4.8.2-1, MQTT-4.8.2-2).
 */
export function subscriptionFault(filter: string): Refusal | null {
  const shared = isShared(filter) ? splitShared(filter) : null;
  if (isShared(filter) && (shared === null || shared.name === "" || shared.filter === "")) {
    return { reason: Reason.MALFORMED_PACKET, what: "a shared subscription without a name or a filter" };
  }
  if (shared !== null && /[+#]/.test(shared.name)) {
    return { reason: Reason.MALFORMED_PACKET, what: "a shared subscription with a wildcard in its name" };
  }
  const fault = filterFault(shared?.filter ?? filter);
  return fault === null ? null : { reason: Reason.MALFORMED_PACKET, what: fault };
}

/** Whether this filter asks for a subscription that is shared by a group: MQTT 5, 4.8.2. */
export function isShared(filter: string): boolean {
  return filter.startsWith(SHARED_PREFIX);
}

/** What a filter asks for without what says how: `a/#` of `$share/group/a/#` and of `$replay/24h/a/#`. */
export function plainFilter(filter: string): string {
  return /^(?:\$share|\$replay)\/[^/]+\/(.+)$/s.exec(filter)?.[1] ?? filter;
}

/** Whether a filter takes a topic, both valid (MQTT 5, 4.7). */
export function filterTakes(filter: string, topic: string): boolean {
  const wanted = filter.split("/");
  const levels = topic.split("/");
  // MQTT-4.7.2-1
  if (topic.startsWith("$") && (wanted[0] === "#" || wanted[0] === "+")) return false;
  for (let index = 0; index < wanted.length; index++) {
    // `a/#` takes `a` too: MQTT 5, 4.7.1.2.
    if (wanted[index] === "#") return true;
    if (index >= levels.length) return false;
    if (wanted[index] !== "+" && wanted[index] !== levels[index]) return false;
  }
  return levels.length === wanted.length;
}

/** What a filter that begins with `$share/` is made of. */
export interface SharedFilter {
  readonly name: string;
  readonly filter: string;
}

const SHARED_PREFIX = "$share/";

/** Takes `$share/NAME/FILTER` apart; the text begins with `$share/`. Null where it has no filter. */
export function splitShared(text: string): SharedFilter | null {
  const end = text.indexOf("/", SHARED_PREFIX.length);
  if (end < 0) return null;
  return { name: text.slice(SHARED_PREFIX.length, end), filter: text.slice(end + 1) };
}
