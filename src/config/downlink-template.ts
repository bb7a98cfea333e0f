/**
 * The MQTT topic that a downlink publishes a record to: text with `{key}` for the record's key, `{key:2}` for the second
 * of the key's levels (`plant-3/pump-1` has two), and `{header:name}` for the value of a header. There is no escape: a
 * topic needs no braces.
 */
export type DownlinkTemplatePart =
  | { readonly kind: "text"; readonly text: string }
  /** `level` counts from 1; null is the whole key. */
  | { readonly kind: "key"; readonly level: number | null }
  | { readonly kind: "header"; readonly name: string };

const HEADER = "header:";
const KEY_LEVEL = /^key:([1-9]\d?)$/;
const WILDCARD = "+";

/** The parts in order, or a sentence that says what is wrong. */
export function parseDownlinkTemplate(template: string): readonly DownlinkTemplatePart[] | string {
  const parts: DownlinkTemplatePart[] = [];
  for (let position = 0; position < template.length; ) {
    const open = template.indexOf("{", position);
    const text = template.slice(position, open < 0 ? template.length : open);
    if (text.includes("}")) return "a } without its {";
    if (/[+#\0]/.test(text)) return "a topic that is published to has no + and no #";
    if (text !== "") parts.push({ kind: "text", text });
    if (open < 0) break;
    const close = template.indexOf("}", open);
    if (close < 0) return "a { without its }";
    const name = template.slice(open + 1, close);
    const level = KEY_LEVEL.exec(name)?.[1];
    if (name === "key") parts.push({ kind: "key", level: null });
    else if (level !== undefined) parts.push({ kind: "key", level: Number(level) });
    else if (name.startsWith(HEADER) && name.length > HEADER.length) {
      parts.push({ kind: "header", name: name.slice(HEADER.length) });
    } else return `{${name}} is neither {key}, {key:LEVEL} from 1 to 99, nor {header:NAME}`;
    position = close + 1;
  }
  if (parts.length === 0) return "it is empty";
  const [first] = parts;
  if (first?.kind === "text" && /^\$(?:SYS|share|replay)(?:\/|$)/.test(first.text)) {
    return "such topics are the gateway's own";
  }
  return parts;
}

/** A filter of the topics that a template makes, as far as it can be told: a level that a record fills is any. */
export function downlinkFilter(parts: readonly DownlinkTemplatePart[]): string {
  // No text has a zero character.
  const marked = parts.map((part) => (part.kind === "text" ? part.text : "\0")).join("");
  return marked
    .split("/")
    .map((level) => (level.includes("\0") ? WILDCARD : level))
    .join("/");
}
