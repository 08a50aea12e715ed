package model

import "fmt"

// Service is a service of the ACSI by the number that service tracking has for it, IEC 61850-7-2 (serviceType,
// ServiceNameKind). The numbers are those in the SCL files of two manufacturers' devices: one gives all of them, the other
// SelectActiveSG, SetBRCBValues, SetURCBValues, SelectWithValue to CommandTermination and InternalChange. The others are
// confirmed by one source only.
type Service int8

// The services.
const (
	ServiceUnknown Service = iota
	ServiceAssociate
	ServiceAbort
	ServiceRelease
	ServiceGetServerDirectory
	ServiceGetLogicalDeviceDirectory
	ServiceGetAllDataValues
	ServiceGetDataValues
	ServiceSetDataValues
	ServiceGetDataDirectory
	ServiceGetDataDefinition
	ServiceGetDataSetValues
	ServiceSetDataSetValues
	ServiceCreateDataSet
	ServiceDeleteDataSet
	ServiceGetDataSetDirectory
	ServiceSelectActiveSG
	ServiceSelectEditSG
	ServiceSetEditSGValue
	ServiceConfirmEditSGValues
	ServiceGetEditSGValue
	ServiceGetSGCBValues
	ServiceReport
	ServiceGetBRCBValues
	ServiceSetBRCBValues
	ServiceGetURCBValues
	ServiceSetURCBValues
	ServiceGetLCBValues
	ServiceSetLCBValues
	ServiceQueryLogByTime
	ServiceQueryLogAfter
	ServiceGetLogStatusValues
	ServiceSendGOOSEMessage
	ServiceGetGoCBValues
	ServiceSetGoCBValues
	ServiceGetGoReference
	ServiceGetGOOSEElementNumber
	ServiceSendMSVMessage
	ServiceGetMSVCBValues
	ServiceSetMSVCBValues
	ServiceSendUSVMessage
	ServiceGetUSVCBValues
	ServiceSetUSVCBValues
	ServiceSelect
	ServiceSelectWithValue
	ServiceCancel
	ServiceOperate
	ServiceCommandTermination
	ServiceTimeActivatedOperate
	ServiceGetFile
	ServiceSetFile
	ServiceDeleteFile
	ServiceGetFileAttributeValues
	ServiceTimeSynchronization
	ServiceInternalChange
	ServiceGetLogicalNodeDirectory
	numService
)

var serviceNames = [numService]string{
	"Unknown", "Associate", "Abort", "Release", "GetServerDirectory", "GetLogicalDeviceDirectory", "GetAllDataValues",
	"GetDataValues", "SetDataValues", "GetDataDirectory", "GetDataDefinition", "GetDataSetValues", "SetDataSetValues",
	"CreateDataSet", "DeleteDataSet", "GetDataSetDirectory", "SelectActiveSG", "SelectEditSG", "SetEditSGValue",
	"ConfirmEditSGValues", "GetEditSGValue", "GetSGCBValues", "Report", "GetBRCBValues", "SetBRCBValues",
	"GetURCBValues", "SetURCBValues", "GetLCBValues", "SetLCBValues", "QueryLogByTime", "QueryLogAfter",
	"GetLogStatusValues", "SendGOOSEMessage", "GetGoCBValues", "SetGoCBValues", "GetGoReference",
	"GetGOOSEElementNumber", "SendMSVMessage", "GetMSVCBValues", "SetMSVCBValues", "SendUSVMessage", "GetUSVCBValues",
	"SetUSVCBValues", "Select", "SelectWithValue", "Cancel", "Operate", "CommandTermination", "TimeActivatedOperate",
	"GetFile", "SetFile", "DeleteFile", "GetFileAttributeValues", "TimeSynchronization", "InternalChange",
	"GetLogicalNodeDirectory",
}

// String gives the name of IEC 61850-7-2.
func (s Service) String() string {
	if s >= 0 && s < numService {
		return serviceNames[s]
	}
	return fmt.Sprintf("Service(%d)", int8(s))
}

// ServiceError is what an ACSI service answers, IEC 61850-7-2 5.3.3 (ServiceError); errorCode of service tracking.
type ServiceError int8

// The service errors.
const (
	ErrorNone ServiceError = iota
	ErrorInstanceNotAvailable
	ErrorInstanceInUse
	ErrorAccessViolation
	ErrorAccessNotAllowedInCurrentState
	ErrorParameterValueInappropriate
	ErrorParameterValueInconsistent
	ErrorClassNotSupported
	ErrorInstanceLockedByOtherClient
	ErrorControlMustBeSelected
	ErrorTypeConflict
	ErrorFailedDueToCommunicationsConstraint
	ErrorFailedDueToServerConstraint
	numServiceError
)

var serviceErrorNames = [numServiceError]string{
	"no-error", "instance-not-available", "instance-in-use", "access-violation",
	"access-not-allowed-in-current-state", "parameter-value-inappropriate", "parameter-value-inconsistent",
	"class-not-supported", "instance-locked-by-other-client", "control-must-be-selected", "type-conflict",
	"failed-due-to-communications-constraint", "failed-due-to-server-constraint",
}

// String gives the name of IEC 61850-7-2.
func (e ServiceError) String() string {
	if e >= 0 && e < numServiceError {
		return serviceErrorNames[e]
	}
	return fmt.Sprintf("ServiceError(%d)", int8(e))
}
