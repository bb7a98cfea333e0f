import { choice, count, list, type Option, type SectionValues, text } from "./option.ts";
import { tableList } from "./table-list.ts";
import { parseTemplate, placeholders } from "./template.ts";
import { HEADER_CONDITIONS, readKeyPattern } from "./uplink-route-options.ts";

const MAX_MIRRORS = 32;
const MAX_ITEMS = 256;
const PLACEHOLDERS = ["gateway", "site"];

/** Settings of one `[[uplink.NAME.mirror]]`: a topic of the centre that is copied to the gateway. */
export const UPLINK_MIRROR_OPTIONS = {
  topic: text("a topic's name, for example commands", templateFault, {
    doc: "Topic at the centre. {gateway} is gateway.id, {site} is gateway.site.",
  }),
  to: text("a topic's name", (value) => (value === "" ? null : templateFault(value)), {
    default: "",
    defaultText: "the name at the centre",
    doc: "Topic here, made where it is missing. The uplink never carries it up again.",
  }),
  keys: list("patterns of keys, * for any run of characters", readKeyPattern, String, {
    minItems: 0,
    maxItems: MAX_ITEMS,
    default: [],
    defaultText: "all, and records without a key",
    doc: "Records whose key matches none of these are left out; {gateway} and {site} stand for this gateway's. All are read, since only who wrote a record knows how its key chose a partition.",
  }),
  headers: HEADER_CONDITIONS,
  from: choice(["earliest", "latest"], {
    default: "earliest",
    doc: "Where the first copy begins: earliest brings all that is there (of a compacted topic its state), latest what comes from now on.",
  }),
  partitions: count({
    default: -1,
    min: 1,
    max: 1000,
    minusOne: "as many as at the centre",
    doc: "Partitions of the topic here where it is missing.",
  }),
} as const satisfies Record<string, Option<unknown>>;

/** One mirror, by the names of its settings. */
export type UplinkMirrorSettings = SectionValues<typeof UPLINK_MIRROR_OPTIONS>;

/** The mirrors of an uplink: `[[uplink.NAME.mirror]]`, or a list of tables as text. */
export const UPLINK_MIRRORS: Option<readonly UplinkMirrorSettings[]> = tableList(UPLINK_MIRROR_OPTIONS, {
  what: "mirror",
  max: MAX_MIRRORS,
  doc: "Topics of the centre that are copied here: commands, configuration, reference data; see below.",
  fault: () => null,
});

/** Whether a mirror names something by the gateway's site. */
export function mirrorNamesSite({ topic, to, keys }: UplinkMirrorSettings): boolean {
  return [topic, to, ...keys].some((value) => value.includes("{site}"));
}

function templateFault(value: string): string | null {
  const parts = parseTemplate(value);
  if (typeof parts === "string") return parts;
  if (parts.length === 0) return "it is empty";
  if (value === "." || value === "..") return "no topic can have this name";
  const unknown = placeholders(parts).find((name) => !PLACEHOLDERS.includes(name));
  if (unknown !== undefined) return `there is no {${unknown}}: write {gateway} or {site}`;
  const literal = parts.map((part) => ("text" in part ? part.text : "")).join("");
  if (literal.startsWith("__")) return "names that begin with __ are the broker's own";
  return /^[\w.-]*$/.test(literal) ? null : "topics have only letters, digits, '.', '_' and '-'";
}
