/**
 * Headers of records that have to do with time. Values are text: decimal milliseconds, or a name.
 *
 *   headwater.boot            the machine's boot that the record came in; while its clock was not believed
 *   headwater.monotonic-ms    the time since that boot began, suspends included
 *   headwater.time-stamped    what the record was stamped with, where its timestamp was put right since
 *   headwater.time            the true time, where the record's timestamp is another one
 *   headwater.time-estimated  `true` where the true time is the latest that it can have been
 */
export const BOOT_HEADER = "headwater.boot";
export const MONOTONIC_HEADER = "headwater.monotonic-ms";
export const STAMPED_HEADER = "headwater.time-stamped";
export const TIME_HEADER = "headwater.time";
export const ESTIMATED_HEADER = "headwater.time-estimated";
