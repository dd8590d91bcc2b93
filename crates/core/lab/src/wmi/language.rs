//! The words of a host in its language: captions, descriptions and the texts of states, never numbers, names or keys. Of the
//! Japanese ones those of VMs, of the host's own row and of a finished job were recorded (r4sd/go-wsman,
//! `hyperv/testdata/recorded_*`), and that a VM's Description and the host's "OK" stay English; the others are our own, since
//! a client may match none of them.

use cim::{Row, Value};

use crate::spec::Language;

/// The properties that are in a host's language.
const LOCALIZED: [&str; 7] = [
    "Caption",
    "Description",
    "DisplayName",
    "ErrorDescription",
    "ErrorSummaryDescription",
    "JobStatus",
    "StatusDescriptions",
];

const JAPANESE: &[(&str, &str)] = &[
    ("A logical processor of the hypervisor running on the host computer system.", "ハイパーバイザーの論理プロセッサ"),
    ("Active settings for the virtual machine", "仮想マシンの現在の設定"),
    ("Describes the default settings for the memory resources.", "メモリ リソースの既定の設定"),
    ("Hosting Computer System", "ホスト コンピューター システム"),
    ("Hyper-V Replica Service", "Hyper-V レプリカ サービス"),
    ("Hyper-V Virtual Machine Management", "Hyper-V 仮想マシン管理"),
    ("Job is completed", "ジョブは完了しました"),
    ("Job is running", "ジョブを実行しています"),
    ("Memory Default Settings", "メモリの既定の設定"),
    ("Microsoft Hosting Computer System", "Microsoft ホスト コンピューター システム"),
    ("Operating normally", "正常稼働中"),
    ("Processor", "プロセッサ"),
    ("Replication Authorization Settings", "レプリケーションの承認設定"),
    ("Replication Provider", "レプリケーション プロバイダー"),
    ("Replication Relationship", "レプリケーションの関係"),
    ("Replication Service", "レプリケーション サービス"),
    ("Replication Service Settings", "レプリケーション サービスの設定"),
    ("Replication Settings", "レプリケーションの設定"),
    ("Replication state change", "レプリケーションの状態の変更"),
    ("Resynchronizing", "再同期"),
    ("Service for creating, manipulating, and managing virtual machines", "仮想マシンを管理するサービス"),
    ("The operation failed.", "操作に失敗しました。"),
    ("The service is running normally", "サービスは正常に実行されています"),
    ("Virtual Machine", "仮想マシン"),
    ("Virtual Machine Replication Authorization Settings Data", "仮想マシンのレプリケーションの承認設定データ"),
    ("Virtual Machine Replication Relationship", "仮想マシンのレプリケーションの関係"),
    ("Virtual Machine Replication Service Settings Data", "仮想マシンのレプリケーション サービスの設定データ"),
    ("Virtual Machine Replication Settings Data", "仮想マシンのレプリケーションの設定データ"),
    ("Virtual Machine Settings", "仮想マシンの設定"),
    ("Virtual System Management Service", "仮想システム管理サービス"),
    (
        "Virtual machine replication provider to Hyper-V host",
        "Hyper-V ホストへの仮想マシンのレプリケーション プロバイダー",
    ),
];

/// Puts the words of instances into a language.
pub(super) fn translate(language: Language, rows: &mut [Row]) {
    let words = match language {
        Language::English => return,
        Language::Japanese => JAPANESE,
    };
    for row in rows {
        for name in LOCALIZED {
            if let Some(value) = translated(words, row.properties.value(name)) {
                row.properties.set(name, value);
            }
        }
    }
}

fn translated(words: &[(&str, &str)], value: &Value) -> Option<Value> {
    if let Value::List(items) = value {
        let each = items.iter().map(|item| translated(words, item).unwrap_or_else(|| item.clone()));
        return Some(Value::List(each.collect()));
    }
    let Value::String(text) = value else { return None };
    // A job names its VM behind what it does.
    let (what, whose) = text.split_once(" of '").map_or((text.as_str(), None), |(what, whose)| (what, Some(whose)));
    let (_, own) = words.iter().find(|(english, _)| *english == what)?;
    Some(Value::String(whose.map_or_else(|| (*own).to_owned(), |whose| format!("{own} ('{whose})"))))
}
