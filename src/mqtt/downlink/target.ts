import { assert } from "../../base/assert.ts";
import { type DownlinkTemplatePart, parseDownlinkTemplate } from "../../config/downlink-template.ts";
import type { RecordCursor } from "../../records/reader.ts";
import { headerOf } from "../history/record-message.ts";
import { decodeText } from "../packets/reader.ts";
import { isReserved, topicFault } from "../topics.ts";

const MAX_TOPIC_BYTES = 65_535;
const encoder = new TextEncoder();

/** What a record's key and headers make of a downlink's target. */
export type TargetTopic =
  | { readonly ok: true; readonly topic: string }
  | { readonly ok: false; readonly fault: string };

interface HeaderPart {
  readonly kind: "header";
  readonly name: string;
  readonly nameBytes: Uint8Array;
}

/** The MQTT topics that a downlink publishes to, one for each record. */
export class DownlinkTarget {
  readonly #parts: readonly (Exclude<DownlinkTemplatePart, { kind: "header" }> | HeaderPart)[];

  /** The template is one that `parseDownlinkTemplate` takes. */
  constructor(template: string) {
    const parts = parseDownlinkTemplate(template);
    assert(typeof parts !== "string", `a downlink's target: ${parts}`);
    this.#parts = parts.map((part) =>
      part.kind === "header" ? { ...part, nameBytes: encoder.encode(part.name) } : part,
    );
  }

  /** The topic of the record that the cursor is at, or why it has none. */
  topicOf(cursor: RecordCursor): TargetTopic {
    let topic = "";
    for (const part of this.#parts) {
      if (part.kind === "text") {
        topic += part.text;
        continue;
      }
      const value = part.kind === "key" ? cursor.key() : headerOf(cursor, part.nameBytes);
      const what = part.kind === "key" ? "key" : `header ${part.name}`;
      if (value === null) return fault(`the record has no ${what}`);
      if (value.length === 0) return fault(`the record's ${what} is empty`);
      if (value.length > MAX_TOPIC_BYTES) return fault(`the record's ${what} is too long for an MQTT topic`);
      const text = decodeText(value);
      if (text === null) return fault(`the record's ${what} is not UTF-8 text`);
      const shown = part.kind === "key" && part.level !== null ? text.split("/")[part.level - 1] : text;
      if (shown === undefined || shown === "")
        return fault(`the record's key ${JSON.stringify(text)} has nothing at the level that is asked for`);
      topic += shown;
    }
    const wrong = topicFault(topic);
    if (wrong !== null) return fault(`the record makes ${wrong}`);
    if (isReserved(topic)) return fault("the record makes a topic that is the gateway's own");
    // Three bytes at most for a unit of UTF-16: most topics need no counting.
    if (topic.length * 3 > MAX_TOPIC_BYTES && encoder.encode(topic).length > MAX_TOPIC_BYTES) {
      return fault("the record makes a topic that is too long");
    }
    return { ok: true, topic };
  }
}

function fault(text: string): TargetTopic {
  return { ok: false, fault: text };
}
