import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * A member of a consumer group by Kafka's own client, until its input ends.
 *
 *     GroupDriver BOOTSTRAP GROUP topics=T,T|pattern=EXPRESSION NAME=VALUE...
 *
 * Any other name is the consumer's own setting. It commits after every poll, and prints a line for what it is given,
 * loses, reads and fails at.
 */
public final class GroupDriver {
  public static void main(String[] arguments) throws Exception {
    Map<String, String> named = new HashMap<>();
    List<String> places = new ArrayList<>();
    for (String argument : arguments) {
      int at = argument.indexOf('=');
      if (at < 0) places.add(argument);
      else named.put(argument.substring(0, at), argument.substring(at + 1));
    }
    Properties properties = new Properties();
    properties.put("bootstrap.servers", places.get(0));
    properties.put("group.id", places.get(1));
    properties.put("group.protocol", "consumer");
    properties.put("auto.offset.reset", "earliest");
    properties.put("enable.auto.commit", "false");
    named.forEach((name, value) -> {
      if (!Set.of("topics", "pattern").contains(name)) properties.put(name, value);
    });
    KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer());
    Thread reader = new Thread(() -> {
      try {
        while (System.in.read() >= 0) {}
      } catch (java.io.IOException ended) {
        // The same as an end.
      }
      consumer.wakeup();
    });
    reader.setDaemon(true);
    reader.start();
    try {
      consume(consumer, named);
    } catch (WakeupException asked) {
      // Whoever started it has closed its input.
    } catch (Exception failed) {
      say("failed", failed.getClass().getSimpleName() + ": " + failed.getMessage());
    }
    consumer.close(CloseOptions.timeout(Duration.ofSeconds(10)));
    say("closed");
  }

  private static void consume(KafkaConsumer<String, String> consumer, Map<String, String> named) {
    ConsumerRebalanceListener listener = new ConsumerRebalanceListener() {
      @Override
      public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        say("revoked", listed(partitions));
      }

      @Override
      public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        Set<TopicPartition> all = new java.util.HashSet<>(consumer.assignment());
        all.addAll(partitions);
        say("assigned", listed(all));
      }

      @Override
      public void onPartitionsLost(Collection<TopicPartition> partitions) {
        say("lost", listed(partitions));
      }
    };
    if (named.containsKey("pattern")) {
      consumer.subscribe(new SubscriptionPattern(named.get("pattern")), listener);
    } else consumer.subscribe(Arrays.asList(named.get("topics").split(",")), listener);
    while (true) {
      ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(200));
      for (ConsumerRecord<String, String> record : records) {
        say("record", record.topic() + "-" + record.partition(), record.offset() + "", record.value());
      }
      if (!records.isEmpty()) {
        try {
          consumer.commitSync();
        } catch (org.apache.kafka.clients.consumer.CommitFailedException refused) {
          say("refused", refused.getMessage());
        }
      }
    }
  }

  private static String listed(Collection<TopicPartition> partitions) {
    TreeSet<String> names = new TreeSet<>();
    for (TopicPartition partition : partitions) names.add(partition.toString());
    return String.join(",", names);
  }

  private static synchronized void say(String... fields) {
    System.out.println(String.join("\t", fields));
    System.out.flush();
  }
}
