import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Me, Role } from "./api/types.ts";

export interface Session extends Me {
  /** What the gateway's own description lists, such as "GET /api/audit". */
  readonly operations: ReadonlySet<string>;
  readonly signOut: () => void;
  /** Shows the way in, to who is here without having signed in. */
  readonly signIn: () => void;
}

const RANKS: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, admin: 2 };

export const SessionContext = createContext<Session>({
  user: null,
  role: "viewer",
  csrf: null,
  mode: "session",
  operations: new Set(),
  signOut: () => {},
  signIn: () => {},
});

/** Who is signed in. */
export function useSession(): Session {
  return useContext(SessionContext);
}

/** Whether a role includes another. The gateway decides by itself; this is for not showing what it would refuse. */
export function includes(role: Role | null, wanted: Role): boolean {
  return role !== null && RANKS[role] >= RANKS[wanted];
}

/** Whether this gateway has an operation, as "GET /api/audit". */
export function useHas(operation: string): boolean {
  return useSession().operations.has(operation);
}

/** Whether who is signed in may do what takes that role. */
export function useMay(wanted: Role): boolean {
  return includes(useSession().role, wanted);
}
