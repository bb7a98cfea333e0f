import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * A member of a share group by Kafka's own client, and settings of groups by its admin client.
 *
 *     ShareDriver BOOTSTRAP configure GROUP NAME=VALUE...
 *     ShareDriver BOOTSTRAP begin GROUP TOPIC offset=OFFSET
 *     ShareDriver BOOTSTRAP transact TOPIC
 *     ShareDriver BOOTSTRAP consume GROUP TOPIC NAME=VALUE...
 *
 * `consume` takes `plan` (what becomes of a record at its first, second, ... delivery: accept, release, reject,
 * renew, hold; the last stands for all further ones), `count` (records that are accepted or rejected before it ends),
 * `idle` (milliseconds without a record after which it ends), `renewals` (how often a lock is renewed before the
 * record is accepted), `die` (ends without closing once a record was held). Any other name is the consumer's own
 * setting. It prints a line for each record and for each acknowledgement that failed.
 */
public final class ShareDriver {
  public static void main(String[] arguments) throws Exception {
    Map<String, String> named = new HashMap<>();
    List<String> places = new ArrayList<>();
    for (String argument : arguments) {
      int at = argument.indexOf('=');
      if (at < 0) places.add(argument);
      else named.put(argument.substring(0, at), argument.substring(at + 1));
    }
    switch (places.get(1)) {
      case "configure" -> configure(places.get(0), places.get(2), named);
      case "begin" -> begin(places.get(0), places.get(2), places.get(3), named);
      case "transact" -> transact(places.get(0), places.get(2));
      default -> consume(places.get(0), places.get(2), places.get(3), named);
    }
  }

  /** Lets a group without members begin at an offset in each partition. */
  private static void begin(String bootstrap, String group, String topic, Map<String, String> named)
      throws Exception {
    try (Admin admin = Admin.create(Map.<String, Object>of("bootstrap.servers", bootstrap))) {
      int partitions = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size();
      Map<TopicPartition, Long> offsets = new HashMap<>();
      for (int partition = 0; partition < partitions; partition++) {
        offsets.put(new TopicPartition(topic, partition), Long.parseLong(named.getOrDefault("offset", "0")));
      }
      admin.alterShareGroupOffsets(group, offsets).all().get();
    }
  }

  /** Writes three records each in a transaction that is committed, one that is aborted, one that is committed. */
  private static void transact(String bootstrap, String topic) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", bootstrap);
    properties.put("transactional.id", "share-driver");
    properties.put("key.serializer", StringSerializer.class.getName());
    properties.put("value.serializer", StringSerializer.class.getName());
    try (KafkaProducer<String, String> producer = new KafkaProducer<>(properties)) {
      producer.initTransactions();
      for (String outcome : List.of("kept", "aborted", "kept-too")) {
        producer.beginTransaction();
        for (int number = 0; number < 3; number++) {
          producer.send(new ProducerRecord<>(topic, outcome + "-" + number));
        }
        if (outcome.equals("aborted")) producer.abortTransaction();
        else producer.commitTransaction();
      }
    }
  }

  private static void configure(String bootstrap, String group, Map<String, String> settings) throws Exception {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", bootstrap);
    Collection<AlterConfigOp> changes = new ArrayList<>();
    settings.forEach((name, value) ->
        changes.add(new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET)));
    try (Admin admin = Admin.create(properties)) {
      ConfigResource resource = new ConfigResource(ConfigResource.Type.GROUP, group);
      admin.incrementalAlterConfigs(Map.of(resource, changes)).all().get();
      admin.describeConfigs(List.of(resource)).all().get().get(resource).entries().stream()
          .filter(entry -> settings.containsKey(entry.name()))
          .forEach(entry -> System.out.println("config\t" + entry.name() + "\t" + entry.value()));
    }
  }

  private static void consume(String bootstrap, String group, String topic, Map<String, String> settings) {
    String[] plan = settings.getOrDefault("plan", "accept").split(",");
    int wanted = Integer.parseInt(settings.getOrDefault("count", "2147483647"));
    long idleMs = Long.parseLong(settings.getOrDefault("idle", "8000"));
    int renewals = Integer.parseInt(settings.getOrDefault("renewals", "0"));
    boolean dies = Boolean.parseBoolean(settings.getOrDefault("die", "false"));
    Properties properties = new Properties();
    settings.forEach((name, value) -> {
      if (name.contains(".")) properties.put(name, value);
    });
    properties.put("bootstrap.servers", bootstrap);
    properties.put("group.id", group);
    properties.put("share.acknowledgement.mode", "explicit");
    properties.put("key.deserializer", StringDeserializer.class.getName());
    properties.put("value.deserializer", StringDeserializer.class.getName());
    int done = 0;
    try (KafkaShareConsumer<String, String> consumer = new KafkaShareConsumer<>(properties)) {
      consumer.subscribe(List.of(topic));
      long lastMs = System.currentTimeMillis();
      Map<String, Integer> renewed = new HashMap<>();
      boolean joined = false;
      while (done < wanted && System.currentTimeMillis() - lastMs < idleMs) {
        ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(200));
        if (!joined) {
          // The first poll that ends has sent the member's first heartbeat.
          joined = true;
          System.out.println("ready");
        }
        if (records.isEmpty()) continue;
        lastMs = System.currentTimeMillis();
        boolean held = false;
        for (ConsumerRecord<String, String> record : records) {
          int delivery = record.deliveryCount().map(Short::intValue).orElse(-1);
          String place = record.partition() + "\t" + record.offset();
          System.out.println("record\t" + place + "\t" + delivery + "\t" + record.value());
          String what = plan[Math.min(Math.max(delivery, 1), plan.length) - 1];
          if (what.equals("hold")) {
            held = true;
            continue;
          }
          if (what.equals("renew")) {
            boolean again = renewed.merge(place, 1, Integer::sum) <= renewals;
            what = again ? "renew" : "accept";
          }
          consumer.acknowledge(record, typeOf(what));
          if (what.equals("accept") || what.equals("reject")) done++;
        }
        System.out.flush();
        if (held && dies) Runtime.getRuntime().halt(0);
        if (held) {
          pause(idleMs);
          break;
        }
        for (Map.Entry<TopicIdPartition, Optional<KafkaException>> result : consumer.commitSync().entrySet()) {
          result.getValue().ifPresent(error ->
              System.out.println("failed\t" + result.getKey().partition() + "\t" + error.getClass().getSimpleName()));
        }
        if (renewals > 0) pause(2000);
      }
    }
    System.out.println("done\t" + done);
  }

  private static AcknowledgeType typeOf(String name) {
    return AcknowledgeType.valueOf(name.toUpperCase());
  }

  private static void pause(long durationMs) {
    try {
      Thread.sleep(durationMs);
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
    }
  }
}
