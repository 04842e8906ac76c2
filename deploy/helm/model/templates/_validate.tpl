{{/* What a schema cannot say. Each sentence says what to write. */}}
{{- define "model.validate" -}}
{{- include "model.validateModel" . -}}
{{- include "model.validateServer" . -}}
{{- include "model.validateScaling" . -}}
{{- include "model.validateSecrets" . -}}
{{- include "model.validateSecure" . -}}
{{- include "model.validateEdge" . -}}
{{- include "model.validateNetwork" . -}}
{{- include "model.validateApis" . -}}
{{- end -}}

{{- define "model.validateModel" -}}
{{- $v := .Values -}}
{{- if not $v.image.repository }}
{{- fail "image.repository is empty: write where the image is, such as 123456789012.dkr.ecr.eu-west-1.amazonaws.com/longshore" }}
{{- end }}
{{- if and (not $v.image.tag) (not $v.image.digest) }}
{{- fail "image.tag and image.digest are both empty: write the version to run, such as image.tag=0.1.0" }}
{{- end }}
{{- if eq (lower $v.image.tag) "latest" }}
{{- fail "image.tag is `latest`, which names no version and cannot be rolled back to: write a version such as 0.1.0" }}
{{- end }}
{{- if not (or $v.model.uri $v.models.dir) }}
{{- fail "model.uri is empty: write where the model is, such as s3://bucket/prefix or models:/name@production, or example://wine to try the chart; or models.dir, a mounted folder of many" }}
{{- end }}
{{- if not (include "model.modelName" .) }}
{{- fail (printf "model.name is empty and `%s` does not name the model: write model.name, the name in the routes" $v.model.uri) }}
{{- end }}
{{- $secrets := or $v.secret.existingSecret $v.secret.values $v.secret.externalSecret.enabled $v.envFrom $v.env }}
{{- if and (regexMatch "^(models|runs|mlflow-artifacts):" $v.model.uri) (not $v.model.trackingUri) (not $secrets) }}
{{- fail (printf "`%s` is kept by an MLflow server, and nothing says which: write model.trackingUri, such as http://mlflow.mlflow:5000" $v.model.uri) }}
{{- end }}
{{- end -}}

{{- define "model.validateServer" -}}
{{- $v := .Values -}}
{{- if eq (int $v.ports.http) (int $v.ports.metrics) }}
{{- fail (printf "ports.http and ports.metrics are both %d: write two ports, as metrics must not be reachable where predictions are" (int $v.ports.http)) }}
{{- end }}
{{- if and $v.ports.grpc (has (int $v.ports.grpc) (list (int $v.ports.http) (int $v.ports.metrics))) }}
{{- fail (printf "ports.grpc is %d, as another port is: write one of its own, or leave it empty, as gRPC is on ports.http too" (int $v.ports.grpc)) }}
{{- end }}
{{- $needed := add (int (include "model.preStopSeconds" .)) (int $v.drain.graceSeconds) }}
{{- $period := int (include "model.terminationGracePeriodSeconds" .) }}
{{- if le $period (int $needed) }}
{{- fail (printf "drain.terminationGracePeriodSeconds is %d, but preStopSeconds and graceSeconds take %d together, so requests would be cut off: write %d or more, or leave it empty" $period $needed (add1 $needed)) }}
{{- end }}
{{- if and (eq (toString $v.rollout.maxUnavailable | trimSuffix "%") "0") (eq (toString $v.rollout.maxSurge | trimSuffix "%") "0") }}
{{- fail "rollout.maxUnavailable and rollout.maxSurge are both 0, so no pod could ever be replaced: write rollout.maxSurge=1" }}
{{- end }}
{{- if hasKey $v.config "MLFLOW_TRACKING_URI" }}
{{- fail "config.MLFLOW_TRACKING_URI would not be let through by the NetworkPolicy: write model.trackingUri instead" }}
{{- end }}
{{- if hasKey $v.config "OTEL_EXPORTER_OTLP_ENDPOINT" }}
{{- fail "config.OTEL_EXPORTER_OTLP_ENDPOINT would not be let through by the NetworkPolicy: write traces.endpoint instead" }}
{{- end }}
{{- $owned := dict "LONGSHORE_DRAIN_DELAY" "drain.preStopSeconds" "LONGSHORE_POLL" "model.poll" "LONGSHORE_HOST" "nothing, pods listen on every address" "LONGSHORE_PORT" "ports.http" "LONGSHORE_METRICS_PORT" "ports.metrics" "LONGSHORE_GRACE_SECONDS" "drain.graceSeconds" "LONGSHORE_CACHE_DIR" "nothing, the folder is mounted by the chart" "LONGSHORE_CACHE_BYTES" "cache.sizeLimit" "LONGSHORE_MODELS" "model.name and model.uri" "LONGSHORE_GRPC_PORT" "ports.grpc" "LONGSHORE_TLS_CERT" "tls.secretName" "LONGSHORE_TLS_KEY" "tls.secretName" "LONGSHORE_TLS_CLIENT_CA" "tls.clientCaSecretName" "LONGSHORE_TLS_CLIENT_AUTH" "tls.clientAuth" "LONGSHORE_API_KEYS" "apiKeys.secretName" "LONGSHORE_MODEL_DIR" "models.dir" }}
{{- range $key, $value := $owned }}
{{- $named := hasKey $v.config $key }}
{{- range $v.env }}{{ if eq .name $key }}{{ $named = true }}{{ end }}{{ end }}
{{- if $named }}
{{- fail (printf "%s would differ from what the chart's objects say: write %s instead" $key $value) }}
{{- end }}
{{- $flag := $key | trimPrefix "LONGSHORE" | lower | replace "_" "-" | printf "-%s" }}
{{- range $v.extraArgs }}
{{- if or (eq . $flag) (hasPrefix (printf "%s=" $flag) .) }}
{{- fail (printf "%s in extraArgs would differ from what the chart's objects say: write %s instead" $flag $value) }}
{{- end }}
{{- end }}
{{- end }}
{{- $limit := dig "limits" "memory" "" (include "model.resources" . | fromYaml) }}
{{- if and (eq $v.cache.medium "Memory") $limit }}
{{- if ge (int64 (include "model.bytes" (toString $v.cache.sizeLimit))) (int64 (include "model.bytes" (toString $limit))) }}
{{- fail (printf "cache.medium is Memory and cache.sizeLimit %s is not below the memory limit %v, which it counts against: write a smaller cache.sizeLimit or a larger resources.limits.memory" $v.cache.sizeLimit $limit) }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "model.validateScaling" -}}
{{- $a := .Values.autoscaling -}}
{{- if and $a.enabled $a.keda.enabled }}
{{- fail "autoscaling.enabled and autoscaling.keda.enabled are both true, and two autoscalers would fight: write false for one of them" }}
{{- end }}
{{- if and $a.enabled (gt (int $a.minReplicas) (int $a.maxReplicas)) }}
{{- fail (printf "autoscaling.minReplicas is %d and maxReplicas %d: write a maximum of at least %d" (int $a.minReplicas) (int $a.maxReplicas) (int $a.minReplicas)) }}
{{- end }}
{{- if and $a.keda.enabled (not $a.keda.prometheus.query) (not $a.keda.hours.enabled) }}
{{- fail "autoscaling.keda.prometheus.query is empty: write a query of the load that is seen when no pod runs, such as the request rate at the gateway, or autoscaling.keda.hours.enabled=true to run by the clock alone" }}
{{- end }}
{{- if eq (toString .Values.podDisruptionBudget.maxUnavailable | trimSuffix "%") "0" }}
{{- fail "podDisruptionBudget.maxUnavailable is 0, which blocks every node drain for ever: write 1 or more" }}
{{- end }}
{{- end -}}

{{- define "model.validateSecrets" -}}
{{- $v := .Values -}}
{{- $sources := list }}
{{- if $v.secret.existingSecret }}{{ $sources = append $sources "secret.existingSecret" }}{{ end }}
{{- if $v.secret.values }}{{ $sources = append $sources "secret.values" }}{{ end }}
{{- if $v.secret.externalSecret.enabled }}{{ $sources = append $sources "secret.externalSecret.enabled" }}{{ end }}
{{- if gt (len $sources) 1 }}
{{- fail (printf "%s are set together: write only one of them" (join " and " $sources)) }}
{{- end }}
{{- if and $v.secret.externalSecret.enabled (not $v.secret.externalSecret.data) (not $v.secret.externalSecret.extract) }}
{{- fail "secret.externalSecret.enabled is true but names no entry of the store: write secret.externalSecret.extract or secret.externalSecret.data" }}
{{- end }}
{{- if eq $v.environment "production" }}
{{- if $v.secret.values }}
{{- fail "secret.values holds secrets as plain text, which production refuses: write secret.externalSecret or secret.existingSecret instead" }}
{{- end }}
{{- $words := "(SECRET|PASSWORD|TOKEN|CREDENTIAL|PRIVATE_KEY)" }}
{{- $harmless := "_(FILE|URI|URL|PATH)$" }}
{{- range $key, $value := $v.config }}
{{- if and (regexMatch $words $key) (not (regexMatch $harmless $key)) }}
{{- fail (printf "config.%s is a secret as plain text, which production refuses: write secret.externalSecret or secret.existingSecret instead" $key) }}
{{- end }}
{{- end }}
{{- range $v.env }}
{{- if and .value (regexMatch $words .name) (not (regexMatch $harmless .name)) }}
{{- fail (printf "env %s is a secret as plain text, which production refuses: write it with valueFrom.secretKeyRef, or use secret.externalSecret" .name) }}
{{- end }}
{{- end }}
{{- end }}
{{- if and (eq $v.aws.identity "irsa") (not $v.aws.roleArn) }}
{{- fail "aws.identity is irsa but aws.roleArn is empty: write the ARN of the role, such as arn:aws:iam::123456789012:role/longshore-model" }}
{{- end }}
{{- if and (eq $v.aws.identity "irsa") (not $v.serviceAccount.create) }}
{{- fail "aws.identity is irsa but serviceAccount.create is false, so nothing would carry the role: annotate your ServiceAccount yourself and write aws.identity=none, or serviceAccount.create=true" }}
{{- end }}
{{- if and $v.aws.roleArn (ne $v.aws.identity "irsa") }}
{{- fail (printf "aws.roleArn is set but aws.identity is %s, which does not read it: write aws.identity=irsa, or leave aws.roleArn empty" $v.aws.identity) }}
{{- end }}
{{- end -}}
