/** Where log lines go with their fields apart, as systemd's journal takes them. */
export interface Journal {
  /** An entry in the journal's native form. Never waits; false where it was not taken, and has to be told otherwise. */
  send(entry: Uint8Array): boolean;
}
