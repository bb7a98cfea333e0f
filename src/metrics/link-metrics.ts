import type { Registry } from "./registry.ts";

/** How uplinks use their links. */
export function linkMetrics(registry: Registry, uplinks: readonly string[]) {
  const gauges = (name: string, help: string) => registry.gauges(name, help, "uplink", uplinks);
  const counters = (name: string, help: string) => registry.counters(name, help, "uplink", uplinks);
  return {
    uplinkHeld: gauges(
      "headwater_uplink_held",
      "1 while nothing may go up: paused, outside the windows, or a budget is used up.",
    ),
    uplinkWireSent: counters(
      "headwater_uplink_wire_sent_bytes_total",
      "Bytes that the connections to the centre have sent, requests and all.",
    ),
    uplinkWireReceived: counters(
      "headwater_uplink_wire_received_bytes_total",
      "Bytes that the connections to the centre have received.",
    ),
    uplinkGoodput: gauges(
      "headwater_uplink_goodput_bytes",
      "Bytes of batches a second, as sent, in the best of the last transactions.",
    ),
    uplinkDayBudget: gauges(
      "headwater_uplink_budget_day_used_ratio",
      "Share of the day's budget that is used; NaN without one.",
    ),
    uplinkMonthBudget: gauges(
      "headwater_uplink_budget_month_used_ratio",
      "Share of the month's budget that is used; NaN without one.",
    ),
  };
}
