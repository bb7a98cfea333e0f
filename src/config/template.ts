/**
 * Texts with placeholders, "line-{area}": what routes build topics, keys and headers from. A placeholder is a
 * name of letters, digits and `_` in braces, a letter first; there is no escape, since neither topics nor keys need braces.
 */
export type TemplatePart = { readonly text: string } | { readonly name: string };

/** The parts in order, or a sentence that says what is wrong. */
export function parseTemplate(template: string): readonly TemplatePart[] | string {
  const parts: TemplatePart[] = [];
  let position = 0;
  while (position < template.length) {
    const open = template.indexOf("{", position);
    const text = template.slice(position, open < 0 ? template.length : open);
    if (text.includes("}")) return "a } without its {";
    if (text !== "") parts.push({ text });
    if (open < 0) break;
    const close = template.indexOf("}", open);
    if (close < 0) return "a { without its }";
    const name = template.slice(open + 1, close);
    if (!/^[A-Za-z]\w*$/.test(name)) return `${JSON.stringify(name)} is not a placeholder's name`;
    parts.push({ name });
    position = close + 1;
  }
  return parts;
}

/** Names of the placeholders in a template that `parseTemplate` takes. */
export function placeholders(parts: readonly TemplatePart[]): readonly string[] {
  return parts.flatMap((part) => ("name" in part ? [part.name] : []));
}
