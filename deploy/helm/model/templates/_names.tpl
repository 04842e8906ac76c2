{{- define "model.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The release's name, followed by the chart's unless it is in it already. */}}
{{- define "model.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What tells the server's pods from all others; the pod of `helm test` has another component. */}}
{{- define "model.selectorLabels" -}}
app.kubernetes.io/name: {{ include "model.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: server
{{- end -}}

{{/* Labels of whatever the chart makes, but for the component. */}}
{{- define "model.commonLabels" -}}
app.kubernetes.io/part-of: longshore
{{- with .Values.image.tag }}
app.kubernetes.io/version: {{ . | trunc 63 | trimSuffix "-" | quote }}
{{- end }}
longshore.dev/environment: {{ .Values.environment }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "model.labels" -}}
{{ include "model.selectorLabels" . }}
{{ include "model.commonLabels" . }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{/* Without the chart's version: a new chart alone rolls no pods. */}}
{{- define "model.podLabels" -}}
{{ include "model.selectorLabels" . }}
{{ include "model.commonLabels" . }}
{{- with .Values.podLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "model.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "model.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "model.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s%s@%s" .Values.image.repository (ternary (printf ":%s" .Values.image.tag) "" (ne .Values.image.tag "")) .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository .Values.image.tag -}}
{{- end -}}
{{- end -}}

{{/* The model's name: what the values say, else what `example://NAME` or `models:/NAME/…` says of itself; of many models alone, the release's. */}}
{{- define "model.modelName" -}}
{{- if .Values.model.name -}}
{{- .Values.model.name -}}
{{- else if hasPrefix "example://" .Values.model.uri -}}
{{- trimPrefix "example://" .Values.model.uri -}}
{{- else if hasPrefix "models:/" .Values.model.uri -}}
{{- regexReplaceAll "^models:/+([^/@]+).*$" .Values.model.uri "${1}" -}}
{{- else if and .Values.models.dir (not .Values.model.uri) -}}
{{- include "model.fullname" . -}}
{{- end -}}
{{- end -}}

{{/* The Secret whose keys become environment variables; empty is none. */}}
{{- define "model.secretName" -}}
{{- if .Values.secret.existingSecret -}}
{{- .Values.secret.existingSecret -}}
{{- else if or .Values.secret.externalSecret.enabled .Values.secret.values -}}
{{- include "model.fullname" . -}}
{{- end -}}
{{- end -}}

{{/* The labels of the pod of `helm test`. */}}
{{- define "model.testLabels" -}}
app.kubernetes.io/name: {{ include "model.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: smoke-test
{{- end -}}

{{/* The Service with the metrics port: the main one, but for a NodePort, which would open it to the world. */}}
{{- define "model.metricsService" -}}
{{- if eq .Values.service.type "NodePort" -}}
{{- printf "%s-metrics" (include "model.fullname" .) -}}
{{- else -}}
{{- include "model.fullname" . -}}
{{- end -}}
{{- end -}}

{{/* The listener of a Gateway of our own. */}}
{{- define "model.gatewayListener" -}}
{{- if or .Values.gateway.certificateArn .Values.gateway.tlsSecret }}https{{ else }}http{{ end -}}
{{- end -}}
