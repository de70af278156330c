package traffic

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAddresses(t *testing.T) {
	tests := []struct {
		value string
		want  []string
	}{
		{"redis:6379", []string{"redis:6379/TCP"}},
		{"http://api", []string{"http api:80/TCP"}},
		{"https://api.shop.svc.cluster.local:8443/v1?x=y", []string{"https api.shop.svc.cluster.local:8443/TCP"}},
		{"amqp://user:pass@rabbit:5672/vhost", []string{"amqp rabbit:5672/TCP"}},
		{"mongodb://a:1,b:2/db?replicaSet=rs", []string{"mongodb a:1/TCP", "mongodb b:2/TCP"}},
		{"jdbc:postgresql://db:5432/app", []string{"postgresql db:5432/TCP"}},
		{"jdbc:sqlserver://sql:1433;databaseName=x", []string{"sqlserver sql:1433/TCP"}},
		{"user:pass@tcp(mysql:3306)/db", []string{"mysql:3306/TCP"}},
		{"Server=sql,1433;Database=x;User Id=sa", []string{"dsn sql:1433/TCP"}},
		{"host=db port=5432 dbname=x", []string{"dsn db:5432/TCP"}},
		{"kafka-0.kafka:9092,kafka-1.kafka:9092", []string{"kafka-0.kafka:9092/TCP", "kafka-1.kafka:9092/TCP"}},
		{"dnssrvnoa+_memcached._tcp.chunks.loki.svc", []string{"chunks.loki.svc:memcached/TCP"}},
		{"udp://statsd:8125", []string{"udp statsd:8125/UDP"}},
		{"--upstream=http://api:8080 --listen=:80", []string{"http api:8080/TCP"}},
		{"nc -z db 5432; curl http://api:80/health", []string{"db:5432/TCP", "http api:80/TCP"}},
		{"until (echo > /dev/tcp/db/5432); do sleep 1; done", []string{"db:5432/TCP"}},
		{"postgres", []string{"postgres alone"}},
		{":8080", nil},
		{"0.0.0.0:8080", []string{"0.0.0.0:8080/TCP"}}, // resolves to nothing
		{"12:30", nil},
		{"example.com/app:99999", nil},
		{"s3://bucket/key", nil},
		{"file:///etc/config", nil},
		{"a sentence, with words: and more", nil},
	}
	for _, test := range tests {
		t.Run(test.value, func(t *testing.T) {
			var got []string
			for _, a := range addresses(test.value) {
				text := fmt.Sprintf("%s:%d/%s", a.host, a.port, a.protocol)
				switch {
				case a.bare:
					text = a.host + " alone"
				case a.portName != "":
					text = fmt.Sprintf("%s:%s/%s", a.host, a.portName, a.protocol)
				}
				if a.scheme != "" {
					text = a.scheme + " " + text
				}
				got = append(got, text)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestExpand(t *testing.T) {
	known := map[string]string{"A": "api", "B": "80"}
	for value, want := range map[string]string{
		"http://$(A):$(B)": "http://api:80", "$$(A)": "$(A)", "$(C)": "$(C)", "$A": "$A", "$": "$", "$(A": "$(A", "": "",
	} {
		if got := expand(value, known); got != want {
			t.Errorf("%q: got %q, want %q", value, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	for key, want := range map[string]string{
		"REDIS_ADDR": "[redis addr]", "redisAddr": "[redis addr]", "--redis-addr": "[redis addr]", "DBHost": "[db host]", "eventBusURL": "[event bus url]",
	} {
		if got := fmt.Sprint(words(key)); got != want {
			t.Errorf("%q: got %s, want %s", key, got, want)
		}
	}
}

func TestShown(t *testing.T) {
	for value, want := range map[string]string{
		"amqp://user:secret@rabbit:5672":                "amqp://…@rabbit:5672",
		"user:secret@tcp(mysql:3306)":                   "…@tcp(mysql:3306)",
		"http://api:80":                                 "http://api:80",
		"Host=db;Username=u;Password=secret;Database=d": "Host=db;Username=u;Password=…;Database=d",
		"https://api/v1?token=secret&page=2":            "https://api/v1?token=…&page=2",
		`{"host": "db", "password": "secret"}`:          `{"host": "db", "password": "…"}`,
		"--url=http://api --api-key secret":             "--url=http://api --api-key …",
	} {
		if got := shown(value); got != want {
			t.Errorf("%q: got %q, want %q", value, got, want)
		}
	}
}
