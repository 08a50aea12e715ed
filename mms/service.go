package mms

import "github.com/gridward/gridward/model"

// Scope says where an ObjectName lives.
type Scope uint8

// The scopes, in the order of the CHOICE.
const (
	VMDSpecific Scope = iota
	DomainSpecific
	AASpecific
)

// ObjectName names a variable, variable list or journal, ISO 9506-2 7.5.2. Comparable.
type ObjectName struct {
	Scope  Scope
	Domain string // of DomainSpecific
	Item   string
}

// InDomain makes a domain-specific name.
func InDomain(domain, item string) ObjectName {
	return ObjectName{Scope: DomainSpecific, Domain: domain, Item: item}
}

// String gives "domain/item", "@item" for association scope, "/item" for VMD scope.
func (n ObjectName) String() string {
	switch n.Scope {
	case DomainSpecific:
		return n.Domain + "/" + n.Item
	case AASpecific:
		return "@" + n.Item
	}
	return "/" + n.Item
}

// ObjectClass is the class of getNameList, basicObjectClass.
type ObjectClass uint8

// The classes that IEC 61850-8-1 uses.
const (
	ClassNamedVariable     ObjectClass = 0
	ClassNamedVariableList ObjectClass = 2
	ClassJournal           ObjectClass = 8
	ClassDomain            ObjectClass = 9
)

// A VariableSpec is one item of listOfVariable: a name and perhaps an alternate access.
type VariableSpec struct {
	Name      ObjectName
	Type      *TypeSpec // of a variableDescription or a bare specification; nil for the usual name
	Unnamed   bool      // not a plain name: address, variableDescription, scatteredAccess, invalidated; Raw keeps it
	Alternate []AlternateAccess
	Raw       []byte // BER of an Unnamed specification, for writing back
}

// AlternateAccess selects a part of a variable: a component by name, or elements by index, possibly nested.
type AlternateAccess struct {
	Component string // "" when Index counts
	HasIndex  bool
	Index     uint32            // first element
	Count     uint32            // 0: one element (index); otherwise indexRange numberOfElements
	AllElems  bool              // allElements
	Named     string            // componentName of a named alternate access, "" usually
	Nested    []AlternateAccess // further selection inside
}

// VariableAccess is variableAccessSpecification: either a list of variables or the name of a variable list.
type VariableAccess struct {
	List      []VariableSpec
	ListName  ObjectName
	NamedList bool // ListName counts
}

// DataAccessError, ISO 9506-2 7.4.3.
type DataAccessError uint8

// The data access errors.
const (
	ObjectInvalidated DataAccessError = iota
	HardwareFault
	TemporarilyUnavailable
	ObjectAccessDenied
	ObjectUndefined
	InvalidAddress
	TypeUnsupported
	TypeInconsistent
	ObjectAttributeInconsistent
	ObjectAccessUnsupported
	ObjectNonExistent
	ObjectValueInvalid
)

var dataAccessErrors = [...]string{
	"object-invalidated", "hardware-fault", "temporarily-unavailable", "object-access-denied", "object-undefined",
	"invalid-address", "type-unsupported", "type-inconsistent", "object-attribute-inconsistent",
	"object-access-unsupported", "object-non-existent", "object-value-invalid",
}

func (e DataAccessError) String() string {
	if int(e) < len(dataAccessErrors) {
		return dataAccessErrors[e]
	}
	return "unknown"
}

// Error makes a DataAccessError an error, for clients.
func (e DataAccessError) Error() string { return "mms: data access: " + e.String() }

// An AccessResult is a value or the reason why there is none.
type AccessResult struct {
	Failed bool
	Error  DataAccessError
	Value  model.Value
}

// A WriteResult is success or the reason why not.
type WriteResult struct {
	Failed bool
	Error  DataAccessError
}

// The services, requests and responses, ISO 9506-2 clauses 8 to 16.
type (
	Status         struct{ Extended bool }
	StatusResponse struct {
		Logical, Physical uint8
		LocalDetail       model.Value // bit string or none
	}
	Identify         struct{}
	IdentifyResponse struct {
		Vendor, Model, Revision string
		AbstractSyntaxes        []string // OIDs, dotted
	}
	GetNameList struct {
		Class         ObjectClass
		Scope         Scope
		Domain        string // of DomainSpecific
		ContinueAfter string
	}
	GetNameListResponse struct {
		Names       []string
		MoreFollows bool
	}
	Read struct {
		SpecificationWithResult bool
		Access                  VariableAccess
	}
	ReadResponse struct {
		Access  *VariableAccess // only when asked for
		Results []AccessResult
	}
	Write struct {
		Access VariableAccess
		Data   []model.Value
	}
	WriteResponse               struct{ Results []WriteResult }
	GetVariableAccessAttributes struct {
		Name    ObjectName
		Address []byte // BER content of an address instead of a name, for writing back
	}
	GetVariableAccessAttributesResponse struct {
		Deletable bool
		Type      TypeSpec
		Address   []byte // optional address, BER content
	}
	DefineNamedVariableList struct {
		Name ObjectName
		List []VariableSpec
	}
	DefineNamedVariableListResponse        struct{}
	GetNamedVariableListAttributes         struct{ Name ObjectName }
	GetNamedVariableListAttributesResponse struct {
		Deletable bool
		List      []VariableSpec
	}
	DeleteNamedVariableList struct {
		Scope     DeleteScope
		Names     []ObjectName
		Domain    string
		HasDomain bool
	}
	DeleteNamedVariableListResponse struct{ Matched, Deleted uint32 }
	InformationReport               struct {
		Access  VariableAccess
		Results []AccessResult
	}
	// Raw is a service that this package does not know, or a known one with a component that the structures above do
	// not represent (csObjectClass, a float of another width, an access control list): its BER tag and content octets,
	// written back unchanged. It has no XER form.
	Raw struct {
		Class       uint8 // 2: context
		Constructed bool
		Number      uint32
		Content     []byte
	}
)

// DeleteScope is scopeOfDelete of deleteNamedVariableList.
type DeleteScope uint8

// The scopes of delete.
const (
	DeleteSpecific DeleteScope = iota
	DeleteAASpecific
	DeleteDomain
	DeleteVMD
)

func (*Status) service()                                 {}
func (*StatusResponse) service()                         {}
func (*Identify) service()                               {}
func (*IdentifyResponse) service()                       {}
func (*GetNameList) service()                            {}
func (*GetNameListResponse) service()                    {}
func (*Read) service()                                   {}
func (*ReadResponse) service()                           {}
func (*Write) service()                                  {}
func (*WriteResponse) service()                          {}
func (*GetVariableAccessAttributes) service()            {}
func (*GetVariableAccessAttributesResponse) service()    {}
func (*DefineNamedVariableList) service()                {}
func (*DefineNamedVariableListResponse) service()        {}
func (*GetNamedVariableListAttributes) service()         {}
func (*GetNamedVariableListAttributesResponse) service() {}
func (*DeleteNamedVariableList) service()                {}
func (*DeleteNamedVariableListResponse) service()        {}
func (*InformationReport) service()                      {}
func (*Raw) service()                                    {}

// A TypeSpec is a TypeSpecification / TypeDescription, ISO 9506-2 7.6. Size is what the alternative carries: number of
// bits, octets or elements, negative for a maximum.
type TypeSpec struct {
	Kind       model.Kind
	Size       int         // integers, bit and octet strings, strings; 1: date of a binary time
	Exponent   int         // of a floating point: 8 or 11; Size is its format width 32 or 64
	Packed     bool        // of arrays and structures
	Count      uint32      // of arrays
	Elem       *TypeSpec   // of arrays
	Components []Component // of structures
	TypeName   *ObjectName // typeName alternative of TypeSpecification; nil otherwise
}

// A Component of a structure.
type Component struct {
	Name string
	Type TypeSpec
}
