// Admin takes franz-go's admin client through one round on a broker, and prints what it saw as one JSON object:
// admin BOOTSTRAP TOPIC.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

func main() {
	if len(os.Args) != 3 {
		die(fmt.Errorf("usage: admin BOOTSTRAP TOPIC"))
	}
	topic := os.Args[2]
	client, err := kgo.NewClient(kgo.SeedBrokers(os.Args[1]))
	die(err)
	defer client.Close()
	admin := kadm.NewClient(client)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	seen := map[string]any{}

	_, err = admin.CreateTopic(ctx, 2, 1, map[string]*string{"retention.ms": kadm.StringPtr("60000")}, topic)
	die(err)
	_, err = admin.CreateTopic(ctx, 1, 1, nil, topic)
	seen["again"] = name(err)
	_, err = admin.CreateTopic(ctx, 1, 3, nil, topic+"-replicated")
	seen["replicated"] = name(err)
	grown, err := admin.UpdatePartitions(ctx, 4, topic)
	die(err)
	die(grown.Error())
	shrunk, err := admin.UpdatePartitions(ctx, 3, topic)
	die(err)
	seen["shrunk"] = name(shrunk.Error())
	topics, err := admin.ListTopics(ctx, topic)
	die(err)
	seen["partitions"] = len(topics[topic].Partitions)

	die(client.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: []byte("a")}).FirstErr())
	dirs, err := admin.DescribeAllLogDirs(ctx, nil)
	die(err)
	size, counted := int64(0), 0
	dirs.Each(func(d kadm.DescribedLogDir) {
		d.Topics.Each(func(p kadm.DescribedLogDirPartition) {
			if p.Topic == topic {
				size += p.Size
				counted++
			}
		})
	})
	seen["sized"] = counted
	seen["bytes"] = size > 0

	user := "somebody"
	entity := kadm.ClientQuotaEntity{{Type: "user", Name: &user}}
	ops := []kadm.AlterClientQuotaOp{{Key: "producer_byte_rate", Value: 12345}}
	altered, err := admin.AlterClientQuotas(ctx, []kadm.AlterClientQuotaEntry{{Entity: entity, Ops: ops}})
	die(err)
	seen["altered"] = name(altered[0].Err)
	filter := []kadm.DescribeClientQuotaComponent{{Type: "user", MatchType: kadm.QuotasMatchType(0), MatchName: &user}}
	quotas, err := admin.DescribeClientQuotas(ctx, true, filter)
	die(err)
	seen["quota"] = quotas[0].Values[0].Value

	elected, err := admin.ElectLeaders(ctx, kadm.ElectPreferredReplica, kadm.TopicsSet{topic: {0: {}}})
	die(err)
	seen["elected"] = name(elected[topic][0].Err)
	moving, err := admin.ListPartitionReassignments(ctx, nil)
	die(err)
	seen["moving"] = len(moving)
	features, err := admin.UpdateFeatures(ctx, true, kadm.FeatureUpdate{Feature: "nonsense", MaxVersionLevel: 1, UpgradeType: 1})
	seen["feature"] = name(firstFeature(features, err))

	deleted, err := admin.DeleteTopics(ctx, topic)
	die(err)
	die(deleted.Error())
	gone, err := admin.DeleteTopics(ctx, topic)
	die(err)
	seen["gone"] = name(gone.Error())
	die(json.NewEncoder(os.Stdout).Encode(seen))
}

func firstFeature(updated kadm.UpdatedFeatures, err error) error {
	if err != nil {
		return err
	}
	for _, feature := range updated {
		if feature.Err != nil {
			return feature.Err
		}
	}
	return nil
}

// name is Kafka's name of an error, and empty for none.
func name(err error) string {
	if err == nil {
		return ""
	}
	if known, ok := err.(*kerr.Error); ok {
		return known.Message
	}
	return err.Error()
}

func die(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
