import { encodeDeviceKey } from "../base/device-name.ts";
import type { Device } from "../broker/devices/device.ts";
import type { UplinkStatus } from "../http/status.ts";
import { HTTP_CODES } from "../metrics/listener-metrics.ts";
import { GAP_REASONS, type Metrics } from "../metrics/metrics.ts";
import type { Labels } from "../metrics/registry.ts";
import type { GatewayState } from "./status.ts";

const MILLISECONDS = 1e3;
const PERCENT = 100;
const MEMORY_LEVELS = ["normal", "tight", "critical"] as const;

/** Sets, before every scrape, what the rooms count or know. */
export function collectMetrics(metrics: Metrics, state: GatewayState): void {
  metrics.registry.beforeScrape(() => {
    metrics.ready.set(state.hindrances().length === 0 ? 1 : 0);
    metrics.securityFilesUnused.set(state.notes().length);
    collectClock(metrics, state);
    collectMemory(metrics, state);
    collectLog(metrics, state);
    collectLosses(metrics, state);
    collectDoors(metrics, state);
    collectListeners(metrics, state);
    collectStorage(metrics, state);
    collectCertificates(metrics, state);
    collectDevices(metrics, state);
    collectCoordinators(metrics, state);
    collectUplinks(metrics, state);
    collectBridges(metrics, state);
    collectUpdates(metrics, state);
  });
}

function collectClock(metrics: Metrics, state: GatewayState): void {
  const clock = state.clock();
  if (clock === null) return;
  metrics.clockKnown.set(clock.known ? 1 : 0);
  metrics.clockSteps.set(clock.steps);
}

function collectMemory(metrics: Metrics, { memory }: GatewayState): void {
  if (memory === null) return;
  const { level, availableBytes, shrinks } = memory.status;
  metrics.memoryLevel.set(MEMORY_LEVELS.indexOf(level));
  metrics.memoryAvailableBytes.set(availableBytes ?? Number.NaN);
  metrics.memoryShrinks.set(shrinks);
}

/** States of what the centre wants in which there is nothing left to do. */
const AT_REST: readonly string[] = ["runs", "stays"];

function collectUpdates(metrics: Metrics, state: GatewayState): void {
  const update = state.update();
  if (update === null) return;
  const { trial, last, desired } = update;
  metrics.updateTrial.set(trial ? 1 : 0);
  metrics.updateFailed.set(last?.result === "failed" ? 1 : 0);
  metrics.updateWanted.set(desired === null || AT_REST.includes(desired.state) ? 0 : 1);
}

function collectLog(metrics: Metrics, state: GatewayState): void {
  const status = state.broker?.store.status();
  if (status === undefined || state.broker === null) return;
  let logBytes = 0;
  let topics = 0;
  for (const topic of state.broker.topics.all()) {
    topics += 1;
    for (const { log } of topic.partitions) logBytes += log.sizeBytes;
  }
  metrics.topics.set(topics);
  metrics.partitions.set(state.broker.topics.partitionCount);
  metrics.logBytes.set(logBytes);
  metrics.freeBytes.set(status.freeBytes);
  metrics.diskFull.set(status.fullLimit === null ? 0 : 1);
  metrics.offlineFolders.set(state.faults().length > 0 ? 1 : 0);
  metrics.reserveBytes.set(state.settings["disk.reserve.bytes"]);
  metrics.commitRounds.set(status.rounds);
  metrics.commitBytes.set(status.journalBytes);
  const { compaction } = status;
  metrics.dirtyPercent.set(compaction.maxDirtyRatio * PERCENT);
  metrics.compactionPasses.set(compaction.passes);
  metrics.compactionReadBytes.set(compaction.readBytes);
  metrics.compactionWrittenBytes.set(compaction.writtenBytes);
  metrics.compactionRemovedRecords.set(compaction.removedRecords);
  metrics.commitSeconds.load(status.roundMs.buckets, status.roundMs.sumMs / MILLISECONDS);
}

function collectLosses(metrics: Metrics, { ledger }: GatewayState): void {
  if (ledger === null) return;
  metrics.gapsNoted.set(ledger.lostCount);
  for (const reason of GAP_REASONS) metrics.gaps[reason].set(ledger.countOf(reason));
}

function collectDevices(metrics: Metrics, { devices, broker }: GatewayState): void {
  if (devices === null || broker === null) return;
  const { clock } = broker;
  metrics.devices.set(devices.count);
  metrics.devicesSilent.set(devices.silentCount);
  metrics.devicesForgotten.set(devices.forgotten);
  const nowMs = clock.nowMs();
  const monotonicMs = clock.monotonicMs();
  const all = devices.sorted();
  const busy = all.map((device) => ({ device, value: device.rate(monotonicMs) }));
  metrics.deviceRates.set(
    largest(
      busy.filter(({ value }) => value > 0),
      metrics.deviceRates.max,
    ),
  );
  const silent = all
    .filter(({ facts }) => facts.silent)
    .map((device) => ({ device, value: Math.max(0, nowMs - device.facts.lastSeenMs) / MILLISECONDS }));
  metrics.deviceSilence.set(largest(silent, metrics.deviceSilence.max));
}

function largest(rows: readonly { readonly device: Device; readonly value: number }[], max: number) {
  const first = rows.toSorted((a, b) => b.value - a.value).slice(0, max);
  return first.map(({ device, value }) => ({ labels: labelsOf(device), value }));
}

function labelsOf({ facts }: Device): Labels {
  return { device: encodeDeviceKey(Buffer.from(facts.key, "latin1")), topic: facts.topic };
}

function collectCertificates(
  { certificateExpiry, revocationListExpiry }: Metrics,
  state: GatewayState,
): void {
  const { kafka, mqtt } = state;
  const seconds = (atMs: number | null | undefined) => (atMs ?? Number.NaN) / MILLISECONDS;
  certificateExpiry.kafka.set(seconds(kafka?.certificateExpiresAtMs()));
  certificateExpiry.mqtt.set(seconds(mqtt?.certificateExpiresAtMs()));
  certificateExpiry.http.set(seconds(state.httpCertificateExpiresAtMs()));
  revocationListExpiry.set(seconds(state.revocationListsExpireAtMs()));
}

function collectDoors(metrics: Metrics, state: GatewayState): void {
  const { kafka } = state;
  if (kafka !== null) {
    const { counters } = kafka;
    metrics.connections.kafka.set(kafka.connections());
    metrics.connectionsRefused.kafka.set(counters.refusedConnections);
    metrics.bytesIn.kafka.set(counters.bytesIn);
    metrics.bytesOut.kafka.set(counters.bytesOut);
    metrics.requests.Produce.set(counters.produceRequests);
    metrics.requests.Fetch.set(counters.fetchRequests);
    metrics.requests.other.set(counters.requests - counters.produceRequests - counters.fetchRequests);
    metrics.recordsIn.kafka.set(counters.recordsIn);
  }
  const stats = state.mqtt?.stats();
  if (stats === undefined) return;
  metrics.connections.mqtt.set(stats.connections);
  metrics.connectionsRefused.mqtt.set(stats.connectionsRefused + stats.protocolErrors);
  metrics.bytesIn.mqtt.set(stats.publishBytesReceived);
  metrics.bytesOut.mqtt.set(stats.publishBytesSent);
  metrics.recordsIn.mqtt.set(
    stats.publishesReceived -
      stats.publishesRefused -
      stats.duplicates -
      stats.publishesUnchanged +
      stats.splitRecords,
  );
  metrics.mqttMessagesIn.set(stats.publishesReceived);
  metrics.mqttMessagesOut.set(stats.messagesSent);
  metrics.mqttMessagesRefused.set(stats.publishesRefused);
  metrics.mqttMessagesDropped.set(stats.messagesDropped);
  metrics.mqttLoginsRefused.set(stats.loginsRefused);
  metrics.mqttLoginsRevoked.set(stats.loginsRevoked);
  metrics.mqttDeadLetters.set(stats.deadLetters);
  metrics.mqttReplays.set(stats.replays);
  metrics.mqttMessagesReplayed.set(stats.messagesReplayed);
  metrics.mqttDownlinkMessages.set(stats.downlinkMessages);
  metrics.mqttDownlinkLag.set(stats.downlinkLagRecords);
  metrics.mqttDownlinkUnheard.set(stats.downlinkUnheard);
  metrics.mqttDownlinkDeadLetters.set(stats.downlinkDeadLetters);
  metrics.mqttDownlinkReportsRefused.set(stats.downlinkReportsRefused);
  metrics.mqttRecordsUnchanged.set(stats.recordsUnchanged);
  metrics.sparkplugGaps.set(stats.sparkplugGaps);
  metrics.sparkplugUnknownAliases.set(stats.sparkplugUnknownAliases);
  metrics.sparkplugRebirths.set(stats.sparkplugRebirths);
  metrics.mqttSubscriptions.set(stats.subscriptions);
  metrics.mqttRetainedMessages.set(stats.retainedMessages);
  metrics.mqttRetainedBytes.set(stats.retainedBytes);
  metrics.mqttRetainedRefused.set(stats.retainedRefused);
}

function collectListeners(metrics: Metrics, { listeners, http }: GatewayState): void {
  for (const [name, tally] of listeners) {
    metrics.listenerConnections[name]?.set(tally.open);
    metrics.listenerAccepted[name]?.set(tally.accepted);
    metrics.listenerRefused[name]?.set(tally.refused);
    metrics.listenerReceived[name]?.set(tally.receivedBytes);
    metrics.listenerSent[name]?.set(tally.sentBytes);
    metrics.listenerHandshakes[name]?.set(tally.handshakes);
    metrics.listenerHandshakeFailures[name]?.set(tally.failedHandshakes);
  }
  if (http === null) return;
  const { tally, answering } = http;
  for (const [index, code] of HTTP_CODES.entries()) metrics.httpRequests[code].set(tally.answers[index] ?? 0);
  for (const [name, count] of Object.entries(answering)) metrics.listenerConnections[name]?.set(count);
  metrics.connections.http.set(answering.http + answering["http.tls"]);
  metrics.recordsIn.http.set(tally.recordsIn);
  metrics.bytesIn.http.set(tally.bytesIn);
  metrics.bytesOut.http.set(tally.bytesOut);
}

/** What is not known is left out. */
function collectStorage(metrics: Metrics, { wear }: GatewayState): void {
  const status = wear?.status ?? null;
  const { disk = "", kind = "", writtenBytes = 0, basis } = status ?? {};
  const there = status === null ? [] : [{ disk }];
  metrics.storageInfo.set(
    there.map((of) => ({ labels: { ...of, kind, endurance: basis ?? "unknown" }, value: 1 })),
  );
  metrics.storageWritten.set(there.map(() => ({ labels: { device: disk }, value: writtenBytes })));
  metrics.storageLifeUsed.set(status?.lifeUsedShare ?? Number.NaN);
  metrics.storagePreEol.set(status?.preEol ?? Number.NaN);
  metrics.storageEndurance.set(status?.enduranceBytes ?? Number.NaN);
  metrics.storageForecast.set(status?.forecastSec ?? Number.NaN);
}

function collectCoordinators(metrics: Metrics, state: GatewayState): void {
  const { coordinators, fetchSessions } = state;
  if (coordinators !== null) {
    const { groups, transactions } = coordinators;
    const counts = { classic: 0, consumer: 0, share: 0 };
    for (const { kind } of groups.registry.all()) counts[kind] += 1;
    for (const kind of ["classic", "consumer", "share"] as const) metrics.groups[kind].set(counts[kind]);
    metrics.groupOffsets.set(groups.offsets.size);
    metrics.transactionalIds.set(transactions.count);
    metrics.openTransactions.set(transactions.openCount);
  }
  if (fetchSessions === null) return;
  metrics.fetchSessions.set(fetchSessions.count);
  metrics.fetchSessionEvictions.set(fetchSessions.evictions);
}

function collectUplinks(metrics: Metrics, state: GatewayState): void {
  const uplinks = state.uplinks();
  metrics.mirrorState.set(
    uplinks.flatMap(({ mirrors }) =>
      mirrors.map(({ topic, state }) => ({ labels: { topic, state }, value: 1 })),
    ),
  );
  for (const uplink of uplinks) {
    const { name } = uplink;
    metrics.uplinkConnected[name]?.set(uplink.state === "forwarding" || uplink.state === "idle" ? 1 : 0);
    metrics.uplinkLagRecords[name]?.set(uplink.lagRecords ?? Number.NaN);
    metrics.uplinkLagSeconds[name]?.set((uplink.lagMs ?? Number.NaN) / MILLISECONDS);
    collectFlow(metrics, uplink);
    collectLink(metrics, uplink);
    collectMirrors(metrics, uplink);
    metrics.uplinkBytes[name]?.set(uplink.forwardedBytes);
    metrics.uplinkTransactions[name]?.set(uplink.transactions);
    metrics.uplinkFailures[name]?.set(uplink.failures);
    collectCounters(metrics, uplink);
    const { topics } = uplink.counters;
    metrics.uplinkUnreconciled[name]?.set(topics.filter(({ reconciled }) => !reconciled).length);
  }
}

function collectCounters(metrics: Metrics, { name, counters }: UplinkStatus): void {
  const { known, total } = counters;
  for (const [counter, count] of [
    [metrics.uplinkStored[name], total.stored],
    [metrics.uplinkRecords[name], total.forwarded],
    [metrics.uplinkFiltered[name], total.filtered],
    [metrics.uplinkGapped[name], total.gapped],
    [metrics.uplinkEmpty[name], total.empty],
  ] as const) {
    // From 0 to what was counted before is no rate.
    counter?.set(known ? count : Number.NaN);
  }
}

function collectFlow(metrics: Metrics, { name, flow, times }: UplinkStatus): void {
  const { canary } = flow;
  const seconds = (durationMs: number | null): number => (durationMs ?? Number.NaN) / MILLISECONDS;
  metrics.uplinkFlowAlarms[name]?.set(flow.alarms.length);
  metrics.uplinkFreshness[name]?.set(seconds(flow.freshnessMs));
  metrics.uplinkLagBytes[name]?.set(flow.lagBytes ?? Number.NaN);
  metrics.uplinkCanaryAge[name]?.set(seconds(canary.seenAgoMs));
  metrics.uplinkCanaryRoundTrip[name]?.set(seconds(canary.roundTripMs));
  metrics.uplinkLateTopics[name]?.set(times.late.topics.filter(({ warning }) => warning !== null).length);
}

function collectMirrors(metrics: Metrics, { mirrors }: UplinkStatus): void {
  for (const { topic, flow, lagRecords, mirroredRecords, filteredRecords, lostRecords } of mirrors) {
    metrics.mirrorLagRecords[topic]?.set(lagRecords ?? Number.NaN);
    metrics.mirrorFreshness[topic]?.set((flow.freshnessMs ?? Number.NaN) / MILLISECONDS);
    metrics.mirrorCompleteAge[topic]?.set((flow.completeAgoMs ?? Number.NaN) / MILLISECONDS);
    metrics.mirrorTroubledPartitions[topic]?.set(flow.troubles.length);
    metrics.mirrorRecords[topic]?.set(mirroredRecords);
    metrics.mirrorFiltered[topic]?.set(filteredRecords);
    metrics.mirrorLost[topic]?.set(lostRecords);
  }
}

function collectLink(metrics: Metrics, { name, link, budget }: UplinkStatus): void {
  metrics.uplinkHeld[name]?.set(link.heldBecause === null ? 0 : 1);
  metrics.uplinkWireSent[name]?.set(link.sentBytes);
  metrics.uplinkWireReceived[name]?.set(link.receivedBytes);
  metrics.uplinkGoodput[name]?.set(link.goodputBytesPerSecond ?? Number.NaN);
  for (const [gauge, period] of [
    [metrics.uplinkDayBudget[name], budget?.day],
    [metrics.uplinkMonthBudget[name], budget?.month],
  ] as const) {
    gauge?.set(period === null || period === undefined ? Number.NaN : period.usedBytes / period.limitBytes);
  }
}

function collectBridges(metrics: Metrics, state: GatewayState): void {
  for (const bridge of state.bridges()) {
    const { name, out } = bridge;
    metrics.bridgeConnected[name]?.set(bridge.state === "connected" ? 1 : 0);
    metrics.bridgeLagRecords[name]?.set(out.lagRecords ?? Number.NaN);
    metrics.bridgeInFlight[name]?.set(out.inFlight);
    metrics.bridgeMessagesOut[name]?.set(out.messages);
    metrics.bridgeMessagesIn[name]?.set(bridge.in.messages);
    metrics.bridgeGaps[name]?.set(out.gaps + bridge.in.dropped);
    metrics.bridgeLoops[name]?.set(bridge.in.looped + out.echoes);
    metrics.bridgeFailures[name]?.set(bridge.failures);
  }
}
