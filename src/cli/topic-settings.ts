import { TOPIC_CONFIGS, type TopicConfigDefinition } from "../broker/topic-config.ts";

/** Where a topic's settings are listed, for the help of who sets them. */
export const TOPIC_SETTINGS_NOTE =
  "Settings of a topic are Kafka's and some of ours: durability (disk or memory), headwater.full.policy (drop-oldest or refuse-new), headwater.priority (0 to 9, the largest goes first where the disk is full) and headwater.keep.unforwarded. headwater config docs has all of them, at its end; headwater topic describe --all shows those in force.";

const INTRODUCTION = `## Settings of a topic

Each topic may have its own: \`headwater topic create NAME --config KEY=VALUE\`, \`headwater topic alter\`, or any tool of Kafka's. What a
topic says nothing of is as the gateway's setting that is named here, else the default. Durations are milliseconds, sizes bytes.
`;

/** A topic's setting as the reference has it. */
export interface TopicSettingDoc {
  readonly topicKey: string;
  readonly type: string;
  /** Kafka's own, or ours, where the gateway's setting says nothing either. */
  readonly default: string;
  /** The gateway's setting that is in force for topics which say nothing. */
  readonly brokerKey: string | null;
  readonly doc: string;
}

/** The settings that do something here. */
export function topicSettingDocs(): readonly TopicSettingDoc[] {
  return shown(true).map(({ name, type, default: byDefault, brokerName, doc }) => {
    return { topicKey: name, type, default: byDefault, brokerKey: brokerName, doc };
  });
}

/** That part of the reference as Markdown. */
export function topicSettingsMarkdown(): string {
  const items = topicSettingDocs().map(({ topicKey, type, default: byDefault, brokerKey, doc }) => {
    const value = byDefault === "" ? "none" : `\`${byDefault}\``;
    const from = brokerKey === null ? `default ${value}` : `as \`${brokerKey}\`, default ${value}`;
    return `- \`${topicKey}\`, ${from}; \`${type}\`\n  ${doc}\n`;
  });
  const idle = shown(false).map(({ name }) => `\`${name}\``);
  return `${INTRODUCTION}\n${items.join("")}\nTaken from tools and kept, and without effect here: ${idle.join(", ")}.\n`;
}

function shown(obeyed: boolean): readonly TopicConfigDefinition[] {
  return TOPIC_CONFIGS.filter((found) => found.obeyed === obeyed && !found.hidden);
}
