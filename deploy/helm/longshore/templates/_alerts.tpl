{{/* Labels and annotations of an alert: dict root, name, severity, summary, description. */}}
{{- define "longshore.alertTail" -}}
labels:
  severity: {{ .severity }}
  {{- with .root.Values.metrics.prometheusRule.alertLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
annotations:
  summary: {{ .summary | quote }}
  description: {{ .description | quote }}
  runbook_url: {{ .root.Values.metrics.prometheusRule.runbookBase }}docs/troubleshooting.md#{{ .name | lower }}
{{- end -}}

{{- define "longshore.alertsOfServices" -}}
{{- $r := .Values.metrics.prometheusRule -}}
- alert: LongshoreServiceFails
  expr: |-
    sum by (namespace, service) (rate(longshore_gateway_requests_total{protocol="http",code=~"5.."}[5m]))
    / sum by (namespace, service) (rate(longshore_gateway_requests_total[5m])) > {{ divf $r.failedPercent 100.0 }}
  for: 5m
  {{- include "longshore.alertTail" (dict "root" . "name" "LongshoreServiceFails" "severity" "critical"
    "summary" "{{ $labels.namespace }}/{{ $labels.service }} fails"
    "description" (printf "{{ $value | humanizePercentage }} of its requests of the last five minutes failed; %v %% may." $r.failedPercent)) | nindent 2 }}
- alert: LongshoreServiceSlow
  expr: |-
    histogram_quantile(0.99, sum by (namespace, service, le) (rate(longshore_gateway_request_duration_seconds_bucket[5m]))) > {{ $r.latencySeconds }}
  for: 10m
  {{- include "longshore.alertTail" (dict "root" . "name" "LongshoreServiceSlow" "severity" "warning"
    "summary" "{{ $labels.namespace }}/{{ $labels.service }} answers slowly"
    "description" (printf "One request in a hundred takes {{ $value | humanizeDuration }} or longer, waking included; %v s is the aim." $r.latencySeconds)) | nindent 2 }}
- alert: LongshoreServiceDoesNotWake
  expr: |-
    sum by (namespace, service) (min_over_time(longshore_gateway_requests_waiting[2m])) > 0
    unless sum by (namespace, service) (longshore_gateway_replicas) > 0
  for: 1m
  {{- include "longshore.alertTail" (dict "root" . "name" "LongshoreServiceDoesNotWake" "severity" "critical"
    "summary" "requests to {{ $labels.namespace }}/{{ $labels.service }} wait for a replica that does not come"
    "description" "{{ $value }} requests have waited for two minutes, and no replica is ready.") | nindent 2 }}
- alert: LongshoreReplicasEjected
  expr: |-
    sum by (namespace, service) (increase(longshore_gateway_ejections_total[10m])) > 5
  {{- include "longshore.alertTail" (dict "root" . "name" "LongshoreReplicasEjected" "severity" "warning"
    "summary" "replicas of {{ $labels.namespace }}/{{ $labels.service }} fail again and again"
    "description" "Gateways left replicas out {{ $value | humanize }} times within ten minutes, since they could not be reached or answered with errors.") | nindent 2 }}
{{- end -}}

{{- define "longshore.alertsOfRoles" -}}
{{- $s := printf `namespace="%s"` .Release.Namespace -}}
- alert: LongshoreOperatorDoesNotLead
  expr: |-
    (sum(longshore_operator_leads) or vector(0)) == 0
  for: 2m
  {{- include "longshore.alertTail" (dict "root" . "name" "LongshoreOperatorDoesNotLead" "severity" "critical"
    "summary" "no operator leads"
    "description" "Requests are answered, but manifests change nothing and nothing is scaled but from zero to one.") | nindent 2 }}
- alert: LongshoreGatewaysMissing
  expr: |-
    kube_deployment_status_replicas_ready{ {{- $s }},deployment="longshore-gateway"} < kube_deployment_spec_replicas{ {{- $s }},deployment="longshore-gateway"}
  for: 10m
  {{- include "longshore.alertTail" (dict "root" . "name" "LongshoreGatewaysMissing" "severity" "warning"
    "summary" "gateways are missing"
    "description" "Only {{ $value }} gateways have been ready for ten minutes.") | nindent 2 }}
- alert: LongshoreReconcileFails
  expr: |-
    sum(increase(longshore_operator_reconcile_failures_total[15m])) > 10
  {{- include "longshore.alertTail" (dict "root" . "name" "LongshoreReconcileFails" "severity" "warning"
    "summary" "the operator cannot do what manifests ask for"
    "description" "{{ $value | humanize }} attempts failed within 15 minutes and are repeated; its log says why.") | nindent 2 }}
- alert: LongshoreWakeFails
  expr: |-
    sum(increase(longshore_gateway_wake_failures_total[10m])) > 0
  {{- include "longshore.alertTail" (dict "root" . "name" "LongshoreWakeFails" "severity" "warning"
    "summary" "gateways cannot wake what sleeps"
    "description" "{{ $value | humanize }} attempts to ask for a first replica failed within ten minutes; the gateways' log says of which revision.") | nindent 2 }}
- alert: LongshoreRoutesStale
  expr: |-
    sum(increase(longshore_gateway_watch_failures_total[10m])) > 10
  {{- include "longshore.alertTail" (dict "root" . "name" "LongshoreRoutesStale" "severity" "warning"
    "summary" "gateways route by what they last knew"
    "description" "The Kubernetes API did not answer them {{ $value | humanize }} times within ten minutes.") | nindent 2 }}
- alert: LongshoreRequestsTurnedAway
  expr: |-
    sum by (reason) (rate(longshore_gateway_rejections_total[5m])) > 0
  for: 5m
  {{- include "longshore.alertTail" (dict "root" . "name" "LongshoreRequestsTurnedAway" "severity" "warning"
    "summary" "gateways turn requests away"
    "description" "{{ $value | humanize }} a second, since there are too many ({{ $labels.reason }}).") | nindent 2 }}
{{- end -}}

{{- define "longshore.alertsOfTracking" -}}
{{- $r := .Values.metrics.prometheusRule -}}
{{- $s := printf `namespace="%s"` .Release.Namespace -}}
- alert: LongshoreTrackingFails
  expr: |-
    sum(rate(longshore_tracking_requests_total{ {{- $s }},status=~"5.."}[5m]))
    / sum(rate(longshore_tracking_requests_total{ {{- $s }},route!="probe"}[5m])) > {{ divf $r.failedPercent 100.0 }}
  for: 5m
  {{- include "longshore.alertTail" (dict "root" . "name" "LongshoreTrackingFails" "severity" "critical"
    "summary" "the tracking server fails"
    "description" (printf "{{ $value | humanizePercentage }} of its requests of the last five minutes failed; %v %% may." $r.failedPercent)) | nindent 2 }}
- alert: LongshoreTrackingSlow
  expr: |-
    histogram_quantile(0.99, sum by (le) (rate(longshore_tracking_request_seconds_bucket{ {{- $s }},route=~"[23][.]0/mlflow/.*"}[5m]))) > {{ $r.latencySeconds }}
  for: 10m
  {{- include "longshore.alertTail" (dict "root" . "name" "LongshoreTrackingSlow" "severity" "warning"
    "summary" "the tracking server answers slowly"
    "description" (printf "One request in a hundred that is not of an artifact takes {{ $value | humanizeDuration }} or longer; %v s is the aim." $r.latencySeconds)) | nindent 2 }}
- alert: LongshoreTrackingMissing
  expr: |-
    kube_deployment_status_replicas_ready{ {{- $s }},deployment="longshore-tracking"} < kube_deployment_spec_replicas{ {{- $s }},deployment="longshore-tracking"}
  for: 10m
  {{- include "longshore.alertTail" (dict "root" . "name" "LongshoreTrackingMissing" "severity" "critical"
    "summary" "tracking servers are missing"
    "description" "Only {{ $value }} of them have been ready for ten minutes.") | nindent 2 }}
{{- end -}}
