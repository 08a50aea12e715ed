package scl

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// foreign lists every file of the shared test data: where its errors are (line:col), how many warnings it has, and how
// many attributes each server has, "-" for one that is refused. Every refused place was looked at in the file.
var foreign = []struct {
	file, edition string
	parse         string // where it is refused already
	warnings      int
	errors        string
	servers       string
}{
	{
		file: "compas-sct/scd_create_dataset_and_controlblocks_success.xml", edition: "2007B4", warnings: 10,
		servers: "IED_NAME1/AP_NAME:22 IED_NAME2/AP_NAME:50 IED_NAME3/AP_NAME:21",
	},
	{
		// data set members without lnClass, of nodes or of data objects that are not there
		file: "compas-sct/scd_monitoring_lsvs_lgos.xml", edition: "2007B4", warnings: 16,
		errors:  "62:29 65:29 66:29 77:29 80:29 81:29 84:29 86:29 95:29",
		servers: "IED_NAME1/AP_NAME:4 IED_NAME2/AP_NAME:-",
	},
	{
		file: "compas-sct/ssd.xml", edition: "2007B4", warnings: 0,
	},
	{
		file: "compas-sct/std_1.xml", edition: "2007B4", warnings: 1,
		servers: "IED4d4fe1a8cda64cf88a5ee4176a1a0eef/PROCESS_AP:44",
	},
	{
		// broken on purpose: a DO without type, a DO without name, two BDA without name
		file: "compas-validator/example-with-xsd-validation-errors.scd", edition: "2007B4", warnings: 3,
		errors:  "37:13 43:13 66:13 75:13",
		servers: "IED_NAME/AP_NAME:-",
	},
	{
		file: "compas-validator/scl-1.scd", edition: "2007B", warnings: 0,
	},
	{
		file: "iec61850-inputs/simpleIO_inputs.cid", edition: "2007A", warnings: 9,
		servers: "IED1_XCBR/accessPoint1:200 IED2_PTOC/accessPoint2:145 IED3_SMV/accessPoint3:119",
	},
	{
		// has a DOType without attributes
		file: "iec61850bean/iec61850bean-sample01.icd", edition: "2003", warnings: 6,
		servers: "ied1/accessPoint1:396",
	},
	{
		file: "iec61850bean/testModel2.icd", edition: "2003", warnings: 9,
		servers: "IEDBiogas/accessPoint1:3638",
	},
	{
		// an address for an IED that is not there
		file: "openscd/DataBindingSMV2007B4.scd", edition: "2007B4", warnings: 4,
		errors:  "51:4",
		servers: "SMV_Subscriber1/AP1:190 SMV_Subscriber2/AP1:190 SMV_Publisher/AP1:606",
	},
	{
		file: "openscd/LaterBindingSMV2003.scd", edition: "2003", warnings: 0,
		servers: "SMV_Subscriber/AP1:190 SMV_Publisher/AP1:606",
	},
	{
		// values for pulseConfig, which the type has not; a missing LNodeType; a missing DAType
		file: "openscd/MessageBindingGOOSE2007B4.scd", edition: "2007B4", warnings: 12,
		errors:  "144:8 226:6 390:8 682:4",
		servers: "IED1/P1:- IED2/P1:- IED3/P1:370 IED4/P1:-",
	},
	{
		// the same, and a data set of a logical device MU01 that is not there
		file: "openscd/MessageBindingSMV2007B4.scd", edition: "2007B4", warnings: 40,
		errors:  "162:8 244:6 381:8 382:8 383:8 384:8 385:8 386:8 387:8 388:8 389:8 390:8 391:8 392:8 393:8 394:8 395:8 396:8 441:8 741:4",
		servers: "IED1/P1:- IED2/P1:- IED3/P1:370 IED4/P1:-",
	},
	{
		// data sets of logical devices that are not there
		file: "openscd/Services.scd", edition: "2007B4", warnings: 0,
		errors:  "55:8 56:8 179:8 180:8",
		servers: "WithOut_Services/AP1:190 WithServices/AP1:- WithServices2/AP1:- SMV_Publisher/AP1:606",
	},
	{
		// a GSE without MAC-Address, values for pulseConfig, a data set member OpSlc that is not there
		file: "openscd/gsecontrol.scd", edition: "2007B4", warnings: 6,
		errors:  "32:5 135:8 221:8",
		servers: "IED1/P1:- IED2/P1:- IED3/P1:370 IED4/P1:370",
	},
	{
		// broken on purpose: a Substation without name
		file: "openscd/invalid2007B.scd", edition: "2007B", warnings: 0,
		errors: "8:2",
	},
	{
		file: "openscd/missingCommunication.scd", edition: "2007B4", warnings: 1,
		servers: "IED1/P1:328 IED2/P1:320 IED3/P1:42",
	},
	// broken on purpose: no XML
	{file: "openscd/parsererror.iid", parse: "1:1"},
	{
		// addresses of control blocks that are not there, a GSE without MAC-Address, the data set member OpSlc
		file: "openscd/sampledvaluecontrol.scd", edition: "2007B4", warnings: 4,
		errors:  "23:8 33:8 33:8 175:11",
		servers: "IED1/P1:240 IED2/P1:- IED3/P1:370 IED4/P1:370",
	},
	{
		// a Struct without type, an Enum whose type is a DAType; name="zeroDbRef " is valid, for xs:Name collapses it
		file: "openscd/sclbasics.scd", edition: "2007B4", warnings: 1,
		errors:  "393:7 462:7",
		servers: "testIED/AP1:449",
	},
	{
		file: "openscd/settingGroups.scd", edition: "2007B4", warnings: 0,
		servers: "IED1/AP1:126",
	},
	{
		// no DataTypeTemplates, and an address for an access point that is not there
		file: "openscd/template.icd", edition: "2007B4", warnings: 1,
		errors:  "2:1 6:13 43:6",
		servers: "TEMPLATE/P1:-",
	},
	{
		// as sclbasics.scd
		file: "openscd/templates.scd", edition: "2007B4", warnings: 1,
		errors: "382:7 451:7",
	},
	{
		// no DataTypeTemplates
		file: "openscd/updatedescABB.scd", edition: "2007B4", warnings: 2,
		errors:  "2:1 14:6 15:6 21:6 55:6 56:6",
		servers: "IED1/P1:- IED2/P1:-",
	},
	{
		// no DataTypeTemplates
		file: "openscd/updatedescSEL.scd", edition: "2007B4", warnings: 0,
		errors:  "2:1 14:6 15:6 44:6 50:6",
		servers: "IED1/P1:- IED2/P1:-",
	},
	{
		// addresses for an access point AP2 that is not there; the IEDs are good
		file: "openscd/valid-addresses.scd", edition: "2007B4", warnings: 8,
		errors:  "68:4 117:4",
		servers: "B2/AP1:8 B1/AP1:435 B3/AP1:8",
	},
	{
		// values for attributes that the types have not, and ten missing types
		file: "openscd/valid.iid", edition: "2007B4", warnings: 1,
		errors:  "93:29 97:25 199:13 201:13 202:13 238:13 239:13 240:13 242:13 243:13 263:13 358:13 365:13",
		servers: "TestImportIED/E:-",
	},
	{
		// EnumType Beh is missing and well known
		file: "openscd/valid2003.scd", edition: "2003", warnings: 3,
		servers: "IED1/P1:328 IED2/P1:320 IED3/P1:42",
	},
	{
		file: "openscd/valid2007B.scd", edition: "2007B", warnings: 2,
		servers: "IED1/P1:377 IED2/P1:329 IED3/P1:42",
	},
	{
		// values for pulseConfig, a missing LNodeType
		file: "openscd/valid2007B4.scd", edition: "2007B4", warnings: 4,
		errors:  "164:8 255:6",
		servers: "IED1/P1:- IED2/P1:- IED3/P1:370",
	},
	{
		file: "oscd-sel/SEL_SV_and_GOOSE.scd", edition: "2007B4", warnings: 3,
		servers: "SEL_SEL_487E_5S_001/S1:18897 SEL_SEL_487E_5S_001/P1:18897 SEL_SEL_487E_5S_001/E1:18897 NRR_PCS221S_001/S1:35993",
	},
	{
		file: "oscd-siemens/SV_and_GOOSE.scd", edition: "2007B4", warnings: 3,
		servers: "SIEMENS_7UT85_001/F:16205 SIEMENS_6MU85_001/F:6840",
	},
	{
		// an address for an IED that is not there, data sets of nodes that are not there, LGOS3 twice
		file: "oscd-supervision/supervisions.scd", edition: "2007B4", warnings: 7,
		errors:  "38:4 111:8 112:8 113:8 114:8 117:8 118:8 119:8 120:8 127:8 128:8 129:8 130:8 135:8 136:8 137:8 138:8 487:6",
		servers: "SMV_Publisher/AP1:- GOOSE_Subscriber/AP1:236 GOOSE_Subscriber1/AP1:636 GOOSE_Subscriber2/AP1:455 GOOSE_Subscriber3/AP1:636 GOOSE_Subscriber4/AP1:- GOOSE_Subscriber5/AP1:457 GOOSE_Subscriber6/AP1:456 GOOSE_Subscriber7/AP1:456 GOOSE_Publisher/AP1:472 GOOSE_Publisher2/AP1:472",
	},
	{
		// cut out of a larger file: addresses of other IEDs; values for pulseConfig
		file: "scl-lib/multipleieds.scd", edition: "2007B4", warnings: 15,
		errors:  "36:4 63:4 86:5 157:8",
		servers: "IED3/P1:- IED4/P1:320 IED5/P1:370",
	},
	{
		// values for attributes that the types have not, ServerAt with name in place of apName
		file: "scl-lib/validWithMultiSubnets.iid", edition: "2007B4", warnings: 3,
		errors:  "208:8 236:7 238:7 240:8 249:8 276:7 278:7 280:8 293:8 298:8 306:7 308:7 310:8 334:4 338:4 342:4",
		servers: "TestImportIED/AP1:-",
	},
	{
		// a SampledValueControl without smpRate and nofASDU, which the schema demands
		file: "studio/goose_sv.scd", edition: "2003", warnings: 3,
		errors:  "40:13 40:13",
		servers: "IED1/AP1:1",
	},
	{
		file: "studio/interleaved.icd", edition: "2003", warnings: 8,
		servers: "IEDX/AP1:5",
	},
	{
		file: "studio/simple.icd", edition: "2003", warnings: 7,
		servers: "IED1/AP1:63",
	},
	{
		file: "virtual-substation/ln_breaker.icd", edition: "2003", warnings: 9,
		servers: "simpleIObrk/accessPoint1:20",
	},
	{
		file: "virtual-substation/ln_ied.icd", edition: "2003", warnings: 16,
		servers: "simpleIO/accessPoint1:38",
	},
}

func TestForeignFiles(t *testing.T) {
	for _, tt := range foreign {
		t.Run(tt.file, func(t *testing.T) {
			data, err := os.ReadFile(shared(t, tt.file))
			if err != nil {
				t.Fatal(err)
			}
			f, err := Parse(tt.file, data, Limits{})
			var p *Problem
			if errors.As(err, &p) {
				if got := fmt.Sprintf("%d:%d", p.Line, p.Col); got != tt.parse || p.Hint == "" {
					t.Errorf("refused at %s: %v; want %s", got, p, tt.parse)
				}
				return
			}
			if err != nil || tt.parse != "" {
				t.Fatalf("parse: %v, want a problem at %q", err, tt.parse)
			}
			if got := f.Edition.String(); got != tt.edition {
				t.Errorf("edition %s, want %s", got, tt.edition)
			}
			compareProblems(t, Check(f), tt.errors, tt.warnings)
			if diff := cmp.Diff(strings.Fields(tt.servers), servers(f)); diff != "" {
				t.Errorf("servers: %s", diff)
			}
		})
	}
}

func compareProblems(t *testing.T, ps Problems, want string, warnings int) {
	t.Helper()
	var got []string
	for _, p := range ps.Errors() {
		got = append(got, fmt.Sprintf("%d:%d", p.Line, p.Col))
	}
	if diff := cmp.Diff(strings.Fields(want), got); diff != "" && len(want)+len(got) > 0 {
		t.Errorf("errors: %s", diff)
	}
	if n := len(ps) - len(got); n != warnings {
		t.Errorf("%d warnings, want %d", n, warnings)
	}
	for _, p := range ps {
		if p.Msg == "" || p.Hint == "" || p.Line == 0 || p.Path == "" {
			t.Errorf("incomplete: %+v", p)
		}
	}
}

// servers compiles every server of a file and counts its attributes.
func servers(f *File) []string {
	list := []string{}
	for _, i := range f.IEDs() {
		for _, a := range i.AccessPoints {
			srv, err := f.Server(i.Name, a.Name)
			switch {
			case err == nil:
				list = append(list, fmt.Sprintf("%s/%s:%d", i.Name, a.Name, len(srv.Initial)))
			case a.HasServer():
				list = append(list, fmt.Sprintf("%s/%s:-", i.Name, a.Name))
			}
		}
	}
	return list
}

// TestForeignFilesAreAllListed fails when a file of the shared test data is not in the table.
func TestForeignFilesAreAllListed(t *testing.T) {
	root := shared(t, ".")
	listed := make(map[string]bool)
	for _, tt := range foreign {
		listed[tt.file] = true
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if !listed[filepath.ToSlash(rel)] {
			t.Errorf("%s is not in the table", rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
