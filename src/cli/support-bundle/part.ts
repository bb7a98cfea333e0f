/** A file of a bundle before anything in it is masked. */
export type Part =
  /** `facts` are of this machine: a `device` in them is a disk. */
  | { readonly name: string; readonly kind: "json" | "facts"; readonly value: unknown }
  /** `metrics` is Prometheus' text: labels are masked by their names. */
  | { readonly name: string; readonly kind: "text" | "metrics"; readonly text: string };

/** Something that could not be had, and why. */
export interface Lack {
  readonly what: string;
  readonly why: string;
}

export interface Collected {
  readonly parts: readonly Part[];
  readonly lacks: readonly Lack[];
}

/** Why something failed, in a line. */
export function whyOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
