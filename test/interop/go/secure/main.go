// Secure drives franz-go over TLS and SASL: one JSON request as its argument, whose records it writes and reads again,
// printing each value on a line of standard output.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

type request struct {
	Bootstrap   string   `json:"bootstrap"`
	Topic       string   `json:"topic"`
	Values      []string `json:"values"`
	Mechanism   string   `json:"mechanism"`
	User        string   `json:"user"`
	Password    string   `json:"password"`
	Authority   string   `json:"authority"`
	Certificate string   `json:"certificate"`
	Key         string   `json:"key"`
	PauseMs     int      `json:"pauseMs"`
}

func main() {
	var ask request
	fail(json.Unmarshal([]byte(os.Args[1]), &ask))
	options := []kgo.Opt{
		kgo.SeedBrokers(ask.Bootstrap),
		kgo.DefaultProduceTopic(ask.Topic),
		kgo.ConsumeTopics(ask.Topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.AllowAutoTopicCreation(),
	}
	switch ask.Mechanism {
	case "PLAIN":
		options = append(options, kgo.SASL(plain.Auth{User: ask.User, Pass: ask.Password}.AsMechanism()))
	case "SCRAM-SHA-256":
		options = append(options, kgo.SASL(scram.Auth{User: ask.User, Pass: ask.Password}.AsSha256Mechanism()))
	case "SCRAM-SHA-512":
		options = append(options, kgo.SASL(scram.Auth{User: ask.User, Pass: ask.Password}.AsSha512Mechanism()))
	case "OAUTHBEARER":
		options = append(options, kgo.SASL(oauth.Auth{Token: ask.Password}.AsMechanism()))
	}
	if ask.Authority != "" {
		text, err := os.ReadFile(ask.Authority)
		fail(err)
		config := &tls.Config{RootCAs: x509.NewCertPool()}
		config.RootCAs.AppendCertsFromPEM(text)
		if ask.Certificate != "" {
			pair, err := tls.LoadX509KeyPair(ask.Certificate, ask.Key)
			fail(err)
			config.Certificates = []tls.Certificate{pair}
		}
		options = append(options, kgo.DialTLSConfig(config))
	}
	client, err := kgo.NewClient(options...)
	fail(err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	fail(client.Ping(ctx))
	for _, value := range ask.Values {
		fail(client.ProduceSync(ctx, &kgo.Record{Value: []byte(value)}).FirstErr())
		time.Sleep(time.Duration(ask.PauseMs) * time.Millisecond)
	}
	for read := 0; read < len(ask.Values); {
		fetches := client.PollFetches(ctx)
		fail(fetches.Err())
		fetches.EachRecord(func(record *kgo.Record) {
			fmt.Println(string(record.Value))
			read++
		})
	}
}

func fail(err error) {
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
