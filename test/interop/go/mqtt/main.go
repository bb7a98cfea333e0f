// Mqtt drives the two Go clients of Eclipse Paho for the interop tests: paho.mqtt.golang at MQTT 3.1.1 and paho.golang
// at 5. One JSON object as its argument says how to connect; clients/mqtt-session.ts describes what goes on standard
// input and output.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
	mqtt "github.com/eclipse/paho.mqtt.golang"
)

const timeout = 25 * time.Second

type properties struct {
	ContentType     string      `json:"contentType"`
	ResponseTopic   string      `json:"responseTopic"`
	CorrelationData string      `json:"correlationData"`
	UserProperties  [][2]string `json:"userProperties"`
}

type message struct {
	Topic      string      `json:"topic"`
	Payload    string      `json:"payload"`
	QoS        byte        `json:"qos"`
	Retain     bool        `json:"retain"`
	Properties *properties `json:"properties,omitempty"`
}

type certificates struct {
	CA   string `json:"ca"`
	Cert string `json:"cert"`
	Key  string `json:"key"`
}

type options struct {
	Version  string        `json:"version"`
	Host     string        `json:"host"`
	Port     int           `json:"port"`
	ClientID string        `json:"clientId"`
	Durable  bool          `json:"durable"`
	Will     *message      `json:"will"`
	TLS      *certificates `json:"tls"`
	User     string        `json:"user"`
	Password string        `json:"password"`
}

type request struct {
	ID     int    `json:"id"`
	Do     string `json:"do"`
	Filter string `json:"filter"`
	QoS    byte   `json:"qos"`
	message
}

type session interface {
	subscribe(filter string, qos byte) error
	publish(sent message) error
	disconnect() error
}

var printing sync.Mutex

func main() {
	var ask options
	if len(os.Args) != 2 {
		die(errors.New("one argument is needed: how to connect, as JSON"))
	}
	if err := json.Unmarshal([]byte(os.Args[1]), &ask); err != nil {
		die(err)
	}
	open := map[string]func(options) (session, bool, error){"3.1.1": open3, "5": open5}[ask.Version]
	if open == nil {
		die(fmt.Errorf("unknown version %q", ask.Version))
	}
	opened, present, err := open(ask)
	if err != nil {
		die(err)
	}
	say(map[string]any{"connected": map[string]bool{"sessionPresent": present}})
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var asked request
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			die(err)
		}
		if err := handle(opened, asked); err != nil {
			say(map[string]any{"failed": asked.ID, "error": err.Error()})
			continue
		}
		say(map[string]int{"done": asked.ID})
		if asked.Do == "disconnect" {
			return
		}
	}
}

func handle(opened session, asked request) error {
	switch asked.Do {
	case "subscribe":
		return opened.subscribe(asked.Filter, asked.QoS)
	case "publish":
		sent := asked.message
		sent.QoS = asked.QoS
		return opened.publish(sent)
	case "disconnect":
		return opened.disconnect()
	}
	return fmt.Errorf("unknown request %q", asked.Do)
}

type session3 struct{ client mqtt.Client }

func open3(ask options) (session, bool, error) {
	scheme := "tcp"
	set := mqtt.NewClientOptions().SetProtocolVersion(4).SetClientID(ask.ClientID).SetCleanSession(!ask.Durable)
	if ask.TLS != nil {
		scheme = "ssl"
		config, err := ask.TLS.config(ask.Host)
		if err != nil {
			return nil, false, err
		}
		set.SetTLSConfig(config)
	}
	set.AddBroker(fmt.Sprintf("%s://%s:%d", scheme, ask.Host, ask.Port)).SetAutoReconnect(false)
	set.SetUsername(ask.User).SetPassword(ask.Password)
	if will := ask.Will; will != nil {
		set.SetWill(will.Topic, will.Payload, will.QoS, will.Retain)
	}
	set.SetDefaultPublishHandler(func(_ mqtt.Client, got mqtt.Message) {
		say(map[string]any{"message": message{
			Topic: got.Topic(), Payload: string(got.Payload()), QoS: got.Qos(), Retain: got.Retained(),
		}})
	})
	client := mqtt.NewClient(set)
	token := client.Connect()
	if err := wait(token); err != nil {
		return nil, false, err
	}
	return session3{client}, token.(*mqtt.ConnectToken).SessionPresent(), nil
}

func (s session3) subscribe(filter string, qos byte) error {
	token := s.client.Subscribe(filter, qos, nil)
	if err := wait(token); err != nil {
		return err
	}
	for _, code := range token.(*mqtt.SubscribeToken).Result() {
		if code >= 0x80 {
			return fmt.Errorf("refused with 0x%x", code)
		}
	}
	return nil
}

func (s session3) publish(sent message) error {
	return wait(s.client.Publish(sent.Topic, sent.QoS, sent.Retain, sent.Payload))
}

func (s session3) disconnect() error {
	s.client.Disconnect(250)
	return nil
}

func wait(token mqtt.Token) error {
	if !token.WaitTimeout(timeout) {
		return errors.New("no answer in time")
	}
	return token.Error()
}

type session5 struct{ client *paho.Client }

func open5(ask options) (session, bool, error) {
	var conn net.Conn
	var err error
	address := net.JoinHostPort(ask.Host, strconv.Itoa(ask.Port))
	if ask.TLS == nil {
		conn, err = net.Dial("tcp", address)
	} else {
		var config *tls.Config
		if config, err = ask.TLS.config(ask.Host); err == nil {
			conn, err = tls.Dial("tcp", address, config)
		}
	}
	if err != nil {
		return nil, false, err
	}
	// The client writes a packet in pieces, and acknowledges from another goroutine meanwhile: over TLS they would mix.
	conn = packets.NewThreadSafeConn(conn)
	client := paho.NewClient(paho.ClientConfig{
		Conn: conn,
		OnPublishReceived: []func(paho.PublishReceived) (bool, error){func(got paho.PublishReceived) (bool, error) {
			say(map[string]any{"message": received(got.Packet)})
			return true, nil
		}},
	})
	connect := &paho.Connect{ClientID: ask.ClientID, CleanStart: !ask.Durable, KeepAlive: 30}
	if ask.Durable {
		expirySec := uint32(300)
		connect.Properties = &paho.ConnectProperties{SessionExpiryInterval: &expirySec}
	}
	if ask.User != "" {
		connect.UsernameFlag, connect.Username = true, ask.User
		connect.PasswordFlag, connect.Password = true, []byte(ask.Password)
	}
	if will := ask.Will; will != nil {
		connect.WillMessage = &paho.WillMessage{
			Topic: will.Topic, Payload: []byte(will.Payload), QoS: will.QoS, Retain: will.Retain,
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	answer, err := client.Connect(ctx, connect)
	if err != nil {
		return nil, false, err
	}
	return session5{client}, answer.SessionPresent, nil
}

func (s session5) subscribe(filter string, qos byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	_, err := s.client.Subscribe(ctx, &paho.Subscribe{
		Subscriptions: []paho.SubscribeOptions{{Topic: filter, QoS: qos}},
	})
	return err
}

func (s session5) publish(sent message) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	packet := &paho.Publish{Topic: sent.Topic, Payload: []byte(sent.Payload), QoS: sent.QoS, Retain: sent.Retain}
	if given := sent.Properties; given != nil {
		packet.Properties = &paho.PublishProperties{
			ContentType: given.ContentType, ResponseTopic: given.ResponseTopic,
			CorrelationData: []byte(given.CorrelationData),
		}
		for _, pair := range given.UserProperties {
			packet.Properties.User.Add(pair[0], pair[1])
		}
	}
	_, err := s.client.Publish(ctx, packet)
	return err
}

func (s session5) disconnect() error {
	return s.client.Disconnect(&paho.Disconnect{})
}

func received(got *paho.Publish) message {
	said := message{Topic: got.Topic, Payload: string(got.Payload), QoS: got.QoS, Retain: got.Retain}
	if given := got.Properties; given != nil && len(given.User) > 0 {
		said.Properties = &properties{
			ContentType: given.ContentType, ResponseTopic: given.ResponseTopic,
			CorrelationData: string(given.CorrelationData),
		}
		for _, pair := range given.User {
			said.Properties.UserProperties = append(said.Properties.UserProperties, [2]string{pair.Key, pair.Value})
		}
	} else if given != nil && given.ResponseTopic != "" {
		said.Properties = &properties{
			ResponseTopic: given.ResponseTopic, CorrelationData: string(given.CorrelationData),
			UserProperties: [][2]string{},
		}
	}
	return said
}

func (c *certificates) config(host string) (*tls.Config, error) {
	authority, err := os.ReadFile(c.CA)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: host}
	if !config.RootCAs.AppendCertsFromPEM(authority) {
		return nil, errors.New("no certificate of an authority")
	}
	if c.Cert == "" {
		return config, nil
	}
	own, err := tls.LoadX509KeyPair(c.Cert, c.Key)
	config.Certificates = []tls.Certificate{own}
	return config, err
}

func say(value any) {
	line, err := json.Marshal(value)
	if err != nil {
		die(err)
	}
	printing.Lock()
	defer printing.Unlock()
	fmt.Println(string(line))
}

func die(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
