package diagram

import "strings"

// A sample is written in lines: "== NAME" begins a group, "ID SHAPE LINE|LINE" is
// a node, and "FROM > TO,TO: LABEL" are edges.
func parse(title, text string) *Graph {
	kinds := map[string]Shape{"P": Protected, "O": Open, "U": Uncertain, "X": Outside}
	g := &Graph{Title: title, Groups: []Group{{}}}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "=="); ok {
			g.Groups = append(g.Groups, Group{Name: strings.TrimSpace(name)})
			continue
		}
		if from, rest, ok := strings.Cut(line, " > "); ok {
			targets, label, _ := strings.Cut(rest, ": ")
			for to := range strings.SplitSeq(targets, ",") {
				g.Edges = append(g.Edges, Edge{from, to, label, Unmarked})
			}
			continue
		}
		if fields := strings.SplitN(line, " ", 3); len(fields) == 3 {
			last := &g.Groups[len(g.Groups)-1]
			last.Nodes = append(last.Nodes, Node{fields[0], strings.Split(fields[2], "|"), kinds[fields[1]]})
		}
	}
	return g
}

func samples() map[string]*Graph {
	return map[string]*Graph{
		"shop": parse("overlays/prod", `
			any X any address
			kube X other pods of kube-system
			== shop
			frontend P frontend
			cart P cartservice
			redis P redis-cart
			catalog P productcatalogservice
			currency P currencyservice
			payment P paymentservice
			shipping P shippingservice
			email P emailservice
			checkout P checkoutservice
			recommend P recommendationservice
			ads O adservice
			load P loadgenerator
			== monitoring
			prom P prometheus
			grafana U grafana
			any > frontend: TCP 8080
			load > frontend: TCP 8080
			frontend > cart: TCP 7070
			frontend > catalog: TCP 3550
			frontend > currency: TCP 7000
			frontend > shipping: TCP 50051
			frontend > checkout: TCP 5050
			frontend > recommend: TCP 8080
			frontend > ads: TCP 9555
			recommend > catalog: TCP 3550
			checkout > cart: TCP 7070
			checkout > catalog: TCP 3550
			checkout > currency: TCP 7000
			checkout > payment: TCP 50051
			checkout > shipping: TCP 50051
			checkout > email: TCP 8080
			cart > redis: TCP 6379
			payment > any: TCP 443
			any > ads: all
			prom > frontend,cart,checkout: TCP 9090
			prom > ads: all
			grafana > prom: TCP 9090
			any > grafana: TCP 3000
			frontend > kube: TCP 53; UDP 53
			checkout > kube: TCP 53; UDP 53`),
		"platform": parse("clusters/prod: three namespaces and a platform", `
			any X any address
			net X 10.0.0.0/8
			other X any pod except api, worker, ingress-nginx-controller
			== ingress-nginx
			nginx P ingress-nginx-controller
			webhook P ingress-nginx-admission
			== team-a
			web P web
			api P api
			worker P worker|scheduler|mailer
			dba P postgresql
			mq U rabbitmq
			== team-b
			bweb P storefront
			bapi P orders-api|inventory-api|pricing-api
			dbb O mysql-primary
			repl O mysql-replica
			cache P memcached
			== kube-system
			dns P coredns
			sys X other pods of kube-system
			any > nginx: TCP 80,443
			net > webhook: TCP 8443
			nginx > web,bweb: TCP 8080
			web > api: TCP 8080
			api > dba: TCP 5432
			worker > dba: TCP 5432
			api > mq: TCP 5672
			mq > worker: TCP 5672
			worker > any: TCP 443; TCP 587
			bweb > bapi: TCP 8080
			bapi > dbb: all
			bapi > cache: TCP 11211
			dbb > repl: TCP 3306
			repl > dbb: TCP 3306
			other > dbb,repl: all
			api > bapi: TCP 8080
			nginx > dns: UDP 53
			web > dns: UDP 53
			api > dns: UDP 53
			worker > dns: UDP 53
			bweb > dns: UDP 53
			bapi > dns: UDP 53
			dns > net: TCP 53; UDP 53
			sys > dns: all`),
		"monitoring": parse("kube-prometheus", `
			any X any address
			kubelet X 10.250.0.0/16
			shop X any pod of shop
			== monitoring
			am P alertmanager-main
			bb P blackbox-exporter
			gr P grafana
			ksm P kube-state-metrics
			ne U node-exporter
			ad P prometheus-adapter
			pr P prometheus-k8s
			op P prometheus-operator
			== kube-system
			dns O coredns
			any > gr: TCP 3000
			any > ad: all
			any > ne: all
			any > dns: TCP 53,9153; UDP 53
			pr > am: TCP 9093,8080
			am > am: TCP 9094; UDP 9094
			pr > bb: TCP 9115,19115
			pr > gr: TCP 3000
			pr > ksm: TCP 8443,9443
			pr > ne: all
			pr > ad: all
			pr > op: TCP 8443
			pr > dns: all
			pr > pr: TCP 9090
			ad > pr: TCP 9090
			gr > pr: TCP 9090
			pr > kubelet: TCP 10250
			pr > shop: TCP 1-65535
			am > any: all
			gr > any: all
			op > any: all
			ksm > any: all`),
		"open": parse("everything is open", `
			any X any address
			pods X any pod
			== default
			all O web|api|worker|redis|postgres|rabbitmq|mailhog|cron
			== payments
			pay O payment-gateway|ledger
			vault P vault
			any > all,pay: all
			all > any: all
			pay > any: all
			pods > all,pay: all
			all > pods: all
			pay > pods: all
			all > pay: all
			pay > all: all
			all > all: all
			pay > pay: all
			pay > vault: TCP 8200`),
	}
}
