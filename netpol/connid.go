package netpol

import "encoding/binary"

// connID stands for a set of connections. Equal sets have the same id.
type connID uint32

const (
	noConn  connID = 0
	allConn connID = 1
)

// conns gives ids to sets and remembers what is computed of them.
type conns struct {
	sets   []ConnSet
	ids    map[string]connID
	single map[uint64]connID    // of rules with one port, by protocol and range
	memo   [3]map[uint64]connID // by operation
	key    []byte
}

func newConns() *conns {
	c := &conns{ids: map[string]connID{}, single: map[uint64]connID{}}
	for op := range c.memo {
		c.memo[op] = map[uint64]connID{}
	}
	c.id(ConnSet{})
	c.id(All())
	return c
}

// id returns the id of a set.
func (c *conns) id(s ConnSet) connID {
	c.key = c.key[:0]
	for i, ranges := range s.ports {
		for _, r := range ranges {
			c.key = append(c.key, byte(i))
			c.key = binary.LittleEndian.AppendUint16(c.key, uint16(r.lo))
			c.key = binary.LittleEndian.AppendUint16(c.key, uint16(r.hi))
		}
	}
	id, known := c.ids[string(c.key)]
	if !known {
		id = connID(len(c.sets))
		c.sets = append(c.sets, s)
		c.ids[string(c.key)] = id
	}
	return id
}

// ports is id of the ports of a rule, given those of the destination.
func (c *conns) ports(r *Rule, destination []Port) connID {
	if len(r.Ports) != 1 {
		return c.id(r.On(destination))
	}
	p := r.Ports[0].among(destination)
	if p.Name != "" {
		return c.id(p.On(destination))
	}
	key := uint64(p.Protocol.slot()+1)<<32 | uint64(p.First)<<16 | uint64(p.Last)
	id, known := c.single[key]
	if !known {
		id = c.id(p.On(nil))
		c.single[key] = id
	}
	return id
}

// among returns an item without its name where it names just one of some ports.
func (p *RulePort) among(ports []Port) RulePort {
	if p.Name == "" {
		return *p
	}
	numbered := *p
	for _, port := range ports {
		if !p.names(port) {
			continue
		}
		if numbered.Name == "" { // it names more
			return *p
		}
		numbered = RulePort{Protocol: port.Protocol, First: port.Number, Last: port.Number}
	}
	return numbered
}

func (c *conns) set(id connID) ConnSet { return c.sets[id] }

func (c *conns) do(op operation, a, b connID) connID {
	key := uint64(a)<<32 | uint64(b)
	result, known := c.memo[op][key]
	if !known {
		s, t := c.sets[a], c.sets[b]
		switch op {
		case union:
			s = s.Union(t)
		case intersection:
			s = s.Intersect(t)
		default:
			s = s.Subtract(t)
		}
		result = c.id(s)
		c.memo[op][key] = result
	}
	return result
}
