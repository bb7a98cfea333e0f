import { count, text } from "./option.ts";

const MAX_RESPONSE_BYTES = 256;

/** Settings of what MQTT 5 clients are offered beside what they must have. */
export const MQTT_ALIAS_OPTIONS = {
  "mqtt.max.outgoing.topic.aliases": count({
    default: 64,
    min: 0,
    max: 65_535,
    doc: "Topic aliases that one MQTT 5 client is sent, where it takes so many: a topic that comes again goes as a number. Each takes some 100 bytes of memory. 0: topics are always sent.",
  }),
  "mqtt.response.information": text(
    `a topic of at most ${MAX_RESPONSE_BYTES} bytes without wildcards, or nothing`,
    responseFault,
    {
      default: "",
      defaultText: "nothing",
      doc: "Response Information: where MQTT 5 clients that ask for it should have answers sent, such as responses/{client}. {client} is their client id. Rules have to allow it.",
    },
  ),
} as const;

function responseFault(value: string): string | null {
  if (/[+#\0]/.test(value)) return "it has a wildcard, or U+0000";
  return Buffer.byteLength(value) > MAX_RESPONSE_BYTES
    ? `it has more than ${MAX_RESPONSE_BYTES} bytes`
    : null;
}
