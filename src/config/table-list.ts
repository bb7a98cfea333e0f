import { bad, good, kindOf, type Option, option, type Reading, type SectionValues } from "./option.ts";
import { didYouMean } from "./problem.ts";

type Options = Readonly<Record<string, Option<unknown>>>;

/** What is wrong with one table, beyond its values one by one. */
export interface TableFault {
  readonly fault: string;
  readonly remedy: string;
}

/** A setting of an uplink that is a list of tables, `[[uplink.NAME.WHAT]]`, or the same as text. */
export function tableList<Table extends Options>(
  options: Table,
  about: {
    readonly what: string;
    readonly max: number;
    readonly doc: string;
    readonly fault: (values: SectionValues<Table>) => TableFault | null;
  },
): Option<readonly SectionValues<Table>[]> {
  const { what, max, doc, fault } = about;
  const list = new TableList(options);
  const read = (raw: unknown): Reading<readonly SectionValues<Table>[]> => {
    if (!Array.isArray(raw) || raw.some((item) => kindOf(item) !== "a table")) {
      return bad("it is not a list of tables", `begin each ${what} with [[uplink.NAME.${what}]]`);
    }
    if (raw.length > max) return bad(`${raw.length} ${what}s are too many`, `keep at most ${max}`);
    const tables: SectionValues<Table>[] = [];
    for (const [index, item] of raw.entries()) {
      const table = list.read(item as Record<string, unknown>);
      if (!table.ok) return bad(`${what} ${index + 1}: ${table.fault}`, table.remedy);
      const wrong = fault(table.value as SectionValues<Table>);
      if (wrong !== null) return bad(`${what} ${index + 1}: ${wrong.fault}`, wrong.remedy);
      tables.push(table.value as SectionValues<Table>);
    }
    return good<readonly SectionValues<Table>[]>(tables);
  };
  const show = (tables: readonly SectionValues<Table>[]): string =>
    `[${tables.map((table) => list.show(table as Readonly<Record<string, unknown>>)).join(", ")}]`;
  return option("list", `tables [[uplink.NAME.${what}]]`, { default: [], doc }, show, read);
}

class TableList {
  readonly #options: Options;
  readonly #entries: readonly (readonly [string, Option<unknown>])[];

  constructor(options: Options) {
    this.#options = options;
    this.#entries = Object.entries(options);
  }

  show(values: Readonly<Record<string, unknown>>): string {
    const shown = this.#entries
      .filter(([name, { default: byDefault, show }]) => {
        return byDefault === undefined || show(values[name]) !== show(byDefault);
      })
      .map(([name, { type, show }]) => {
        const value = show(values[name]);
        return `${name} = ${type === "list" || type === "table" || type === "number" ? value : JSON.stringify(value)}`;
      });
    return `{ ${shown.join(", ")} }`;
  }

  read(table: Readonly<Record<string, unknown>>): Reading<Readonly<Record<string, unknown>>> {
    const given = new Map(this.#flattened(table, ""));
    for (const name of given.keys()) {
      if (Object.hasOwn(this.#options, name)) continue;
      const names = this.#entries.map(([known]) => known);
      const near = didYouMean(name, names);
      const remedy = near === null ? `write one of ${names.join(", ")}` : `did you mean ${near}?`;
      return bad(`there is no setting ${name}`, remedy);
    }
    const values: Record<string, unknown> = {};
    for (const [name, { default: byDefault, read, range }] of this.#entries) {
      if (!given.has(name)) {
        if (byDefault === undefined) return bad(`${name} is missing`, `write ${name} = ..., ${range}`);
        values[name] = byDefault;
        continue;
      }
      const reading = read(given.get(name));
      if (!reading.ok) return bad(`${name}: ${reading.fault}`, reading.remedy);
      values[name] = reading.value;
    }
    return good<Readonly<Record<string, unknown>>>(values);
  }

  /** Names with dots put together again. */
  #flattened(
    table: Readonly<Record<string, unknown>>,
    before: string,
  ): readonly (readonly [string, unknown])[] {
    return Object.entries(table).flatMap(([inner, raw]) => {
      const name = before + inner;
      const isTable = kindOf(raw) === "a table" && this.#options[name]?.type !== "table";
      return isTable ? this.#flattened(raw as Record<string, unknown>, `${name}.`) : [[name, raw] as const];
    });
  }
}
