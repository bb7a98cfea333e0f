import type { Admission, Credentials, Owner, Proof } from "../security/security.ts";

/** Who gets in. */
export interface Gate {
  /** Grows with every change after which proofs may hold no longer. */
  readonly version: number;
  /**
   * Says who somebody is and calls back once, at once or later. What is returned takes the question back: nobody is
   * called then.
   */
  admit(credentials: Credentials, done: (admission: Admission) => void): () => void;
  /** Whether what somebody was let in for still holds. */
  holds(proof: Proof): boolean;
  /** Whether whoever has left something behind, a session or a will, is still somebody who could come back for it. */
  stands(owner: Owner): boolean;
}

/** What somebody is let in for where nobody is asked. */
export const NO_PROOF: Proof = { kind: "anonymous" };

const EVERYBODY: Admission = { kind: "admitted", userName: null, proof: NO_PROOF };

/** Everybody gets in, and nobody has a name. */
export const OPEN_GATE: Gate = {
  version: 0,
  admit(_credentials, done) {
    done(EVERYBODY);
    return () => {};
  },
  holds: () => true,
  stands: () => true,
};
