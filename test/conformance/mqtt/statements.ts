import type { SpecVersion } from "./rows.ts";

/**
 * The numbered statements of both specifications: of each section, how many there are. They are the list of appendix B
 * in MQTT 3.1.1 (29 October 2014) and in MQTT 5.0 (7 March 2019).
 */
const SECTIONS: Readonly<Record<SpecVersion, string>> = {
  "3.1.1": `
    1.5.3: 3   2.2.2: 2   2.3.1: 7   3.1.0: 2   3.1.2: 24  3.1.3: 11  3.1.4: 5   3.2.0: 1   3.2.2: 6   3.3.1: 12
    3.3.2: 3   3.3.4: 1   3.3.5: 2   3.6.1: 1   3.8.1: 1   3.8.3: 4   3.8.4: 6   3.9.3: 2   3.10.1: 1  3.10.3: 2
    3.10.4: 6  3.12.4: 1  3.14.1: 1  3.14.4: 3  4.1.0: 2   4.3.1: 1   4.3.2: 2   4.3.3: 2   4.4.0: 1   4.5.0: 2
    4.6.0: 6   4.7.1: 3   4.7.2: 1   4.7.3: 4   4.8.0: 2   6.0.0: 4   7.0.0: 2   7.1.1: 1   7.1.2: 1`,
  "5": `
    1.5.4: 3   1.5.5: 1   1.5.7: 1   2.1.3: 1   2.2.1: 6   2.2.2: 1   3.1.0: 2   3.1.2: 30  3.1.3: 12  3.1.4: 6
    3.2.0: 2   3.2.2: 22  3.3.1: 13  3.3.2: 20  3.3.4: 10  3.4.2: 3   3.5.2: 3   3.6.1: 1   3.6.2: 3   3.7.2: 3
    3.8.1: 1   3.8.3: 5   3.8.4: 8   3.9.2: 2   3.9.3: 2   3.10.1: 1  3.10.3: 2  3.10.4: 6  3.11.2: 2  3.11.3: 2
    3.12.4: 1  3.14.0: 1  3.14.1: 1  3.14.2: 4  3.14.4: 3  3.15.1: 1  3.15.2: 3  4.1.0: 2   4.2.0: 1   4.3.1: 1
    4.3.2: 5   4.3.3: 13  4.4.0: 2   4.5.0: 2   4.6.0: 6   4.7.0: 1   4.7.1: 2   4.7.2: 1   4.7.3: 4   4.8.2: 6
    4.9.0: 3   4.12.0: 7  4.12.1: 2  4.13.1: 1  4.13.2: 1  6.0.0: 4`,
};

/**
 * Numbers that a specification leaves out. Of 5.0, a draft's first statement of 2.2.1 went into the second to fourth.
 * (3.1.1 has none: it prints 3.1.2-7 as "3.1.2.7" and 3.8.3-4 as "3-8.3-4". 5.0 prints 4.2.0-1 as "4.2-1" in its text.)
 */
const LEFT_OUT: Readonly<Record<SpecVersion, readonly string[]>> = { "3.1.1": [], "5": ["MQTT-2.2.1-1"] };

/** The ids of all statements of a specification, in its order. */
export function statementsOf(version: SpecVersion): readonly string[] {
  const sections = [...SECTIONS[version].matchAll(/([\d.]+): (\d+)/g)];
  const ids = sections.flatMap(([, section = "", count]) =>
    Array.from({ length: Number(count) }, (_, index) => `MQTT-${section}-${index + 1}`),
  );
  return ids.filter((id) => !LEFT_OUT[version].includes(id));
}
