// Interop drives franz-go for the interop tests: one JSON request as its argument, records as JSON lines on standard
// input and output. test/interop/clients/process.ts describes the requests.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

type request struct {
	Command    string            `json:"command"`
	Bootstrap  string            `json:"bootstrap"`
	Topic      string            `json:"topic"`
	Codec      string            `json:"codec"`
	MaxBytes   int32             `json:"maxBytes"`
	LingerMs   int               `json:"lingerMs"`
	PauseMs    int               `json:"pauseMs"`
	Partition  int32             `json:"partition"`
	Offset     int64             `json:"offset"`
	Count      int               `json:"count"`
	TimeMs     int64             `json:"timestampMs"`
	TimeoutMs  int               `json:"timeoutMs"`
	Partitions int32             `json:"partitions"`
	Configs    map[string]string `json:"configs"`
	Name       string            `json:"name"`
}

type record struct {
	Partition   int32       `json:"partition"`
	Offset      int64       `json:"offset"`
	Key         *string     `json:"key"`
	Value       *string     `json:"value"`
	Headers     [][2]string `json:"headers"`
	TimestampMs *int64      `json:"timestampMs"`
}

type outcome struct {
	Index     int    `json:"index"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
	Error     string `json:"error,omitempty"`
}

func main() {
	var ask request
	if len(os.Args) != 2 {
		die(errors.New("one argument is needed: a request as JSON"))
	}
	if err := json.Unmarshal([]byte(os.Args[1]), &ask); err != nil {
		die(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(ask.TimeoutMs)*time.Millisecond)
	defer cancel()
	commands := map[string]func(context.Context, request) error{
		"produce": produce, "consume": consume, "offset": offset, "metadata": metadata,
		"createTopic": createTopic, "deleteTopic": deleteTopic, "topicConfig": topicConfig,
	}
	run, known := commands[ask.Command]
	if !known {
		die(fmt.Errorf("unknown command %q", ask.Command))
	}
	if err := run(ctx, ask); err != nil {
		print(map[string]string{"error": name(err)})
	}
}

func produce(ctx context.Context, ask request) error {
	codecs := map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}
	options := []kgo.Opt{
		kgo.SeedBrokers(ask.Bootstrap),
		kgo.DefaultProduceTopic(ask.Topic),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchCompression(codecs[ask.Codec]),
		kgo.UnknownTopicRetries(1),
		kgo.ProducerLinger(time.Duration(ask.LingerMs) * time.Millisecond),
	}
	if ask.MaxBytes > 0 {
		options = append(options, kgo.ProducerBatchMaxBytes(ask.MaxBytes), kgo.BrokerMaxWriteBytes(ask.MaxBytes+1<<20))
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		return err
	}
	defer client.Close()
	results := make(chan outcome, 1024)
	done := make(chan struct{})
	go func() {
		for result := range results {
			print(result)
		}
		close(done)
	}()
	scanner := bufio.NewScanner(os.Stdin)
	scanner.Buffer(nil, 64<<20)
	for index := 0; scanner.Scan(); index++ {
		if index%100 == 99 {
			time.Sleep(time.Duration(ask.PauseMs) * time.Millisecond)
		}
		var line record
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			return err
		}
		sent := &kgo.Record{Partition: line.Partition, Key: bytes(line.Key), Value: bytes(line.Value)}
		for _, header := range line.Headers {
			sent.Headers = append(sent.Headers, kgo.RecordHeader{Key: header[0], Value: []byte(header[1])})
		}
		if line.TimestampMs != nil {
			sent.Timestamp = time.UnixMilli(*line.TimestampMs)
		}
		client.Produce(ctx, sent, func(written *kgo.Record, err error) {
			result := outcome{Index: index, Partition: written.Partition, Offset: written.Offset}
			if err != nil {
				result = outcome{Index: index, Error: name(err)}
			}
			results <- result
		})
	}
	err = client.Flush(ctx)
	close(results)
	<-done
	return err
}

func consume(ctx context.Context, ask request) error {
	at := map[string]map[int32]kgo.Offset{ask.Topic: {ask.Partition: kgo.NewOffset().At(ask.Offset)}}
	client, err := kgo.NewClient(kgo.SeedBrokers(ask.Bootstrap), kgo.ConsumePartitions(at))
	if err != nil {
		return err
	}
	defer client.Close()
	for count := 0; count < ask.Count; {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return err
		}
		fetches.EachRecord(func(read *kgo.Record) {
			stamp := read.Timestamp.UnixMilli()
			line := record{
				Partition: read.Partition, Offset: read.Offset, Key: text(read.Key), Value: text(read.Value),
				Headers: [][2]string{}, TimestampMs: &stamp,
			}
			for _, header := range read.Headers {
				line.Headers = append(line.Headers, [2]string{header.Key, string(header.Value)})
			}
			if count < ask.Count {
				print(line)
			}
			count++
		})
	}
	return nil
}

func offset(ctx context.Context, ask request) error {
	return administer(ask, func(admin *kadm.Client) error {
		list := func() (kadm.ListedOffsets, error) { return admin.ListOffsetsAfterMilli(ctx, ask.TimeMs, ask.Topic) }
		switch ask.TimeMs {
		case -1:
			list = func() (kadm.ListedOffsets, error) { return admin.ListEndOffsets(ctx, ask.Topic) }
		case -2:
			list = func() (kadm.ListedOffsets, error) { return admin.ListStartOffsets(ctx, ask.Topic) }
		}
		offsets, err := list()
		if err != nil {
			return err
		}
		found, _ := offsets.Lookup(ask.Topic, ask.Partition)
		if found.Err != nil {
			return found.Err
		}
		print(map[string]int64{"offset": found.Offset})
		return nil
	})
}

func metadata(ctx context.Context, ask request) error {
	return administer(ask, func(admin *kadm.Client) error {
		found, err := admin.Metadata(ctx, ask.Topic)
		if err != nil {
			return err
		}
		topic := found.Topics[ask.Topic]
		if topic.Err != nil {
			return topic.Err
		}
		print(map[string]int{"brokers": len(found.Brokers), "partitions": len(topic.Partitions)})
		return nil
	})
}

func createTopic(ctx context.Context, ask request) error {
	return administer(ask, func(admin *kadm.Client) error {
		configs := map[string]*string{}
		for key, value := range ask.Configs {
			configs[key] = &value
		}
		made, err := admin.CreateTopic(ctx, ask.Partitions, 1, configs, ask.Topic)
		return errors.Join(err, made.Err)
	})
}

func deleteTopic(ctx context.Context, ask request) error {
	return administer(ask, func(admin *kadm.Client) error {
		gone, err := admin.DeleteTopic(ctx, ask.Topic)
		return errors.Join(err, gone.Err)
	})
}

func topicConfig(ctx context.Context, ask request) error {
	return administer(ask, func(admin *kadm.Client) error {
		described, err := admin.DescribeTopicConfigs(ctx, ask.Topic)
		if err != nil {
			return err
		}
		for _, resource := range described {
			if resource.Err != nil {
				return resource.Err
			}
			for _, config := range resource.Configs {
				if config.Key == ask.Name {
					print(map[string]string{"value": config.MaybeValue()})
				}
			}
		}
		return nil
	})
}

func administer(ask request, work func(*kadm.Client) error) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(ask.Bootstrap))
	if err != nil {
		return err
	}
	defer client.Close()
	return work(kadm.NewClient(client))
}

// name gives Kafka's name of an error where it is one of Kafka's.
func name(err error) string {
	var known *kerr.Error
	if errors.As(err, &known) {
		return known.Message
	}
	return err.Error()
}

func bytes(text *string) []byte {
	if text == nil {
		return nil
	}
	return []byte(*text)
}

func text(bytes []byte) *string {
	if bytes == nil {
		return nil
	}
	text := string(bytes)
	return &text
}

func print(value any) {
	line, err := json.Marshal(value)
	if err != nil {
		die(err)
	}
	fmt.Println(string(line))
}

func die(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
