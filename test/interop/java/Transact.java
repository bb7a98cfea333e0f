import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Reads records as a member of a group, and writes each to another topic in one transaction with the group's
 * offsets. Every third transaction is aborted and done again. Arguments: bootstrap, input, output, group,
 * transactional id, count, the group's protocol.
 */
public class Transact {
  public static void main(String[] args) {
    String bootstrap = args[0];
    String input = args[1];
    String output = args[2];
    int count = Integer.parseInt(args[5]);
    try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(consumerOf(bootstrap, args[3], args[6]));
        KafkaProducer<String, String> producer = new KafkaProducer<>(producerOf(bootstrap, args[4]))) {
      producer.initTransactions();
      consumer.subscribe(List.of(input));
      int done = 0;
      int commits = 0;
      int aborts = 0;
      while (done < count) {
        ConsumerRecords<String, String> records = consumer.poll(Duration.ofSeconds(1));
        if (records.isEmpty()) continue;
        if ((commits + aborts) % 3 == 2) {
          write(producer, consumer, output, records);
          producer.flush();
          producer.abortTransaction();
          aborts++;
        }
        write(producer, consumer, output, records);
        producer.commitTransaction();
        commits++;
        done += records.count();
      }
      System.out.printf("{\"commits\":%d,\"aborts\":%d}%n", commits, aborts);
    }
  }

  private static void write(
      KafkaProducer<String, String> producer,
      KafkaConsumer<String, String> consumer,
      String output,
      ConsumerRecords<String, String> records) {
    producer.beginTransaction();
    Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
    for (ConsumerRecord<String, String> record : records) {
      producer.send(new ProducerRecord<>(output, record.key(), "out:" + record.value()));
      offsets.put(
          new TopicPartition(record.topic(), record.partition()), new OffsetAndMetadata(record.offset() + 1));
    }
    producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
  }

  private static Properties consumerOf(String bootstrap, String group, String protocol) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", bootstrap);
    settings.put("group.id", group);
    settings.put("group.protocol", protocol);
    settings.put("enable.auto.commit", "false");
    settings.put("auto.offset.reset", "earliest");
    settings.put("isolation.level", "read_committed");
    settings.put("max.poll.records", "10");
    settings.put("key.deserializer", StringDeserializer.class.getName());
    settings.put("value.deserializer", StringDeserializer.class.getName());
    return settings;
  }

  private static Properties producerOf(String bootstrap, String id) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", bootstrap);
    settings.put("transactional.id", id);
    settings.put("key.serializer", StringSerializer.class.getName());
    settings.put("value.serializer", StringSerializer.class.getName());
    return settings;
  }
}
