/** What the process says when it ends; the same meanings as headwater's. */
export const EXIT = {
  ok: 0,
  /** Something is missing, there twice or out of order. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** Nobody answered. */
  unreachable: 3,
} as const;

/** What commands need of the process they run in. */
export interface Terminal {
  readonly out: (text: string) => void;
  /** Progress and messages for people. */
  readonly err: (text: string) => void;
  /** Whether `err` goes to a terminal. */
  readonly errIsTerminal: boolean;
  /** From the call on: resolves with the first SIGINT or SIGTERM; the second ends the process at once. */
  readonly interrupted: () => Promise<void>;
}

/** The process itself. */
export const processTerminal: Terminal = {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  errIsTerminal: process.stderr.isTTY === true,
  interrupted: () =>
    new Promise((resolve) => {
      let signals = 0;
      for (const signal of ["SIGINT", "SIGTERM"] as const) {
        process.on(signal, () => {
          signals += 1;
          if (signals > 1) process.exit(130);
          resolve();
        });
      }
    }),
};
