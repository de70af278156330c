package analyzer

// Model is the document that rules read: the facts of one environment, joined so
// that a rule needs neither selectors nor reachability. rules/schema.json
// describes every field. There are no nulls and no absent fields, because a rule
// that reads one finds nothing, in silence.
//
// An id stands for a place (see places): a rule answers with it.
type Model struct {
	Environment environmentFact `json:"environment"`
	Gaps        []gapFact       `json:"gaps"`
	Namespaces  []namespaceFact `json:"namespaces"`
	Workloads   []workloadFact  `json:"workloads"`
	Policies    []policyFact    `json:"policies"`
	Services    []serviceFact   `json:"services"`
	Blocked     []blockedFact   `json:"blocked"`
	Dangling    []danglingFact  `json:"dangling"`

	OtherPolicies  []titleFact    `json:"other_policies"`
	NotEvaluated   []gapFact      `json:"not_evaluated"`
	Contradictions []selectorFact `json:"contradictions"`
	Unstable       []selectorFact `json:"unstable"`

	MetadataBlocks   []metadataFact  `json:"metadata_blocks"`
	CancelledExcepts []cancelledFact `json:"cancelled_excepts"`
	HiddenSources    []hiddenFact    `json:"hidden_sources"`
	PodBlocks        []podBlockFact  `json:"pod_blocks"`
	Surplus          []surplusFact   `json:"surplus"`

	RedundantPolicies []redundantFact `json:"redundant_policies"`
	ShadowedRules     []redundantFact `json:"shadowed_rules"`
	UnrelatedPeers    []unrelatedFact `json:"unrelated_peers"`
}

type environmentFact struct {
	Name     string `json:"name"`
	Complete bool   `json:"complete"`
	CNI      string `json:"cni"`
	Enforces bool   `json:"enforces"`
}

type gapFact struct {
	ID     int    `json:"id"`
	Code   string `json:"code"`
	Reason string `json:"reason"`
	Target string `json:"target"`
}

// titleFact is how messages call an object.
type titleFact struct {
	ID    int    `json:"id"`
	Title string `json:"title"`
}

// sides holds something of both directions.
type sides[T any] struct {
	Ingress T `json:"ingress"`
	Egress  T `json:"egress"`
}

// placeFact is a place that a rule may relate to a finding.
type placeFact struct {
	Object int   `json:"object"`
	Path   []any `json:"path"`
}

// selectorFact is a requirement of a selector.
type selectorFact struct {
	placeFact
	Selector string `json:"selector"`
	Key      string `json:"key"`
}

// metadataFact is a block of egress that holds an address of a metadata service.
type metadataFact struct {
	placeFact
	CIDR    string `json:"cidr"`
	Address string `json:"address"`
	Ports   string `json:"ports"`
}

// cancelledFact is what a block excepts and other rules allow.
type cancelledFact struct {
	placeFact
	Except string      `json:"except"`
	By     []placeFact `json:"by"`
}

// hiddenFact is a block of clients whose addresses pods do not see.
type hiddenFact struct {
	placeFact
	CIDR         string `json:"cidr"`
	Service      int    `json:"service"`
	ServicePath  []any  `json:"service_path"`
	ServiceTitle string `json:"service_title"`
}

// podBlockFact is a block that stands for pods.
type podBlockFact struct {
	placeFact
	CIDR       string `json:"cidr"`
	Configured bool   `json:"configured"`
}

// surplusFact is an ingress rule that admits everybody on ports that nobody needs.
type surplusFact struct {
	placeFact
	Ports     string `json:"ports"`
	Workloads []int  `json:"workloads"`
}

// redundantFact is a policy or a rule that others hold.
type redundantFact struct {
	placeFact
	By []placeFact `json:"by"`
}

// unrelatedFact is a peer that matches more than calls are known of.
type unrelatedFact struct {
	placeFact
	Title     string `json:"title"`
	Unrelated []int  `json:"unrelated"`
}

// rewrittenFact is a label that a kustomization added to a peer.
type rewrittenFact struct {
	Path      []any  `json:"path"`
	Label     string `json:"label"`
	Written   string `json:"written"`
	Workloads []int  `json:"workloads"`
}

// elsewhereFact are workloads of another namespace.
type elsewhereFact struct {
	Namespace string `json:"namespace"`
	Workloads []int  `json:"workloads"`
}

type namespaceFact struct {
	ID          int         `json:"id"`
	Title       string      `json:"title"`
	Declared    bool        `json:"declared"`
	Private     bool        `json:"private"`
	Shared      bool        `json:"shared"`
	Uncertain   bool        `json:"uncertain"`
	Workloads   []int       `json:"workloads"`
	DefaultDeny sides[bool] `json:"default_deny"`
}

type workloadFact struct {
	ID              int         `json:"id"`
	Title           string      `json:"title"`
	Daemon          bool        `json:"daemon"`
	HelmTest        bool        `json:"helm_test"`
	HostNetwork     bool        `json:"host_network"`
	HostNetworkPath []any       `json:"host_network_path"`
	MatchedBy       []int       `json:"matched_by"`
	DataStore       string      `json:"data_store"`
	StoreOpen       bool        `json:"store_open"`
	StorePort       string      `json:"store_port"`
	StoreOpenBy     []placeFact `json:"store_open_by"`
	ClusterDNS      bool        `json:"cluster_dns"`
	Uncertain       bool        `json:"uncertain"`
	Operated        bool        `json:"operated"`
	Callers         int         `json:"callers"`
	Callees         int         `json:"callees"`
	ExposedBy       []placeFact `json:"exposed_by"`
	Ingress         ingressFact `json:"ingress"`
	Egress          egressFact  `json:"egress"`
}

type ingressFact struct {
	Policies []int       `json:"policies"`
	Isolated bool        `json:"isolated"`
	Open     bool        `json:"open"`
	OpenBy   []placeFact `json:"open_by"`
}

type egressFact struct {
	Policies []int      `json:"policies"`
	Isolated bool       `json:"isolated"`
	Open     bool       `json:"open"`
	Calls    []callFact `json:"calls"`
	DNS      dnsFact    `json:"dns"`
}

type callFact struct {
	placeFact
	ByName bool `json:"by_name"`
}

type dnsFact struct {
	UDP   bool        `json:"udp"`
	TCP   bool        `json:"tcp"`
	UDPBy []placeFact `json:"udp_by"`
}

type policyFact struct {
	ID                 int             `json:"id"`
	Title              string          `json:"title"`
	Private            bool            `json:"private"`
	Selector           string          `json:"selector"`
	SelectsAll         bool            `json:"selects_all"`
	Unlabelled         bool            `json:"unlabelled"`
	Selected           []int           `json:"selected"`
	OnHostNetwork      []int           `json:"on_host_network"`
	NamespaceWorkloads int             `json:"namespace_workloads"`
	ControllerLabels   bool            `json:"controller_labels"`
	OperatorPods       string          `json:"operator_pods"`
	TypesWritten       bool            `json:"types_written"`
	Types              sides[bool]     `json:"types"`
	Sections           sides[bool]     `json:"sections"`
	Explained          bool            `json:"explained"`
	Notable            bool            `json:"notable"`
	NameSays           string          `json:"name_says"`
	Contradictory      bool            `json:"contradictory"`
	Elsewhere          []elsewhereFact `json:"elsewhere"`
	Rules              []ruleFact      `json:"rules"`
}

type ruleFact struct {
	Direction    string            `json:"direction"`
	Path         []any             `json:"path"`
	Effective    bool              `json:"effective"`
	AllowsAll    bool              `json:"allows_all"`
	Ports        string            `json:"ports"`
	OnlyDNS      bool              `json:"only_dns"`
	OnlyHTTPS    bool              `json:"only_https"`
	DNSAnywhere  bool              `json:"dns_anywhere"`
	Published    bool              `json:"published"`
	WideBlocks   []blockFact       `json:"wide_blocks"`
	MissingNames []missingNameFact `json:"missing_names"`
	ServicePorts []servicePortFact `json:"service_ports"`
	Splits       []splitFact       `json:"splits"`
	Peers        []peerFact        `json:"peers"`
}

type blockFact struct {
	Path []any  `json:"path"`
	CIDR string `json:"cidr"`
}

type missingNameFact struct {
	Path      []any  `json:"path"`
	Name      string `json:"name"`
	Protocol  string `json:"protocol"`
	Workloads []int  `json:"workloads"`
}

type servicePortFact struct {
	Path         []any  `json:"path"`
	Port         int    `json:"port"`
	Target       int    `json:"target"`
	Protocol     string `json:"protocol"`
	Workload     int    `json:"workload"`
	Service      int    `json:"service"`
	ServicePath  []any  `json:"service_path"`
	ServiceTitle string `json:"service_title"`
}

type splitFact struct {
	Path              []any  `json:"path"`
	Other             []any  `json:"other"`
	NamespaceSelector string `json:"namespace_selector"`
	PodSelector       string `json:"pod_selector"`
	Together          []int  `json:"together"`
	Own               []int  `json:"own"`
	CoversOwn         bool   `json:"covers_own"`
}

type peerFact struct {
	Path              []any              `json:"path"`
	Title             string             `json:"title"`
	SelectsPods       bool               `json:"selects_pods"`
	SelectsNamespaces bool               `json:"selects_namespaces"`
	AllPods           bool               `json:"all_pods"`
	Unlabelled        bool               `json:"unlabelled"`
	Matches           []int              `json:"matches"`
	Candidates        int                `json:"candidates"`
	UnknownNamespaces bool               `json:"unknown_namespaces"`
	ControllerLabels  bool               `json:"controller_labels"`
	OperatorPods      string             `json:"operator_pods"`
	MissingLabels     []missingLabelFact `json:"missing_labels"`
	Contradictory     bool               `json:"contradictory"`
	Elsewhere         []elsewhereFact    `json:"elsewhere"`
	Rewritten         []rewrittenFact    `json:"rewritten"`
}

type missingLabelFact struct {
	Namespace string      `json:"namespace"`
	Key       string      `json:"key"`
	Value     string      `json:"value"`
	Path      []any       `json:"path"`
	Declared  bool        `json:"declared"`
	At        []placeFact `json:"at"`
}

type serviceFact struct {
	ID                 int                 `json:"id"`
	Title              string              `json:"title"`
	Private            bool                `json:"private"`
	Selector           string              `json:"selector"`
	Backends           []int               `json:"backends"`
	Nearly             []int               `json:"nearly"`
	Akin               []int               `json:"akin"`
	NamespaceWorkloads int                 `json:"namespace_workloads"`
	ControllerLabels   bool                `json:"controller_labels"`
	OperatorPods       string              `json:"operator_pods"`
	MissingTargets     []missingTargetFact `json:"missing_targets"`
}

type missingTargetFact struct {
	Path     []any  `json:"path"`
	Port     int    `json:"port"`
	Name     string `json:"name"`
	Protocol string `json:"protocol"`
}

type blockedFact struct {
	ID         int          `json:"id"`
	Kind       string       `json:"kind"`
	From       string       `json:"from"`
	To         string       `json:"to"`
	Port       string       `json:"port"`
	Outside    bool         `json:"outside"`
	Confidence string       `json:"confidence"`
	Denials    []denialFact `json:"denials"`
}

type denialFact struct {
	Direction string            `json:"direction"`
	By        []policyPlaceFact `json:"by"`
}

type policyPlaceFact struct {
	placeFact
	Title string `json:"title"`
}

type danglingFact struct {
	ID    int    `json:"id"`
	Name  string `json:"name"`
	From  string `json:"from"`
	Owned bool   `json:"owned"`
}
