//! Triton's model configuration extension: the fields of its `ModelConfig` message that a server
//! with one kind of backend can fill (`model_config.proto` of Triton's common repository).

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::Datatype;

/// The reply of `GET /v2/models/{m}/config`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelConfig {
    /// The model's name.
    pub name: String,
    /// What runs it, as in [`Model::platform`](super::Model::platform).
    #[serde(default)]
    pub platform: String,
    /// The part of the server that runs it.
    #[serde(default)]
    pub backend: String,
    /// Which versions are served; `None` when the server does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_policy: Option<VersionPolicy>,
    /// Most items of the batch dimension, which the [`dims`](ConfigInput::dims) then leave out.
    /// When this is 0, they leave no dimension out.
    #[serde(default)]
    pub max_batch_size: i32,
    /// What the model takes.
    #[serde(default)]
    pub input: Vec<ConfigInput>,
    /// What the model can answer.
    #[serde(default)]
    pub output: Vec<ConfigOutput>,
}

/// Which versions of a model are served: one of its fields is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionPolicy {
    /// All that there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<AllVersions>,
    /// The newest ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<LatestVersions>,
    /// Those that are named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specific: Option<SpecificVersions>,
}

/// Every version; an empty object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllVersions {}

/// The newest versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatestVersions {
    /// How many of them.
    pub num_versions: u32,
}

/// Versions by their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecificVersions {
    /// The numbers.
    pub versions: Vec<i64>,
}

/// A tensor that a model takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigInput {
    /// Its name.
    pub name: String,
    /// The type of its items.
    pub data_type: DataType,
    /// Its dimensions; −1 is any.
    pub dims: Vec<i64>,
    /// Whether a request may leave it out.
    #[serde(default)]
    pub optional: bool,
}

/// A tensor that a model can answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigOutput {
    /// Its name.
    pub name: String,
    /// The type of its items.
    pub data_type: DataType,
    /// Its dimensions; −1 is any.
    pub dims: Vec<i64>,
}

/// A datatype as configurations name it: `TYPE_FP32` for FP32, `TYPE_STRING` for BYTES.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataType(pub Datatype);

impl DataType {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        self.entry().0
    }

    /// The number in Protocol Buffers.
    pub fn number(self) -> i32 {
        self.entry().1
    }

    fn entry(self) -> (&'static str, i32) {
        match self.0 {
            Datatype::Bool => ("TYPE_BOOL", 1),
            Datatype::Uint8 => ("TYPE_UINT8", 2),
            Datatype::Uint16 => ("TYPE_UINT16", 3),
            Datatype::Uint32 => ("TYPE_UINT32", 4),
            Datatype::Uint64 => ("TYPE_UINT64", 5),
            Datatype::Int8 => ("TYPE_INT8", 6),
            Datatype::Int16 => ("TYPE_INT16", 7),
            Datatype::Int32 => ("TYPE_INT32", 8),
            Datatype::Int64 => ("TYPE_INT64", 9),
            Datatype::Fp16 => ("TYPE_FP16", 10),
            Datatype::Fp32 => ("TYPE_FP32", 11),
            Datatype::Fp64 => ("TYPE_FP64", 12),
            Datatype::Bytes => ("TYPE_STRING", 13),
            Datatype::Bf16 => ("TYPE_BF16", 14),
        }
    }
}

impl Serialize for DataType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for DataType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let found = Datatype::ALL.into_iter().map(Self).find(|known| known.name() == name);
        found.ok_or_else(|| D::Error::custom(format!("`{name}` is not a data type")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_are_read_as_they_are_written() {
        let json = r#"{"name":"m","platform":"sklearn_longshore","backend":"longshore","version_policy":{"all":{}},"max_batch_size":0,"input":[{"name":"x","data_type":"TYPE_STRING","dims":[-1],"optional":true}],"output":[{"name":"y","data_type":"TYPE_BF16","dims":[-1,3]}]}"#;
        let config: ModelConfig = serde_json::from_str(json).unwrap();
        assert_eq!(config.input[0].data_type, DataType(Datatype::Bytes));
        assert_eq!(serde_json::to_string(&config).unwrap(), json);
    }

    #[test]
    fn every_datatype_has_a_name_and_a_number_of_its_own() {
        for (at, datatype) in Datatype::ALL.into_iter().enumerate() {
            let data_type = DataType(datatype);
            let read = serde_json::from_value::<DataType>(data_type.name().into()).unwrap();
            assert_eq!(read, data_type);
            let earlier = Datatype::ALL.into_iter().take(at);
            assert!(earlier.map(DataType).all(|other| other.number() != data_type.number()));
        }
        assert!(serde_json::from_str::<DataType>(r#""FP32""#).is_err());
    }
}
