import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** Where the dashboards and rules are. */
export const FOLDER = resolve(import.meta.dirname, "../../../gateway/dashboards");
export const DASHBOARDS = ["gateway.json", "fleet.json"] as const;
export const RULES = join(FOLDER, "alerts.yaml");
/** Of all metrics. */
export const REFERENCE = join(FOLDER, "../metrics.md");

export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
  readonly datasource: unknown;
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly datasource?: unknown;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly Target[];
}

export interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query: unknown;
  readonly definition?: string;
}

export interface Dashboard {
  readonly id: null;
  readonly uid?: string;
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
}

export interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export function readDashboard(name: string): Dashboard {
  return JSON.parse(readFileSync(join(FOLDER, name), "utf8")) as Dashboard;
}

export function readRules(): readonly Rule[] {
  const { groups } = Bun.YAML.parse(readFileSync(RULES, "utf8")) as {
    readonly groups: readonly { readonly rules: readonly Rule[] }[];
  };
  return groups.flatMap(({ rules }) => rules);
}
