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

/** Whether this filter asks for a subscription that is shared by a group: MQTT 5, 4.8.2. */
export function isShared(filter: string): boolean {
  return filter.startsWith("$share/");
}

/** What a filter asks for without what says how: `a/#` of `$share/group/a/#` and of `$replay/24h/a/#`. */
export function plainFilter(filter: string): string {
  return /^(?:\$share|\$replay)\/[^/]+\/(.+)$/s.exec(filter)?.[1] ?? filter;
}
