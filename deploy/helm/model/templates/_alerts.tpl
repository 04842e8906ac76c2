{{/* Labels and annotations of an alert: dict root, name, severity, summary, description. */}}
{{- define "model.alertTail" -}}
labels:
  severity: {{ .severity }}
  model: {{ include "model.modelName" .root }}
  {{- with .root.Values.metrics.prometheusRule.alertLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
annotations:
  summary: {{ .summary | quote }}
  description: {{ .description | quote }}
  runbook_url: {{ .root.Values.metrics.prometheusRule.runbookBase }}docs/troubleshooting.md#{{ .name | lower }}
{{- end -}}

{{/* Labels that Prometheus gives the server's own metrics. */}}
{{- define "model.series" -}}
namespace="{{ .Release.Namespace }}",job="{{ .Release.Name }}"
{{- end -}}

{{/* Share of requests that failed within a window: dict root, window. */}}
{{- define "model.failed" -}}
{{- $s := include "model.series" .root -}}
sum(rate(longshore_serve_requests_total{ {{- $s }},code="5xx"}[{{ .window }}])) / sum(rate(longshore_serve_requests_total{ {{- $s }}}[{{ .window }}]))
{{- end -}}

{{- define "model.alertsOfRequests" -}}
{{- $s := include "model.series" . -}}
{{- $r := .Values.metrics.prometheusRule -}}
{{- $budget := divf (subf 100.0 $r.availabilityTarget) 100.0 -}}
{{- $fast := mulf $budget 14.4 | printf "%.6g" -}}
{{- $slow := mulf $budget 6.0 | printf "%.6g" }}
- alert: LongshoreErrorBudgetBurnsFast
  expr: |-
    {{ include "model.failed" (dict "root" . "window" "1h") }} > {{ $fast }}
    and
    {{ include "model.failed" (dict "root" . "window" "5m") }} > {{ $fast }}
  for: 2m
  {{- include "model.alertTail" (dict "root" . "name" "LongshoreErrorBudgetBurnsFast" "severity" "critical"
    "summary" (printf "%s fails so many requests that the month's budget is gone in two days" (include "model.modelName" .))
    "description" (printf "{{ $value | humanizePercentage }} of the requests of the last hour failed; %v %% must succeed." $r.availabilityTarget)) | nindent 2 }}
- alert: LongshoreErrorBudgetBurnsSlowly
  expr: |-
    {{ include "model.failed" (dict "root" . "window" "6h") }} > {{ $slow }}
    and
    {{ include "model.failed" (dict "root" . "window" "30m") }} > {{ $slow }}
  for: 15m
  {{- include "model.alertTail" (dict "root" . "name" "LongshoreErrorBudgetBurnsSlowly" "severity" "warning"
    "summary" (printf "%s fails so many requests that the month's budget is gone in five days" (include "model.modelName" .))
    "description" (printf "{{ $value | humanizePercentage }} of the requests of the last six hours failed; %v %% must succeed." $r.availabilityTarget)) | nindent 2 }}
- alert: LongshoreLatencyHigh
  expr: |-
    histogram_quantile(0.99, sum by (le) (rate(longshore_serve_request_duration_seconds_bucket{ {{- $s }}}[5m]))) > {{ $r.latencySeconds }}
  for: 10m
  {{- include "model.alertTail" (dict "root" . "name" "LongshoreLatencyHigh" "severity" "warning"
    "summary" (printf "%s answers slowly" (include "model.modelName" .))
    "description" (printf "One request in a hundred takes {{ $value | humanizeDuration }} or longer; %v s is the aim." $r.latencySeconds)) | nindent 2 }}
- alert: LongshoreQueueGrowing
  expr: |-
    avg_over_time(longshore_serve_computing_requests{ {{- $s }}}[5m]) > {{ $r.queuedRequests }}
  for: 5m
  {{- include "model.alertTail" (dict "root" . "name" "LongshoreQueueGrowing" "severity" "warning"
    "summary" (printf "requests of %s wait in line" (include "model.modelName" .))
    "description" "{{ $labels.pod }} has computed or held {{ $value | humanize }} requests at a time for five minutes.") | nindent 2 }}
- alert: LongshoreRequestsRejected
  expr: |-
    sum by (reason) (rate(longshore_serve_rejected_requests_total{ {{- $s }},reason!="draining"}[5m])) > 0
  for: 5m
  {{- include "model.alertTail" (dict "root" . "name" "LongshoreRequestsRejected" "severity" "warning"
    "summary" (printf "%s turns requests away" (include "model.modelName" .))
    "description" "{{ $value | humanize }} requests a second are turned away: {{ $labels.reason }}.") | nindent 2 }}
{{- end -}}

{{- define "model.alertsOfModel" -}}
{{- $s := include "model.series" . -}}
{{- $r := .Values.metrics.prometheusRule }}
- alert: LongshoreModelLoadFailed
  expr: |-
    sum by (pod) (increase(longshore_serve_model_loads_total{ {{- $s }},result="failed"}[15m])) > 0
  {{- include "model.alertTail" (dict "root" . "name" "LongshoreModelLoadFailed" "severity" "warning"
    "summary" (printf "%s could not be loaded" (include "model.modelName" .))
    "description" "{{ $labels.pod }} failed to load a model within the last 15 minutes; what was loaded before goes on answering. Its log says why.") | nindent 2 }}
- alert: LongshoreModelMissing
  expr: |-
    longshore_serve_models_ready{ {{- $s }}} < longshore_serve_models_expected{ {{- $s }}}
  for: 10m
  {{- include "model.alertTail" (dict "root" . "name" "LongshoreModelMissing" "severity" "warning"
    "summary" (printf "a pod of %s has waited for its model for ten minutes" (include "model.modelName" .))
    "description" "{{ $labels.pod }} has {{ $value }} of its models and gets no requests until it has all.") | nindent 2 }}
{{- if gt (int .Values.model.poll) 0 }}
- alert: LongshoreAliasFollowerStale
  expr: |-
    time() - longshore_storage_last_check_timestamp_seconds{ {{- $s }}} > {{ $r.followerSeconds }}
  for: 5m
  {{- include "model.alertTail" (dict "root" . "name" "LongshoreAliasFollowerStale" "severity" "warning"
    "summary" (printf "a pod of %s no longer hears of new versions" (include "model.modelName" .))
    "description" (printf "{{ $labels.pod }} last saw where its model is {{ $value | humanizeDuration }} ago; it looks every %d s." (int .Values.model.poll))) | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "model.alertsOfPods" -}}
{{- $s := include "model.series" . -}}
{{- $r := .Values.metrics.prometheusRule -}}
{{- $name := include "model.fullname" . -}}
{{- $ns := printf "namespace=%q" .Release.Namespace -}}
{{- $pods := printf "pod=~\"%s-[a-z0-9]+-[a-z0-9]+\",container=\"server\"" $name -}}
{{- if gt (int (include "model.fewest" .)) 0 }}
- alert: LongshoreNotScraped
  expr: |-
    absent(longshore_build_info{ {{- $s }}})
  for: 10m
  {{- include "model.alertTail" (dict "root" . "name" "LongshoreNotScraped" "severity" "warning"
    "summary" (printf "nothing is known about %s" (include "model.modelName" .))
    "description" "Prometheus has had no metrics of any pod for ten minutes, so the other alerts are blind.") | nindent 2 }}
{{- end }}
- alert: LongshoreNoReadyReplicas
  expr: |-
    kube_deployment_status_replicas_ready{ {{- $ns }},deployment="{{ $name }}"} == 0
    and
    kube_deployment_spec_replicas{ {{- $ns }},deployment="{{ $name }}"} > 0
  for: 1m
  {{- include "model.alertTail" (dict "root" . "name" "LongshoreNoReadyReplicas" "severity" "critical"
    "summary" (printf "no pod of %s is ready" (include "model.modelName" .))
    "description" (printf "Not one pod of the Deployment %s in %s answers." $name .Release.Namespace)) | nindent 2 }}
- alert: LongshoreCrashLooping
  expr: |-
    increase(kube_pod_container_status_restarts_total{ {{- $ns }},{{ $pods }}}[15m]) >= 3
  {{- include "model.alertTail" (dict "root" . "name" "LongshoreCrashLooping" "severity" "critical"
    "summary" (printf "a pod of %s ends again and again" (include "model.modelName" .))
    "description" "{{ $labels.pod }} was started again {{ $value | humanize }} times within 15 minutes. `kubectl logs --previous` says why.") | nindent 2 }}
- alert: LongshoreMemoryNearLimit
  expr: |-
    process_resident_memory_bytes{ {{- $s }}}
    / on (namespace, pod) group_left ()
    kube_pod_container_resource_limits{ {{- $ns }},{{ $pods }},resource="memory"}
    > {{ divf $r.memoryPercent 100.0 }}
  for: 10m
  {{- include "model.alertTail" (dict "root" . "name" "LongshoreMemoryNearLimit" "severity" "warning"
    "summary" (printf "a pod of %s is about to be killed for its memory" (include "model.modelName" .))
    "description" "{{ $labels.pod }} holds {{ $value | humanizePercentage }} of its memory limit.") | nindent 2 }}
{{- if include "model.scaled" . }}
- alert: LongshoreReplicasAtMaximum
  expr: |-
    kube_horizontalpodautoscaler_status_current_replicas{ {{- $ns }},horizontalpodautoscaler="{{ include "model.autoscalerName" . }}"}
    >= on (namespace, horizontalpodautoscaler)
    kube_horizontalpodautoscaler_spec_max_replicas{ {{- $ns }},horizontalpodautoscaler="{{ include "model.autoscalerName" . }}"}
  for: 15m
  {{- include "model.alertTail" (dict "root" . "name" "LongshoreReplicasAtMaximum" "severity" "warning"
    "summary" (printf "%s cannot grow any more" (include "model.modelName" .))
    "description" (printf "It has run with all %d pods for 15 minutes." (int .Values.autoscaling.maxReplicas))) | nindent 2 }}
{{- end }}
- alert: LongshoreCertificateExpires
  expr: |-
    (min by (name) (certmanager_certificate_expiration_timestamp_seconds{ {{- $ns }}}) - time()) / 86400 < {{ $r.certificateDays }}
    {{- if .Values.tls.secretName }}
    or
    (min by (pod) (longshore_tls_certificate_expiry_timestamp_seconds{ {{- $s }}}) - time()) / 86400 < {{ $r.certificateDays }}
    {{- end }}
    {{- with include "model.hosts" . }}
    or
    (min by (instance) (probe_ssl_earliest_cert_expiry{instance=~"(https://)?({{ . }})([:/].*)?"}) - time()) / 86400 < {{ $r.certificateDays }}
    {{- end }}
  for: 1h
  {{- include "model.alertTail" (dict "root" . "name" "LongshoreCertificateExpires" "severity" "warning"
    "summary" (printf "a certificate of %s ends soon and was not renewed" (include "model.modelName" .))
    "description" "{{ $labels.name }}{{ $labels.pod }}{{ $labels.instance }} ends in {{ $value | humanize }} days.") | nindent 2 }}
{{- end -}}

{{- define "model.alertsOfSecrets" -}}
{{- $s := include "model.series" . -}}
{{- $failed := list -}}
{{- if .Values.tls.secretName }}{{ $failed = append $failed "longshore_tls_reloads_total" }}{{ end -}}
{{- if .Values.apiKeys.secretName }}{{ $failed = append $failed "longshore_api_key_reloads_total" }}{{ end -}}
{{- if $failed }}
- alert: LongshoreSecretNotTaken
  expr: |-
    {{- range $index, $counter := $failed }}
    {{- if $index }}
    or
    {{- end }}
    sum by (pod) (increase({{ $counter }}{ {{- $s }},result="failed"}[15m])) > 0
    {{- end }}
  {{- include "model.alertTail" (dict "root" . "name" "LongshoreSecretNotTaken" "severity" "warning"
    "summary" (printf "%s goes on with an old certificate or old keys" (include "model.modelName" .))
    "description" "{{ $labels.pod }} could not use the files of a Secret that changed within the last 15 minutes; what was there before still counts. Its log says why.") | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The autoscaler's name: KEDA makes its own. */}}
{{- define "model.autoscalerName" -}}
{{- if .Values.autoscaling.keda.enabled }}keda-hpa-{{ end }}{{ include "model.fullname" . -}}
{{- end -}}

{{/* Host names of the edges, as alternatives of an expression. */}}
{{- define "model.hosts" -}}
{{- $hosts := list -}}
{{- if and .Values.ingress.enabled .Values.ingress.host }}{{ $hosts = append $hosts .Values.ingress.host }}{{ end -}}
{{- if .Values.gateway.enabled }}{{ $hosts = concat $hosts .Values.gateway.hostnames }}{{ end -}}
{{- range $index, $host := uniq $hosts }}{{ if $index }}|{{ end }}{{ $host | replace "." "[.]" | replace "*" ".+" }}{{ end -}}
{{- end -}}
