/** Why a payload can't become records: the sentence that its dead letter carries. A value, never thrown. */
export class PayloadFault {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** Longest part of what a device sent that a reason repeats. */
const MAX_SHOWN = 64;

/** A text of the device as a reason shows it. */
export function shown(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text);
}
