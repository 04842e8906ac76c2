{{/* Fields as people really misspell or misplace them. The definitions keep unknown fields, since a newer KServe may have them, so a slip has to be told by its name. */}}
{{- define "longshore.policyFields" -}}
{{- $component := dict
  "minReplica" "minReplicas" "minreplicas" "minReplicas" "min_replicas" "minReplicas"
  "maxReplica" "maxReplicas" "maxreplicas" "maxReplicas" "max_replicas" "maxReplicas" "replicas" "minReplicas` and `maxReplicas"
  "scaleTargets" "scaleTarget" "scaletarget" "scaleTarget" "scale_target" "scaleTarget" "scaleMetrics" "scaleMetric" "scale_metric" "scaleMetric"
  "canaryTraffic" "canaryTrafficPercent" "canaryPercent" "canaryTrafficPercent" "canaryTrafficPercentage" "canaryTrafficPercent" "canary_traffic_percent" "canaryTrafficPercent"
  "containerconcurrency" "containerConcurrency" "container_concurrency" "containerConcurrency" "concurrency" "containerConcurrency"
  "timeoutSeconds" "timeout" "serviceaccountName" "serviceAccountName" "service_account_name" "serviceAccountName" "container" "containers"
  "storageUri" "model.storageUri" "storageURI" "model.storageUri" "modelFormat" "model.modelFormat" "runtime" "model.runtime" "protocolVersion" "model.protocolVersion" "framework" "model.modelFormat" }}
{{- $model := dict
  "storageURI" "storageUri" "storageUrl" "storageUri" "storageURL" "storageUri" "storage_uri" "storageUri" "uri" "storageUri" "modelUri" "storageUri"
  "format" "modelFormat" "modelformat" "modelFormat" "model_format" "modelFormat" "framework" "modelFormat"
  "protocol" "protocolVersion" "protocol_version" "protocolVersion" "runtimeversion" "runtimeVersion" "servingRuntime" "runtime" "runtimeName" "runtime"
  "minReplicas" "spec.predictor.minReplicas" "maxReplicas" "spec.predictor.maxReplicas" "serviceAccountName" "spec.predictor.serviceAccountName" }}
- name: fieldsFaults
  expression: >-
    variables.components.map(c, {{ include "longshore.slips" $component }}
    .filter(m, m[0] in c.it).map(m, c.path + '.' + m[0] + ': there is no such field: write `' + m[1] + '`').join('; ')).filter(f, f != '')
    + variables.modelBlocks.map(c, {{ include "longshore.slips" $model }}
    .filter(m, m[0] in c.it).map(m, c.path + '.' + m[0] + ': there is no such field: write `' + m[1] + '`').join('; ')).filter(f, f != '')
{{- end -}}

{{/* A dict as a list of pairs in CEL. */}}
{{- define "longshore.slips" -}}
{{- $pairs := list -}}
{{- range $wrong, $right := . }}{{- $pairs = append $pairs (printf "['%s', '%s']" $wrong $right) -}}{{- end -}}
[{{ join ", " $pairs }}]
{{- end -}}
