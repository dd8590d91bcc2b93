//! What the classes are derived from, nearest first: their pages in Microsoft's references, and the classes of Server 2019
//! as Microsoft's own bindings (`microsoft/wmi`) have them.

const MANAGED: &str = "CIM_ManagedElement";
const SYSTEM_ELEMENT: &str = "CIM_ManagedSystemElement";
const LOGICAL: &str = "CIM_LogicalElement";
const ENABLED: &str = "CIM_EnabledLogicalElement";
const SETTING: &str = "CIM_SettingData";

const SETTING_DATA: &[&str] = &[SETTING, MANAGED];
const SYSTEM_SETTING_DATA: &[&str] = &["CIM_VirtualSystemSettingData", SETTING, MANAGED];
const RESOURCE_SETTING_DATA: &[&str] = &["CIM_ResourceAllocationSettingData", SETTING, MANAGED];

/// The classes that a class is derived from. Those of `root\cimv2` know no class above `CIM_ManagedSystemElement`.
pub(super) fn of(class: &str) -> &'static [&'static str] {
    match class {
        "Win32_ComputerSystem" => {
            &["CIM_UnitaryComputerSystem", "CIM_ComputerSystem", "CIM_System", LOGICAL, SYSTEM_ELEMENT]
        }
        "Win32_ComputerSystemProduct" => &["CIM_Product"],
        "Win32_OperatingSystem" => &["CIM_OperatingSystem", LOGICAL, SYSTEM_ELEMENT],
        "Win32_Processor" => &["CIM_Processor", "CIM_LogicalDevice", LOGICAL, SYSTEM_ELEMENT],
        "CIM_DataFile" => &["CIM_LogicalFile", LOGICAL, SYSTEM_ELEMENT],
        "Win32_QuickFixEngineering" => &[LOGICAL, SYSTEM_ELEMENT],
        "Win32_Service" => &["Win32_BaseService", "CIM_Service", LOGICAL, SYSTEM_ELEMENT],
        "Msvm_ComputerSystem" => &["CIM_ComputerSystem", "CIM_System", ENABLED, LOGICAL, SYSTEM_ELEMENT, MANAGED],
        "Msvm_ConcreteJob" => &["CIM_ConcreteJob", "CIM_Job", LOGICAL, SYSTEM_ELEMENT, MANAGED],
        "Msvm_ReplicationService" => &["CIM_Service", ENABLED, LOGICAL, SYSTEM_ELEMENT, MANAGED],
        "Msvm_VirtualSystemManagementService" => {
            &["CIM_VirtualSystemManagementService", "CIM_Service", ENABLED, LOGICAL, SYSTEM_ELEMENT, MANAGED]
        }
        "Msvm_ReplicationRelationship" | "Msvm_ReplicationProvider" => &[SYSTEM_ELEMENT, MANAGED],
        "Msvm_SummaryInformation" => &["Msvm_SummaryInformationBase", "CIM_View", MANAGED],
        "Msvm_ReplicationServiceSettingData" | "Msvm_ReplicationAuthorizationSettingData" => SETTING_DATA,
        "Msvm_ReplicationSettingData" | "Msvm_VirtualSystemSettingData" => SYSTEM_SETTING_DATA,
        "Msvm_ProcessorSettingData" | "Msvm_MemorySettingData" => RESOURCE_SETTING_DATA,
        "Msvm_SystemReplicationRelationship" | "Msvm_ReplicaSystemDependency" => &["CIM_Dependency"],
        "Msvm_ElementSettingData" => &["CIM_ElementSettingData"],
        "Msvm_SettingsDefineState" => &["CIM_SettingsDefineState"],
        "Msvm_VirtualSystemSettingDataComponent" => &["CIM_VirtualSystemSettingDataComponent", "CIM_Component"],
        "Msvm_AffectedJobElement" => &["CIM_AffectedJobElement"],
        _ => &[],
    }
}
