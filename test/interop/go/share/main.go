// Share is a member of a share group with franz-go, by the arguments and lines of ../../java/ShareDriver.java:
//
//	share BOOTSTRAP consume GROUP TOPIC NAME=VALUE...
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

var statuses = map[string]kgo.AckStatus{
	"accept": kgo.AckAccept, "release": kgo.AckRelease, "reject": kgo.AckReject, "renew": kgo.AckRenew,
}

func main() {
	var places []string
	named := map[string]string{"plan": "accept", "count": "2147483647", "idle": "8000", "die": "false"}
	for _, argument := range os.Args[1:] {
		if name, value, found := strings.Cut(argument, "="); found {
			named[name] = value
		} else {
			places = append(places, argument)
		}
	}
	plan := strings.Split(named["plan"], ",")
	wanted, _ := strconv.Atoi(named["count"])
	idleMs, _ := strconv.Atoi(named["idle"])
	options := []kgo.Opt{
		kgo.SeedBrokers(places[0]),
		kgo.ShareGroup(places[2]),
		kgo.ConsumeTopics(places[3]),
		kgo.FetchMaxWait(500 * time.Millisecond),
		kgo.ShareAckCallback(func(_ *kgo.Client, results kgo.ShareAckResults) {
			if err := results.Error(); err != nil {
				fmt.Printf("failed\t0\t%v\n", err)
			}
		}),
	}
	if most, found := named["max.poll.records"]; found {
		count, _ := strconv.Atoi(most)
		options = append(options, kgo.ShareMaxRecords(int32(count)))
	}
	if named["share.acquire.mode"] == "record_limit" {
		options = append(options, kgo.ShareMaxRecordsStrict())
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		fmt.Println("failed\t0\t" + err.Error())
		os.Exit(1)
	}
	done := 0
	last := time.Now()
	for done < wanted && time.Since(last) < time.Duration(idleMs)*time.Millisecond {
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		fetches := client.PollFetches(ctx)
		cancel()
		held := false
		fetches.EachRecord(func(record *kgo.Record) {
			last = time.Now()
			delivery := int(record.DeliveryCount())
			fmt.Printf("record\t%d\t%d\t%d\t%s\n", record.Partition, record.Offset, delivery, record.Value)
			what := plan[min(max(delivery, 1), len(plan))-1]
			if what == "hold" {
				held = true
				return
			}
			record.Ack(statuses[what])
			if what == "accept" || what == "reject" {
				done++
			}
		})
		if held && named["die"] == "true" {
			os.Exit(0)
		}
		if !fetches.Empty() {
			_ = client.FlushAcks(context.Background())
		}
	}
	client.Close()
	fmt.Printf("done\t%d\n", done)
}
