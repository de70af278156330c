package netpol

import "net/netip"

// arena hands out zero values from blocks, which costs a fraction of asking for
// each alone. A block lives as long as one of its values is in use, so an arena is
// for what is kept together.
type arena[T any] struct {
	free  []T
	block int // length of the last block
}

// The lengths of blocks, which double: an arena of which little is asked is small.
const (
	firstBlock = 4
	lastBlock  = 256
)

// take returns n values in a row, nil for none.
func (a *arena[T]) take(n int) []T {
	if n == 0 {
		return nil
	}
	if n > len(a.free) {
		a.block = min(max(2*a.block, firstBlock), lastBlock)
		a.free = make([]T, max(n, a.block))
	}
	taken := a.free[:n:n]
	a.free = a.free[n:]
	return taken
}

func (a *arena[T]) put(value T) *T {
	place := &a.take(1)[0]
	*place = value
	return place
}

// arenas make what policies, services and workloads are decoded to.
type arenas struct {
	policies     arena[Policy]
	rules        arena[Rule]
	ruleLists    arena[*Rule]
	peers        arena[RulePeer]
	peerLists    arena[*RulePeer]
	ports        arena[RulePort]
	portLists    arena[*RulePort]
	selectors    arena[Selector]
	requirements arena[Requirement]
	values       arena[string]
	blocks       arena[Block]
	prefixes     arena[netip.Prefix]

	workloads      arena[Workload]
	containerPorts arena[Port]
	services       arena[Service]
	servicePorts   arena[ServicePort]
}
