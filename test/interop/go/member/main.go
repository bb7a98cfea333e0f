// Member is a member of a group with franz-go: one JSON request as its argument, what it is given and what it reads
// as JSON lines; SIGTERM ends it, after it has committed. test/interop/clients/member.ts describes the request.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"sort"
	"sync"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

type request struct {
	Bootstrap        string  `json:"bootstrap"`
	Group            string  `json:"group"`
	Topic            string  `json:"topic"`
	Name             string  `json:"name"`
	Instance         *string `json:"instance"`
	Strategy         string  `json:"strategy"`
	SessionTimeoutMs int     `json:"sessionTimeoutMs"`
	HeartbeatMs      int     `json:"heartbeatMs"`
}

var lines sync.Mutex

func say(value any) {
	lines.Lock()
	defer lines.Unlock()
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(text))
}

func main() {
	var ask request
	if err := json.Unmarshal([]byte(os.Args[1]), &ask); err != nil {
		panic(err)
	}
	balancer := kgo.RangeBalancer()
	if ask.Strategy == "cooperative-sticky" {
		balancer = kgo.CooperativeStickyBalancer()
	}
	var guard sync.Mutex
	has := map[int32]bool{}
	lose := func(_ context.Context, _ *kgo.Client, lost map[string][]int32) {
		guard.Lock()
		defer guard.Unlock()
		for _, partition := range lost[ask.Topic] {
			delete(has, partition)
		}
	}
	options := []kgo.Opt{
		kgo.SeedBrokers(ask.Bootstrap),
		kgo.ClientID(ask.Name),
		kgo.ConsumerGroup(ask.Group),
		kgo.ConsumeTopics(ask.Topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.Balancers(balancer),
		kgo.SessionTimeout(time.Duration(ask.SessionTimeoutMs) * time.Millisecond),
		kgo.HeartbeatInterval(time.Duration(ask.HeartbeatMs) * time.Millisecond),
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(),
		kgo.OnPartitionsRevoked(lose),
		kgo.OnPartitionsLost(lose),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, added map[string][]int32) {
			guard.Lock()
			defer guard.Unlock()
			for _, partition := range added[ask.Topic] {
				has[partition] = true
			}
			all := []int32{}
			for partition := range has {
				all = append(all, partition)
			}
			sort.Slice(all, func(i, j int) bool { return all[i] < all[j] })
			say(map[string]any{"assigned": all})
		}),
	}
	if ask.Instance != nil {
		options = append(options, kgo.InstanceID(*ask.Instance))
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		panic(err)
	}
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	for stop.Err() == nil {
		fetches := client.PollFetches(stop)
		fetches.EachRecord(func(record *kgo.Record) {
			say(map[string]any{"partition": record.Partition, "offset": record.Offset, "value": string(record.Value)})
		})
		if fetches.NumRecords() > 0 {
			// One that fails is of partitions that somebody else has now.
			_ = client.CommitUncommittedOffsets(context.Background())
		}
		client.AllowRebalance()
	}
	client.Close()
}
