import { ACL_ROUTES } from "./acls.ts";
import { AUDIT_ROUTES } from "./audit.ts";
import { BACKUP_ROUTES } from "./backup.ts";
import { CONFIG_ROUTES } from "./config.ts";
import { CONNECTION_ROUTES } from "./connections.ts";
import { DEAD_LETTER_ROUTES } from "./dead-letters.ts";
import type { Gateway } from "./gateway.ts";
import { GROUP_RESET_ROUTES } from "./group-reset.ts";
import { GROUP_ROUTES } from "./groups.ts";
import { LIVE_ROUTES } from "./live.ts";
import { OVERVIEW_ROUTES } from "./overview.ts";
import { PRODUCE_ROUTES } from "./produce.ts";
import type { Route } from "./route.ts";
import { SHARE_GROUP_ROUTES } from "./share-groups.ts";
import { STORAGE_ROUTES } from "./storage.ts";
import { TOPIC_RECORD_ROUTES } from "./topic-records.ts";
import { TOPIC_ROUTES } from "./topics.ts";
import { UPLINK_ROUTES } from "./uplinks.ts";
import { USER_ROUTES } from "./users.ts";

/** Operations of a gateway that has started. */
export const GATEWAY_ROUTES: readonly Route<Gateway>[] = [
  ...OVERVIEW_ROUTES,
  ...TOPIC_ROUTES,
  ...TOPIC_RECORD_ROUTES,
  ...PRODUCE_ROUTES,
  ...LIVE_ROUTES,
  ...GROUP_ROUTES,
  ...GROUP_RESET_ROUTES,
  ...SHARE_GROUP_ROUTES,
  ...DEAD_LETTER_ROUTES,
  ...UPLINK_ROUTES,
  ...STORAGE_ROUTES,
  ...CONNECTION_ROUTES,
  ...CONFIG_ROUTES,
  ...USER_ROUTES,
  ...ACL_ROUTES,
  ...AUDIT_ROUTES,
  ...BACKUP_ROUTES,
];
