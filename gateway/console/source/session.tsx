import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Me, Role } from "./api/types.ts";

export interface Session extends Me {
  /** Paths that the gateway's own description lists, such as `/api/audit`; null where it has none. */
  readonly paths: ReadonlySet<string> | null;
  readonly signOut: () => void;
}

const RANKS: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, admin: 2 };

export const SessionContext = createContext<Session>({
  user: null,
  role: "viewer",
  csrf: null,
  mode: "session",
  paths: null,
  signOut: () => {},
});

/** Who is signed in. */
export function useSession(): Session {
  return useContext(SessionContext);
}

/** Whether a role includes another. The gateway decides by itself; this is for not showing what it would refuse. */
export function includes(role: Role | null, wanted: Role): boolean {
  return role !== null && RANKS[role] >= RANKS[wanted];
}

/** Whether who is signed in may do what takes that role. */
export function useMay(wanted: Role): boolean {
  return includes(useSession().role, wanted);
}
