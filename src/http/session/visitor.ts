import type { Role } from "../../config/role-option.ts";

/** Who asks, and what he may do. */
export interface Visitor {
  /** Null for who has not said who he is. */
  readonly user: string | null;
  readonly role: Role | null;
  /** What requests that change something have to carry where a cookie says who asks; null where none does. */
  readonly csrf: string | null;
  /** "loopback": by the settings http.control and http.records, without a login. "session": by a user's name. */
  readonly mode: "loopback" | "session";
  /** Whether records of devices may be shown. */
  readonly seesRecords: boolean;
  readonly address: string;
  /** Whether he still may what he may now: for what goes on for long. */
  readonly holds: () => boolean;
}
