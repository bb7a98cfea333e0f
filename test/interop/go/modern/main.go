// Modern is a member of a group of the consumer protocol (KIP-848) with franz-go, until its input ends. It takes one JSON
// object: bootstrap, group, topics (one with ^ in front is an expression), settings (client.id and group.instance.id).
// It commits after every poll and prints a line for what it is given, loses, reads and fails at, as GroupDriver.java does.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
)

type request struct {
	Bootstrap string            `json:"bootstrap"`
	Group     string            `json:"group"`
	Topics    []string          `json:"topics"`
	Settings  map[string]string `json:"settings"`
}

var lines sync.Mutex

func say(fields ...string) {
	lines.Lock()
	defer lines.Unlock()
	fmt.Println(strings.Join(fields, "\t"))
}

func listed(partitions map[string]bool) string {
	all := make([]string, 0, len(partitions))
	for name := range partitions {
		all = append(all, name)
	}
	sort.Strings(all)
	return strings.Join(all, ",")
}

func names(partitions map[string][]int32) map[string]bool {
	all := map[string]bool{}
	for topic, numbers := range partitions {
		for _, number := range numbers {
			all[topic+"-"+strconv.Itoa(int(number))] = true
		}
	}
	return all
}

func main() {
	var ask request
	if err := json.Unmarshal([]byte(os.Args[1]), &ask); err != nil {
		panic(err)
	}
	var guard sync.Mutex
	has := map[string]bool{}
	loses := func(what string) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
			guard.Lock()
			defer guard.Unlock()
			for name := range names(partitions) {
				delete(has, name)
			}
			say(what, listed(names(partitions)))
		}
	}
	options := []kgo.Opt{
		kgo.SeedBrokers(ask.Bootstrap),
		kgo.ConsumerGroup(ask.Group),
		kgo.ConsumeTopics(ask.Topics...),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.ServerSideBalancer(),
		kgo.Balancers(kgo.StickyBalancer()),
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(),
		kgo.OnPartitionsRevoked(loses("revoked")),
		kgo.OnPartitionsLost(loses("lost")),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, added map[string][]int32) {
			guard.Lock()
			defer guard.Unlock()
			for name := range names(added) {
				has[name] = true
			}
			say("assigned", listed(has))
		}),
	}
	if strings.HasPrefix(ask.Topics[0], "^") {
		options = append(options, kgo.ConsumeRegex())
	}
	if id := ask.Settings["client.id"]; id != "" {
		options = append(options, kgo.ClientID(id))
	}
	if id := ask.Settings["group.instance.id"]; id != "" {
		options = append(options, kgo.InstanceID(id))
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		panic(err)
	}
	running, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	for running.Err() == nil {
		fetches := client.PollFetches(running)
		fetches.EachError(func(_ string, _ int32, err error) {
			if running.Err() == nil {
				say("failed", err.Error())
			}
		})
		fetches.EachRecord(func(record *kgo.Record) {
			place := record.Topic + "-" + strconv.Itoa(int(record.Partition))
			say("record", place, strconv.FormatInt(record.Offset, 10), string(record.Value))
		})
		if fetches.NumRecords() > 0 {
			if err := client.CommitUncommittedOffsets(context.Background()); err != nil {
				say("refused", err.Error())
			}
		}
		client.AllowRebalance()
	}
	client.Close()
	say("closed")
}
