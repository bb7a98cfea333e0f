import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;

/**
 * Counts readings by device and window, and sums their values by device, each exactly once.
 *
 * Arguments: bootstrap, state folder, application id. Reads `readings` (key: device, value: a number), writes
 * `windows` (key: device@window start, value: count) and `sums` (key: device, value: sum).
 */
public final class Counts {
  private static final Duration WINDOW = Duration.ofSeconds(2);

  public static void main(String[] arguments) throws InterruptedException {
    StreamsBuilder builder = new StreamsBuilder();
    var readings = builder.stream("readings", Consumed.with(Serdes.String(), Serdes.String()));
    var byDevice = readings.groupByKey(Grouped.with(Serdes.String(), Serdes.String()));
    byDevice
        .windowedBy(TimeWindows.ofSizeWithNoGrace(WINDOW))
        .count(Materialized.as("counts-by-window"))
        .toStream((window, count) -> window.key() + "@" + window.window().start())
        .mapValues(count -> Long.toString(count))
        .to("windows", Produced.with(Serdes.String(), Serdes.String()));
    byDevice
        .aggregate(
            () -> 0L,
            (device, value, sum) -> sum + Long.parseLong(value),
            Materialized.with(Serdes.String(), Serdes.Long()))
        .toStream()
        .mapValues(sum -> Long.toString(sum))
        .to("sums", Produced.with(Serdes.String(), Serdes.String()));

    Properties properties = new Properties();
    properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
    properties.put(StreamsConfig.STATE_DIR_CONFIG, arguments[1]);
    properties.put(StreamsConfig.APPLICATION_ID_CONFIG, arguments[2]);
    properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    properties.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
    properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
    properties.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    // Whoever was killed is missed soon, and its transactions end soon.
    properties.put(StreamsConfig.consumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), 6_000);
    properties.put(StreamsConfig.producerPrefix(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG), 10_000);

    KafkaStreams streams = new KafkaStreams(builder.build(), properties);
    streams.setStateListener((now, before) -> System.out.println("state " + now));
    Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(20))));
    streams.start();
    Thread.currentThread().join();
  }
}
