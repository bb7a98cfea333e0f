/** One of Kafka's rules (KIP-371): what a name that fits wholly becomes. "DEFAULT" leaves every name as it is. */
export type MappingRule =
  | "DEFAULT"
  | {
      readonly pattern: RegExp;
      readonly replacement: string;
      readonly letters: "as they are" | "lower" | "upper";
    };

const PART = String.raw`((?:\\.|[^\\/])*)`;
const RULE = new RegExp(`^(?:DEFAULT|RULE:${PART}/${PART}/([LU]?))$`);
const MAX_PATTERN = 1_000;

/** Reads a rule, `DEFAULT` or `RULE:pattern/replacement/[LU]`, or says what is wrong with it. */
export function parseMappingRule(text: string): MappingRule | string {
  const match = RULE.exec(text.trim());
  if (match === null) return "it is neither DEFAULT nor RULE:pattern/replacement/, /L or /U at the end";
  const [, pattern, replacement = "", letter] = match;
  if (pattern === undefined) return "DEFAULT";
  if (pattern.length > MAX_PATTERN) return `its pattern has more than ${MAX_PATTERN} characters`;
  try {
    const letters = letter === "L" ? "lower" : letter === "U" ? "upper" : "as they are";
    return { pattern: new RegExp(`^(?:${pattern})$`), replacement, letters };
  } catch (error) {
    return `its pattern is none: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** What the first rule that takes a distinguished name makes of it; null where none does. */
export function mappedName(rules: readonly MappingRule[], distinguishedName: string): string | null {
  for (const rule of rules) {
    if (rule === "DEFAULT") return distinguishedName;
    const groups = rule.pattern.exec(distinguishedName);
    if (groups === null) continue;
    const name = replaced(rule.replacement, groups);
    return rule.letters === "lower"
      ? name.toLowerCase()
      : rule.letters === "upper"
        ? name.toUpperCase()
        : name;
  }
  return null;
}

/** `$1` is the first group; one that is not there stands as it is, and a backslash takes the next character literally. */
function replaced(replacement: string, groups: RegExpExecArray): string {
  return replacement.replaceAll(/\\(.)|\$(\d)/g, (whole, literal: string | undefined, digit: string) => {
    if (literal !== undefined) return literal;
    return Number(digit) < groups.length ? (groups[Number(digit)] ?? "") : whole;
  });
}
