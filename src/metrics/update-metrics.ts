import type { Registry } from "./registry.ts";

/** Which version runs is in headwater_build_info; these are about getting another one. */
export function updateMetrics(registry: Registry) {
  return {
    updateTrial: registry.gauge(
      "headwater_update_trial",
      "1 while the version that runs has to prove itself still, else 0.",
    ),
    updateFailed: registry.gauge(
      "headwater_update_failed",
      "1 where the last update was given up and the version before is back, else 0.",
    ),
    updateWanted: registry.gauge(
      "headwater_update_wanted",
      "1 where the centre wants another version than the one that runs, and it is on its way or was refused, else 0.",
    ),
  };
}
