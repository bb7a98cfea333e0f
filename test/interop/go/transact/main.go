// Transact reads records as a member of a group, and writes each to another topic in one transaction with the
// group's offsets, by franz-go's GroupTransactSession. Every third transaction is aborted and done again.
// test/interop/clients/transacting.ts describes the request, which is its one argument as JSON.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

type request struct {
	Bootstrap string `json:"bootstrap"`
	Input     string `json:"input"`
	Output    string `json:"output"`
	Group     string `json:"group"`
	ID        string `json:"id"`
	Count     int    `json:"count"`
	TimeoutMs int    `json:"timeoutMs"`
	// SessionMs is the group's session timeout; PauseMs is how long each transaction stays open at least.
	SessionMs int `json:"sessionMs"`
	PauseMs   int `json:"pauseMs"`
}

func main() {
	var ask request
	if len(os.Args) != 2 {
		die(fmt.Errorf("one argument is needed: a request as JSON"))
	}
	if err := json.Unmarshal([]byte(os.Args[1]), &ask); err != nil {
		die(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(ask.TimeoutMs)*time.Millisecond)
	defer cancel()
	options := []kgo.Opt{
		kgo.SeedBrokers(ask.Bootstrap),
		kgo.TransactionalID(ask.ID),
		kgo.ConsumerGroup(ask.Group),
		kgo.ConsumeTopics(ask.Input),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.RequireStableFetchOffsets(),
		kgo.DefaultProduceTopic(ask.Output),
	}
	if ask.SessionMs > 0 {
		session := time.Duration(ask.SessionMs) * time.Millisecond
		options = append(options, kgo.SessionTimeout(session), kgo.HeartbeatInterval(session/5), kgo.RebalanceTimeout(session))
	}
	session, err := kgo.NewGroupTransactSession(options...)
	if err != nil {
		die(err)
	}
	defer session.Close()
	done, commits, aborts := 0, 0, 0
	for turn := 1; ask.Count == 0 || done < ask.Count; turn++ {
		fetches := session.PollRecords(ctx, 10)
		if err := fetches.Err(); err != nil {
			die(err)
		}
		if err := session.Begin(); err != nil {
			die(err)
		}
		count := 0
		promise := kgo.AbortingFirstErrPromise(session.Client())
		fetches.EachRecord(func(record *kgo.Record) {
			count++
			session.Produce(ctx, kgo.KeyStringRecord(string(record.Key), "out:"+string(record.Value)), promise.Promise())
		})
		time.Sleep(time.Duration(ask.PauseMs) * time.Millisecond)
		commit := kgo.TransactionEndTry(promise.Err() == nil && turn%3 != 0)
		committed, err := session.End(ctx, commit)
		if err != nil {
			die(err)
		}
		if committed {
			done += count
			commits++
		} else {
			aborts++
		}
	}
	answer, _ := json.Marshal(map[string]int{"commits": commits, "aborts": aborts})
	fmt.Println(string(answer))
}

func die(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
