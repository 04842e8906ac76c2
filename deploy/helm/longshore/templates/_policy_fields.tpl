{{/* Fields as people really misspell or misplace them. The definitions keep unknown fields, since a newer KServe may have them, so a slip has to be told by its name. */}}
{{- define "longshore.policyFields" -}}
{{- $component := dict
  "minReplica" "minReplicas" "minreplicas" "minReplicas" "min_replicas" "minReplicas" "minScale" "minReplicas"
  "maxReplica" "maxReplicas" "maxreplicas" "maxReplicas" "max_replicas" "maxReplicas" "maxScale" "maxReplicas" "replicas" "minReplicas` and `maxReplicas"
  "scaleTargets" "scaleTarget" "scaletarget" "scaleTarget" "scale_target" "scaleTarget" "scaleMetrics" "scaleMetric" "scale_metric" "scaleMetric"
  "autoscaling" "autoScaling" "metrics" "autoScaling.metrics"
  "canaryTraffic" "canaryTrafficPercent" "canaryPercent" "canaryTrafficPercent" "canaryTrafficPercentage" "canaryTrafficPercent" "canary_traffic_percent" "canaryTrafficPercent" "trafficPercent" "canaryTrafficPercent"
  "containerconcurrency" "containerConcurrency" "container_concurrency" "containerConcurrency" "concurrency" "containerConcurrency" "parallelism" "containerConcurrency"
  "timeoutSeconds" "timeout" "serviceaccountName" "serviceAccountName" "service_account_name" "serviceAccountName" "imagePullSecret" "imagePullSecrets"
  "container" "containers" "custom" "containers" "alibi" "containers" "aix" "containers"
  "podSpec" "the fields of a pod where you wrote it" "spec" "its fields where you wrote it" "metadata" "annotations` and `labels" }}
{{- $predictor := dict
  "storageURI" "model.storageUri" "storage" "model.storage" "framework" "model.modelFormat" "models" "model"
  "mlflow" "model` with the modelFormat `mlflow" "mlserver" "model` with its format in `modelFormat" "vllm" "model` with the modelFormat `vLLM" "keras" "model` with the modelFormat `tensorflow" }}
{{- range $field := list "storageUri" "modelFormat" "runtime" "runtimeVersion" "protocolVersion" "args" "command" "env" "envFrom" "image" "imagePullPolicy" "lifecycle" "livenessProbe" "ports" "readinessProbe" "startupProbe" "volumeMounts" "workingDir" }}
{{- $_ := set $predictor $field (printf "model.%s" $field) }}
{{- end }}
{{- $other := dict }}
{{- range $field := list "args" "command" "env" "envFrom" "image" "imagePullPolicy" "lifecycle" "livenessProbe" "ports" "readinessProbe" "startupProbe" "volumeMounts" "workingDir" }}
{{- $_ := set $other $field (printf "%s` in `containers" $field) }}
{{- end }}
{{- $model := dict
  "storageURI" "storageUri" "storageUrl" "storageUri" "storageURL" "storageUri" "storage_uri" "storageUri" "uri" "storageUri" "modelUri" "storageUri"
  "format" "modelFormat" "modelformat" "modelFormat" "model_format" "modelFormat" "framework" "modelFormat"
  "protocol" "protocolVersion" "protocol_version" "protocolVersion" "runtimeversion" "runtimeVersion" "servingRuntime" "runtime" "runtimeName" "runtime"
  "envs" "env" "environment" "env" "arguments" "args" "resource" "resources" "volumes" "spec.predictor.volumes" "volumeMount" "volumeMounts"
  "version" "modelFormat.version" "secretName" "storage.key` or `spec.predictor.serviceAccountName" }}
{{- range $field := list "affinity" "annotations" "autoScaling" "batcher" "canaryTrafficPercent" "containerConcurrency" "containers" "imagePullSecrets" "initContainers" "labels" "logger" "maxReplicas" "minReplicas" "nodeName" "nodeSelector" "priorityClassName" "runtimeClassName" "scaleMetric" "scaleTarget" "schedulerName" "serviceAccountName" "storageUris" "timeout" "tolerations" "topologySpreadConstraints" }}
{{- $_ := set $model $field (printf "spec.predictor.%s" $field) }}
{{- end }}
- name: fieldsFaults
  expression: >-
    variables.components.map(c, ({{ include "longshore.slips" $component }}
    + (c.path == 'spec.predictor' ? {{ include "longshore.slips" $predictor }} : {{ include "longshore.slips" $other }}))
    .filter(m, m[0] in c.it).map(m, c.path + '.' + m[0] + ': there is no such field: write `' + m[1] + '`').join('; ')).filter(f, f != '')
    + variables.modelBlocks.map(c, {{ include "longshore.slips" $model }}
    .filter(m, m[0] in c.it).map(m, c.path + '.' + m[0] + ': there is no such field: write `' + m[1] + '`').join('; ')).filter(f, f != '')
{{- end -}}

{{/* Annotations as people really misspell them: nobody reads one of another name. */}}
{{- define "longshore.policyAnnotations" -}}
{{- $annotations := dict }}
{{- range $right, $wrongs := dict
  "serving.kserve.io/deploymentMode" (list "deploymentmode" "deployment-mode" "DeploymentMode" "deploymode" "mode")
  "serving.kserve.io/autoscalerClass" (list "autoscalerclass" "autoscaler-class" "autoScalerClass" "autoscaler" "autoscalingClass")
  "serving.kserve.io/targetUtilizationPercentage" (list "targetUtilization" "target-utilization-percentage" "targetutilizationpercentage")
  "serving.kserve.io/stop" (list "stopped" "stop-service")
  "serving.kserve.io/enable-tag-routing" (list "enableTagRouting" "enable-tag-route")
  "serving.kserve.io/enable-prometheus-scraping" (list "enable-prometheus-scrape" "enablePrometheusScraping")
  "serving.kserve.io/storageSecretName" (list "storage-secret-name" "storagesecretname") }}
{{- range $wrong := $wrongs }}{{- $_ := set $annotations (printf "serving.kserve.io/%s" $wrong) $right }}{{- end }}
{{- end }}
{{- range $right, $wrongs := dict
  "autoscaling.knative.dev/min-scale" (list "minReplicas" "min-replicas" "minscale" "min_scale")
  "autoscaling.knative.dev/max-scale" (list "maxReplicas" "max-replicas" "maxscale" "max_scale")
  "autoscaling.knative.dev/target" (list "targetConcurrency" "target-concurrency" "scaleTarget")
  "autoscaling.knative.dev/metric" (list "scaleMetric" "metrics") }}
{{- range $wrong := $wrongs }}{{- $_ := set $annotations (printf "autoscaling.knative.dev/%s" $wrong) $right }}{{- end }}
{{- end }}
{{- range $field := list "canaryTrafficPercent" "minReplicas" "maxReplicas" "scaleTarget" "scaleMetric" "containerConcurrency" "runtime" "storageUri" }}
{{- $_ := set $annotations (printf "serving.kserve.io/%s" $field) (printf "the field %s, in spec.predictor" $field) }}
{{- end }}
- name: annotationsFaults
  expression: >-
    {{ include "longshore.slips" $annotations }}.filter(m, m[0] in variables.annotations)
    .map(m, 'metadata.annotations[' + m[0] + ']: nothing reads it: write ' + m[1])
    + variables.annotations.map(a, a).filter(a, a.startsWith('kserve.io/') || a.startsWith('serving.kubeflow.org/'))
    .map(a, 'metadata.annotations[' + a + ']: nothing reads it: its name begins with serving.kserve.io/')
{{- end -}}

{{/* A dict as a list of pairs in CEL. */}}
{{- define "longshore.slips" -}}
{{- $pairs := list -}}
{{- range $wrong, $right := . }}{{- $pairs = append $pairs (printf "['%s', '%s']" $wrong $right) -}}{{- end -}}
[{{ join ", " $pairs }}]
{{- end -}}
