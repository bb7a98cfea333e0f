/** A difference that is meant, and why. `label` is that of the request, or the beginning of several. */
export interface Deviation {
  readonly label: string;
  readonly reason: string;
}

export const DEVIATIONS: readonly Deviation[] = [];
