import type { Settings } from "./options.ts";
import type { UplinkMirrorSettings } from "./uplink-mirror-options.ts";

/** The broker's own topics that are ordinary ones to clients. */
const OWN_PREFIX = "headwater.";

/** What is wrong with a mirror beside other settings. */
export interface MirrorConflict {
  readonly uplink: string;
  readonly topic: string;
  readonly fault: string;
  readonly remedy: string;
}

/** The local topic that a mirror writes. */
export function mirroredTopic(mirror: UplinkMirrorSettings, settings: Settings): string {
  return filledForGateway(mirror.to === "" ? mirror.topic : mirror.to, settings);
}

/** The local topics that mirrors write, of any uplink. */
export function mirroredTopics(settings: Settings): readonly string[] {
  return settings.uplinks.flatMap(({ mirror }) => mirror.map((one) => mirroredTopic(one, settings)));
}

/** A template with this gateway's names in it. */
export function filledForGateway(template: string, settings: Settings): string {
  return template
    .replaceAll("{gateway}", settings["gateway.id"])
    .replaceAll("{site}", settings["gateway.site"]);
}

/**
 * Two mirrors that write one topic would take each other's records for their own; a copy that its own uplink carries up
 * comes down again; and the broker's own topics tell of this gateway.
 */
export function mirrorConflicts(settings: Settings): readonly MirrorConflict[] {
  const conflicts: MirrorConflict[] = [];
  const writers = new Map<string, string>();
  for (const { name, mirror, topics, route } of settings.uplinks) {
    const named = new Set([...topics, ...route.flatMap((one) => one.topics)]);
    for (const one of mirror) {
      const topic = mirroredTopic(one, settings);
      const about = { uplink: name, topic };
      const other = writers.get(topic);
      if (other !== undefined) {
        const remedy = 'give each a topic of its own: to = "..."';
        conflicts.push({
          ...about,
          fault: `the topic ${topic} is written by a mirror of ${other} already`,
          remedy,
        });
      }
      writers.set(topic, name);
      if (topic.startsWith(OWN_PREFIX)) {
        const fault = `topics that begin with ${OWN_PREFIX} are the gateway's own`;
        conflicts.push({ ...about, fault, remedy: 'write another name: to = "..."' });
      }
      if (named.has(topic)) {
        const fault = `the uplink carries ${topic} up, too, from where it would come down again`;
        conflicts.push({ ...about, fault, remedy: "leave it out of topics and routes" });
      }
    }
  }
  return conflicts;
}
