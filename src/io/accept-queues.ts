/** Whether those who connect to this machine are let in, as the kernel sees it. */
export interface AcceptQueues {
  /** What is there now on these ports, or null where nobody can tell. */
  look(ports: ReadonlySet<number>): AcceptLook | null;
}

export interface AcceptLook {
  /** Those of the ports on which somebody listens. */
  readonly listening: ReadonlySet<number>;
  /**
   * Connections that were made but not accepted yet: the port of each by a name that stays its own for as long as it
   * waits. A program accepts the oldest first, so one that is still there after a while says that it accepts none.
   */
  readonly waiting: ReadonlyMap<string, number>;
}
