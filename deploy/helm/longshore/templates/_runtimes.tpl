{{/* Which formats each runtime takes, by KServe's names, versions and priorities. `longshore` takes all that the server reads, in any protocol, before the others. */}}
{{- define "longshore.runtimes" -}}
longshore:
  protocols: [v1, v2, grpc-v2]
  formats:
    sklearn: {versions: ["0", "1"], priority: 5}
    xgboost: {versions: ["0", "1", "2", "3"], priority: 5}
    lightgbm: {versions: ["2", "3", "4"], priority: 5}
    catboost: {versions: ["0", "1"], priority: 5}
    mlflow: {versions: ["1", "2", "3"], priority: 5}
kserve-sklearnserver:
  protocols: [v1, v2]
  formats:
    sklearn: {versions: ["1"], priority: 1}
kserve-xgbserver:
  protocols: [v1, v2]
  formats:
    xgboost: {versions: ["1", "2"], priority: 1}
kserve-lgbserver:
  protocols: [v1, v2]
  formats:
    lightgbm: {versions: ["3", "4"], priority: 1}
kserve-mlserver:
  protocols: [v2]
  formats:
    sklearn: {versions: ["0", "1"], priority: 2}
    xgboost: {versions: ["1", "2"], priority: 2}
    lightgbm: {versions: ["3", "4"], priority: 2}
    mlflow: {versions: ["1", "2"], priority: 1}
kserve-predictiveserver:
  protocols: [v1, v2]
  named: true
  formats:
    sklearn: {versions: ["1"], priority: 3}
    xgboost: {versions: ["1", "2"], priority: 3}
    lightgbm: {versions: ["3", "4"], priority: 3}
{{- end -}}
