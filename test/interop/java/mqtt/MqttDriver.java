import com.hivemq.client.mqtt.MqttClient;
import com.hivemq.client.mqtt.MqttClientBuilder;
import com.hivemq.client.mqtt.MqttClientSslConfig;
import com.hivemq.client.mqtt.MqttGlobalPublishFilter;
import com.hivemq.client.mqtt.datatypes.MqttQos;
import com.hivemq.client.mqtt.mqtt3.Mqtt3AsyncClient;
import com.hivemq.client.mqtt.mqtt3.message.publish.Mqtt3Publish;
import com.hivemq.client.mqtt.mqtt5.Mqtt5AsyncClient;
import com.hivemq.client.mqtt.mqtt5.datatypes.Mqtt5UserProperties;
import com.hivemq.client.mqtt.mqtt5.datatypes.Mqtt5UserPropertiesBuilder;
import com.hivemq.client.mqtt.mqtt5.message.publish.Mqtt5Publish;
import com.hivemq.client.mqtt.mqtt5.message.publish.Mqtt5PublishBuilder;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManagerFactory;

/**
 * Drives the HiveMQ MQTT client at 3.1.1 and 5. Arguments are NAME=VALUE, requests are lines of fields separated by
 * tabs, each field in base64, and so is what it prints: clients/mqtt-drivers.ts makes JSON of that, which Java has no
 * parser for.
 */
public final class MqttDriver {
  private static final long TIMEOUT_S = 25;
  private static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);

  private interface Session {
    boolean connect() throws Exception;

    CompletableFuture<?> subscribe(String filter, MqttQos qos);

    CompletableFuture<?> publish(List<String> fields);

    CompletableFuture<?> disconnect();
  }

  public static void main(String[] arguments) throws Exception {
    Map<String, String> options = new HashMap<>();
    for (String argument : arguments) {
      int at = argument.indexOf('=');
      options.put(argument.substring(0, at), argument.substring(at + 1));
    }
    Session session = options.get("version").equals("5") ? new Session5(options) : new Session3(options);
    try {
      say("connected", String.valueOf(session.connect()));
    } catch (Exception error) {
      System.err.println(error);
      System.exit(1);
    }
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      List<String> fields = decoded(line);
      String id = fields.get(0);
      try {
        CompletableFuture<?> asked =
            switch (fields.get(1)) {
              case "subscribe" -> session.subscribe(fields.get(2), qosOf(fields.get(3)));
              case "publish" -> session.publish(fields);
              default -> session.disconnect();
            };
        asked.get(TIMEOUT_S, TimeUnit.SECONDS);
        say("done", id);
      } catch (Exception error) {
        say("failed", id, String.valueOf(error));
      }
      if (fields.get(1).equals("disconnect")) break;
    }
    System.exit(0);
  }

  private static final class Session3 implements Session {
    private final Map<String, String> options;
    private final Mqtt3AsyncClient client;

    Session3(Map<String, String> options) throws Exception {
      this.options = options;
      client = builder(options).useMqttVersion3().buildAsync();
      client.publishes(MqttGlobalPublishFilter.ALL, Session3::tell);
    }

    public boolean connect() throws Exception {
      var with = client.connectWith().cleanSession(!options.containsKey("durable"));
      if (options.containsKey("user")) {
        with =
            with.simpleAuth()
                .username(options.get("user"))
                .password(options.get("password").getBytes(StandardCharsets.UTF_8))
                .applySimpleAuth();
      }
      if (options.containsKey("will.topic")) {
        with =
            with.willPublish()
                .topic(options.get("will.topic"))
                .payload(options.get("will.payload").getBytes(StandardCharsets.UTF_8))
                .qos(qosOf(options.get("will.qos")))
                .retain(options.get("will.retain").equals("true"))
                .applyWillPublish();
      }
      return with.send().get(TIMEOUT_S, TimeUnit.SECONDS).isSessionPresent();
    }

    public CompletableFuture<?> subscribe(String filter, MqttQos qos) {
      return client.subscribeWith().topicFilter(filter).qos(qos).send();
    }

    public CompletableFuture<?> publish(List<String> fields) {
      return client
          .publishWith()
          .topic(fields.get(2))
          .payload(fields.get(4).getBytes(StandardCharsets.UTF_8))
          .qos(qosOf(fields.get(3)))
          .retain(fields.get(5).equals("true"))
          .send();
    }

    public CompletableFuture<?> disconnect() {
      return client.disconnect();
    }

    private static void tell(Mqtt3Publish got) {
      String payload = new String(got.getPayloadAsBytes(), StandardCharsets.UTF_8);
      String qos = String.valueOf(got.getQos().getCode());
      say("message", got.getTopic().toString(), payload, qos, String.valueOf(got.isRetain()));
    }
  }

  private static final class Session5 implements Session {
    private final Map<String, String> options;
    private final Mqtt5AsyncClient client;

    Session5(Map<String, String> options) throws Exception {
      this.options = options;
      client = builder(options).useMqttVersion5().buildAsync();
      client.publishes(MqttGlobalPublishFilter.ALL, Session5::tell);
    }

    public boolean connect() throws Exception {
      boolean durable = options.containsKey("durable");
      var with = client.connectWith().cleanStart(!durable).sessionExpiryInterval(durable ? 300 : 0);
      if (options.containsKey("user")) {
        with =
            with.simpleAuth()
                .username(options.get("user"))
                .password(options.get("password").getBytes(StandardCharsets.UTF_8))
                .applySimpleAuth();
      }
      if (options.containsKey("will.topic")) {
        with =
            with.willPublish()
                .topic(options.get("will.topic"))
                .payload(options.get("will.payload").getBytes(StandardCharsets.UTF_8))
                .qos(qosOf(options.get("will.qos")))
                .retain(options.get("will.retain").equals("true"))
                .applyWillPublish();
      }
      return with.send().get(TIMEOUT_S, TimeUnit.SECONDS).isSessionPresent();
    }

    public CompletableFuture<?> subscribe(String filter, MqttQos qos) {
      return client.subscribeWith().topicFilter(filter).qos(qos).send();
    }

    /** Fields: id, publish, topic, QoS, payload, retain, and with properties: content type, response topic, ... */
    public CompletableFuture<?> publish(List<String> fields) {
      Mqtt5PublishBuilder.Complete message =
          Mqtt5Publish.builder()
              .topic(fields.get(2))
              .payload(fields.get(4).getBytes(StandardCharsets.UTF_8))
              .qos(qosOf(fields.get(3)))
              .retain(fields.get(5).equals("true"));
      if (fields.size() > 6) {
        if (!fields.get(6).isEmpty()) message = message.contentType(fields.get(6));
        if (!fields.get(7).isEmpty()) message = message.responseTopic(fields.get(7));
        message = message.correlationData(fields.get(8).getBytes(StandardCharsets.UTF_8));
        Mqtt5UserPropertiesBuilder user = Mqtt5UserProperties.builder();
        for (int at = 9; at + 1 < fields.size(); at += 2) user = user.add(fields.get(at), fields.get(at + 1));
        message = message.userProperties(user.build());
      }
      return client.publish(message.build());
    }

    public CompletableFuture<?> disconnect() {
      return client.disconnect();
    }

    private static void tell(Mqtt5Publish got) {
      List<String> told = new ArrayList<>();
      told.add("message");
      told.add(got.getTopic().toString());
      told.add(new String(got.getPayloadAsBytes(), StandardCharsets.UTF_8));
      told.add(String.valueOf(got.getQos().getCode()));
      told.add(String.valueOf(got.isRetain()));
      boolean bare = got.getResponseTopic().isEmpty() && got.getUserProperties().asList().isEmpty();
      if (!bare) {
        told.add(got.getContentType().map(Object::toString).orElse(""));
        told.add(got.getResponseTopic().map(Object::toString).orElse(""));
        told.add(got.getCorrelationData().map(MqttDriver::textOf).orElse(""));
        got.getUserProperties()
            .asList()
            .forEach(
                pair -> {
                  told.add(pair.getName().toString());
                  told.add(pair.getValue().toString());
                });
      }
      say(told.toArray(String[]::new));
    }
  }

  private static MqttClientBuilder builder(Map<String, String> options) throws Exception {
    MqttClientBuilder builder =
        MqttClient.builder()
            .identifier(options.get("clientId"))
            .serverHost(options.get("host"))
            .serverPort(Integer.parseInt(options.get("port")));
    return options.containsKey("tls.ca") ? builder.sslConfig(sslConfig(options)) : builder;
  }

  private static MqttClientSslConfig sslConfig(Map<String, String> options) throws Exception {
    TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(storeOf("authority", null, certificate(options.get("tls.ca"))));
    var config = MqttClientSslConfig.builder().trustManagerFactory(trust);
    if (options.containsKey("tls.cert")) {
      KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      PrivateKey key = privateKey(options.get("tls.key"));
      keys.init(storeOf("own", key, certificate(options.get("tls.cert"))), new char[0]);
      config = config.keyManagerFactory(keys);
    }
    return config.build();
  }

  private static KeyStore storeOf(String name, PrivateKey key, Certificate certificate) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    if (key == null) store.setCertificateEntry(name, certificate);
    else store.setKeyEntry(name, key, new char[0], new Certificate[] {certificate});
    return store;
  }

  private static Certificate certificate(String path) throws Exception {
    try (var in = Files.newInputStream(Path.of(path))) {
      return CertificateFactory.getInstance("X.509").generateCertificate(in);
    }
  }

  /** A key in PKCS #8, of RSA or of an elliptic curve. */
  private static PrivateKey privateKey(String path) throws Exception {
    String text = Files.readString(Path.of(path)).replaceAll("-----[A-Z ]+-----|\\s", "");
    PKCS8EncodedKeySpec spec = new PKCS8EncodedKeySpec(Base64.getDecoder().decode(text));
    try {
      return KeyFactory.getInstance("EC").generatePrivate(spec);
    } catch (Exception notOfACurve) {
      return KeyFactory.getInstance("RSA").generatePrivate(spec);
    }
  }

  private static String textOf(ByteBuffer bytes) {
    return StandardCharsets.UTF_8.decode(bytes).toString();
  }

  private static MqttQos qosOf(String code) {
    return MqttQos.fromCode(Integer.parseInt(code));
  }

  private static List<String> decoded(String line) {
    List<String> fields = new ArrayList<>();
    for (String field : line.split("\t", -1)) {
      fields.add(new String(Base64.getDecoder().decode(field), StandardCharsets.UTF_8));
    }
    return fields;
  }

  private static synchronized void say(String... fields) {
    List<String> encoded = new ArrayList<>();
    for (String field : fields) {
      encoded.add(Base64.getEncoder().encodeToString(field.getBytes(StandardCharsets.UTF_8)));
    }
    OUT.println(String.join("\t", encoded));
  }

  private MqttDriver() {}
}
