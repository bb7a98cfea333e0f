import type { Registry } from "./registry.ts";

/** From what nobody notices to what a supervisor ends a process for. */
const DELAY_BOUNDS_S = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** The process itself; names are those of Prometheus' client libraries. */
export function processMetrics(registry: Registry) {
  return {
    startTimeSeconds: registry.gauge(
      "process_start_time_seconds",
      "Start of the process, in seconds since 1970.",
    ),
    cpuSeconds: registry.counter("process_cpu_seconds_total", "User and system CPU time of the process."),
    cpuUserSeconds: registry.counter("process_cpu_user_seconds_total", "User CPU time of the process."),
    cpuSystemSeconds: registry.counter("process_cpu_system_seconds_total", "System CPU time of the process."),
    residentBytes: registry.gauge("process_resident_memory_bytes", "Resident memory of the process."),
    virtualBytes: registry.gauge(
      "process_virtual_memory_bytes",
      "Address space of the process; most of it is set aside by the engine and never used.",
    ),
    openFiles: registry.gauge("process_open_fds", "File descriptors that are open."),
    maxFiles: registry.gauge("process_max_fds", "File descriptors that may be open."),
    majorFaults: registry.counter(
      "headwater_process_major_page_faults_total",
      "Pages that had to be read from a disk before the process could go on.",
    ),
    writtenBytes: registry.counter(
      "headwater_process_written_bytes_total",
      "Bytes that the process caused to be written to storage: records, journal, checkpoints, all of it; without what the file system adds.",
    ),
    memoryLevel: registry.gauge(
      "headwater_memory_level",
      "How short memory is: 0 normal, 1 tight, 2 critical.",
    ),
    memoryAvailableBytes: registry.gauge(
      "headwater_memory_available_bytes",
      "What may still be taken of the machine's memory, or of the service's, whichever is nearer to its end.",
    ),
    memoryShrinks: registry.counter(
      "headwater_memory_shrinks_total",
      "How often caches were given back since memory was short.",
    ),
    heapBytes: registry.gauge(
      "nodejs_heap_size_used_bytes",
      "JavaScript heap in use, with what is not collected yet.",
    ),
    externalBytes: registry.gauge(
      "nodejs_external_memory_bytes",
      "Memory outside of the heap that its objects hold, buffers above all.",
    ),
    collections: registry.counter(
      "headwater_gc_collections_total",
      "Garbage collections that were noticed, at most one a turn of the event loop. The engine does not tell how long they take: the event loop's lag has it.",
    ),
    eventLoopLagSeconds: registry.gauge(
      "nodejs_eventloop_lag_max_seconds",
      "Longest delay of a timer since the scrape before: how long the loop was busy with one thing. Where several scrape, each sees a part.",
    ),
    eventLoopDelay: registry.histogram(
      "headwater_eventloop_delay_seconds",
      "By how much a timer was late that goes off four times a second.",
      DELAY_BOUNDS_S,
    ),
  };
}
