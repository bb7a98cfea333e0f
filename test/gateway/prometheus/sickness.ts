/** Series by metric and labels, each as promtool writes values: `1x5`, `0+10x30`. One value a step. */
export type Series = Readonly<Record<string, string>>;

/** A gateway that an alert is for, and one like it that it is not for. */
export interface Sickness {
  /** Minutes from one value to the next; 1 where left out. */
  readonly step?: number;
  /** Minutes after which the alert has to fire. */
  readonly after: number;
  readonly sick: Series;
  readonly calm: Series;
}

const BUILD = { headwater_build_info: "1x60" };
const FLOW = '{uplink="u"}';

/** One for each alert there is. */
export const SICKNESSES: Readonly<Record<string, Sickness>> = {
  HeadwaterDown: { after: 10, sick: { up: "0x20" }, calm: { up: "1x20" } },
  HeadwaterStartsAgain: {
    after: 20,
    sick: { ...BUILD, process_start_time_seconds: "1+1x30" },
    calm: { ...BUILD, process_start_time_seconds: "1x10 2x20" },
  },
  HeadwaterNotReady: { after: 15, sick: { headwater_ready: "0x20" }, calm: { headwater_ready: "0x8 1x20" } },
  HeadwaterFileNotUsed: {
    after: 10,
    sick: { headwater_security_files_unused: "1x15" },
    calm: { headwater_security_files_unused: "0x15" },
  },
  HeadwaterCommitFailing: {
    after: 5,
    sick: { ...BUILD, kafka_log_logmanager_offlinelogdirectorycount: "1x10" },
    calm: { kafka_log_logmanager_offlinelogdirectorycount: "1x10" },
  },
  HeadwaterCommitSlow: {
    after: 35,
    sick: {
      'headwater_commit_seconds_bucket{le="0.25"}': "0x40",
      'headwater_commit_seconds_bucket{le="1"}': "0+10x40",
      'headwater_commit_seconds_bucket{le="+Inf"}': "0+10x40",
    },
    calm: {
      'headwater_commit_seconds_bucket{le="0.25"}': "0+10x40",
      'headwater_commit_seconds_bucket{le="1"}': "0+10x40",
      'headwater_commit_seconds_bucket{le="+Inf"}': "0+10x40",
    },
  },
  HeadwaterDiskFull: { after: 3, sick: { headwater_disk_full: "1x5" }, calm: { headwater_disk_full: "0x5" } },
  HeadwaterDiskNearReserve: {
    after: 15,
    sick: { 'node_filesystem_avail_bytes{mountpoint="/d"}': "100x20", headwater_disk_reserve_bytes: "64x20" },
    calm: {
      'node_filesystem_avail_bytes{mountpoint="/d"}': "1000x20",
      headwater_disk_reserve_bytes: "64x20",
    },
  },
  HeadwaterDiskFullInADay: {
    after: 90,
    sick: {
      'node_filesystem_avail_bytes{mountpoint="/d"}': "1000000000-1000000x100",
      headwater_disk_reserve_bytes: "64x100",
    },
    calm: {
      'node_filesystem_avail_bytes{mountpoint="/d"}': "1000000000-100000x100",
      headwater_disk_reserve_bytes: "64x100",
    },
  },
  HeadwaterLosses: {
    after: 10,
    sick: { 'headwater_gap_records_total{reason="retention"}': "0x2 5x20" },
    calm: { 'headwater_gap_records_total{reason="deleted"}': "0x2 5x20" },
  },
  HeadwaterMessagesDropped: {
    after: 10,
    sick: { headwater_mqtt_messages_dropped_total: "0x2 5x20" },
    calm: { headwater_mqtt_messages_dropped_total: "5x20" },
  },
  HeadwaterUplinkNotFlowing: {
    after: 10,
    sick: { [`headwater_uplink_flow_alarms${FLOW}`]: "1x20" },
    calm: { [`headwater_uplink_flow_alarms${FLOW}`]: "1x3 0x20" },
  },
  HeadwaterUplinkDisconnected: {
    after: 40,
    sick: { [`headwater_uplink_connected${FLOW}`]: "0x60", [`headwater_uplink_held${FLOW}`]: "0x60" },
    calm: { [`headwater_uplink_connected${FLOW}`]: "0x60", [`headwater_uplink_held${FLOW}`]: "1x60" },
  },
  HeadwaterUplinkLagGrows: {
    after: 40,
    sick: {
      [`headwater_uplink_lag_seconds${FLOW}`]: "1000x60",
      [`headwater_uplink_lag_records${FLOW}`]: "0+10x60",
    },
    calm: {
      [`headwater_uplink_lag_seconds${FLOW}`]: "1000x60",
      [`headwater_uplink_lag_records${FLOW}`]: "900-10x60",
    },
  },
  HeadwaterUplinkLate: {
    after: 15,
    sick: { [`headwater_uplink_late_topics${FLOW}`]: "1x20" },
    calm: { [`headwater_uplink_late_topics${FLOW}`]: "0x20" },
  },
  HeadwaterUplinkUnreconciled: {
    after: 8,
    sick: { [`headwater_uplink_unreconciled_topics${FLOW}`]: "1x10" },
    calm: { [`headwater_uplink_unreconciled_topics${FLOW}`]: "0x10" },
  },
  HeadwaterUplinkBudget: {
    after: 2,
    sick: { [`headwater_uplink_budget_month_used_ratio${FLOW}`]: "0.95x3" },
    calm: { [`headwater_uplink_budget_month_used_ratio${FLOW}`]: "0.8x3" },
  },
  HeadwaterMirrorBehind: {
    after: 18,
    sick: { 'headwater_mirror_complete_age_seconds{topic="t"}': "4000x20" },
    calm: { 'headwater_mirror_complete_age_seconds{topic="t"}': "10x20" },
  },
  HeadwaterBridgeDisconnected: {
    after: 35,
    sick: { 'headwater_bridge_connected{bridge="b"}': "0x40" },
    calm: { 'headwater_bridge_connected{bridge="b"}': "0x20 1x20" },
  },
  HeadwaterClockNotKnown: {
    after: 35,
    sick: { headwater_clock_known: "0x40" },
    calm: { headwater_clock_known: "0x20 1x20" },
  },
  HeadwaterDevicesSilent: {
    after: 12,
    sick: { headwater_devices_silent: "1x15" },
    calm: { headwater_devices_silent: "0x15" },
  },
  HeadwaterLoginsRefused: {
    after: 15,
    sick: { headwater_mqtt_logins_refused_total: "0+10x20" },
    calm: { headwater_mqtt_logins_refused_total: "0+1x20" },
  },
  HeadwaterMemoryShort: {
    after: 7,
    sick: { headwater_memory_level: "2x10" },
    calm: { headwater_memory_level: "1x10" },
  },
  HeadwaterUpdateFailed: {
    after: 7,
    sick: { headwater_update_failed: "1x10" },
    calm: { headwater_update_failed: "0x10" },
  },
  HeadwaterCertificateExpires: {
    after: 80,
    sick: { 'headwater_certificate_expiry_timestamp_seconds{door="mqtt"}': "604800x90" },
    calm: { 'headwater_certificate_expiry_timestamp_seconds{door="mqtt"}': "2592000x90" },
  },
  HeadwaterCertificateExpired: {
    after: 5,
    sick: { 'headwater_certificate_expiry_timestamp_seconds{door="http"}': "60x10" },
    calm: { 'headwater_certificate_expiry_timestamp_seconds{door="http"}': "2592000x10" },
  },
  HeadwaterRevocationListExpires: {
    after: 80,
    sick: { headwater_revocation_list_expiry_timestamp_seconds: "300000x90" },
    calm: { headwater_revocation_list_expiry_timestamp_seconds: "2592000x90" },
  },
  HeadwaterRevocationListExpired: {
    after: 5,
    sick: { headwater_revocation_list_expiry_timestamp_seconds: "60x10" },
    calm: { headwater_revocation_list_expiry_timestamp_seconds: "2592000x10" },
  },
  HeadwaterMemory: {
    after: 35,
    sick: { ...BUILD, process_resident_memory_bytes: "400000000x40" },
    calm: { ...BUILD, process_resident_memory_bytes: "90000000x40" },
  },
  HeadwaterStorageWorn: {
    after: 70,
    sick: { headwater_storage_life_used_ratio: "0.9x80", headwater_storage_pre_eol: "1x80" },
    calm: { headwater_storage_life_used_ratio: "0.8x80", headwater_storage_pre_eol: "1x80" },
  },
  HeadwaterStorageWearsFast: {
    step: 60,
    after: 1_500,
    sick: { headwater_storage_wear_forecast_seconds: "20000000x30" },
    calm: { headwater_storage_wear_forecast_seconds: "20000000x20 40000000x10" },
  },
  HeadwaterHandshakesFail: {
    after: 15,
    sick: { 'headwater_listener_tls_handshake_failures_total{listener="mqtt.tls"}': "0+10x20" },
    calm: { 'headwater_listener_tls_handshake_failures_total{listener="mqtt.tls"}': "0+1x20" },
  },
  HeadwaterFilesRunOut: {
    after: 8,
    sick: { ...BUILD, process_open_fds: "95x10", process_max_fds: "100x10" },
    calm: { process_open_fds: "95x10", process_max_fds: "100x10" },
  },
  HeadwaterEventLoopLate: {
    after: 35,
    sick: {
      'headwater_eventloop_delay_seconds_bucket{le="0.25"}': "0+9x40",
      'headwater_eventloop_delay_seconds_bucket{le="0.5"}': "0+10x40",
      'headwater_eventloop_delay_seconds_bucket{le="+Inf"}': "0+10x40",
    },
    calm: {
      'headwater_eventloop_delay_seconds_bucket{le="0.25"}': "0+10x40",
      'headwater_eventloop_delay_seconds_bucket{le="0.5"}': "0+10x40",
      'headwater_eventloop_delay_seconds_bucket{le="+Inf"}': "0+10x40",
    },
  },
};
